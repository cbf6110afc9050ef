//! English: port checks, and the host that clients go to.

use super::super::ChecksText;
use super::plural;
use crate::domain::ports::PortsErrorKind;
use crate::domain::{AddressScope, Errno, Reason, Unresolved, Verdict};

pub(super) const CHECKS: ChecksText = ChecksText {
    verdict,
    means,
    reason,
    sent: |syns, count| {
        let what =
            if syns { plural(count.into(), "SYN", "SYNs") } else { plural(count.into(), "datagram", "datagrams") };
        format!("to {count} {what}")
    },
    from: |sender| format!("from {sender}"),
    after: |span| format!("after {span}"),
    title: |host, address, proto, number, count| {
        let ports = plural(count as u64, "port", "ports");
        let of = if host == address { address.to_owned() } else { format!("{host} ({address})") };
        format!("Port check of {of}: {proto}, {number} {ports}")
    },
    others: |list| format!("Other addresses, not checked: {list}"),
    columns: ["PORT", "STATE", "REASON"],
    not_shown: |number, count, verdict| {
        format!("Not shown: {number} {verdict} {}", plural(count as u64, "port", "ports"))
    },
    done: |number, count, span| format!("{number} {} checked in {span}", plural(count as u64, "port", "ports")),
    stopped: "the port check was stopped",
    unresolved: |host, why| match why {
        Unresolved::NoSuchHost => {
            format!("{host}: there is no host with this name. Check the spelling, or give its address")
        }
        Unresolved::NoAnswer { errno: Some(Errno::TimedOut) } => {
            format!("{host}: no name server answered in time, so it is not known whether the host exists. {NO_NAMES}")
        }
        Unresolved::NoAnswer { errno } => {
            let errno = errno.map_or_else(String::new, |errno| format!(" ({errno})"));
            format!(
                "{host}: the name could not be looked up{errno}, so it is not known whether the host exists. {NO_NAMES}"
            )
        }
        Unresolved::NoZone => {
            let address = host.split('%').next().unwrap_or(host);
            format!(
                "{host}: this address is valid on one link only: add an interface of this machine, as in {address}%eth0"
            )
        }
    },
    unconfirmed: |address, scope| match scope {
        AddressScope::Group => format!("{address} stands for many hosts at once: it is not checked"),
        _ => format!(
            "{address} is neither this machine nor in a private network, nor on this link: check only hosts that are yours, or whose owner has agreed"
        ),
    },
    say_yes: "--yes says that you may",
    ask: "Check it anyway? [y/N] ",
    yes: 'y',
    ports: |kind| match kind {
        PortsErrorKind::Missing => "a port is missing here: write one, such as 65432, or leave the comma out",
        PortsErrorKind::NotAPort => {
            "ports are numbers from 1 to 65535, ranges such as 65432-65434, or threaded, echo, async, udp, lab"
        }
        PortsErrorKind::Backwards => "the smaller port goes first, as in 65432-65434",
        PortsErrorKind::Twice => "the host already names a port: list all ports after it, as in lab 65432,65433",
    },
    set: |target| format!("clients go to {target} from now on; looking for its address"),
    found: |target, list| format!("{target} is {list}"),
    chosen: |address, answers| {
        if answers {
            format!("clients go to {address}, which answers")
        } else {
            format!("clients go to {address}, although no address answered")
        }
    },
    dropped: "clients go to the servers here again",
};

/// The advice when no name server helps.
const NO_NAMES: &str = "Is the network up? An address, or a name in /etc/hosts, needs no name server";

const fn verdict(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Open => "open",
        Verdict::Closed => "closed",
        Verdict::Filtered => "filtered",
        Verdict::OpenOrFiltered => "open|filtered",
        Verdict::Unknown => "unknown",
    }
}

const fn means(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Open => "A program listens there: its kernel answers for it, even when it is busy.",
        Verdict::Closed => "The host exists and says that no program serves this port.",
        Verdict::Filtered => "The probe or its answer did not get through: a firewall, or no such host.",
        Verdict::OpenOrFiltered => "Silence: an open UDP port that does not answer and a firewall look the same.",
        Verdict::Unknown => "The probe never left this machine.",
    }
}

const fn reason(reason: Reason) -> &'static str {
    match reason {
        Reason::SynAck => "SYN+ACK",
        Reason::Rst => "RST",
        Reason::UdpAnswer => "a datagram came back",
        Reason::NoResponse => "no answer",
        Reason::PortUnreach => "ICMP port unreachable",
        Reason::HostUnreach => "ICMP host unreachable",
        Reason::NetUnreach => "ICMP net unreachable",
        Reason::ProtoUnreach => "ICMP protocol unreachable",
        Reason::Prohibited => "ICMP prohibited",
        Reason::TimeExceeded => "ICMP time exceeded",
        Reason::OtherIcmp => "another ICMP message",
        Reason::NoNeighbour => "no host on the link has this address (ARP)",
        Reason::NoRoute => "no route from here",
        Reason::NotPermitted => "not permitted here",
        Reason::LocalError => "this machine could not send",
    }
}
