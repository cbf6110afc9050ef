//! Readings of the table in, changes out. No clock, no socket, no thread.

use std::collections::HashMap;
use std::time::Duration;

use super::row_id::{Mixing, RowId};
use super::scope::Scope;
use crate::domain::{Delta, Flow, Process, Proto, Row, RowKey, Stamp, Timer};

/// A timer that expires within this much of the earlier prediction is the same timer, running down.
const SAME_END: Duration = Duration::from_secs(1);

/// Reports a change; returns `false` when there is no room for it.
type Say<'a> = &'a mut dyn FnMut(Delta) -> bool;

/// Remembers the last report about every row, and reports what is new.
///
/// A refused change is not remembered, so the next reading reports it again. After one refusal nothing more is offered
/// until [`Differ::begin`], to spare a full queue; see [`Differ::refused`].
#[derive(Debug)]
pub struct Differ {
    rows: HashMap<RowId, KnownRow, Mixing>,
    names: HashMap<u64, Process>,
    reading: u64,
    /// Whether this is the first reading of its scope, whose sockets existed before.
    first: bool,
    /// How many rows this reading has shown.
    shown: usize,
    refused: bool,
}

#[derive(Debug)]
struct KnownRow {
    row: Row,
    /// When this row was read: its timer counts from there.
    at: Stamp,
    /// The last reading that showed it.
    seen: u64,
}

impl Default for Differ {
    fn default() -> Self {
        Self { rows: HashMap::default(), names: HashMap::new(), reading: 0, first: true, shown: 0, refused: false }
    }
}

impl Differ {
    /// Begins a full reading.
    pub fn begin(&mut self) {
        self.reading += 1;
        self.shown = 0;
        self.refused = false;
    }

    /// Ends a full reading. Sockets that first appear in a later one are new.
    pub fn finish(&mut self) {
        self.first &= self.refused;
    }

    /// Whether a change was refused since the last [`Differ::begin`].
    pub const fn refused(&self) -> bool {
        self.refused
    }

    /// Takes in a row that was read at `at`, in a full reading or on its own.
    pub fn see(&mut self, mut row: Row, at: Stamp, say: Say<'_>) {
        let id = RowId::of(&row.key());
        let Some(known) = self.rows.get_mut(&id) else {
            let delta = if self.first { Delta::Found } else { Delta::Added };
            return self.come(id, row, at, delta, say);
        };
        if known.row.cookie == 0 && known.seen == self.reading && row.cookie == 0 {
            // A source without cookies cannot tell two listeners on one address apart: the first stands for both.
            return;
        }
        self.shown += usize::from(known.seen != self.reading);
        known.seen = self.reading;
        if known.row.cookie != row.cookie {
            // The same addresses, another connection: an end and a beginning.
            self.leave(id, Delta::Gone, say);
            // If the end was refused, the beginning must wait too.
            if !self.rows.contains_key(&id) {
                self.come(id, row, at, Delta::Added, say);
            }
            return;
        }
        if row.process.is_none() {
            row.process = match &known.row.process {
                Some(process) if known.row.inode == row.inode => Some(process.clone()),
                _ => named(&self.names, &row),
            };
        }
        if is_as_said(known, &row, at) {
            return;
        }
        let left = known.row.inode.filter(|inode| row.inode != Some(*inode));
        if self.offer(Delta::Changed(row.clone()), say) {
            self.rows.insert(id, KnownRow { row, at, seen: self.reading });
            left.map(|inode| self.names.remove(&inode));
        }
    }

    fn come(&mut self, id: RowId, mut row: Row, at: Stamp, delta: fn(Row) -> Delta, say: Say<'_>) {
        row.process = row.process.take().or_else(|| named(&self.names, &row));
        if self.offer(delta(row.clone()), say) {
            self.shown += 1;
            self.rows.insert(id, KnownRow { row, at, seen: self.reading });
        }
    }

    /// The rows that the full reading since [`Differ::begin`] did not show.
    pub fn unseen(&self) -> Vec<RowKey> {
        if self.shown == self.rows.len() {
            return Vec::new();
        }
        self.rows.values().filter(|known| known.seen != self.reading).map(|known| known.row.key()).collect()
    }

    /// Reports a row as gone.
    pub fn end(&mut self, key: &RowKey, say: Say<'_>) {
        self.leave(RowId::of(key), Delta::Gone, say);
    }

