//! Brazilian Portuguese: port checks, and the host that clients go to.

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
            if syns { plural(count.into(), "SYN", "SYNs") } else { plural(count.into(), "datagrama", "datagramas") };
        format!("a {count} {what}")
    },
    from: |who| format!("de {who}"),
    after: |span| format!("em {span}"),
    title: |host, address, proto, number, count| {
        let ports = plural(count as u64, "porta", "portas");
        let of = if host == address { address.to_owned() } else { format!("{host} ({address})") };
        format!("Verificação de portas de {of}: {proto}, {number} {ports}")
    },
    others: |list| format!("Outros endereços, não verificados: {list}"),
    columns: ["PORTA", "ESTADO", "MOTIVO"],
    not_shown: |number, count, verdict| {
        format!("Não mostradas: {number} {} {verdict}", plural(count as u64, "porta", "portas"))
    },
    done: |number, count, span| {
        let checked = plural(count as u64, "porta verificada", "portas verificadas");
        format!("{number} {checked} em {span}")
    },
    stopped: "a verificação de portas foi interrompida",
    unresolved: |host, why| match why {
        Unresolved::NoSuchHost => {
            format!("{host}: não existe máquina com esse nome. Está escrito certo? O endereço também serve")
        }
        Unresolved::NoAnswer { errno: Some(Errno::TimedOut) } => {
            format!(
                "{host}: nenhum servidor de nomes respondeu a tempo; não se sabe se essa máquina existe. {NO_NAMES}"
            )
        }
        Unresolved::NoAnswer { errno } => {
            let errno = errno.map_or_else(String::new, |errno| format!(" ({errno})"));
            format!("{host}: não foi possível consultar o nome{errno}; não se sabe se essa máquina existe. {NO_NAMES}")
        }
        Unresolved::NoZone => {
            let address = host.split('%').next().unwrap_or(host);
            format!(
                "{host}: cada enlace tem endereços assim: escreva depois dele uma interface desta máquina, como em {address}%eth0"
            )
        }
    },
    unconfirmed: |address, scope| match scope {
        AddressScope::Group => format!("{address} são várias máquinas de uma vez: não são verificadas"),
        _ => format!(
            "{address} não é esta máquina, nem fica em rede privada, nem neste enlace: verifique só máquinas suas, ou com o acordo do dono"
        ),
    },
    say_yes: "--yes diz que você pode",
    ask: "Verificar mesmo assim? [s/N] ",
    yes: 's',
    ports: |kind| match kind {
        PortsErrorKind::Missing => "falta uma porta aqui: escreva uma, como 65432, ou tire a vírgula",
        PortsErrorKind::NotAPort => {
            "portas são números de 1 a 65535, intervalos como 65432-65434, ou threaded, echo, async, udp, lab"
        }
        PortsErrorKind::Backwards => "a porta menor vem primeiro, como em 65432-65434",
        PortsErrorKind::Twice => "a máquina já traz uma porta: escreva todas depois dela, como em lab 65432,65433",
    },
    set: |target| format!("de agora em diante os clientes vão para {target}; procurando o endereço"),
    found: |target, list| format!("{target} é {list}"),
    chosen: |address, answers| {
        if answers {
            format!("os clientes vão para {address}, que responde")
        } else {
            format!("os clientes vão para {address}, embora nenhum endereço tenha respondido")
        }
    },
    dropped: "os clientes voltam a usar os servidores daqui",
};

/// The advice when no name server helps.
const NO_NAMES: &str = "A rede está ligada? Um endereço, ou um nome em /etc/hosts, não precisa de servidor de nomes";

const fn verdict(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Open => "aberta",
        Verdict::Closed => "fechada",
        Verdict::Filtered => "filtrada",
        Verdict::OpenOrFiltered => "aberta|filtrada",
        Verdict::Unknown => "desconhecida",
    }
}

const fn means(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Open => "Há um programa servindo ali: o kernel respondeu por ele, ocupado ou não.",
        Verdict::Closed => "A máquina está lá e diz que nenhum programa serve nessa porta.",
        Verdict::Filtered => "A pergunta ou a resposta não passou: um firewall, ou a máquina não existe.",
        Verdict::OpenOrFiltered => "Silêncio: uma porta UDP aberta que nada tem a dizer e um firewall são iguais.",
        Verdict::Unknown => "A pergunta nem saiu desta máquina.",
    }
}

const fn reason(reason: Reason) -> &'static str {
    match reason {
        Reason::SynAck => "SYN+ACK",
        Reason::Rst => "RST",
        Reason::UdpAnswer => "voltou um datagrama",
        Reason::NoResponse => "sem resposta",
        Reason::PortUnreach => "ICMP porta inalcançável",
        Reason::HostUnreach => "ICMP máquina inalcançável",
        Reason::NetUnreach => "ICMP rede inalcançável",
        Reason::ProtoUnreach => "ICMP protocolo inalcançável",
        Reason::Prohibited => "ICMP proibido",
        Reason::TimeExceeded => "ICMP tempo excedido",
        Reason::OtherIcmp => "outra mensagem ICMP",
        Reason::NoNeighbour => "ninguém no enlace tem esse endereço (ARP)",
        Reason::NoRoute => "não há rota daqui",
        Reason::NotPermitted => "não é permitido aqui",
        Reason::LocalError => "esta máquina não conseguiu perguntar",
    }
}
