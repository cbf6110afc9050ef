//! The verdict about one port, and the observation it rests on.

use std::net::IpAddr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::errno::Errno;
use super::flow::Proto;
use super::text_enum::text_enum;
use super::wire::millis;

text_enum! {
    /// The state of a port, as far as another host can tell.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
    pub enum Verdict {
        /// A program serves there.
        Open = "open",
        /// The host answers that no program does.
        Closed = "closed",
        /// The probe or its answer did not get through: something on the path dropped it, or there is no such host.
        Filtered = "filtered",
        /// UDP: no answer, as from an open port or behind a filter.
        OpenOrFiltered = "open|filtered",
        /// The probe could not be sent: it never left this machine.
        Unknown = "unknown",
    }
}

text_enum! {
    /// The observation that a verdict rests on. For an ICMP message, the codes are those of RFC 792, RFC 1812 and RFC
    /// 4443.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
    pub enum Reason {
        /// `connect` succeeded: a SYN+ACK came.
        SynAck = "syn-ack",
        /// ECONNREFUSED without ICMP: a RST came.
        Rst = "rst",
        /// A datagram came back.
        UdpAnswer = "udp-answer",
        /// Nothing came back in time.
        NoResponse = "no-response",
        /// ICMP: port unreachable.
        PortUnreach = "port-unreach",
        /// ICMP: host unreachable.
        HostUnreach = "host-unreach",
        /// ICMP: net unreachable, or no route to the destination.
        NetUnreach = "net-unreach",
        /// ICMP: protocol unreachable.
        ProtoUnreach = "proto-unreach",
        /// ICMP: communication administratively prohibited, with the net, the host, or in general.
        Prohibited = "prohibited",
        /// ICMP: time exceeded on the path.
        TimeExceeded = "time-exceeded",
        /// ICMP of another kind.
        OtherIcmp = "icmp",
        /// Our kernel asked for this address on the link (ARP, neighbour discovery) and got no answer.
        NoNeighbour = "no-neighbour",
        /// Our machine has no route there.
        NoRoute = "no-route",
        /// Our machine does not permit it.
        NotPermitted = "not-permitted",
        /// Our machine lacks descriptors, ports or memory.
        LocalError = "local-error",
    }
}

/// An ICMP message about a probe, as the socket's error queue gives it (`IP_RECVERR`, `ip(7)`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct IcmpError {
    /// Its type: of ICMP when `from` is an IPv4 address, else of ICMPv6.
    #[serde(rename = "icmp_type")]
    pub kind: u8,
    /// Its code.
    #[serde(rename = "icmp_code")]
    pub code: u8,
    /// Its sender: a router, the host itself, or our own machine if there was no answer on the link.
    #[serde(rename = "icmp_from")]
    pub from: IpAddr,
}

/// The outcome of probing one port.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProbeOutcome {
    /// `connect` succeeded.
    Connected,
    /// A datagram came back.
    Answered,
    /// A call failed with this errno.
    Failed(Errno),
    /// The timeout expired.
    Silent,
}

/// The two addresses of a probe, needed to judge an ICMP message about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProbeAddresses {
    /// Our address towards the host, if known.
    pub ours: Option<IpAddr>,
    /// The address of the host.
    pub theirs: IpAddr,
}

/// The verdict about one port, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PortReport {
    /// The host as it was typed.
    pub host: String,
    /// The address that was probed.
    pub address: IpAddr,
    /// The port.
    pub port: u16,
    /// TCP or UDP.
    pub proto: Proto,
    /// The verdict.
    pub verdict: Verdict,
    /// The observation it rests on.
    pub reason: Reason,
    /// The time from the probe to the observation.
    #[serde(with = "millis", rename = "ms")]
    pub took: Duration,
    /// How often the probe was sent, if known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sent: Option<u32>,
    /// The errno, if a call failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub errno: Option<Errno>,
    /// The ICMP message, if the system reports it.
    #[serde(flatten, default, skip_serializing_if = "Option::is_none")]
    pub icmp: Option<IcmpError>,
}

