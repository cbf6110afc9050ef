//! The socket table as the deltas left it.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use super::bounded;
use crate::domain::{Delta, Flow, HostId, Row, RowKey, Stamp, TcpState};

/// A row, and when it was read and changed.
#[derive(Debug, Clone)]
pub struct TableEntry {
    /// The row itself.
    pub row: Arc<Row>,
    /// When it was read; its timer counts from here.
    pub read: Stamp,
    /// When its state or its queues last changed.
    pub changed: Stamp,
    /// On which of the wire's hosts.
    pub host: Option<HostId>,
    /// The order of coming; both ends of a connection share the number of the one that was seen first.
    pub arrival: u64,
}

impl TableEntry {
    /// How long its timer still has.
    pub fn timer_left(&self, now: Stamp) -> Option<Duration> {
        self.row.timer.map(|timer| timer.left().saturating_sub(now.since(self.read)))
    }
}

/// A row that left, and when.
#[derive(Debug, Clone)]
pub struct GoneRow {
    /// The row as it was last.
    pub entry: TableEntry,
    /// When it was found gone.
    pub gone: Stamp,
}

/// The table.
#[derive(Debug, Clone, Default)]
pub struct Table {
    rows: HashMap<RowKey, TableEntry>,
    by_flow: HashMap<Flow, RowKey>,
    gone_rows: VecDeque<GoneRow>,
    arrivals: u64,
    /// When a row last came, changed or went.
    changed: Option<Stamp>,
    countdowns: usize,
    /// How many rows are in SYN_RECV, by their own address.
    half_open: BTreeMap<SocketAddr, u32>,
}

impl Table {
    /// How long a row that left stays visible, fading.
    pub const FADE: Duration = Duration::from_secs(1);
    const GONE_ROWS: usize = 64;

    /// How many rows there are.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there is no row at all.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// All rows, in no order.
    pub fn rows(&self) -> impl Iterator<Item = (&RowKey, &TableEntry)> {
        self.rows.iter()
    }

    /// The row with this key.
    pub fn get(&self, key: &RowKey) -> Option<&TableEntry> {
        self.rows.get(key)
    }

    /// The row of this end. A UDP socket that is not connected is found without its peer.
    pub fn of(&self, flow: &Flow) -> Option<&TableEntry> {
        self.by_flow.get(flow).and_then(|key| self.rows.get(key))
    }

    /// The state that the table last showed for this end.
    pub fn state(&self, flow: &Flow) -> Option<TcpState> {
        self.of(flow)?.row.state
    }

    /// Rows that left within [`Table::FADE`] before `now`, the latest first.
    pub fn gone_rows(&self, now: Stamp) -> impl Iterator<Item = &GoneRow> {
        self.gone_rows.iter().rev().take_while(move |ghost| now.since(ghost.gone) < Self::FADE)
    }

    /// When a row last came, changed or went.
    pub const fn changed(&self) -> Option<Stamp> {
        self.changed
    }

    /// Whether a timer of the kernel is running for any row.
    pub const fn has_countdown(&self) -> bool {
        self.countdowns > 0
    }

    /// How many connections through this listener are half open: the handshake is not over (SYN_RECV).
    pub fn half_open(&self, listener: SocketAddr) -> u32 {
        let ip = listener.ip().to_canonical();
        let through = |local: &SocketAddr| {
            local.port() == listener.port() && (ip.is_unspecified() || ip == local.ip().to_canonical())
        };
        self.half_open.iter().filter(|(local, _)| through(local)).map(|(_, rows)| rows).sum()
    }

    pub(super) fn apply(&mut self, at: Stamp, host: Option<HostId>, delta: &Delta) {
        match delta {
            Delta::Found(row) => self.put(at, Stamp::ZERO, host, row),
            Delta::Added(row) | Delta::Changed(row) => {
                self.changed = Some(at);
                self.put(at, at, host, row);
            }
            Delta::Gone(key) => {
                self.changed = Some(at);
                if let Some(entry) = self.take(key) {
                    bounded::push(&mut self.gone_rows, GoneRow { entry, gone: at }, Self::GONE_ROWS);
                }
            }
            Delta::Unwatched(key) => {
                self.take(key);
            }
        }
    }

    fn take(&mut self, key: &RowKey) -> Option<TableEntry> {
        if self.by_flow.get(&key.flow) == Some(key) {
            self.by_flow.remove(&key.flow);
        }
        let entry = self.rows.remove(key)?;
        self.uncount(&entry.row);
        Some(entry)
    }

    fn put(&mut self, at: Stamp, flash: Stamp, host: Option<HostId>, row: &Row) {
        let key = row.key();
        let before = self.rows.get(&key);
        let same = |entry: &&TableEntry| {
            (entry.row.state, entry.row.recv_q, entry.row.send_q) == (row.state, row.recv_q, row.send_q)
        };
        let changed = before.filter(same).map_or(flash, |entry| entry.changed);
        let arrival = match before {
            Some(entry) => entry.arrival,
            None => row.flow.mirror().and_then(|m| self.of(&m)).map_or(self.arrivals + 1, |mirror| mirror.arrival),
        };
        self.arrivals = self.arrivals.max(arrival);
        self.by_flow.insert(key.flow, key);
        self.countdowns += usize::from(row.timer.is_some());
        if row.state == Some(TcpState::SynRecv) {
            *self.half_open.entry(row.flow.local).or_default() += 1;
        }
        let entry = TableEntry { row: Arc::new(row.clone()), read: at, changed, host, arrival };
        if let Some(before) = self.rows.insert(key, entry) {
            self.uncount(&before.row);
        }
    }

    /// A row is not there any more, or is another one.
    fn uncount(&mut self, row: &Row) {
        self.countdowns -= usize::from(row.timer.is_some());
        if row.state == Some(TcpState::SynRecv)
            && let Some(rows) = self.half_open.get_mut(&row.flow.local)
        {
            *rows -= 1;
            if *rows == 0 {
                self.half_open.remove(&row.flow.local);
            }
        }
    }
}
