//! Which sockets were reported as gone lately, so that each disappearance is reported once.

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use crate::domain::{Flow, Stamp};

/// How long an end is remembered. It is asked for again by whatever still mentions the connection, which is soon.
const REMEMBERED: Duration = Duration::from_secs(2);

/// The connections that ended lately.
#[derive(Debug, Default)]
pub(super) struct RecentEnds {
    ends: HashMap<Flow, Stamp>,
    oldest: VecDeque<(Stamp, Flow)>,
}

impl RecentEnds {
    /// Remembers an end that was reported at this time.
    pub(super) fn add(&mut self, at: Stamp, flow: Flow) {
        while self.oldest.front().is_some_and(|(ended, _)| at.since(*ended) > REMEMBERED) {
            let Some((ended, flow)) = self.oldest.pop_front() else { break };
            if self.ends.get(&flow) == Some(&ended) {
                self.ends.remove(&flow);
            }
        }
        self.ends.insert(flow, at);
        self.oldest.push_back((at, flow));
    }

    /// These addresses are used again.
    pub(super) fn forget(&mut self, flow: &Flow) {
        self.ends.remove(flow);
    }

    /// Whether the end of this connection was reported lately.
    pub(super) fn has(&self, flow: &Flow) -> bool {
        self.ends.contains_key(flow)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_end_is_remembered_for_a_while_unless_the_addresses_are_used_again() {
        let flow = Flow::tcp("127.0.0.1:40001".parse().unwrap(), "127.0.0.1:65432".parse().unwrap());
        let other = flow.mirror().unwrap();
        let mut ends = RecentEnds::default();
        assert!(!ends.has(&flow));
        ends.add(Stamp::from_millis(10), flow);
        assert!(ends.has(&flow) && !ends.has(&other));
        ends.add(Stamp::from_millis(1_500), other);
        assert!(ends.has(&flow));
        ends.add(Stamp::from_millis(2_500), other);
        assert!(!ends.has(&flow) && ends.has(&other));
        ends.forget(&other);
        assert!(!ends.has(&other));
    }
}
