//! Brazilian Portuguese: what the servers' guard reports.

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
                "Os servidores não estão protegidos: nenhum limite vale.".into()
            } else {
                format!("Os servidores estão protegidos contra estranhos: {}.", numbers.join(", "))
            }
        }
        GuardEvent::Acted { address, rule, limit, action, count, .. } => {
            format!("{}{}: {}; {}.", who(*address), times(*count), rule_broken(*rule, *limit), done(*action))
        }
        GuardEvent::Checked { address, check, count, .. } => {
            format!("{}{}: {}.", who(*address), times(*count), seen(*check))
        }
        GuardEvent::HalfOpen { listener, limit, action, count } => {
            let full = match listener.zip(*limit) {
                Some((listener, limit)) => {
                    format!("Mais de {} conexões semiabertas (SYN_RECV) em {listener}", grouped(limit))
                }
                None => "Vários servidores têm tantas conexões semiabertas (SYN_RECV) quantas podem".into(),
            };
            let syns = format!("{} {}", grouped(*count), plural(*count, "SYN", "SYNs"));
            let done = match action {
                GuardAction::Cookie => {
                    format!("O kernel respondeu a {syns} com cookie, sem guardar nada: quem é de verdade entra")
                }
                _ => format!("O kernel descartou {syns}: quem é de verdade envia de novo"),
            };
            format!("{full}: é assim que se vê um SYN flood. {done}.")
        }
        GuardEvent::HandshakesReset { count } => {
            let were = plural(*count, "handshake recebeu", "handshakes receberam");
            format!(
                "{} {were} RST antes do último ACK, como faz um SYN scan (nmap -sS). Nenhum accept() vê isso; o kernel \
                 conta (EmbryonicRsts), mas não diz quem foi.",
                grouped(*count)
            )
        }
        GuardEvent::Kicked { address, count } => {
            let closed = plural(*count, "conexão é fechada", "conexões são fechadas");
            format!("{address} foi desconectado: {count} {closed}.")
        }
        GuardEvent::Blocked { address } => format!("{address} está bloqueado: nada mais é aceito dele."),
        GuardEvent::Unblocked { address } => format!("{address} não está mais bloqueado."),
    }
}

fn who(address: Option<IpAddr>) -> String {
    address.map_or_else(|| "muitos endereços".into(), |address| address.to_string())
}

fn times(count: u64) -> String {
    if count == 1 { String::new() } else { format!(" ×{}", grouped(count)) }
}

fn rule_broken(rule: Rule, limit: Option<u64>) -> String {
    let limit = grouped(limit.unwrap_or(0));
    match rule {
        Rule::Connections => format!("mais de {limit} conexões ao mesmo tempo de um endereço"),
        Rule::Total => format!("mais de {limit} conexões ao mesmo tempo vindas da rede"),
        Rule::Arrivals => format!("mais de {limit} conexões novas por segundo de um endereço"),
        Rule::Idle => format!("nenhum byte em {limit} s"),
        Rule::Line => format!("mais de {limit} bytes sem fim de linha"),
        Rule::Bytes => format!("mais de {limit} bytes por segundo de um endereço"),
        Rule::Messages => format!("mais de {limit} mensagens por segundo de um endereço"),
        Rule::Datagrams => format!("mais de {limit} datagramas por segundo vindos da rede"),
        Rule::Backlog => format!("mais de {limit} semiabertas, ou à espera do accept()"),
        Rule::Blocked => "este endereço está bloqueado".into(),
        Rule::Addresses => format!("mais de {limit} endereços ao mesmo tempo"),
        Rule::Reflector => {
            "nenhum cliente tem esta porta de origem; uma resposta faria duas máquinas falarem sem fim".into()
        }
        Rule::Amplifier => "uma resposta por UDP nunca é maior que o pedido".into(),
    }
}

const fn done(action: GuardAction) -> &'static str {
    match action {
        GuardAction::Refused => "aceita e encerrada na hora com RST",
        GuardAction::Closed => "a conexão é fechada",
        GuardAction::Slowed => "recv() espera, a janela fecha e quem envia tem de esperar",
        GuardAction::Dropped => "o datagrama é descartado",
        GuardAction::Unanswered => "recebido, sem resposta",
        GuardAction::Shortened => "a resposta foi cortada",
        GuardAction::Cookie => "o kernel respondeu com um SYN cookie",
        GuardAction::Ignored => "o kernel descartou o SYN",
    }
}

const fn seen(check: PortCheck) -> &'static str {
    match check {
        PortCheck::Connect => {
            "conectou e saiu em menos de um segundo sem dizer nada: parece um teste de porta, nmap -sT"
        }
        PortCheck::EmptyDatagram => "enviou um datagrama vazio: parece um teste de porta, nmap -sU",
        PortCheck::ServiceProbe => "pergunta quem responde aqui: parece nmap, -sV ou -sU",
    }
}