/// The verdict that an observation allows, and the reason to give for it.
///
/// For TCP a port is closed only by a RST: an ICMP port unreachable, which no host sends for TCP by itself, is a filter's
/// (RFC 9293 §3.5.2 demands a RST). For UDP it means closed when the host itself sends it (RFC 1122 §4.1.3.1).
pub fn judge(
    proto: Proto,
    observed: ProbeOutcome,
    icmp: Option<IcmpError>,
    addresses: ProbeAddresses,
) -> (Verdict, Reason) {
    match (observed, icmp) {
        (ProbeOutcome::Connected, _) => (Verdict::Open, Reason::SynAck),
        (ProbeOutcome::Answered, _) => (Verdict::Open, Reason::UdpAnswer),
        (_, Some(icmp)) => judge_icmp(proto, icmp, addresses),
        (ProbeOutcome::Silent | ProbeOutcome::Failed(Errno::TimedOut), None) => match proto {
            Proto::Tcp => (Verdict::Filtered, Reason::NoResponse),
            Proto::Udp | Proto::Icmp => (Verdict::OpenOrFiltered, Reason::NoResponse),
        },
        (ProbeOutcome::Failed(errno), None) => match (errno, proto) {
            (Errno::ConnRefused | Errno::ConnReset, Proto::Tcp) => (Verdict::Closed, Reason::Rst),
            (Errno::ConnRefused | Errno::ConnReset, Proto::Udp) => (Verdict::Closed, Reason::PortUnreach),
            // Without an error queue, or when it is full, the errno is all that an ICMP message leaves.
            (Errno::HostUnreach, _) => (Verdict::Filtered, Reason::HostUnreach),
            (Errno::NetUnreach, _) => (Verdict::Unknown, Reason::NoRoute),
            (Errno::Access | Errno::Perm, _) => (Verdict::Unknown, Reason::NotPermitted),
            _ => (Verdict::Unknown, Reason::LocalError),
        },
    }
}

