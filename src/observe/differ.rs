//! Readings of the table in, changes out. No clock, no socket, no thread.

use std::collections::HashMap;
use std::time::Duration;

use super::scope::Scope;
use crate::domain::{Delta, Flow, Process, Proto, Row, RowKey, Stamp, Timer};

/// A timer whose end lies no further than this from where it was is still the same timer, running down.
const SAME_END: Duration = Duration::from_secs(1);

/// Remembers what was last said about every row, and says what is new.
///
/// Every method that says something takes `say`, which returns `false` when there is no room for it. What could not be
/// said is not remembered as said: the next reading says it again. After one refusal nothing more is offered until
/// [`Differ::begin`], so that a full queue is not hammered; [`Differ::refused`] tells.
#[derive(Debug, Default)]
pub struct Differ {
    rows: HashMap<Slot, Known>,
    names: HashMap<u64, Process>,
    reading: u64,
    refused: bool,
}

/// Where a row is remembered. A TCP connection is told from others by its addresses alone, so that it can be found
/// without its cookie; listeners and UDP sockets may share theirs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Slot {
    flow: Flow,
    cookie: u64,
}

#[derive(Debug)]
struct Known {
    row: Row,
    /// When the row that was said was read: its timer counts from there.
    at: Stamp,
    /// The last reading that showed it.
    seen: u64,
}

impl Slot {
    const fn of(key: &RowKey) -> Self {
        let alone = matches!(key.flow.proto, Proto::Tcp) && key.flow.peer.is_some();
        Self { flow: key.flow, cookie: if alone { 0 } else { key.cookie } }
    }
}

impl Differ {
    /// A full reading begins.
    pub fn begin(&mut self) {
        self.reading += 1;
        self.refused = false;
    }

    /// Whether something could not be said since the last [`Differ::begin`].
    pub const fn refused(&self) -> bool {
        self.refused
    }

    /// How many rows are known.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether no row is known.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// A row was read at `at`, in a full reading or by itself.
    pub fn see(&mut self, mut row: Row, at: Stamp, say: &mut dyn FnMut(Delta) -> bool) {
        let slot = Slot::of(&row.key());
        let Some(known) = self.rows.get_mut(&slot) else {
            row.process = row.process.take().or_else(|| named(&self.names, &row));
            if self.offer(Delta::Added(row.clone()), say) {
                self.rows.insert(slot, Known { row, at, seen: self.reading });
            }
            return;
        };
        if known.row.cookie == 0 && known.seen == self.reading && row.cookie == 0 {
            // A source without cookies cannot tell two listeners on one address apart: the first stands for both.
            return;
        }
        known.seen = self.reading;
        if known.row.cookie != row.cookie {
            // The same addresses, another connection: an end and a beginning.
            self.gone(slot, say);
            return self.see_new(slot, row, at, say);
        }
        if row.process.is_none() {
            row.process = match &known.row.process {
                Some(process) if known.row.inode == row.inode => Some(process.clone()),
                _ => named(&self.names, &row),
            };
        }
        if known.row == row || is_as_said(known, &row, at) {
            return;
        }
        let left = known.row.inode.filter(|inode| row.inode != Some(*inode));
        if self.offer(Delta::Changed(row.clone()), say) {
            self.rows.insert(slot, Known { row, at, seen: self.reading });
            left.map(|inode| self.names.remove(&inode));
        }
    }

    fn see_new(&mut self, slot: Slot, row: Row, at: Stamp, say: &mut dyn FnMut(Delta) -> bool) {
        // While the end could not be said, neither can the beginning.
        if !self.rows.contains_key(&slot) {
            self.see(row, at, say);
        }
    }

    /// The rows that the full reading since [`Differ::begin`] did not show.
    pub fn unseen(&self) -> Vec<RowKey> {
        self.rows.values().filter(|known| known.seen != self.reading).map(|known| known.row.key()).collect()
    }

    /// There is no such row any more.
    pub fn end(&mut self, key: &RowKey, say: &mut dyn FnMut(Delta) -> bool) {
        self.gone(Slot::of(key), say);
    }

