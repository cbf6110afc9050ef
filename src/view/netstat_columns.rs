//! The columns of the netstat pane.

use super::column_budget::ColumnBudget;
use super::line_writer::{fit, width};
use crate::domain::Row;
use crate::model::table::TableEntry;

/// The width of the timer column, in words and as a time alone.
pub(super) const TIMER: u16 = 18;
const NARROW_TIMER: u16 = 8;
/// The least width of both addresses together, whole and cut to their ports.
const ADDRESSES: u16 = 2 * 16;
const PORTS: u16 = 2 * 7;

/// The widths of the columns; 0 for one that is not shown.
pub(super) struct NetstatColumns {
    pub(super) proto: u16,
    pub(super) queue: u16,
    pub(super) local: u16,
    pub(super) foreign: u16,
    pub(super) state: u16,
    pub(super) timer: u16,
    pub(super) process: u16,
}

impl NetstatColumns {
    /// Where columns are missing, PID/Program goes first, then the timer's word, then the addresses but for their ports;
    /// State, the ports and the time left never do.
    pub(super) fn of(entries: &[&TableEntry], ghosts: &[&TableEntry], columns: u16) -> Self {
        let rows = || entries.iter().chain(ghosts).map(|entry| &entry.row);
        let local = rows().map(|row| width(&row.flow.local.to_string())).max().unwrap_or(0).max(15);
        let foreign = rows().map(|row| width(&foreign(row, u16::MAX))).max().unwrap_or(0).max(15);
        let proto = 6;
        let state = 12;
        let queue = if columns < 75 { 5 } else { 6 };
        let mut budget = ColumnBudget::new(columns, 1 + proto + 2 * (queue + 1) + 1 + state + 2);
        let timer = budget.fit([(TIMER, ADDRESSES), (NARROW_TIMER, PORTS)]);
        let process = budget.fit([(20, ADDRESSES)]);
        let mut shown = Self { proto, queue, local, foreign, state, timer, process };
        let room = budget.rest();
        let both = shown.local + shown.foreign;
        if both > room {
            // Each gets half, and whatever the other does not need.
            let half = room / 2;
            shown.local = shown.local.min(half.max(room.saturating_sub(shown.foreign)));
            shown.foreign = room - shown.local;
        } else {
            let spare = (room - both).min(2 * (23u16.saturating_sub(both / 2)));
            shown.local += spare / 2;
            shown.foreign += spare / 2;
        }
        shown
    }
}

/// The foreign address as `netstat` prints it.
pub(super) fn foreign(row: &Row, columns: u16) -> String {
    row.flow.peer.map_or_else(|| row.flow.wildcard_peer().into(), |peer| fit(peer, columns))
}
