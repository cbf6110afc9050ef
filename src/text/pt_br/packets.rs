//! Brazilian Portuguese: the packets view.

use super::super::PacketsText;
use super::{capture, fields, grouped, plural};
use crate::domain::{CapturedInterface, Finding, InterfaceState, ResetReason};

pub(super) const PACKETS: PacketsText = PacketsText {
    title: "Pacotes",
    ladder: "Escada",
    stream: "O que foi dito",
    fields: "Campos",
    bytes: "Bytes",
    field: fields::name,
    field_value: fields::value,
    none: "Nenhum pacote ainda: tecle c e veja uma conexão nascer.",
    none_match: "Nenhum pacote combina. Tecle / para mudar o filtro, Esc para listar todas as conversas.",
    looking: "ainda procurando",
    no_talk: "Nenhuma conversa ainda: tecle c para criar uma.",
    no_packet: "Nenhum pacote desta conversa foi visto: ela começou antes da captura, ou nada foi enviado desde então.",
    nothing_said: "Nada foi dito nesta conversa ainda.",
    filled_in_later: "O checksum está errado como foi capturado, mas o segmento foi confirmado: a captura veio antes de a placa de rede preencher o checksum (offload). Nada está errado.",
    no_selection: "Nenhum pacote selecionado.",
    no_bytes: "Os bytes deste pacote não estão mais guardados.",
    wire_bytes: "O que cruza o fio não é guardado byte a byte: isto é o que se leu dele.",
    count: |shown, all| format!("{shown} de {all}"),
    packets: |number, count| format!("{number} {}", plural(count, "pacote", "pacotes")),
    capturing: |interfaces| format!("capturando em {}", capture::named(interfaces)),
    listening,
    interfaces: "Onde os pacotes são capturados",
    interfaces_foot: "espaço inclui ou tira · Esc fecha",
    by_traffic: "por onde passa o tráfego do laboratório",
    interface_state: capture::state,
    interface: "Iface",
    on_wire: "todos os pacotes do fio",
    lost: |number, count| format!("{number} {} pela captura", plural(count, "pacote PERDIDO", "pacotes PERDIDOS")),
    nothing_lost: "nenhum perdido",
    no_capture: "sem captura",
    unknown: "captura ainda não consultada",
    lacking: |errno, what| format!("Não é possível capturar pacotes: {errno}, {what}."),
    then: "Depois, inicie o socklab-tui de novo. Todo o resto funciona como agora.",
    wire_lab: "Nada aqui é inventado. O laboratório do fio não exige privilégio e mostra todos os pacotes.",
    only: |talk| format!("só {talk}"),
    following: "acompanhando",
    held: "parado",
    new: |number, count| format!("{number} {}", plural(count as u64, "novo", "novos")),
    number: "Nº",
    time: "Tempo",
    source: "Origem",
    destination: "Destino",
    info: "Conteúdo",
    client_end: "cliente",
    server_end: "servidor",
    on_its_way: "no fio",
    never_arrives: "perdido",
    missing: |bytes| format!("({bytes} não capturados)"),
    cut: "(há texto antes ou depois que não é mostrado)",
    empty: "(0 bytes)",
    finding,
    says,
    again: |number| format!("reenvio do #{number}"),
};

fn listening(interfaces: &[CapturedInterface], key: &str) -> Vec<String> {
    let mut said = vec![format!("Captura em {}.", capture::named(interfaces))];
    for CapturedInterface { name, state } in interfaces {
        match state {
            InterfaceState::Up => {}
            InterfaceState::NoLink => {
                said.push(format!("Nada passa por {name}: o cabo não está ligado, ou a outra ponta está desativada."));
            }
            InterfaceState::Down => {
                said.push(format!("Nada passa por {name}: está desativada. sudo ip link set {name} up"));
            }
            InterfaceState::Missing => {
                said.push(format!("Não há interface {name} agora; se aparecer, seus pacotes são capturados."));
            }
        }
    }
    if interfaces.iter().all(|one| one.name.as_str() == "lo") {
        said.push(format!(
            "Por lo só passa o que programas desta máquina dizem uns aos outros. Tecle {key} para ver as outras interfaces."
        ));
    } else {
        said.push(format!("Um pacote que toma outra interface não é visto. Tecle {key} para ver todas."));
    }
    said
}

