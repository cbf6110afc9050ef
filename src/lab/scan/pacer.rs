//! The pace of a port check: a bucket of permits that fills at a steady rate. Time is an argument.

use std::net::IpAddr;
use std::time::{Duration, Instant};

use crate::domain::{AddressScope, Proto};

/// The default rate, in ports per second: a thousandth of what a port scanner can do.
const DEFAULT_RATE: u32 = 100;

/// UDP beyond this machine: Linux sends at most one ICMP port unreachable a second to a host, after a burst of six
/// (`icmp_ratelimit`, `icmp(7)`). A faster check would take closed ports for silent ones.
const ICMP_RATE: u32 = 1;
const ICMP_BURST: u32 = 5;

/// Hands out permits to probe a port.
#[derive(Debug)]
pub(super) struct ScanPacer {
    /// The time between two permits.
    step: Duration,
    /// How many permits may be saved up.
    burst: u32,
    /// When the next permit is due, apart from saved ones.
    due: Option<Instant>,
}

impl ScanPacer {
    /// The pace for this host: the requested rate, or the default.
    pub(super) fn new(rate: Option<u32>, proto: Proto, address: IpAddr) -> Self {
        let (rate, burst) = match (rate, proto) {
            (Some(rate), _) => (rate.max(1), 1),
            (None, Proto::Udp) if AddressScope::of(address) != AddressScope::Loopback => (ICMP_RATE, ICMP_BURST),
            (None, _) => (DEFAULT_RATE, DEFAULT_RATE / 10),
        };
        Self { step: Duration::from_secs(1) / rate, burst, due: None }
    }

    /// Takes a permit, which is valid from the returned time on.
    pub(super) fn next(&mut self, now: Instant) -> Instant {
        let due = self.due.map_or(now, |due| due.max(now));
        self.due = Some(due + self.step);
        let saved = self.step * (self.burst - 1);
        due.checked_sub(saved).map_or(now, |at| at.max(now))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn permits(rate: Option<u32>, proto: Proto, address: &str, count: u32) -> Vec<u128> {
        let mut pacer = ScanPacer::new(rate, proto, address.parse().unwrap());
        let start = Instant::now() + Duration::from_secs(100);
        (0..count).map(|_| pacer.next(start).duration_since(start).as_millis()).collect()
    }

    #[test]
    fn a_burst_and_then_a_steady_rate() {
        assert_eq!(permits(None, Proto::Udp, "10.0.0.2", 8), [0, 0, 0, 0, 0, 1_000, 2_000, 3_000]);
        assert_eq!(permits(Some(2), Proto::Tcp, "10.0.0.2", 4), [0, 500, 1_000, 1_500]);
        assert_eq!(
            permits(Some(0), Proto::Tcp, "10.0.0.2", 2),
            [0, 1_000],
            "at most the requested rate, and at least one"
        );
        let tcp = permits(None, Proto::Tcp, "10.0.0.2", 110);
        assert_eq!((tcp[9], tcp[10], tcp[109]), (0, 10, 1_000));
        assert_eq!(permits(None, Proto::Udp, "127.0.0.1", 11), permits(None, Proto::Tcp, "127.0.0.1", 11));
    }

    #[test]
    fn unused_permits_are_saved_up_to_the_burst() {
        let mut pacer = ScanPacer::new(None, Proto::Udp, "10.0.0.2".parse().unwrap());
        let start = Instant::now() + Duration::from_secs(100);
        (0..5).for_each(|_| _ = pacer.next(start));
        let later = start + Duration::from_mins(1);
        let again: Vec<_> = (0..6).map(|_| pacer.next(later).duration_since(later).as_secs()).collect();
        assert_eq!(again, [0, 0, 0, 0, 0, 1]);
    }
}