    /// The rows with these addresses, as IPv4 or as IPv4-mapped IPv6.
    fn ids(&self, flow: &Flow) -> impl Iterator<Item = RowId> {
        [*flow, mapped(flow)].into_iter().flat_map(|flow| match RowId::of(&RowKey { flow, cookie: 0 }) {
            id if flow.proto == Proto::Tcp && flow.peer.is_some() => {
                self.rows.get_key_value(&id).map(|(id, _)| *id).into_iter().collect()
            }
            _ => self.rows.keys().filter(|id| id.flow == flow).copied().collect::<Vec<_>>(),
        })
    }

    /// Whether a row with these addresses is known.
    pub fn knows(&self, flow: &Flow) -> bool {
        self.ids(flow).next().is_some()
    }

    /// Reports the sockets with these addresses as gone.
    pub fn end_all(&mut self, flow: &Flow, say: Say<'_>) {
        for id in self.ids(flow).collect::<Vec<_>>() {
            self.leave(id, Delta::Gone, say);
        }
    }

    /// Changes the scope. Sockets that leave it are reported as unwatched rather than gone, and those that the next
    /// reading shows as found rather than new: they were not watched before.
    pub fn keep(&mut self, scope: &Scope, say: Say<'_>) {
        self.first = true;
        let out: Vec<RowId> = self.rows.keys().filter(|id| !scope.has(&id.flow)).copied().collect();
        for id in out {
            self.leave(id, Delta::Unwatched, say);
        }
    }

    /// Reports and remembers the processes that hold these inodes.
    pub fn name(&mut self, found: &HashMap<u64, Process>, say: Say<'_>) {
        let held = |known: &KnownRow| Some((known.row.inode?, found.get(&known.row.inode?)?.clone()));
        let rows: Vec<(RowId, u64, Process)> = self
            .rows
            .iter()
            .filter_map(|(id, known)| held(known).map(|(inode, process)| (*id, inode, process)))
            .collect();
        for (id, inode, process) in rows {
            self.names.insert(inode, process.clone());
            let Some(known) = self.rows.get(&id).filter(|known| known.row.process.as_ref() != Some(&process)) else {
                continue;
            };
            let row = Row { process: Some(process), ..known.row.clone() };
            if self.offer(Delta::Changed(row.clone()), say)
                && let Some(known) = self.rows.get_mut(&id)
            {
                known.row = row;
            }
        }
    }

    /// Whether the process that holds this inode is known.
    pub fn is_named(&self, inode: u64) -> bool {
        self.names.contains_key(&inode)
    }

    fn leave(&mut self, id: RowId, delta: fn(RowKey) -> Delta, say: Say<'_>) {
        let Some(known) = self.rows.get(&id) else { return };
        let key = known.row.key();
        let inode = known.row.inode;
        let shown = known.seen == self.reading;
        if self.offer(delta(key), say) {
            self.shown -= usize::from(shown);
            self.rows.remove(&id);
            inode.map(|inode| self.names.remove(&inode));
        }
    }

    fn offer(&mut self, delta: Delta, say: Say<'_>) -> bool {
        self.refused = self.refused || !say(delta);
        !self.refused
    }
}

fn named(names: &HashMap<u64, Process>, row: &Row) -> Option<Process> {
    row.inode.filter(|inode| *inode != 0).and_then(|inode| names.get(&inode)).cloned()
}

/// The same addresses as IPv4-mapped IPv6.
fn mapped(flow: &Flow) -> Flow {
    let mapped = |addr: std::net::SocketAddr| match addr {
        std::net::SocketAddr::V4(v4) => (v4.ip().to_ipv6_mapped(), v4.port()).into(),
        v6 @ std::net::SocketAddr::V6(_) => v6,
    };
    Flow { proto: flow.proto, local: mapped(flow.local), peer: flow.peer.map(mapped) }
}

