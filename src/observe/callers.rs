//! UDP clients of other programs. A client's socket need not be connected, so the rows of the watched ports do not include
//! it, and nothing else reports its end: each reading of the table looks for it as well.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, SocketAddr};

use super::scope::Scope;
use crate::domain::{Flow, Proto, Row, Stamp};

/// The UDP sockets that a watched one heard from.
#[derive(Debug, Default)]
pub(super) struct Callers(BTreeMap<SocketAddr, FollowedCaller>);

#[derive(Debug)]
struct FollowedCaller {
    /// Its end, with the server that heard from it as its peer.
    end: Flow,
    /// When it was asked about last: it had sent something before.
    asked: Stamp,
    /// Whether the present reading shows it.
    seen: bool,
}

impl Callers {
    /// How many are followed at once: the latest. Source addresses can be forged, a new one for each datagram.
    const MOST: usize = 512;

    /// This one is followed from now on.
    pub(super) fn add(&mut self, end: Flow, at: Stamp) {
        self.0.insert(end.local, FollowedCaller { end, asked: at, seen: true });
        if self.0.len() > Self::MOST
            && let Some(oldest) = self.0.values().min_by_key(|caller| caller.asked).map(|caller| caller.end.local)
        {
            self.0.remove(&oldest);
        }
    }

    /// The scope of a reading that shows them.
    pub(super) fn widened(&self, scope: &Scope) -> Scope {
        match scope {
            Scope::All => Scope::All,
            Scope::Ports(ports) => {
                let own = self.0.keys().map(SocketAddr::port);
                Scope::Ports(ports.iter().copied().chain(own).collect::<BTreeSet<_>>())
            }
        }
    }

    /// A reading begins.
    pub(super) fn begin(&mut self) {
        self.0.values_mut().for_each(|caller| caller.seen = false);
    }

    /// The reading shows this row.
    pub(super) fn see(&mut self, row: &Row) {
        if row.flow.proto != Proto::Udp || self.0.is_empty() {
            return;
        }
        let own = row.flow.local;
        let ip = own.ip().to_canonical();
        let receives = |end: &Flow| {
            let there = end.local;
            there.port() == own.port()
                && (ip.is_unspecified() || ip == there.ip().to_canonical())
                && row.flow.peer.is_none_or(|peer| end.peer.is_some_and(|asked| plain(peer) == plain(asked)))
        };
        self.0.values_mut().filter(|caller| receives(&caller.end)).for_each(|caller| caller.seen = true);
    }

    /// A complete reading that began at this moment is over: those that it did not show, and that had sent nothing since
    /// it began, are gone.
    pub(super) fn finish(&mut self, began: Stamp) -> Vec<Flow> {
        let gone = self.0.extract_if(.., |_, caller| !caller.seen && caller.asked <= began);
        gone.map(|(_, caller)| caller.end).collect()
    }
}

/// An IPv4-mapped IPv6 address as IPv4.
const fn plain(addr: SocketAddr) -> (IpAddr, u16) {
    (addr.ip().to_canonical(), addr.port())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn addr(text: &str) -> SocketAddr {
        text.parse().unwrap()
    }

    fn caller(port: u16) -> Flow {
        Flow { proto: Proto::Udp, local: ([127, 0, 0, 1], port).into(), peer: Some(addr("127.0.0.1:65432")) }
    }

    fn row(local: &str, peer: Option<&str>) -> Row {
        Row::new(Flow { proto: Proto::Udp, local: addr(local), peer: peer.map(addr) })
    }

    const BEFORE: Stamp = Stamp::from_millis(1);
    const BEGAN: Stamp = Stamp::from_millis(2);
    const AFTER: Stamp = Stamp::from_millis(3);

    #[test]
    fn a_caller_is_gone_when_a_whole_reading_after_its_last_word_does_not_show_it() {
        let mut callers = Callers::default();
        callers.add(caller(1), BEFORE);
        callers.add(caller(2), BEFORE);
        callers.add(caller(3), AFTER);
        callers.begin();
        callers.see(&row("0.0.0.0:2", None));
        assert_eq!(callers.finish(BEGAN), [caller(1)]);
        callers.begin();
        assert_eq!(callers.finish(AFTER), [caller(2), caller(3)]);
        assert_eq!(callers.finish(AFTER), []);
    }

    #[test]
    fn a_caller_may_be_bound_to_one_address_or_to_all_and_be_connected_or_not() {
        let shows = ["0.0.0.0:7", "127.0.0.1:7", "[::]:7", "[::ffff:127.0.0.1]:7"].map(|local| row(local, None));
        let connected = row("127.0.0.1:7", Some("127.0.0.1:65432"));
        let hides = [
            row("127.0.0.2:7", None),
            row("0.0.0.0:8", None),
            row("127.0.0.1:7", Some("127.0.0.1:9")),
            Row::new(Flow::unconnected(Proto::Tcp, addr("127.0.0.1:7"))),
        ];
        for (rows, expected) in [(&shows[..], 0), (&[connected], 0), (&hides, 1)] {
            for row in rows {
                let mut callers = Callers::default();
                callers.add(caller(7), BEFORE);
                callers.begin();
                callers.see(row);
                assert_eq!(callers.finish(BEGAN).len(), expected, "{row:?}");
            }
        }
    }

    #[test]
    fn a_reading_is_widened_by_their_ports_and_no_more_than_a_bounded_number_are_followed() {
        let mut callers = Callers::default();
        callers.add(caller(7), BEFORE);
        assert_eq!(callers.widened(&Scope::ports([9])), Scope::ports([7, 9]));
        assert_eq!(callers.widened(&Scope::All), Scope::All);
        (1..=2_000).for_each(|port| callers.add(caller(port), Stamp::from_millis(port.into())));
        callers.begin();
        let gone = callers.finish(Stamp::from_millis(3_000));
        let latest: Vec<_> = (2_001 - u16::try_from(Callers::MOST).unwrap()..=2_000).map(caller).collect();
        assert_eq!(gone, latest);
    }
}
