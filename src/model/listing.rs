//! The netstat pane's list: the rows that pass the filter, in the chosen order, kept in order as rows come and go.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::net::SocketAddr;

use super::selection::cycled;
use super::table::{Table, TableEntry};
use crate::domain::filter::{Filter, FilterError};
use crate::domain::{Delta, Flow, Proto, Row, RowKey, TcpState};

/// The order of the rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SortColumn {
    /// The selected server's socket first, then the newest connection first, its two ends together, then listeners.
    #[default]
    Newest,
    /// Protocol.
    Proto,
    /// Recv-Q.
    RecvQ,
    /// Send-Q.
    SendQ,
    /// Local Address.
    Local,
    /// Foreign Address.
    Foreign,
    /// State.
    State,
    /// PID/Program.
    Process,
}

impl SortColumn {
    /// All orders, in the order of the key.
    pub const ALL: [Self; 8] =
        [Self::Newest, Self::Proto, Self::RecvQ, Self::SendQ, Self::Local, Self::Foreign, Self::State, Self::Process];

    /// The next one, around the end.
    #[must_use]
    pub fn next(self) -> Self {
        cycled(&Self::ALL, self, 1)
    }

    /// The one before it, around the end.
    #[must_use]
    pub fn previous(self) -> Self {
        cycled(&Self::ALL, self, -1)
    }
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum SortKey {
    Newest(u8, Reverse<u64>, bool),
    Number(Reverse<u32>),
    Addr(Option<SocketAddr>),
    State(Option<TcpState>),
    Name(Option<String>),
}

/// See the module's head.
#[derive(Debug, Default)]
pub struct NetstatListing {
    /// The order of the rows.
    pub column: SortColumn,
    /// Whether the last of that order comes first.
    pub reversed: bool,
    /// The filter in force: the last valid one.
    pub filter: Filter,
    /// The error in the filter being typed.
    pub error: Option<FilterError>,
    /// The socket of the selected server, which stays at the top while the newest come first.
    pinned: Option<Flow>,
    order: Vec<(SortKey, RowKey)>,
    ranks: HashMap<RowKey, SortKey>,
}

impl NetstatListing {
    /// How many rows are listed.
    pub fn len(&self) -> usize {
        self.order.len()
    }

    /// Whether none is.
    pub fn is_empty(&self) -> bool {
        self.order.is_empty()
    }

    /// The row at this place.
    pub fn key(&self, place: usize) -> Option<&RowKey> {
        self.order.get(self.turned(place)?).map(|(_, key)| key)
    }

    /// The rows at these places.
    pub fn keys(&self, places: impl Iterator<Item = usize>) -> impl Iterator<Item = &RowKey> {
        places.map_while(|place| self.key(place))
    }

    /// The place of a row, if it is listed.
    pub fn position(&self, key: &RowKey) -> Option<usize> {
        let rank = self.ranks.get(key)?;
        let place = self.order.binary_search_by(|(r, k)| (r, k).cmp(&(rank, key))).ok()?;
        self.turned(place)
    }

    /// How many rows stay at the top while the others scroll: one where the pinned socket is listed there.
    pub fn pinned(&self) -> usize {
        let first = self.key(0).map(|key| key.flow);
        usize::from(self.column == SortColumn::Newest && first.is_some() && first == self.pinned)
    }

    /// Pins this socket, if it is not pinned already.
    pub(super) fn pin(&mut self, flow: Option<Flow>, table: &Table) {
        if self.pinned != flow {
            self.pinned = flow;
            self.rebuild(table);
        }
    }

    /// The place from the other end, where the order is reversed.
    fn turned(&self, place: usize) -> Option<usize> {
        if self.reversed { self.order.len().checked_sub(place + 1) } else { Some(place) }
    }

    /// Follows a change that `table` has already taken in.
    pub(super) fn follow(&mut self, delta: &Delta, table: &Table) {
        let key = delta.key();
        self.remove(&key);
        if let Some(entry) = table.get(&key)
            && self.filter.matches(&*entry.row)
        {
            let rank = self.rank(entry);
            let place = self.order.partition_point(|(r, k)| (r, k) < (&rank, &key));
            self.order.insert(place, (rank.clone(), key));
            self.ranks.insert(key, rank);
        }
    }

    /// Makes the list anew, after the filter or the order changed.
    pub(super) fn rebuild(&mut self, table: &Table) {
        let matching = table.rows().filter(|(_, entry)| self.filter.matches(&*entry.row));
        self.order = matching.map(|(key, entry)| (self.rank(entry), *key)).collect();
        self.order.sort_unstable();
        self.ranks = self.order.iter().map(|(rank, key)| (*key, rank.clone())).collect();
    }

    fn remove(&mut self, key: &RowKey) {
        if let Some(place) = self.position(key).and_then(|place| self.turned(place)) {
            self.order.remove(place);
            self.ranks.remove(key);
        }
    }

    fn rank(&self, entry: &TableEntry) -> SortKey {
        let row: &Row = &entry.row;
        match self.column {
            SortColumn::Newest => {
                let group = match row.state {
                    _ if self.pinned == Some(row.flow) => 0,
                    Some(TcpState::Listen) => 2,
                    _ => 1,
                };
                // Of a pair, the client's end first: the one with the higher foreign port has called… the lower one is
                // not always the server, so the address order decides, which at least stands still.
                let second = row.flow.peer.is_some_and(|peer| peer < row.flow.local);
                SortKey::Newest(group, Reverse(entry.arrival), second)
            }
            SortColumn::Proto => {
                SortKey::State(if row.flow.proto == Proto::Tcp { None } else { Some(TcpState::Closed) })
            }
            SortColumn::RecvQ => SortKey::Number(Reverse(row.recv_q.unwrap_or(0))),
            SortColumn::SendQ => SortKey::Number(Reverse(row.send_q.unwrap_or(0))),
            SortColumn::Local => SortKey::Addr(Some(row.flow.local)),
            SortColumn::Foreign => SortKey::Addr(row.flow.peer),
            SortColumn::State => SortKey::State(row.shown_state()),
            SortColumn::Process => SortKey::Name(row.process.as_ref().map(|process| process.name.clone())),
        }
    }
}
