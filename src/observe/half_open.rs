//! Half-open connections that no program sees, reported from the kernel's own counters, which only Linux has.
//!
//! A connection whose handshake is incomplete is a row in `SYN_RECV`. A listener may have one more of them than its
//! backlog (measured on Linux 6.18, with backlogs of 16 and 128). A SYN beyond that leaves no row: the kernel answers it
//! with a cookie, or drops it where `tcp_syncookies` is 0. The counters are those of the whole network namespace, and
//! there are none for one listener: they are attributed to a listener only while its rows are at the limit.
//!
//! A handshake that is reset before its last ACK leaves no row either: a SYN scan lasts for microseconds.

use std::collections::{BTreeMap, HashMap};
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use crate::domain::guard::GuardAction;
use crate::domain::{GuardEvent, Row, TcpState};

/// The shortest interval between readings of the counters.
const EVERY: Duration = Duration::from_secs(1);

/// A flood is reported at once when it begins, and then at most this often.
const QUIET: Duration = Duration::from_secs(10);

/// The counters of a network namespace since it was created.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counters {
    /// SYNs answered by a cookie: `SyncookiesSent`.
    pub cookies: u64,
    /// SYNs dropped because there were too many half-open connections: `TCPReqQFullDrop`.
    pub dropped: u64,
    /// Handshakes reset before their last ACK: `EmbryonicRsts`.
    pub resets: u64,
}

impl Counters {
    /// Those of the calling thread's namespace.
    pub fn now() -> Option<Self> {
        // Not /proc/net: that is the main thread's.
        Self::read(&std::fs::read_to_string("/proc/thread-self/net/netstat").ok()?)
    }

    /// Finds them in the text of `/proc/net/netstat`: a line of names, and one of numbers below it (`proc_net(5)`).
    fn read(text: &str) -> Option<Self> {
        let mut rows = text.lines().filter_map(|line| line.strip_prefix("TcpExt:")).map(str::split_whitespace);
        let counters: HashMap<&str, &str> = rows.next()?.zip(rows.next()?).collect();
        let of = |name| counters.get(name)?.parse().ok();
        Some(Self { cookies: of("SyncookiesSent")?, dropped: of("TCPReqQFullDrop")?, resets: of("EmbryonicRsts")? })
    }
}

/// A listener in the current reading, and its limit of half-open connections.
#[derive(Debug, Clone, Copy)]
struct ListenerLimit {
    addr: SocketAddr,
    limit: u32,
}

/// Follows the readings of the table and the counters. No clock, no file.
#[derive(Debug, Default)]
pub struct HalfOpen {
    listeners: Vec<ListenerLimit>,
    rows: BTreeMap<SocketAddr, u32>,
    before: Option<Counters>,
    read: Option<Duration>,
    tallies: BTreeMap<Counted, Tally>,
    /// Counts since the last reading while no listener was full: the rows are read before the counters.
    doubtful: Counters,
}

/// The kind of event that a tally counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Counted {
    /// SYNs beyond the limit of one listener, or of one of several full listeners.
    HalfOpen(Option<SocketAddr>, GuardAction),
    Resets,
}

/// A count that was not reported yet, and when the last report was.
#[derive(Debug, Default)]
struct Tally {
    limit: Option<u64>,
    unreported: u64,
    reported: Option<Duration>,
}

impl HalfOpen {
    pub fn begin(&mut self) {
        self.listeners.clear();
        self.rows.clear();
    }

    pub fn see(&mut self, row: &Row) {
        match row.state {
            Some(TcpState::Listen) => {
                let limit = row.send_q.unwrap_or(0);
                self.listeners.push(ListenerLimit { addr: row.flow.local, limit });
            }
            Some(TcpState::SynRecv) => *self.rows.entry(row.flow.local).or_default() += 1,
            _ => {}
        }
    }

    /// Whether the counters are to be read after this reading.
    pub fn wants(&self, now: Duration) -> bool {
        !self.listeners.is_empty() && self.read.is_none_or(|read| now.saturating_sub(read) >= EVERY)
    }

