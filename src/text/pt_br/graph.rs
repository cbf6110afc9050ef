//! Brazilian Portuguese: the graphs of a connection.

use super::super::graph::GraphText;
use super::plural;

pub(super) const GRAPH: GraphText = GraphText {
    curves: "Curvas",
    sequence: "Tempo–sequência",
    readings: |number, count| format!("{number} {}", plural(count, "leitura", "leituras")),
    segments: |number, count| format!("{number} {}", plural(count, "segmento", "segmentos")),
    no_reading: "Nenhuma leitura guardada: os dois kernels são consultados a cada pacote, e as de conexões antigas se perdem.",
    no_data: "Nenhum segmento desta ponta guardado aqui ocupa números de sequência.",
    in_flight: "em voo",
    reading: |number| format!("leitura {number}"),
    packet: |number| format!("pacote {number}"),
    marks: ["ACK", "estado", "perdido", "reenviado", "ECN", "retransmissão rápida", "timeout"],
    syn_again: "O SYN precisou ser reenviado mais de uma vez: a janela começa em 1 segmento (RFC 5681 §3.1).",
    after_timeout: "O temporizador expirou: cwnd caiu a 1 segmento, e o slow start recomeça, até ssthresh (RFC 5681 §3.1).",
    timed_out: "após um timeout",
    signs: ["segmentos", "confirmado", "fim da janela", "reenviado"],
    sent: |bytes, segments, count| format!("{bytes} B em {segments} {}", plural(count, "segmento", "segmentos")),
    unseen: |bytes| format!("mais {bytes} B em pacotes que não estão aqui"),
    again: |number, count| format!("{number} {}", plural(count, "reenviado", "reenviados")),
    lost: |number, count| format!("{number} {}", plural(count, "perdido", "perdidos")),
    throughput: |bytes| format!("vazão {bytes}/s"),
    acks: |count, usual, most, number| {
        format!("{count} {} de {usual} B em média, {most} no máximo", plural(number, "ACK", "ACKs"))
    },
    window: |least, now| format!("janela agora {now} B, a menor {least}"),
    rtt: |rtt, estimate| format!("RTT {rtt}, estimado {estimate}"),
    acknowledged: |by, after| format!("confirmado por #{by} após {after}"),
    unacknowledged: "não confirmado",
};
