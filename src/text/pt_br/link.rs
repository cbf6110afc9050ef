//! Brazilian Portuguese: the wire's links.

use super::super::link::LinkText;
use super::{NUMBERS, grouped};
use crate::domain::{HostId, LinkChange, LinkCondition, PerHost};

pub(super) const LINK: LinkText = LinkText {
    heading: "O enlace, em cada sentido",
    from: |host| match host {
        HostId::Client => "cliente →",
        HostId::Server => "servidor →",
    },
    condition: name,
    value,
    brief,
    note: "Digite um número e Enter; 0 tira a condição.",
    enters: |key| format!("{key} o põe no enlace; quando chegar: "),
    queue: "fila",
    waiting: |waiting, most| match most {
        0 => grouped(waiting),
        _ => format!("{} de {}", grouped(waiting), grouped(most)),
    },
    queued: "NA FILA",
    divided: |pieces| format!("DIVIDIDO em {pieces}"),
    marked: "CE",
    lost_unlisted: |count| format!("{count} perdidos sem seta"),
    marked_unlisted: |count| format!("{count} CE sem seta"),
    overtook: "ultrapassa",
    from_wire: |number| format!("do fio, sobre #{number}"),
    was_marked: |name| {
        format!("A fila estava longa: o enlace marcou {name} com CE em vez de o descartar (RFC 3168 §5).")
    },
    was_divided: |name, pieces| {
        format!("{name} é maior que o MTU: o enlace o dividiu em {pieces} fragmentos (RFC 791 §3.2).")
    },
    was_told: |message, name| {
        format!("O fio avisou a quem enviou {name}, com {message}, o maior tamanho que passa (RFC 1191).")
    },
};

const fn name(condition: LinkCondition) -> &'static str {
    match condition {
        LinkCondition::Rate => "taxa",
        LinkCondition::Queue => "fila: quantos cabem",
        LinkCondition::Delay => "atraso",
        LinkCondition::Jitter => "jitter",
        LinkCondition::Loss => "perda ao acaso",
        LinkCondition::LossEvery => "perda de um a cada …",
        LinkCondition::Reorder => "quantos ultrapassam",
        LinkCondition::Mtu => "MTU (RFC 1191)",
        LinkCondition::BlackHole => "o que é grande demais",
        LinkCondition::EcnAt => "marca de ECN (RFC 3168)",
    }
}

fn brief(condition: LinkCondition, value: u32) -> String {
    match condition {
        LinkCondition::Queue => format!("fila {value}"),
        LinkCondition::Loss => format!("perda {value} %"),
        LinkCondition::LossEvery => format!("perde 1 a cada {}", grouped(value)),
        LinkCondition::Reorder => format!("{value} % ultrapassam"),
        LinkCondition::Mtu => format!("MTU {value}"),
        LinkCondition::BlackHole => "buraco negro".into(),
        LinkCondition::EcnAt => format!("ECN com {value}"),
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
        (client, server) if client == server => format!("o enlace: {client}"),
        (client, "") => format!("o enlace do cliente: {client}"),
        ("", server) => format!("o enlace do servidor: {server}"),
        (client, server) => format!("o enlace do cliente: {client}; do servidor: {server}"),
    }
}

fn value(condition: LinkCondition, value: u32) -> String {
    match (condition, value) {
        (LinkCondition::Rate, 0) => "sem limite".into(),
        (LinkCondition::Queue, 0) => "sem limite".into(),
        (LinkCondition::Mtu, 0) => "qualquer tamanho".into(),
        (LinkCondition::BlackHole, 0) => "remetente avisado".into(),
        (LinkCondition::BlackHole, _) => "buraco negro".into(),
        (LinkCondition::Loss | LinkCondition::LossEvery | LinkCondition::EcnAt, 0) => "nenhuma".into(),
        (_, 0) => "nenhum".into(),
        (LinkCondition::Rate, kbit) => NUMBERS.rate(kbit),
        (LinkCondition::Queue, most) => format!("{} {}", grouped(most), if most == 1 { "pacote" } else { "pacotes" }),
        (LinkCondition::Delay, millis) => format!("{millis} ms"),
        (LinkCondition::Jitter, millis) => format!("± {millis} ms"),
        (LinkCondition::Loss | LinkCondition::Reorder, percent) => format!("{percent} %"),
        (LinkCondition::LossEvery, every) => format!("1 a cada {}", grouped(every)),
        (LinkCondition::Mtu, bytes) => format!("{} B", grouped(bytes)),
        (LinkCondition::EcnAt, length) => format!("com {} na fila", grouped(length)),
    }
}
