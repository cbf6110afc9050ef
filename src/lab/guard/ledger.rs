//! What the guard has to tell, kept short: each thing at once the first time, then at most once a second with its count.

use std::collections::HashMap;
use std::net::IpAddr;
use std::time::Duration;

use crate::domain::guard::{GuardAction, PortCheck};
use crate::domain::{GuardEvent, Rule, ServerId, Stamp};

/// How long what happens again is only counted.
const QUIET: Duration = Duration::from_secs(1);

/// How many lines are kept that name an address. What comes beyond is counted without naming it.
const NAMED: usize = 256;

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum What {
    Acted(Rule, Option<u64>, GuardAction),
    Checked(PortCheck),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Key {
    server: ServerId,
    address: Option<IpAddr>,
    what: What,
}

#[derive(Debug, Clone, Copy)]
struct Line {
    /// How often since it was last told.
    untold: u64,
    told: Stamp,
}

/// See the module's head.
#[derive(Debug, Default)]
pub(super) struct Ledger(HashMap<Key, Line>);

impl Ledger {
    /// Writes down what happened; what is to be told now, if anything.
    pub(super) fn note(
        &mut self,
        server: ServerId,
        address: Option<IpAddr>,
        what: What,
        now: Stamp,
    ) -> Option<GuardEvent> {
        let mut key = Key { server, address, what };
        if self.0.len() >= NAMED && !self.0.contains_key(&key) {
            key.address = None;
        }
        let Some(line) = self.0.get_mut(&key) else {
            self.0.insert(key, Line { untold: 0, told: now });
            return Some(event(&key, 1));
        };
        line.untold += 1;
        line.due(now, false).map(|count| event(&key, count))
    }

    /// Takes back what could not be told: it is told later.
    pub(super) fn take_back(&mut self, event: &GuardEvent) {
        let (server, address, what, count) = match *event {
            GuardEvent::Acted { server, address, rule, limit, action, count } => {
                (server, address, What::Acted(rule, limit, action), count)
            }
            GuardEvent::Checked { server, address, check, count } => (server, address, What::Checked(check), count),
            _ => return,
        };
        if let Some(line) = self.0.get_mut(&Key { server, address, what }) {
            line.untold += count;
        }
    }

    /// What has waited long enough, everything with `all`. Lines that nothing was added to for so long are forgotten.
    pub(super) fn due(&mut self, now: Stamp, all: bool) -> Vec<GuardEvent> {
        let mut due = Vec::new();
        self.0.retain(|key, line| {
            let is_old = line.untold == 0 && now.since(line.told) >= QUIET;
            due.extend(line.due(now, all).map(|count| event(key, count)));
            !is_old
        });
        due
    }

    /// Whether there is anything that may have to be told, or forgotten, later.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Line {
    fn due(&mut self, now: Stamp, all: bool) -> Option<u64> {
        if self.untold == 0 || (!all && now.since(self.told) < QUIET) {
            return None;
        }
        self.told = now;
        Some(std::mem::take(&mut self.untold))
    }
}

fn event(key: &Key, count: u64) -> GuardEvent {
    let Key { server, address, what } = *key;
    match what {
        What::Acted(rule, limit, action) => GuardEvent::Acted { server, address, rule, limit, action, count },
        What::Checked(check) => GuardEvent::Checked { server, address, check, count },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counted(events: &[GuardEvent]) -> u64 {
        let count = |event: &GuardEvent| match event {
            GuardEvent::Acted { count, .. } => *count,
            other => panic!("{other:?}"),
        };
        events.iter().map(count).sum()
    }

    const REFUSED: What = What::Acted(Rule::Connections, Some(64), GuardAction::Refused);

    #[test]
    fn ten_thousand_refusals_are_a_few_events_and_none_is_forgotten() {
        let (mut ledger, mut told) = (Ledger::default(), Vec::new());
        for n in 0..10_000 {
            let now = Stamp::from_millis(2_000 + n / 4);
            told.extend(ledger.note(ServerId(0), Some([192, 0, 2, 2].into()), REFUSED, now));
        }
        assert_eq!(told.len(), 3, "at once, after a second, after two");
        told.extend(ledger.due(Stamp::from_millis(6_000), false));
        assert_eq!(counted(&told), 10_000);
        assert!(ledger.due(Stamp::from_millis(7_000), false).is_empty() && ledger.is_empty());
    }

    #[test]
    fn a_crowd_is_counted_without_names() {
        let (mut ledger, mut told) = (Ledger::default(), Vec::new());
        for n in 0..100_000_u32 {
            told.extend(ledger.note(ServerId(0), Some(IpAddr::V4(n.into())), REFUSED, Stamp::from_millis(2_000)));
        }
        assert_eq!(told.len(), NAMED + 1);
        told.extend(ledger.due(Stamp::from_millis(2_001), true));
        assert_eq!((told.len(), counted(&told)), (NAMED + 2, 100_000));
    }
}
