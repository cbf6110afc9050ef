//! Brazilian Portuguese: the form for a packet of one's own.

use super::super::forge::ForgeText;
use crate::domain::forge_form::{ForgePreset, ForgeRow};
use crate::domain::{ForgedChecksum, ForgedFault};

pub(super) const FORGE: ForgeText = ForgeText {
    inject: "Um pacote feito por você",
    change: |number| format!("Alterar #{number} no caminho"),
    row,
    preset,
    permitted: "permitido",
    checksum: |checksum| match checksum {
        ForgedChecksum::Right => "certo",
        ForgedChecksum::Wrong => "errado",
    },
    kept: "como está",
    relative: |number| format!("contado a partir do SYN: {number} no cabeçalho · a: absoluto"),
    absolute: "como está no cabeçalho · a: contado a partir do SYN",
    later: "só no fio",
    about,
    fault: |fault| match fault {
        ForgedFault::TooLong { len, most } => format!("{len} B não cabem, {most} B cabem: encurte os dados."),
        ForgedFault::Scale(scale) => {
            format!("A escala de janela {scale} é grande demais: no máximo 14 (RFC 7323 §2.3).")
        }
    },
};

const fn row(row: ForgeRow) -> &'static str {
    match row {
        ForgeRow::Preset => "modelo",
        ForgeRow::From => "em nome de",
        ForgeRow::Protocol => "protocolo",
        ForgeRow::Source => "porta origem",
        ForgeRow::Destination => "destino",
        ForgeRow::Code => "código",
        ForgeRow::About => "sobre",
        ForgeRow::Seq => "nº de seq.",
        ForgeRow::Ack => "nº de ACK",
        ForgeRow::Flags => "flags",
        ForgeRow::Window => "janela",
        ForgeRow::Mss => "MSS",
        ForgeRow::Scale => "escala",
        ForgeRow::SackOk => "SACK",
        ForgeRow::Clock => "timestamp",
        ForgeRow::Echo => "eco dele",
        ForgeRow::Payload => "dados",
        ForgeRow::Ttl => "TTL",
        ForgeRow::Ecn => "ECN",
        ForgeRow::Checksum => "checksum",
    }
}

const fn preset(preset: ForgePreset) -> &'static str {
    match preset {
        ForgePreset::Reset => "RST, o próximo número",
        ForgePreset::ResetInWindow => "RST dentro da janela",
        ForgePreset::ResetOutside => "RST fora da janela",
        ForgePreset::SynOnOpen => "SYN na conexão aberta",
        ForgePreset::Fin => "FIN vindo do nada",
        ForgePreset::OldDuplicate => "duplicata antiga",
        ForgePreset::Keepalive => "keepalive",
        ForgePreset::AckUnsent => "ACK do não enviado",
        ForgePreset::Data => "dados, próximos bytes",
        ForgePreset::NewSyn => "SYN de uma porta livre",
        ForgePreset::Datagram => "datagrama UDP",
        ForgePreset::Unreachable => "ICMP port unreachable",
    }
}

const fn about(preset: ForgePreset) -> &'static str {
    match preset {
        ForgePreset::Reset => "Um RST com exatamente o próximo número esperado (RFC 5961 §3).",
        ForgePreset::ResetInWindow => "Um RST cujo número é aceitável, mas não é o próximo (RFC 5961 §3).",
        ForgePreset::ResetOutside => "Um RST cujo número está além da janela (RFC 5961 §3).",
        ForgePreset::SynOnOpen => "Um SYN para uma conexão que já está aberta (RFC 5961 §4).",
        ForgePreset::Fin => "Um FIN com os números certos que nenhum programa causou (RFC 9293 §3.6).",
        ForgePreset::OldDuplicate => "Dados que já chegaram, com o número antigo (RFC 9293 §3.10.7.4).",
        ForgePreset::Keepalive => "Um ACK com o número anterior ao próximo (RFC 9293 §3.8.4).",
        ForgePreset::AckUnsent => "Um ACK de bytes que nunca foram enviados (RFC 9293 §3.10.7.4).",
        ForgePreset::Data => "Bytes em nome da outra ponta, com o próximo número (RFC 9293 §3.4).",
        ForgePreset::NewSyn => "Um SYN de uma porta sem socket: quem recebe a resposta? (RFC 9293 §3.5)",
        ForgePreset::Datagram => "Um datagrama de uma porta sem socket (RFC 768).",
        ForgePreset::Unreachable => "Como se um pacote do outro host tivesse achado a porta fechada (RFC 792).",
    }
}
