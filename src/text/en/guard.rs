//! English: what the servers' guard reports.

use std::net::IpAddr;

use super::{grouped, plural};
use crate::domain::guard::{GuardAction, PortCheck};
use crate::domain::{GuardEvent, Rule};

pub(super) fn guard(event: &GuardEvent) -> String {
    match event {
        GuardEvent::Limits { limits } => {
            let numbers = Rule::ALL.iter().filter_map(|rule| Some(format!("{rule} {}", grouped(limits.of(*rule)?))));
            let numbers: Vec<_> = numbers.collect();
            if numbers.is_empty() {
                "The servers set no limits for other machines.".into()
            } else {
                format!("Limits for other machines: {}.", numbers.join(", "))
            }
        }
        GuardEvent::Acted { address, rule, limit, action, count, .. } => {
            format!("{}{}: {}; {}.", source(*address), times(*count), rule_broken(*rule, *limit), done(*action))
        }
        GuardEvent::Checked { address, check, count, .. } => {
            format!("{}{}: {}.", source(*address), times(*count), seen(*check))
        }
        GuardEvent::HalfOpen { listener, limit, action, count } => {
            let full = match listener.zip(*limit) {
                Some((listener, limit)) => {
                    format!("More than {} half-open connections (SYN_RECV) on {listener}", grouped(limit))
                }
                None => "Several listeners have reached their limit of half-open connections (SYN_RECV)".into(),
            };
            let syns = format!("{} {}", grouped(*count), plural(*count, "SYN", "SYNs"));
            let done = match action {
                GuardAction::Cookie => {
                    format!(
                        "The kernel answered {syns} with SYN cookies and kept no state: genuine clients still get in"
                    )
                }
                _ => format!("The kernel dropped {syns}: genuine clients send theirs again"),
            };
            format!("{full}: a SYN flood looks like this. {done}.")
        }
        GuardEvent::HandshakesReset { count } => {
            let were = plural(*count, "handshake was", "handshakes were");
            format!(
                "{} {were} reset before the last ACK, as a SYN scan does (nmap -sS). accept() never returns for these; the kernel \
                 counts them (EmbryonicRsts) but does not say where they came from.",
                grouped(*count)
            )
        }
        GuardEvent::Kicked { address, count } => {
            format!("{address} was kicked: {count} {} closed.", plural(*count, "connection is", "connections are"))
        }
        GuardEvent::Blocked { address } => format!("{address} is blocked: nothing more is accepted from it."),
        GuardEvent::Unblocked { address } => format!("{address} is no longer blocked."),
    }
}

fn source(address: Option<IpAddr>) -> String {
    address.map_or_else(|| "many addresses".into(), |address| address.to_string())
}

fn times(count: u64) -> String {
    if count == 1 { String::new() } else { format!(" ×{}", grouped(count)) }
}

fn rule_broken(rule: Rule, limit: Option<u64>) -> String {
    let limit = grouped(limit.unwrap_or(0));
    match rule {
        Rule::Connections => format!("more than {limit} connections at once from one address"),
        Rule::Total => format!("more than {limit} connections at once from the network"),
        Rule::Arrivals => format!("more than {limit} new connections a second from one address"),
        Rule::Idle => format!("no byte sent or received for {limit} s"),
        Rule::Line => format!("more than {limit} bytes without an end of line"),
        Rule::Bytes => format!("more than {limit} bytes a second from one address"),
        Rule::Messages => format!("more than {limit} messages a second from one address"),
        Rule::Datagrams => format!("more than {limit} datagrams a second from the network"),
        Rule::Backlog => format!("more than {limit} half open, or waiting for accept()"),
        Rule::Blocked => "this address is blocked".into(),
        Rule::Addresses => format!("more than {limit} addresses at once"),
        Rule::Reflector => {
            "no client uses this source port; an answer could make two machines talk to each other for ever".into()
        }
        Rule::Amplifier => "an answer by UDP is never longer than its request".into(),
    }
}

const fn done(action: GuardAction) -> &'static str {
    match action {
        GuardAction::Refused => "accepted and reset at once",
        GuardAction::Closed => "the connection is closed",
        GuardAction::Slowed => "recv() waits, so the window closes and the sender has to wait",
        GuardAction::Dropped => "the datagram is discarded",
        GuardAction::Unanswered => "received but not answered",
        GuardAction::Shortened => "the answer was cut",
        GuardAction::Cookie => "the kernel answered with a SYN cookie",
        GuardAction::Ignored => "the kernel dropped the SYN",
    }
}

const fn seen(check: PortCheck) -> &'static str {
    match check {
        PortCheck::Connect => {
            "connected and left within a second without sending anything: looks like a port check, nmap -sT"
        }
        PortCheck::EmptyDatagram => "sent an empty datagram: looks like a port check, nmap -sU",
        PortCheck::ServiceProbe => "asks which service this is: looks like nmap, -sV or -sU",
    }
}