fn judge_icmp(proto: Proto, icmp: IcmpError, addresses: ProbeAddresses) -> (Verdict, Reason) {
    let reason = match (icmp.from, icmp.kind, icmp.code) {
        (IpAddr::V4(_), 3, 0 | 5 | 6 | 11) | (IpAddr::V6(_), 1, 0) => Reason::NetUnreach,
        (IpAddr::V4(_), 3, 1 | 7 | 8 | 12) | (IpAddr::V6(_), 1, 3) => Reason::HostUnreach,
        (IpAddr::V4(_), 3, 2) => Reason::ProtoUnreach,
        (IpAddr::V4(_), 3, 3) | (IpAddr::V6(_), 1, 4) => Reason::PortUnreach,
        (IpAddr::V4(_), 3, 9 | 10 | 13) | (IpAddr::V6(_), 1, 1 | 5 | 6) => Reason::Prohibited,
        (IpAddr::V4(_), 11, _) | (IpAddr::V6(_), 3, _) => Reason::TimeExceeded,
        _ => Reason::OtherIcmp,
    };
    match reason {
        Reason::PortUnreach if proto == Proto::Udp && icmp.from == addresses.theirs => (Verdict::Closed, reason),
        // Our own kernel reports it when there is no answer on the link.
        Reason::HostUnreach if addresses.ours == Some(icmp.from) => (Verdict::Filtered, Reason::NoNeighbour),
        _ => (Verdict::Filtered, reason),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ADDRESSES: ProbeAddresses = ProbeAddresses {
        ours: Some(IpAddr::V4(std::net::Ipv4Addr::new(10, 0, 0, 1))),
        theirs: IpAddr::V4(std::net::Ipv4Addr::new(10, 0, 0, 2)),
    };

    #[expect(clippy::unnecessary_wraps, reason = "the error queue returns an option")]
    fn icmp(kind: u8, code: u8, from: &str) -> Option<IcmpError> {
        Some(IcmpError { kind, code, from: from.parse().unwrap() })
    }

    fn verdict(proto: Proto, observed: ProbeOutcome, icmp: Option<IcmpError>) -> String {
        let (verdict, reason) = judge(proto, observed, icmp, ADDRESSES);
        format!("{verdict} {reason}")
    }

    #[test]
    fn tcp_is_judged_by_what_came_back() {
        use ProbeOutcome::{Connected, Failed, Silent};
        let tcp = |observed, icmp| verdict(Proto::Tcp, observed, icmp);
        assert_eq!(tcp(Connected, None), "open syn-ack");
        assert_eq!(tcp(Failed(Errno::ConnRefused), None), "closed rst");
        assert_eq!(tcp(Silent, None), "filtered no-response");
        assert_eq!(tcp(Failed(Errno::TimedOut), None), "filtered no-response");
        assert_eq!(tcp(Failed(Errno::ConnRefused), icmp(3, 3, "10.0.0.2")), "filtered port-unreach");
        assert_eq!(tcp(Failed(Errno::HostUnreach), icmp(3, 13, "10.0.0.254")), "filtered prohibited");
        assert_eq!(tcp(Failed(Errno::HostUnreach), icmp(3, 1, "10.0.0.254")), "filtered host-unreach");
        assert_eq!(tcp(Failed(Errno::HostUnreach), icmp(3, 1, "10.0.0.1")), "filtered no-neighbour");
        assert_eq!(tcp(Failed(Errno::NetUnreach), icmp(3, 0, "10.0.0.254")), "filtered net-unreach");
        assert_eq!(tcp(Failed(Errno::NetUnreach), None), "unknown no-route");
        assert_eq!(tcp(Failed(Errno::Mfile), None), "unknown local-error");
        assert_eq!(tcp(Failed(Errno::Access), None), "unknown not-permitted");
    }

    #[test]
    fn udp_is_closed_only_if_the_host_itself_says_so() {
        use ProbeOutcome::{Answered, Failed, Silent};
        let udp = |observed, icmp| verdict(Proto::Udp, observed, icmp);
        assert_eq!(udp(Answered, None), "open udp-answer");
        assert_eq!(udp(Silent, None), "open|filtered no-response");
        assert_eq!(udp(Failed(Errno::ConnRefused), icmp(3, 3, "10.0.0.2")), "closed port-unreach");
        assert_eq!(udp(Failed(Errno::ConnRefused), icmp(3, 3, "10.0.0.254")), "filtered port-unreach");
        assert_eq!(udp(Failed(Errno::ConnRefused), None), "closed port-unreach");
        assert_eq!(udp(Failed(Errno::HostUnreach), icmp(3, 10, "10.0.0.254")), "filtered prohibited");
    }

    #[test]
    fn icmpv6_has_its_own_type_and_code_numbers() {
        let addresses = ProbeAddresses { ours: None, theirs: "2001:db8::2".parse().unwrap() };
        let said = |kind, code, proto| {
            let (verdict, reason) =
                judge(proto, ProbeOutcome::Failed(Errno::Other(0)), icmp(kind, code, "2001:db8::2"), addresses);
            format!("{verdict} {reason}")
        };
        assert_eq!(said(1, 4, Proto::Udp), "closed port-unreach");
        assert_eq!(said(1, 4, Proto::Tcp), "filtered port-unreach");
        assert_eq!(said(1, 1, Proto::Tcp), "filtered prohibited");
        assert_eq!(said(1, 0, Proto::Tcp), "filtered net-unreach");
        assert_eq!(said(3, 0, Proto::Tcp), "filtered time-exceeded");
    }

    #[test]
    fn a_report_is_written_with_the_stable_keys() {
        let report = PortReport {
            host: "lab".into(),
            address: ADDRESSES.theirs,
            port: 65_432,
            proto: Proto::Tcp,
            verdict: Verdict::Filtered,
            reason: Reason::Prohibited,
            took: Duration::from_micros(312),
            sent: Some(1),
            errno: Some(Errno::HostUnreach),
            icmp: icmp(3, 13, "10.0.0.254"),
        };
        let line = serde_json::to_string(&report).unwrap();
        assert_eq!(
            line,
            r#"{"host":"lab","address":"10.0.0.2","port":65432,"proto":"tcp","verdict":"filtered","reason":"prohibited","ms":0.312,"sent":1,"errno":"EHOSTUNREACH","icmp_type":3,"icmp_code":13,"icmp_from":"10.0.0.254"}"#
        );
        assert_eq!(serde_json::from_str::<PortReport>(&line).unwrap(), report);
        let bare = PortReport { sent: None, errno: None, icmp: None, ..report };
        let line = serde_json::to_string(&bare).unwrap();
        assert!(line.ends_with(r#""ms":0.312}"#), "{line}");
        assert_eq!(serde_json::from_str::<PortReport>(&line).unwrap(), bare);
    }
}
