//! Portuguese: what a kernel did with a packet.

use super::super::verdict::VerdictText;
use crate::domain::{Disposition, HostId, KernelAnswer, KernelCause};

pub(super) const VERDICT: VerdictText = VerdictText {
    thrown_away: |by, why| match by {
        HostId::Client => format!("jogado fora pelo cliente: {why}"),
        HostId::Server => format!("jogado fora pelo servidor: {why}"),
    },
    thrown_away_short: "jogado fora",
    did,
    brief,
    why,
};

fn did(by: HostId, did: Disposition, answer: Option<KernelAnswer>) -> String {
    let kernel = match by {
        HostId::Client => "O kernel do cliente",
        HostId::Server => "O kernel do servidor",
    };
    let answer = answer.map(|answer| match answer {
        KernelAnswer::SynAck => "um SYN+ACK",
        KernelAnswer::Ack => "um ACK",
        KernelAnswer::Rst => "um RST",
        KernelAnswer::Unreachable => "um ICMP destination unreachable",
        KernelAnswer::EchoReply => "um ICMP echo reply",
    });
    match (did, answer) {
        (Disposition::Taken, None) => format!("{kernel} o aceitou"),
        (Disposition::Taken, Some(answer)) => format!("{kernel} o aceitou e enviou {answer}"),
        (Disposition::Answered, None) => format!("{kernel} respondeu"),
        (Disposition::Answered, Some(answer)) => format!("{kernel} respondeu com {answer}"),
        (Disposition::Discarded, None) => format!("{kernel} o jogou fora"),
        (Disposition::Discarded, Some(answer)) => format!("{kernel} o jogou fora e enviou {answer}"),
    }
}

pub(super) const fn brief(why: KernelCause) -> &'static str {
    match why {
        KernelCause::Checksum => "checksum errado",
        KernelCause::IpHeader => "cabeçalho IP inválido",
        KernelCause::Truncated => "incompleto",
        KernelCause::Address => "endereço de outro",
        KernelCause::NoRoute => "sem rota de volta",
        KernelCause::UnknownProtocol => "protocolo desconhecido",
        KernelCause::IpDiscard => "sem espaço no IP",
        KernelCause::NotDelivered => "filtrado",
        KernelCause::Malformed => "ilegível",
        KernelCause::ClosedPort => "porta fechada",
        KernelCause::NoConnection | KernelCause::RstForNone => "sem conexão",
        KernelCause::AcceptQueueFull => "fila de accept cheia",
        KernelCause::ListenDrop => "sem espaço no listener",
        KernelCause::SynQueueFull => "fila de SYN cheia",
        KernelCause::SynCookie => "SYN cookie",
        KernelCause::CookieAccepted => "cookie válido",
        KernelCause::CookieFailed => "sem cookie válido",
        KernelCause::DeferAccept => "espera dados",
        KernelCause::SynAnswered => "SYN respondido",
        KernelCause::SynAgain => "SYN de novo",
        KernelCause::Connected => "conectado",
        KernelCause::HandshakeDone => "handshake completo",
        KernelCause::Refused => "recusado",
        KernelCause::EmbryonicReset | KernelCause::Reset => "RST",
        KernelCause::WrongAck | KernelCause::AckOutside => "ACK errado",
        KernelCause::DataAfterClose => "dados após close",
        KernelCause::ChallengeAck | KernelCause::SynChallenge => "challenge ACK",
        KernelCause::RstOutside => "RST fora da janela",
        KernelCause::AckSkipped => "um ACK a mais",
        KernelCause::Paws => "timestamp velho (PAWS)",
        KernelCause::PawsOldAck => "ACK ultrapassado",
        KernelCause::TimestampEcho => "eco de timestamp errado",
        KernelCause::OldDuplicate => "duplicata velha",
        KernelCause::PartlyOld => "em parte velho",
        KernelCause::OutOfOrderDuplicate => "duplicata após lacuna",
        KernelCause::OutsideWindow => "número inesperado",
        KernelCause::BeyondWindow => "além da janela",
        KernelCause::ZeroWindow => "janela fechada",
        KernelCause::ReceiveBuffer => "buffer de recepção cheio",
        KernelCause::OutOfOrderFull => "fila fora de ordem cheia",
        KernelCause::OutOfOrder => "fora de ordem",
        KernelCause::WindowClosed => "janela agora fechada",
        KernelCause::InOrder => "em ordem",
        KernelCause::PureAck => "ACK puro",
        KernelCause::DuplicateReported => "D-SACK",
        KernelCause::FastRetransmit => "retransmissão rápida",
        KernelCause::FastOpen => "Fast Open",
        KernelCause::FastOpenCookie => "pede um cookie",
        KernelCause::FastOpenFailed => "cookie Fast Open errado",
        KernelCause::FastOpenFull => "fila Fast Open cheia",
        KernelCause::TimeWait => "TIME_WAIT",
        KernelCause::Backlog | KernelCause::IcmpBusy => "socket ocupado",
        KernelCause::MinTtl => "TTL baixo demais",
        KernelCause::Signature => "assinatura errada",
        KernelCause::Memory => "sem memória",
        KernelCause::IcmpOutside => "não está a caminho",
        KernelCause::IcmpForNone => "socket inexistente",
        KernelCause::IcmpError => "erro anotado",
        KernelCause::Echo => "echo",
    }
}