    /// Takes in the counters and returns what is due to be reported.
    pub fn count(&mut self, now: Duration, counters: Counters) -> Vec<GuardEvent> {
        self.read = Some(now);
        // Events before the first reading are not ours to report.
        let before = self.before.replace(counters).unwrap_or(counters);
        let new = Counters {
            cookies: counters.cookies.saturating_sub(before.cookies),
            dropped: counters.dropped.saturating_sub(before.dropped),
            ..Counters::default()
        };
        let full: Vec<_> = self.listeners.iter().filter(|listener| self.is_full(listener)).copied().collect();
        let doubtful = std::mem::replace(&mut self.doubtful, if full.is_empty() { new } else { Counters::default() });
        let more = [
            (GuardAction::Cookie, new.cookies + doubtful.cookies),
            (GuardAction::Ignored, new.dropped + doubtful.dropped),
        ];
        for (action, more) in more.into_iter().filter(|(_, more)| *more > 0 && !full.is_empty()) {
            // The counters do not say which of several full listeners it was.
            let one = if let [one] = full[..] { Some(one) } else { None };
            let tally = self.tallies.entry(Counted::HalfOpen(one.map(|listener| listener.addr), action)).or_default();
            tally.limit = one.map(|listener| listener.limit.into());
            tally.unreported += more;
        }
        self.tallies.entry(Counted::Resets).or_default().unreported += counters.resets.saturating_sub(before.resets);
        let due = |tally: &Tally| tally.reported.is_none_or(|reported| now.saturating_sub(reported) >= QUIET);
        let reported = self.report_due(Some(now), due);
        self.tallies.retain(|_, tally| {
            tally.unreported > 0 || tally.reported.is_some_and(|reported| now.saturating_sub(reported) < QUIET)
        });
        reported
    }

    /// The last reading: returns everything counted but not yet reported.
    pub fn end(&mut self, now: Duration, counters: Option<Counters>) -> Vec<GuardEvent> {
        let mut reported = counters.map_or_else(Vec::new, |counters| self.count(now, counters));
        reported.extend(self.report_due(None, |_| true));
        reported
    }

    fn report_due(&mut self, now: Option<Duration>, due: impl Fn(&Tally) -> bool) -> Vec<GuardEvent> {
        let mut events = Vec::new();
        for (counted, tally) in self.tallies.iter_mut().filter(|(_, tally)| tally.unreported > 0 && due(tally)) {
            let count = std::mem::take(&mut tally.unreported);
            tally.reported = now.or(tally.reported);
            events.push(match *counted {
                Counted::HalfOpen(listener, action) => {
                    GuardEvent::HalfOpen { listener, limit: tally.limit, action, count }
                }
                Counted::Resets => GuardEvent::HandshakesReset { count },
            });
        }
        events
    }

    /// Takes back an event that could not be delivered, to report it later.
    pub fn take_back(&mut self, event: &GuardEvent) {
        let (counted, count) = match event {
            GuardEvent::HalfOpen { listener, action, count, .. } => (Counted::HalfOpen(*listener, *action), *count),
            GuardEvent::HandshakesReset { count } => (Counted::Resets, *count),
            _ => return,
        };
        if let Some(tally) = self.tallies.get_mut(&counted) {
            tally.unreported += count;
        }
    }

    /// Whether a listener is close to its limit. Half of it counts, because the kernel drops the oldest when there are many
    /// and a reading comes a little later.
    fn is_full(&self, listener: &ListenerLimit) -> bool {
        let own = |(addr, _): &(&SocketAddr, &u32)| is_of(**addr, listener.addr);
        let rows: u32 = self.rows.iter().filter(own).map(|(_, rows)| rows).sum();
        listener.limit > 0 && rows >= listener.limit.div_ceil(2)
    }
}