fn finding(finding: &Finding) -> String {
    match finding {
        Finding::Retransmission => "retransmissão".into(),
        Finding::FastRetransmission => "retransmissão rápida".into(),
        Finding::AnsweredAgain => "SYN respondido de novo".into(),
        Finding::SpuriousRetransmission => "retransmissão espúria".into(),
        Finding::OutOfOrder => "fora de ordem".into(),
        Finding::PreviousUnseen => "lacuna antes dele".into(),
        Finding::AckedUnseen => "ACK de dados não vistos".into(),
        Finding::DuplicateAck { nth, of } => format!("ACK duplicado {nth} do #{of}"),
        Finding::ZeroWindow => "janela zero".into(),
        Finding::WindowFull => "janela cheia".into(),
        Finding::WindowUpdate => "nova janela".into(),
        Finding::ZeroWindowProbe | Finding::EmptyProbe => "sonda de janela zero".into(),
        Finding::ZeroWindowProbeAck => "resposta à sonda".into(),
        Finding::Keepalive => "keepalive".into(),
        Finding::KeepaliveAck => "resposta ao keepalive".into(),
        Finding::PortReused => "porta usada de novo".into(),
        Finding::Reset(reset) => match reset {
            ResetReason::Refused => "recusada",
            ResetReason::Unwanted => "não mais desejada",
            ResetReason::AfterClose => "dados após o close",
            ResetReason::NoConnection => "conexão inexistente",
            ResetReason::Unread => "dados não lidos?",
            ResetReason::Aborted => "abortada",
        }
        .into(),
        Finding::CausedBy { packet } => format!("sobre o #{packet}"),
        Finding::ScaleUnknown => "escala da janela desconhecida".into(),
        Finding::ChecksumPartial => "checksum deixado à placa".into(),
        Finding::ChecksumBad => "checksum errado".into(),
        Finding::Forged => "forjado".into(),
        Finding::Altered => "alterado no caminho".into(),
        Finding::Fragment { offset, more: true } => format!("fragmento em {}", grouped(*offset)),
        Finding::Fragment { offset, more: false } => format!("último fragmento, em {}", grouped(*offset)),
        Finding::Reassembled { fragments } => format!("inteiro: {fragments} fragmentos"),
        Finding::FragmentOverlap => "fragmentos sobrepostos".into(),
        Finding::NoTime => "sem hora".into(),
        Finding::LengthBeyond { missing } => format!("o cabeçalho IP diz {} B a mais do que veio", grouped(*missing)),
        Finding::FurtherFrames { count } => format!("mais {count} no mesmo quadro"),
        Finding::Cut { missing } => format!("{} B não capturados", grouped(*missing)),
    }
}

