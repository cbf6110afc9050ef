//! What one witness says of one end of a connection.

use crate::domain::{Cause, Evidence, Stamp, TcpState};

/// The claim of one witness: this end was in this state at this moment.
#[derive(Debug, Clone, Copy)]
pub(super) struct Claim {
    pub(super) state: TcpState,
    pub(super) evidence: Evidence,
    pub(super) at: Stamp,
    /// The latest time at which it can have got there: for a sample, when the table's answer had arrived.
    pub(super) latest: Stamp,
    pub(super) cause: Option<Cause>,
    /// The state before, if the producer reports the change itself and not only where it led.
    pub(super) from: Option<TcpState>,
    /// The kernel's word that a full socket in FIN_WAIT2 ended: a TIME_WAIT may go on without it.
    pub(super) full_socket_only: bool,
}

impl Claim {
    pub(super) const fn new(state: TcpState, evidence: Evidence, at: Stamp) -> Self {
        Self { state, evidence, at, latest: at, cause: None, from: None, full_socket_only: false }
    }
}
