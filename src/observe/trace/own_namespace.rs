//! Confirmation by our own namespace's kernel that a traced socket is ours.

use std::net::IpAddr;

use crate::domain::{Flow, Row, TcpState, TimerKind, Transition};

/// How long `TIME_WAIT` lasts on Linux (`TCP_TIMEWAIT_LEN`), and the precision of its timer, in nanoseconds.
const TIME_WAIT: u64 = 60_000_000_000;
const TICKS: u64 = 20_000_000;

/// Lookups in our own namespace.
pub(super) trait OwnNamespace {
    /// The socket with these addresses, and when it was looked up.
    fn look_up(&mut self, flow: &Flow) -> Option<(Row, u64)>;
    /// Whether the listener with this cookie is new: it did not exist when the trace began and was not asked about before.
    fn is_new(&mut self, cookie: u64) -> bool;
}

/// Whether a socket cannot be found by its addresses alone: one on a link-local address belongs to an interface as well,
/// which the trace does not name. These addresses are made of the hardware's, and so are rarely in two namespaces.
pub(super) fn cannot_be_looked_up(flow: &Flow) -> bool {
    flow.peer.is_some() && matches!(flow.local.ip(), IpAddr::V6(ip) if ip.is_unicast_link_local())
}

/// Whether a listener that has just started is ours; `None` if it is already gone.
pub(super) fn is_new(flow: &Flow, namespace: &mut dyn OwnNamespace) -> Option<bool> {
    let (row, _) = namespace.look_up(flow).filter(|(row, _)| row.state == Some(TcpState::Listen))?;
    Some(namespace.is_new(row.cookie))
}

/// Whether a socket first traced at `since`, or the other end of its connection, is in our table.
pub(super) fn is_there(change: &Transition, since: u64, namespace: &mut dyn OwnNamespace) -> bool {
    let Some(other) = change.flow.mirror() else { return false };
    let mut found = |flow| namespace.look_up(flow).filter(|(row, at)| is_recent(row, *at, since));
    found(&change.flow).is_some_and(|(row, _)| may_follow(&row, change.to)) || found(&other).is_some()
}

/// Whether this row may belong to a socket that was in `state` before: a later state, or its `TIME_WAIT` remnant.
fn may_follow(row: &Row, state: TcpState) -> bool {
    let is_rest = row.timer.is_some_and(|timer| timer.kind == TimerKind::TimeWait);
    is_rest || (state != TcpState::Closed && row.state.is_some_and(|now| now.rank() >= state.rank()))
}

/// Whether a row is not the `TIME_WAIT` remnant of a connection that ended before `since`.
fn is_recent(row: &Row, at: u64, since: u64) -> bool {
    match row.timer {
        Some(timer) if row.state == Some(TcpState::TimeWait) => {
            at + timer.left_ms * 1_000_000 + TICKS >= since + TIME_WAIT
        }
        _ => true,
    }
}
