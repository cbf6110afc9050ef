//! English: the wire's links.

use super::super::link::LinkText;
use super::{NUMBERS, grouped};
use crate::domain::{HostId, LinkChange, LinkCondition, PerHost};

pub(super) const LINK: LinkText = LinkText {
    heading: "The link, each way",
    from: |host| match host {
        HostId::Client => "client →",
        HostId::Server => "server →",
    },
    condition: name,
    value,
    brief,
    note: "Type a number, then Enter; 0 takes the condition away.",
    enters: |key| format!("{key} puts it into the link; when it arrives: "),
    queue: "queue",
    waiting: |waiting, most| match most {
        0 => grouped(waiting),
        _ => format!("{} of {}", grouped(waiting), grouped(most)),
    },
    queued: "IN THE QUEUE",
    divided: |pieces| format!("DIVIDED into {pieces}"),
    marked: "CE",
    lost_unlisted: |count| format!("{count} lost without an arrow"),
    marked_unlisted: |count| format!("{count} CE without an arrow"),
    overtook: "overtakes",
    from_wire: |number| format!("the wire, about #{number}"),
    was_marked: |name| {
        format!("The queue was long: the link marked {name} with CE instead of dropping it (RFC 3168 §5).")
    },
    was_divided: |name, pieces| {
        format!("{name} is larger than the MTU: the link divided it into {pieces} fragments (RFC 791 §3.2).")
    },
    was_told: |message, name| {
        format!("The wire told the sender of {name}, by {message}, the largest size that passes (RFC 1191).")
    },
};

const fn name(condition: LinkCondition) -> &'static str {
    match condition {
        LinkCondition::Rate => "rate",
        LinkCondition::Queue => "queue length",
        LinkCondition::Delay => "delay",
        LinkCondition::Jitter => "jitter",
        LinkCondition::Loss => "loss by chance",
        LinkCondition::LossEvery => "loss of every …",
        LinkCondition::Reorder => "overtaking",
        LinkCondition::Mtu => "MTU (RFC 1191)",
        LinkCondition::BlackHole => "what is too large",
        LinkCondition::EcnAt => "ECN mark (RFC 3168)",
    }
}

fn brief(condition: LinkCondition, value: u32) -> String {
    match condition {
        LinkCondition::Queue => format!("queue {value}"),
        LinkCondition::Loss => format!("loss {value} %"),
        LinkCondition::LossEvery => format!("loses every {}", ordinal(value)),
        LinkCondition::Reorder => format!("{value} % overtake"),
        LinkCondition::Mtu => format!("MTU {value}"),
        LinkCondition::BlackHole => "black hole".into(),
        LinkCondition::EcnAt => format!("ECN at {value}"),
        LinkCondition::Rate | LinkCondition::Delay | LinkCondition::Jitter => self::value(condition, value),
    }
}

/// What is changed of the links, as an act of a lesson.
pub(super) fn changes(changes: &PerHost<LinkChange>) -> String {
    let [client, server] = [HostId::Client, HostId::Server].map(|from| {
        let each = changes.of(from).each();
        let each = each.map(|(condition, to)| match to {
            0 => format!("{}: {}", name(condition), value(condition, to)),
            _ => brief(condition, to),
        });
        each.collect::<Vec<_>>().join(", ")
    });
    match (client.as_str(), server.as_str()) {
        (client, server) if client == server => format!("the link: {client}"),
        (client, "") => format!("the link from the client: {client}"),
        ("", server) => format!("the link from the server: {server}"),
        (client, server) => format!("the link from the client: {client}; from the server: {server}"),
    }
}

/// `2nd`, `3rd`, `4th`.
fn ordinal(number: u32) -> String {
    let ending = match (number % 10, number % 100) {
        (_, 11..=13) => "th",
        (1, _) => "st",
        (2, _) => "nd",
        (3, _) => "rd",
        _ => "th",
    };
    format!("{}{ending}", grouped(number))
}

fn value(condition: LinkCondition, value: u32) -> String {
    match (condition, value) {
        (LinkCondition::Rate, 0) => "no limit".into(),
        (LinkCondition::Queue, 0) => "no limit".into(),
        (LinkCondition::Mtu, 0) => "any length".into(),
        (LinkCondition::BlackHole, 0) => "sender is told".into(),
        (LinkCondition::BlackHole, _) => "black hole".into(),
        (_, 0) => "none".into(),
        (LinkCondition::Rate, kbit) => NUMBERS.rate(kbit),
        (LinkCondition::Queue, most) => format!("{} {}", grouped(most), if most == 1 { "packet" } else { "packets" }),
        (LinkCondition::Delay, millis) => format!("{millis} ms"),
        (LinkCondition::Jitter, millis) => format!("± {millis} ms"),
        (LinkCondition::Loss | LinkCondition::Reorder, percent) => format!("{percent} %"),
        (LinkCondition::LossEvery, every) => ordinal(every),
        (LinkCondition::Mtu, bytes) => format!("{} B", grouped(bytes)),
        (LinkCondition::EcnAt, length) => format!("from {} waiting", grouped(length)),
    }
}
