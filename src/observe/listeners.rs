//! Which program each listening socket belongs to, so that the end of both can be told together.

use std::collections::HashMap;

#[cfg(target_os = "linux")]
use super::process;
use crate::domain::{Cause, Delta, RowKey, TcpState, Transition};

/// The listeners of other programs, as far as those are known.
#[derive(Debug, Default)]
pub(super) struct Listeners(HashMap<RowKey, u32>);

impl Listeners {
    /// Follows a change of the table. Returns the end of a listener whose program has ended, too.
    pub(super) fn follow(&mut self, delta: &Delta) -> Option<Transition> {
        match delta {
            Delta::Found(row) | Delta::Added(row) | Delta::Changed(row) => {
                let program = row.process.as_ref().filter(|_| row.state == Some(TcpState::Listen));
                if let Some(program) = program.filter(|program| program.pid != std::process::id()) {
                    self.0.insert(row.key(), program.pid);
                }
                None
            }
            Delta::Gone(key) => {
                let program = self.0.remove(key)?;
                let ended = Transition {
                    flow: key.flow,
                    from: TcpState::Listen,
                    to: TcpState::Closed,
                    cause: Some(Cause::Exit),
                };
                has_ended(program).then_some(ended)
            }
            Delta::Unwatched(key) => {
                self.0.remove(key);
                None
            }
        }
    }
}

#[cfg(target_os = "linux")]
fn has_ended(pid: u32) -> bool {
    process::has_ended(pid)
}

/// Nothing is claimed.
#[cfg(not(target_os = "linux"))]
const fn has_ended(_pid: u32) -> bool {
    false
}