    /// There is no socket with these addresses any more, written either as IPv4 or as IPv4 inside IPv6.
    pub fn nowhere(&mut self, flow: &Flow, say: &mut dyn FnMut(Delta) -> bool) {
        for flow in [*flow, mapped(flow)] {
            let slots: Vec<Slot> = match Slot::of(&RowKey { flow, cookie: 0 }) {
                slot if flow.proto == Proto::Tcp && flow.peer.is_some() => vec![slot],
                _ => self.rows.keys().filter(|slot| slot.flow == flow).copied().collect(),
            };
            for slot in slots {
                self.gone(slot, say);
            }
        }
    }

    /// Other sockets are wanted from now on: those that are not any more are gone.
    pub fn keep(&mut self, scope: &Scope, say: &mut dyn FnMut(Delta) -> bool) {
        let out: Vec<Slot> = self.rows.keys().filter(|slot| !scope.has(&slot.flow)).copied().collect();
        for slot in out {
            self.gone(slot, say);
        }
    }

    /// Which processes hold these inodes: said for the rows that have them, and remembered.
    pub fn name(&mut self, found: &HashMap<u64, Process>, say: &mut dyn FnMut(Delta) -> bool) {
        let held = |known: &Known| Some((known.row.inode?, found.get(&known.row.inode?)?.clone()));
        let rows: Vec<(Slot, u64, Process)> = self
            .rows
            .iter()
            .filter_map(|(slot, known)| held(known).map(|(inode, process)| (*slot, inode, process)))
            .collect();
        for (slot, inode, process) in rows {
            self.names.insert(inode, process.clone());
            let Some(known) = self.rows.get(&slot).filter(|known| known.row.process.as_ref() != Some(&process)) else {
                continue;
            };
            let row = Row { process: Some(process), ..known.row.clone() };
            if self.offer(Delta::Changed(row.clone()), say)
                && let Some(known) = self.rows.get_mut(&slot)
            {
                known.row = row;
            }
        }
    }

    /// Whether the process that holds this inode is known.
    pub fn is_named(&self, inode: u64) -> bool {
        self.names.contains_key(&inode)
    }

    fn gone(&mut self, slot: Slot, say: &mut dyn FnMut(Delta) -> bool) {
        let Some(known) = self.rows.get(&slot) else { return };
        let (key, inode) = (known.row.key(), known.row.inode);
        if self.offer(Delta::Gone(key), say) {
            self.rows.remove(&slot);
            if let Some(inode) = inode {
                self.names.remove(&inode);
            }
        }
    }

    fn offer(&mut self, delta: Delta, say: &mut dyn FnMut(Delta) -> bool) -> bool {
        self.refused = self.refused || !say(delta);
        !self.refused
    }
}

fn named(names: &HashMap<u64, Process>, row: &Row) -> Option<Process> {
    row.inode.filter(|inode| *inode != 0).and_then(|inode| names.get(&inode)).cloned()
}

/// The same addresses, IPv4 inside IPv6.
fn mapped(flow: &Flow) -> Flow {
    let mapped = |addr: std::net::SocketAddr| match addr {
        std::net::SocketAddr::V4(v4) => (v4.ip().to_ipv6_mapped(), v4.port()).into(),
        v6 @ std::net::SocketAddr::V6(_) => v6,
    };
    Flow { proto: flow.proto, local: mapped(flow.local), peer: flow.peer.map(mapped) }
}

/// Whether a row says nothing that was not said, a timer's running down aside.
fn is_as_said(known: &Known, row: &Row, at: Stamp) -> bool {
    let old = &known.row;
    let same_timer = match (old.timer, row.timer) {
        (None, None) => true,
        (Some(old), Some(new)) => same_end(old, known.at, new, at),
        _ => false,
    };
    same_timer
        && old.state == row.state
        && old.recv_q == row.recv_q
        && old.send_q == row.send_q
        && old.uid == row.uid
        && old.inode == row.inode
        && old.process == row.process
}

fn same_end(old: Timer, read: Stamp, new: Timer, now: Stamp) -> bool {
    let (was, is) = (read.after(old.left()), now.after(new.left()));
    old.kind == new.kind && old.count == new.count && was.since(is).max(is.since(was)) <= SAME_END
}