/// Whether a connection with this local address came through that listener.
fn is_of(local: SocketAddr, listener: SocketAddr) -> bool {
    let (local_ip, ip): (IpAddr, IpAddr) = (local.ip().to_canonical(), listener.ip().to_canonical());
    local.port() == listener.port() && (ip.is_unspecified() || ip == local_ip)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Flow;
    use crate::observe::portable::bare;

    const LISTENER: &str = "0.0.0.0:65432";

    fn row(local: &str, peer: Option<&str>, state: TcpState, send_q: u32) -> Row {
        let (local, peer) = (local.parse().unwrap(), peer.map(|peer| peer.parse().unwrap()));
        let flow = peer.map_or(Flow::unconnected(crate::domain::Proto::Tcp, local), |peer| Flow::tcp(local, peer));
        Row { send_q: Some(send_q), ..bare(flow, Some(state)) }
    }

    /// A reading with a listener of eight, and so many half-open connections through it.
    fn reading(half: &mut HalfOpen, open: u16) {
        half.begin();
        half.see(&row(LISTENER, None, TcpState::Listen, 8));
        half.see(&row("127.0.0.1:65433", None, TcpState::Listen, 8));
        for port in 0..open {
            let peer = format!("198.18.0.1:{}", 1_024 + port);
            half.see(&row("10.77.0.1:65432", Some(&peer), TcpState::SynRecv, 1));
        }
    }

    fn counters(cookies: u64) -> Counters {
        Counters { cookies, ..Counters::default() }
    }

    fn reported(events: &[GuardEvent]) -> Vec<(Option<String>, Option<u64>, u64)> {
        let one = |event: &GuardEvent| match event {
            GuardEvent::HalfOpen { listener, limit, count, action: GuardAction::Cookie } => {
                (listener.map(|addr| addr.to_string()), *limit, *count)
            }
            other => panic!("{other:?}"),
        };
        events.iter().map(one).collect()
    }

    const fn at(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    #[test]
    fn a_flood_is_reported_at_once_and_the_rest_ten_seconds_later() {
        let mut half = HalfOpen::default();
        reading(&mut half, 0);
        assert!(half.wants(at(0)) && half.count(at(0), counters(7)).is_empty());
        assert!(!half.wants(at(999)) && half.wants(at(1_000)));
        reading(&mut half, 8);
        let first = half.count(at(1_000), counters(1_007));
        assert_eq!(reported(&first), [(Some(LISTENER.into()), Some(8), 1_000)]);
        for second in 2..11 {
            reading(&mut half, 8);
            assert!(half.count(at(second * 1_000), counters(1_007 + second)).is_empty());
        }
        reading(&mut half, 0);
        assert_eq!(reported(&half.count(at(11_000), counters(1_017))), [(Some(LISTENER.into()), Some(8), 10)]);
        assert!(half.end(at(11_500), None).is_empty(), "all is reported");
    }

    #[test]
    fn counts_from_just_before_the_rows_were_seen_are_reported() {
        let mut half = HalfOpen::default();
        half.count(at(0), counters(0));
        reading(&mut half, 0);
        assert!(half.count(at(1_000), counters(191)).is_empty(), "the flood began after the rows were read");
        reading(&mut half, 8);
        assert_eq!(reported(&half.count(at(2_000), counters(200))), [(Some(LISTENER.into()), Some(8), 200)]);
    }

    #[test]
    fn unreported_counts_come_at_the_end_and_undelivered_ones_later() {
        let mut half = HalfOpen::default();
        reading(&mut half, 8);
        half.count(at(0), counters(0));
        let first = half.count(at(1_000), counters(5));
        half.take_back(&first[0]);
        half.count(at(2_000), counters(6));
        assert_eq!(reported(&half.end(at(2_500), Some(counters(8))))[0].2, 8);
    }

    #[test]
    fn counts_while_no_listener_is_full_are_not_reported() {
        let mut half = HalfOpen::default();
        half.count(at(0), counters(0));
        reading(&mut half, 3);
        assert!(half.count(at(1_000), counters(50)).is_empty(), "three of eight are no flood");
        reading(&mut half, 3);
        assert!(half.count(at(1_500), counters(50)).is_empty(), "and do not become one");
        reading(&mut half, 8);
        half.see(&row("[::]:65434", None, TcpState::Listen, 1));
        half.see(&row("[::ffff:10.77.0.1]:65434", Some("[::ffff:198.18.0.1]:9"), TcpState::SynRecv, 1));
        assert_eq!(
            reported(&half.count(at(2_000), counters(60))),
            [(None, None, 10)],
            "both are full: it may be either"
        );
    }

    #[test]
    fn reset_handshakes_are_always_reported() {
        let mut half = HalfOpen::default();
        let reset = |resets| Counters { resets, ..Counters::default() };
        assert_eq!(half.count(at(0), reset(9)), [], "before our time");
        assert_eq!(half.count(at(1_000), reset(10)), [GuardEvent::HandshakesReset { count: 1 }]);
        assert_eq!(half.count(at(2_000), reset(12)), [], "not twice in ten seconds");
        half.take_back(&GuardEvent::HandshakesReset { count: 1 });
        assert_eq!(half.count(at(11_000), reset(12)), [GuardEvent::HandshakesReset { count: 3 }]);
    }

    #[test]
    fn the_counters_are_found_by_name() {
        let text = "TcpExt: A SyncookiesSent EmbryonicRsts TCPReqQFullDrop\nTcpExt: 1 22 3 44\nIpExt: A\nIpExt: 9\n";
        assert_eq!(Counters::read(text), Some(Counters { cookies: 22, resets: 3, dropped: 44 }));
        assert_eq!(Counters::read("TcpExt: A B\nTcpExt: 1 2\n"), None);
        assert_eq!(Counters::now().is_some(), cfg!(target_os = "linux"));
    }
}