/// Whether a row has no news, apart from a timer running down.
fn is_as_said(known: &KnownRow, row: &Row, at: Stamp) -> bool {
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
    let was = read.after(old.left());
    let is = now.after(new.left());
    old.kind == new.kind && old.count == new.count && was.since(is).max(is.since(was)) <= SAME_END
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{TcpState, TimerKind};

    const AT: Stamp = Stamp::from_millis(10_000);

    fn flow(port: u16) -> Flow {
        Flow::tcp(([127, 0, 0, 1], port).into(), ([127, 0, 0, 1], 65432).into())
    }

    fn open(port: u16) -> Row {
        Row {
            flow: flow(port),
            state: Some(TcpState::Established),
            recv_q: Some(0),
            send_q: Some(0),
            timer: None,
            uid: Some(0),
            inode: Some(u64::from(port)),
            cookie: 7,
            process: None,
        }
    }

    fn timer(kind: TimerKind, left_ms: u64, count: u8) -> Row {
        Row { timer: Some(Timer { kind, left_ms, count }), ..open(1) }
    }

    fn python() -> Process {
        Process { pid: 1, name: "python3".into() }
    }

    /// The changes that are reported meanwhile.
    fn said(act: impl FnOnce(&mut dyn FnMut(Delta) -> bool)) -> Vec<Delta> {
        let mut said = Vec::new();
        act(&mut |delta| {
            said.push(delta);
            true
        });
        said
    }

    /// One full reading that shows these rows.
    fn reading(differ: &mut Differ, at: Stamp, rows: &[Row]) -> Vec<Delta> {
        said(|say| {
            differ.begin();
            rows.iter().for_each(|row| differ.see(row.clone(), at, say));
            differ.unseen().iter().for_each(|key| differ.end(key, say));
            differ.finish();
        })
    }

    #[test]
    fn new_rows_are_added_unchanged_ones_stay_silent_and_missing_ones_are_gone() {
        let mut differ = Differ::default();
        assert_eq!(reading(&mut differ, AT, &[open(1), open(2)]), [Delta::Found(open(1)), Delta::Found(open(2))]);
        assert_eq!(reading(&mut differ, AT, &[open(2), open(1)]), []);
        assert_eq!(reading(&mut differ, AT, &[open(2)]), [Delta::Gone(open(1).key())]);
        assert_eq!(reading(&mut differ, AT, &[open(2), open(3)]), [Delta::Added(open(3))]);
        assert_eq!(differ.rows.len(), 2);
    }

    #[test]
    fn every_column_that_differs_is_a_change() {
        let changed = [
            Row { state: Some(TcpState::CloseWait), ..open(1) },
            Row { recv_q: Some(1), ..open(1) },
            Row { send_q: Some(1), ..open(1) },
            Row { uid: Some(1), ..open(1) },
            Row { inode: Some(0), ..open(1) },
            Row { process: Some(python()), ..open(1) },
            timer(TimerKind::Retransmit, 200, 0),
        ];
        for row in changed {
            let mut differ = Differ::default();
            reading(&mut differ, AT, &[open(1)]);
            assert_eq!(reading(&mut differ, AT, std::slice::from_ref(&row)), [Delta::Changed(row)]);
        }
    }

    #[test]
    fn a_timer_running_down_is_no_change_but_any_other_timer_is() {
        use TimerKind::{Keepalive, Retransmit, TimeWait};
        let was = timer(TimeWait, 60_000, 0);
        let cases = [
            (1_000, Some((TimeWait, 59_000, 0)), false),
            (40_000, Some((TimeWait, 20_900, 0)), false),
            (40_000, Some((TimeWait, 19_100, 0)), false),
            (40_000, Some((TimeWait, 60_000, 0)), true),
            (40_000, Some((TimeWait, 10_000, 0)), true),
            (1_000, Some((Keepalive, 59_000, 0)), true),
            (1_000, Some((Retransmit, 59_000, 0)), true),
            (1_000, Some((TimeWait, 59_000, 1)), true),
            (1_000, None, true),
        ];
        for (later, now, is_change) in cases {
            let mut differ = Differ::default();
            reading(&mut differ, AT, std::slice::from_ref(&was));
            let now = now.map_or_else(|| open(1), |(kind, left, count)| timer(kind, left, count));
            let said = reading(&mut differ, AT.after(Duration::from_millis(later)), std::slice::from_ref(&now));
            assert_eq!(!said.is_empty(), is_change, "{now:?} after {later} ms");
        }
    }

    #[test]
    fn a_timer_that_drifts_slowly_is_reported_eventually() {
        let mut differ = Differ::default();
        reading(&mut differ, AT, &[timer(TimerKind::Keepalive, 60_000, 0)]);
        let mut count = 0;
        for second in 1..=10 {
            let at = AT.after(Duration::from_secs(second));
            // It loses only half a second in each.
            count += reading(&mut differ, at, &[timer(TimerKind::Keepalive, 60_000 - second * 500, 0)]).len();
        }
        assert_eq!(count, 3, "each time it was more than a second off");
    }

    #[test]
    fn another_connection_on_the_same_addresses_is_an_end_and_a_beginning() {
        let mut differ = Differ::default();
        let next = Row { cookie: 8, ..open(1) };
        reading(&mut differ, AT, &[open(1)]);
        let said = reading(&mut differ, AT, std::slice::from_ref(&next));
        assert_eq!(said, [Delta::Gone(open(1).key()), Delta::Added(next)]);
    }

    #[test]
    fn listeners_and_udp_sockets_may_share_their_addresses() {
        let mut differ = Differ::default();
        let bound = |cookie| Row { flow: Flow::unconnected(Proto::Udp, flow(1).local), cookie, state: None, ..open(1) };
        assert_eq!(reading(&mut differ, AT, &[bound(1), bound(2)]).len(), 2);
        assert_eq!(reading(&mut differ, AT, &[bound(2), bound(1)]), []);
        assert_eq!(reading(&mut differ, AT, &[bound(2)]), [Delta::Gone(bound(1).key())]);
        let mut nameless = Differ::default();
        assert_eq!(reading(&mut nameless, AT, &[bound(0), Row { inode: Some(9), ..bound(0) }]).len(), 1);
        assert_eq!(reading(&mut nameless, AT, &[bound(0), Row { inode: Some(9), ..bound(0) }]), []);
    }

    #[test]
    fn a_lookup_that_finds_nothing_ends_the_row_however_its_addresses_are_written() {
        let mut differ = Differ::default();
        let v6 = Row { flow: mapped(&flow(2)), ..open(2) };
        reading(&mut differ, AT, &[open(1), v6.clone()]);
        let said = said(|say| [1, 2, 3].iter().for_each(|port| differ.end_all(&flow(*port), say)));
        assert_eq!(said, [Delta::Gone(open(1).key()), Delta::Gone(v6.key())]);
    }

    #[test]
    fn a_refused_change_is_reported_again() {
        let mut differ = Differ::default();
        differ.begin();
        let mut offered = 0;
        let mut full = |_| {
            offered += 1;
            false
        };
        differ.see(open(1), AT, &mut full);
        differ.see(open(2), AT, &mut full);
        assert!(differ.refused() && differ.rows.is_empty());
        assert_eq!(offered, 1, "a full queue is asked once in a reading");
        assert_eq!(reading(&mut differ, AT, &[open(1), open(2)]).len(), 2);

        differ.begin();
        differ.see(Row { recv_q: Some(5), ..open(1) }, AT, &mut |_| false);
        let said = reading(&mut differ, AT, &[Row { recv_q: Some(5), ..open(1) }]);
        assert_eq!(said, [Delta::Changed(Row { recv_q: Some(5), ..open(1) }), Delta::Gone(open(2).key())]);

        differ.begin();
        differ.end(&open(1).key(), &mut |_| false);
        assert_eq!(reading(&mut differ, AT, &[]), [Delta::Gone(open(1).key())]);

        // Neither half of "an end and a beginning" is lost.
        reading(&mut differ, AT, &[open(1)]);
        let next = Row { cookie: 8, ..open(1) };
        differ.begin();
        differ.see(next.clone(), AT, &mut |_| false);
        let said = reading(&mut differ, AT, std::slice::from_ref(&next));
        assert_eq!(said, [Delta::Gone(open(1).key()), Delta::Added(next)]);
    }

    #[test]
    fn a_known_process_stays_with_its_inode_and_is_forgotten_with_it() {
        let mut differ = Differ::default();
        reading(&mut differ, AT, &[open(1)]);
        let found = HashMap::from([(1, python()), (99, python())]);
        let said = said(|say| (0..2).for_each(|_| differ.name(&found, say)));
        let named = Row { process: Some(python()), ..open(1) };
        assert_eq!(said, [Delta::Changed(named.clone())]);
        assert!(!differ.is_named(99), "an inode that no row has is not remembered");
        assert_eq!(reading(&mut differ, AT, &[open(1)]), []);
        let orphan = Row { inode: Some(0), ..open(1) };
        assert_eq!(reading(&mut differ, AT, std::slice::from_ref(&orphan)), [Delta::Changed(orphan)]);
        assert!(!differ.is_named(1));
    }

    #[test]
    fn rows_out_of_scope_are_unwatched_and_those_in_a_wider_scope_are_not_new() {
        let mut differ = Differ::default();
        reading(&mut differ, AT, &[open(1), open(2)]);
        assert_eq!(said(|say| differ.keep(&Scope::ports([2]), say)), [Delta::Unwatched(open(1).key())]);
        assert_eq!(reading(&mut differ, AT, &[open(2), open(3)]), [Delta::Found(open(3))]);
        assert_eq!(reading(&mut differ, AT, &[open(2), open(3), open(4)]), [Delta::Added(open(4))]);
    }
}
