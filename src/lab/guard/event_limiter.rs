//! Limits the guard's events: an incident is reported at once the first time, then at most once a second with its count.

use std::collections::HashMap;
use std::net::IpAddr;
use std::time::Duration;

use crate::domain::guard::{GuardAction, PortCheck};
use crate::domain::{GuardEvent, Rule, ServerId, Stamp};

/// How long a repeated incident is only counted.
const QUIET: Duration = Duration::from_secs(1);

/// How many entries may name an address. Further incidents are counted without an address.
const NAMED: usize = 256;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Incident {
    Acted(Rule, Option<u64>, GuardAction),
    Checked(PortCheck),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct LimiterKey {
    server: ServerId,
    address: Option<IpAddr>,
    incident: Incident,
}

#[derive(Debug, Clone, Copy)]
struct LimiterEntry {
    /// How often since the last report.
    unreported: u64,
    reported: Stamp,
}

/// The incidents of the last second or so.
#[derive(Debug, Default)]
pub(super) struct EventLimiter(HashMap<LimiterKey, LimiterEntry>);

impl EventLimiter {
    /// Counts an incident. Returns the event to report now, if any.
    pub(super) fn note(
        &mut self,
        server: ServerId,
        address: Option<IpAddr>,
        incident: Incident,
        now: Stamp,
    ) -> Option<GuardEvent> {
        let mut key = LimiterKey { server, address, incident };
        if self.0.len() >= NAMED && !self.0.contains_key(&key) {
            key.address = None;
        }
        let Some(entry) = self.0.get_mut(&key) else {
            self.0.insert(key, LimiterEntry { unreported: 0, reported: now });
            return Some(event(&key, 1));
        };
        entry.unreported += 1;
        entry.due(now, false).map(|count| event(&key, count))
    }

    /// Takes back an event that could not be reported, so that it is reported later.
    pub(super) fn take_back(&mut self, event: &GuardEvent) {
        let (server, address, incident, count) = match *event {
            GuardEvent::Acted { server, address, rule, limit, action, count } => {
                (server, address, Incident::Acted(rule, limit, action), count)
            }
            GuardEvent::Checked { server, address, check, count } => (server, address, Incident::Checked(check), count),
            _ => return,
        };
        if let Some(entry) = self.0.get_mut(&LimiterKey { server, address, incident }) {
            entry.unreported += count;
        }
    }

    /// The events that are due, or all of them. Entries without incidents for that long are dropped.
    pub(super) fn due(&mut self, now: Stamp, all: bool) -> Vec<GuardEvent> {
        let mut due = Vec::new();
        self.0.retain(|key, entry| {
            let is_old = entry.unreported == 0 && now.since(entry.reported) >= QUIET;
            due.extend(entry.due(now, all).map(|count| event(key, count)));
            !is_old
        });
        due
    }

    /// Whether there is no entry left to report or drop.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl LimiterEntry {
    fn due(&mut self, now: Stamp, all: bool) -> Option<u64> {
        if self.unreported == 0 || (!all && now.since(self.reported) < QUIET) {
            return None;
        }
        self.reported = now;
        Some(std::mem::take(&mut self.unreported))
    }
}

fn event(key: &LimiterKey, count: u64) -> GuardEvent {
    let LimiterKey { server, address, incident } = *key;
    match incident {
        Incident::Acted(rule, limit, action) => GuardEvent::Acted { server, address, rule, limit, action, count },
        Incident::Checked(check) => GuardEvent::Checked { server, address, check, count },
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

    const REFUSED: Incident = Incident::Acted(Rule::Connections, Some(64), GuardAction::Refused);

    #[test]
    fn ten_thousand_refusals_are_a_few_events_and_all_are_counted() {
        let mut limiter = EventLimiter::default();
        let mut events = Vec::new();
        for n in 0..10_000 {
            let now = Stamp::from_millis(2_000 + n / 4);
            events.extend(limiter.note(ServerId(0), Some([192, 0, 2, 2].into()), REFUSED, now));
        }
        assert_eq!(events.len(), 3, "at once, after a second, after two");
        events.extend(limiter.due(Stamp::from_millis(6_000), false));
        assert_eq!(counted(&events), 10_000);
        assert!(limiter.due(Stamp::from_millis(7_000), false).is_empty() && limiter.is_empty());
    }

    #[test]
    fn many_addresses_are_counted_without_naming_them() {
        let mut limiter = EventLimiter::default();
        let mut events = Vec::new();
        for n in 0..100_000_u32 {
            events.extend(limiter.note(ServerId(0), Some(IpAddr::V4(n.into())), REFUSED, Stamp::from_millis(2_000)));
        }
        assert_eq!(events.len(), NAMED + 1);
        events.extend(limiter.due(Stamp::from_millis(2_001), true));
        assert_eq!((events.len(), counted(&events)), (NAMED + 2, 100_000));
    }
}