fn says(finding: &Finding) -> String {
    match finding {
        Finding::Retransmission => {
            "Isto já foi enviado e não veio ACK: enviado de novo, em geral pelo timer (RFC 6298).".into()
        }
        Finding::FastRetransmission => {
            "ACKs duplicados pediram estes bytes: reenviados sem esperar o timer (RFC 5681 §3.2).".into()
        }
        Finding::AnsweredAgain => {
            "O SYN chegou de novo e é respondido de novo: o primeiro SYN+ACK, ou o ACK dele, não chegou.".into()
        }
        Finding::SpuriousRetransmission => {
            "Estes bytes já estavam confirmados: o ACK se perdeu ou atrasou, e eles vieram de novo à toa.".into()
        }
        Finding::OutOfOrder => "Foi ultrapassado: segmentos que vêm depois dele no fluxo foram vistos antes.".into(),
        Finding::PreviousUnseen => "Segmentos antes deste não foram vistos: perdidos no caminho, ou ainda por vir.".into(),
        Finding::AckedUnseen => "Confirma bytes que a captura nunca viu.".into(),
        Finding::DuplicateAck { nth, of } => {
            format!("ACK duplicado número {nth} daquele do #{of}: o receptor ainda espera por esse byte.")
        }
        Finding::ZeroWindow => "O buffer do receptor encheu: o outro lado não pode enviar nada até que seja lido.".into(),
        Finding::WindowFull => "Isto enche a janela do receptor até o último byte.".into(),
        Finding::WindowUpdate => "Nada novo além da janela: o receptor leu, e há espaço outra vez.".into(),
        Finding::ZeroWindowProbe => "Um byte em uma janela cheia, para saber se ela continua cheia.".into(),
        Finding::EmptyProbe => {
            "A janela está fechada: um segmento sem dados pergunta se ela já abriu (RFC 9293 §3.8.6.1).".into()
        }
        Finding::ZeroWindowProbeAck => "A resposta à sonda: a janela continua em zero.".into(),
        Finding::Keepalive => "Só pergunta se o outro lado ainda está lá.".into(),
        Finding::KeepaliveAck => "A resposta ao keepalive: ainda aqui.".into(),
        Finding::PortReused => "Estas duas portas já tiveram uma conexão: este SYN começa outra.".into(),
        Finding::Reset(reset) => reason(*reset).into(),
        Finding::CausedBy { packet } => format!("É a resposta ao #{packet}."),
        Finding::ScaleUnknown => {
            "A janela pode ser maior: os SYNs que combinam a sua escala não foram capturados (RFC 7323).".into()
        }
        Finding::ChecksumPartial => {
            "O checksum não está preenchido: em lo ninguém o faz; a placa, só depois da captura. Nada está errado."
                .into()
        }
        Finding::ChecksumBad => "O checksum está errado como foi capturado: se estragado no caminho, o receptor descarta sem avisar; se ainda não preenchido, nada está errado.".into(),
        Finding::Forged => "Nenhum kernel o fez: foi posto no fio à mão, ou por um cenário, em nome de quem o envia.".into(),
        Finding::Altered => "Campos dele foram alterados no caminho: quem o enviou não o enviou assim.".into(),
        Finding::Fragment { more: true, .. } => "Um pedaço de um datagrama maior; outros pedaços seguem.".into(),
        Finding::Fragment { more: false, .. } => "O último pedaço de um datagrama maior.".into(),
        Finding::Reassembled { fragments } => {
            format!("Chegou o último pedaço que faltava: aqui está o datagrama inteiro, montado de {fragments} fragmentos.")
        }
        Finding::FragmentOverlap => {
            "Sobrepõe outro pedaço do mesmo datagrama, o que nenhum remetente honesto faz: tudo é descartado (RFC 5722)."
                .into()
        }
        Finding::NoTime => "O arquivo não diz quando este pacote foi capturado.".into(),
        Finding::LengthBeyond { missing } => format!(
            "O cabeçalho IP diz {} B a mais do que veio: o quadro acabou antes do pacote. Só contam os bytes que vieram.",
            grouped(*missing)
        ),
        Finding::FurtherFrames { count } => {
            format!("O rádio enviou vários quadros como um só (A-MSDU). Só o primeiro é lido; há mais {count} depois dele.")
        }
        Finding::Cut { missing } => format!(
            "Só o começo foi capturado: {} {} {}.",
            plural(u64::from(*missing), "falta", "faltam"),
            grouped(*missing),
            plural(u64::from(*missing), "byte", "bytes")
        ),
    }
}

const fn reason(reset: ResetReason) -> &'static str {
    match reset {
        ResetReason::Refused => "RST a um SYN: ninguém escuta nessa porta.",
        ResetReason::Unwanted => "RST a um SYN+ACK: quem enviou o SYN não quer mais a conexão, ou varre portas.",
        ResetReason::AfterClose => "RST a dados que vieram depois que este lado fechou: não há mais quem os leia.",
        ResetReason::NoConnection => "RST a um segmento de uma conexão que este lado não tem (ou não tem mais).",
        ResetReason::Unread => {
            "RST provável porque o programa fechou com dados não lidos, ou de propósito (SO_LINGER 0)."
        }
        ResetReason::Aborted => "RST provavelmente de propósito (SO_LINGER 0): nada ficou sem ler.",
    }
}