const fn why(why: KernelCause) -> &'static str {
    match why {
        KernelCause::Checksum => "o checksum está errado (RFC 1071; contador InCsumErrors)",
        KernelCause::IpHeader => "o cabeçalho IP não é válido (RFC 1122 §3.2.1; contador IpInHdrErrors)",
        KernelCause::Truncated => "é mais curto do que diz o seu cabeçalho IP (contador IpExtInTruncatedPkts)",
        KernelCause::Address => "o destino não é endereço deste host (RFC 1122 §3.2.1.3; contador IpInAddrErrors)",
        KernelCause::NoRoute => "nenhuma rota leva de volta a quem o enviou (ip-sysctl, rp_filter)",
        KernelCause::UnknownProtocol => {
            "o IP não conhece esse protocolo (RFC 1122 §3.2.2.1; contador IpInUnknownProtos)"
        }
        KernelCause::IpDiscard => "o IP não tinha espaço para ele (contador IpInDiscards)",
        KernelCause::NotDelivered => {
            "o IP o recebeu e não o passou adiante, como por regra de firewall (nft(8); IpInDelivers ficou parado)"
        }
        KernelCause::Malformed => "um tamanho ou um cabeçalho nele está errado (contador InErrs ou InErrors)",
        KernelCause::ClosedPort => "nenhum socket tem essa porta (RFC 9293 §3.10.7.1; no UDP, RFC 1122 §4.1.3.1)",
        KernelCause::NoConnection => "não é de nenhuma conexão, e a porta só escuta (RFC 9293 §3.10.7.2)",
        KernelCause::RstForNone => "é um RST para conexão nenhuma, e a um RST nunca se responde (RFC 9293 §3.10.7.1)",
        KernelCause::AcceptQueueFull => "a fila de accept está cheia (listen(2); contador TcpExtListenOverflows)",
        KernelCause::ListenDrop => "o socket que escuta não tinha espaço para ele (contador TcpExtListenDrops)",
        KernelCause::SynQueueFull => {
            "a fila de SYN está cheia, sem cookies (tcp(7), tcp_syncookies; contador TcpExtTCPReqQFullDrop)"
        }
        KernelCause::SynCookie => "nada é guardado para este SYN: o número do SYN+ACK é um cookie (RFC 4987 §3.6)",
        KernelCause::CookieAccepted => "traz de volta um cookie válido, e a conexão está aberta (RFC 4987 §3.6)",
        KernelCause::CookieFailed => "não traz um SYN cookie válido (RFC 4987 §3.6; contador TcpExtSyncookiesFailed)",
        KernelCause::DeferAccept => "o servidor espera dados antes de abrir a conexão (TCP_DEFER_ACCEPT, tcp(7))",
        KernelCause::SynAnswered => "pede uma conexão (RFC 9293 §3.10.7.2)",
        KernelCause::SynAgain => "o mesmo SYN já tinha sido respondido (RFC 9293 §3.10.7.4)",
        KernelCause::Connected => "confirma o SYN (RFC 9293 §3.10.7.3)",
        KernelCause::HandshakeDone => "o handshake está completo, e a conexão espera por accept() (accept(2))",
        KernelCause::Refused => "o RST acaba com a tentativa de conexão (RFC 9293 §3.10.7.3)",
        KernelCause::EmbryonicReset => {
            "o RST acaba com uma conexão meio aberta (RFC 9293 §3.10.7.4; contador TcpExtEmbryonicRsts)"
        }
        KernelCause::Reset => "o RST acaba com a conexão (RFC 9293 §3.10.7.4)",
        KernelCause::WrongAck => "confirma o que nunca foi enviado (RFC 9293 §3.10.7.3)",
        KernelCause::AckOutside => "o que ele confirma não está a caminho, e pode ser forjado (RFC 5961 §5)",
        KernelCause::DataAfterClose => "os dados chegaram depois de close(), e ninguém pode lê-los (RFC 9293 §3.6.1)",
        KernelCause::ChallengeAck => "o número não é exatamente o esperado, e o RST pode ser forjado (RFC 5961 §3.2)",
        KernelCause::SynChallenge => "um SYN numa conexão aberta pode ser forjado (RFC 5961 §4.2)",
        KernelCause::RstOutside => "o número do RST não está na janela (RFC 5961 §3.2)",
        KernelCause::AckSkipped => "pede um ACK, e um acaba de ser enviado (ip-sysctl, tcp_invalid_ratelimit)",
        KernelCause::Paws => "o timestamp é mais velho que o último: PAWS (RFC 7323 §5.3)",
        KernelCause::PawsOldAck => "o timestamp é velho: um ACK que foi ultrapassado (RFC 7323 §5.3)",
        KernelCause::TimestampEcho => "devolve um timestamp que nunca foi enviado (RFC 7323 §3.2)",
        KernelCause::OldDuplicate => "os bytes já tinham chegado (RFC 9293 §3.10.7.4; contador TcpExtDelayedACKLost)",
        KernelCause::PartlyOld => "parte dos bytes já tinha chegado (RFC 2883; contador TcpExtTCPDSACKOldSent)",
        KernelCause::OutOfOrderDuplicate => {
            "bytes que esperam depois de uma lacuna vieram de novo, e um D-SACK o diz (RFC 2883)"
        }
        KernelCause::OutsideWindow => {
            "o número não é o esperado, como num keepalive ou numa sonda da janela (RFC 9293 §3.10.7.4)"
        }
        KernelCause::BeyondWindow => "termina além da janela (RFC 9293 §3.10.7.4; contador TcpExtBeyondWindow)",
        KernelCause::ZeroWindow => "a janela está fechada (RFC 9293 §3.8.6; contador TcpExtTCPZeroWindowDrop)",
        KernelCause::ReceiveBuffer => "o buffer de recepção está cheio (SO_RCVBUF, socket(7))",
        KernelCause::OutOfOrderFull => "não há espaço para o que vem fora de ordem (contador TcpExtTCPOFODrop)",
        KernelCause::OutOfOrder => "espera depois de uma lacuna (RFC 9293 §3.10.7.4; contador TcpExtTCPOFOQueue)",
        KernelCause::WindowClosed => "encheu o buffer de recepção, e a janela agora está fechada (RFC 9293 §3.8.6)",
        KernelCause::InOrder => "traz os próximos bytes em ordem (contador TcpExtTCPHPHits)",
        KernelCause::PureAck => "um ACK sem dados (contador TcpExtTCPPureAcks ou TcpExtTCPHPAcks)",
        KernelCause::DuplicateReported => "o D-SACK dele conta bytes que chegaram duas vezes (RFC 2883)",
        KernelCause::FastRetransmit => "mostra uma perda, e os bytes que faltam são reenviados na hora (RFC 5681 §3.2)",
        KernelCause::FastOpen => "o cookie Fast Open é válido, e os dados do SYN valem (RFC 7413 §4.2)",
        KernelCause::FastOpenCookie => "pede um cookie Fast Open (RFC 7413 §4.1.2)",
        KernelCause::FastOpenFailed => "o cookie Fast Open está errado: segue um handshake comum (RFC 7413 §4.2)",
        KernelCause::FastOpenFull => "já há pedidos Fast Open demais: segue um handshake comum (RFC 7413 §5.1)",
        KernelCause::TimeWait => "a conexão está em TIME_WAIT, e isto chegou tarde (RFC 9293 §3.10.7.4)",
        KernelCause::Backlog => "o socket estava ocupado, e já havia demais à espera (contador TcpExtTCPBacklogDrop)",
        KernelCause::MinTtl => "o TTL é menor do que o socket aceita (IP_MINTTL, ip(7))",
        KernelCause::Signature => "a assinatura falta ou está errada (RFC 2385, RFC 5925)",
        KernelCause::Memory => "não há memória para ele (tcp(7), udp(7))",
        KernelCause::IcmpOutside => "trata de um número que não está a caminho (RFC 5927 §4.1)",
        KernelCause::IcmpBusy => "o socket de que trata estava ocupado (contador TcpExtLockDroppedIcmps)",
        KernelCause::IcmpForNone => "não trata de nenhum socket deste host (contador IcmpInErrors)",
        KernelCause::IcmpError => "trata de um socket deste host (icmp(7))",
        KernelCause::Echo => "um echo request (RFC 792)",
    }
}
