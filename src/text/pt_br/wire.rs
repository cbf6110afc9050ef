//! Brazilian Portuguese: the wire's view.

use super::super::wire::{ForecastText, Resent, WireText};
use super::{grouped, plural};
use crate::domain::wire::{CloseReason, LossReason};
use crate::domain::{Congestion, Errno, Flags, HostId, SentAgain, Setting, Syscall, TcpInput, TcpState};

pub(super) const WIRE: WireText = WireText {
    lab: "LAB DO FIO",
    step: "passo a passo",
    slow: |hop| format!("lento {hop}"),
    live: "ao vivo",
    mixed: "cada sentido a seu modo",
    opening: "Abrindo os dois hosts …",
    absent: "Os dois hosts não existem.",
    lacking: "O lab do fio não pode ser aberto aqui.",
    lacks: |need| format!("Falta: {need}."),
    nothing_left: "Nada ficou aberto pela metade. O laboratório desta máquina continua.",
    closed: |why| match why {
        CloseReason::Asked => "O lab do fio foi desmontado: os dois hosts sumiram, com todos os seus sockets.",
        CloseReason::HelperEnded => {
            "O processo que mantém os dois hosts terminou: ambos sumiram, com todos os seus sockets."
        }
        CloseReason::LinkFailed => "A ligação com um dos hosts falhou: ambos sumiram, com todos os seus sockets.",
    },
    again: |key| format!("{key} abre de novo."),
    back: |key| format!("{key} volta ao laboratório desta máquina."),
    host: |host| match host {
        HostId::Client => "cliente",
        HostId::Server => "servidor",
    },
    no_socket: "nenhum socket",
    more: |count| format!("e mais {}", grouped(count)),
    listen: |count| format!("{} servidores escutam", grouped(count)),
    title: "O fio",
    only: |from| match from {
        HostId::Client => "teclas: só cliente → servidor",
        HostId::Server => "teclas: só servidor → cliente",
    },
    held_count: |count| format!("{} {}", grouped(count), plural(count as u64, "retido", "retidos")),
    cut: "CORTADO",
    unfolded: "toda retransmissão listada",
    unlisted: |number, count| {
        format!(
            "{number} {}",
            plural(count, "pacote a toda velocidade não listado", "pacotes a toda velocidade não listados")
        )
    },
    missing: |number| format!("#{number} não está mais no fio"),
    empty_in_lesson: "Nada no fio ainda.",
    empty: |key, server| {
        format!("Nada no fio. Tecle {key}: um cliente chama connect() para {server}, e o SYN dele fica retido aqui.")
    },
    offer: |key, title| format!("Ou {key}: o primeiro cenário, \"{title}\", passo a passo."),
    held: |span| format!("RETIDO {span}"),
    flying: |span| format!("faltam {span}"),
    lost: |why| match why {
        LossReason::Asked => "PERDIDO: descartado por você",
        LossReason::Chance => "PERDIDO por acaso",
        LossReason::Cut => "PERDIDO: o fio está cortado",
        LossReason::Overflow => "PERDIDO: o fio está cheio",
        LossReason::Queue => "PERDIDO: a fila estava cheia",
        LossReason::Mtu => "PERDIDO: maior que o MTU",
        LossReason::Every => "PERDIDO: era a vez dele",
        LossReason::Link => "PERDIDO: o host não pôde recebê-lo",
    },
    sent_again: |times| format!("reenviado ×{}", grouped(times)),
    rto_now: |span| format!("RTO agora {span}"),
    last_after: |span| format!("o último após {span}"),
    resent_of: |number| format!("#{number} de novo"),
    copy_of: |number| format!("cópia de #{number}"),
    damaged: "danificado",
    forged: "FORJADO",
    by_forged: "O kernel não tem como saber: o outro lado nunca enviou esse segmento, e não sabe dele.",
    altered: "ALTERADO",
    delivers: |key| format!("{key} o entrega: "),
    loses: |key| format!("{key} o perde: "),
    forecast: ForecastText {
        cut: "o fio está cortado neste sentido",
        too_large: "é maior que o MTU do enlace: descartado se tiver DF, senão dividido (RFC 1191 §2)",
        link_full: "a fila do enlace está cheia, e o que chega é descartado",
        corrupt: "o checksum está errado, e o kernel o descarta sem dizer nada (RFC 9293 §3.1)",
        opens: "o servidor responderá SYN+ACK e irá a SYN_RECV (RFC 9293 §3.10.7.2)",
        queue_full: "a fila de accept está cheia: o Linux descarta este SYN, e o cliente o reenviará",
        refused: "ninguém escuta nessa porta: um RST voltará (RFC 9293 §3.10.7.1)",
        opens_at_once: "os dois estão abrindo: irá a SYN_RECV e responderá SYN+ACK (RFC 9293 §3.5)",
        answers: "o cliente ficará ESTABLISHED e responderá ACK (RFC 9293 §3.10.7.3)",
        completes: "o último passo do handshake: SYN_RECV vira ESTABLISHED (RFC 9293 §3.10.7.4)",
        peer_closes: "o outro lado não tem mais o que enviar: CLOSE_WAIT, respondido por ACK (RFC 9293 §3.10.7.4)",
        closes_in_turn: "recv() vai retornar 0 e o programa também vai fechar: CLOSE_WAIT, LAST_ACK, e a resposta é FIN+ACK (RFC 9293 §3.6)",
        fin_acked: "o seu próprio FIN é confirmado: FIN_WAIT1 vira FIN_WAIT2 (RFC 9293 §3.10.7.4)",
        both_close: "os dois fecharam ao mesmo tempo: FIN_WAIT1 vira CLOSING (RFC 9293 §3.6)",
        last_fin: "o outro lado também fechou: TIME_WAIT, respondido por ACK (RFC 9293 §3.10.7.4)",
        both_closed: "o seu próprio FIN é confirmado: CLOSING vira TIME_WAIT (RFC 9293 §3.6)",
        over: "o último ACK: LAST_ACK vira CLOSED, e o socket some (RFC 9293 §3.10.7.4)",
        reset: "a conexão some na hora, sem ACK e sem TIME_WAIT (RFC 9293 §3.10.7.4)",
        reset_opening: "connect() falhará com ECONNREFUSED (RFC 9293 §3.10.7.3)",
        reset_half_open: "a conexão meio aberta é esquecida: de volta a LISTEN (RFC 9293 §3.10.7.4)",
        rst_challenged: "o número está na janela, mas não é o próximo: voltará um challenge ACK (RFC 5961 §3.2)",
        rst_outside: "o número está fora da janela: este RST é jogado fora (RFC 5961 §3.2)",
        syn_challenged: "a conexão está aberta, e este SYN pode ser forjado: voltará um challenge ACK (RFC 5961 §4.2)",
        acks_unsent: "confirma o que nunca foi enviado: é jogado fora, e voltará um ACK (RFC 9293 §3.10.7.4)",
        old_clock: "o timestamp é mais velho que o último: o PAWS o joga fora, e voltará um ACK (RFC 7323 §5.3)",
        data: "os bytes vão ao buffer de recepção, para recv(), e serão confirmados (RFC 9293 §3.10.7.4)",
        after_close: "close() já foi chamado lá e ninguém pode mais ler nada: volta um RST (RFC 9293 §3.6.1)",
        acks: "um ACK: o que ele confirma não precisa ser reenviado (RFC 9293 §3.10.7.4)",
        gap: "falta algo antes dele: recv() ainda não recebe nada, um ACK repete o que falta",
        old: "estes bytes já chegaram: são descartados e respondidos por ACK (RFC 9293 §3.10.7.4)",
        datagram: "um socket tem essa porta: recebe o datagrama, e ninguém o confirma (RFC 768)",
        no_port: "ninguém tem essa porta: ICMP port unreachable voltará (RFC 1122 §4.1.3.1)",
        unreachable: "um socket UDP conectado o ouve como ECONNREFUSED na próxima chamada, outro nunca (udp(7))",
        arrives: |to| match to {
            HostId::Client => "chega ao cliente",
            HostId::Server => "chega ao servidor",
        },
    },
    rto: "RTO",
    retransmitted: |times| format!("{times} {}", plural(u64::from(times), "reenviado", "reenviados")),
    story: "O que acabou de acontecer",
    bound_to_itself: |host| {
        let (it, other, address) = (the_host(host), the_host(host.other()), host.address());
        format!(
            "Um programa n{it} usa o 127.0.0.1, que é {it} mesmo: nada disso cruza o fio, e {other} não o alcança. Faça bind em {address} ou 0.0.0.0."
        )
    },
    spoke_to_itself: |host| {
        let (it, address) = (the_host(host), host.other().address());
        format!(
            "Um programa n{it} falou com {it} mesmo, pois é isso que 127.0.0.1 quer dizer ali: nada disso cruza o fio. Faça connect em {address}."
        )
    },
    story_none: "Nada ainda. Cada pacote para no fio até que você o deixe seguir.",
    dialing: "connect() foi chamada; só retorna quando vier uma resposta.",
    called,
    sent: |names, many| format!("{names} {} no fio.", if many { "estão" } else { "está" }),
    and: "e",
    delivered: |name, to| {
        format!(
            "{name} chegou {}.",
            match to {
                HostId::Client => "ao cliente",
                HostId::Server => "ao servidor",
            }
        )
    },
    was_lost: |name, why| format!("{name} se perdeu: {}.", why_lost(why)),
    why_lost,
    resent: |resent| match resent {
        Resent::ByTimer => "Ninguém é avisado. Quem enviou espera um ACK e reenvia quando o RTO acabar (RFC 6298 §5).",
        Resent::Ack => {
            "Ninguém é avisado. Um ACK puro nunca é reenviado por si; o próximo diz o mesmo (RFC 9293 §3.4)."
        }
        Resent::Rst => "Ninguém é avisado. Um RST nunca é reenviado: o outro lado ainda acredita na conexão.",
        Resent::Never => {
            "Ninguém é avisado, e nada será reenviado: o UDP não guarda cópia nem espera resposta (RFC 768)."
        }
    },
    copied: |name, copy| format!("{name} foi entregue, e uma cópia dele fica no fio como #{copy}."),
    corrupted: |name| format!("Um bit de {name} foi invertido: o checksum já não confere (RFC 9293 §3.1)."),
    injected: |name, from| {
        let host = the_host(from);
        format!("{name} está no fio como se {host} o tivesse enviado: o kernel dele não sabe de nada.")
    },
    changed: |name, from| format!("{name} foi alterado no caminho: {} não o enviou assim.", the_host(from)),
    swapped: |front, behind| format!("{behind} passou à frente de {front}: o IP não promete ordem (RFC 791)."),
    sent_anew: |name, from, of, (why, flags)| {
        let host = the_host(from);
        match why {
            SentAgain::Timer => {
                format!("Não veio {} a tempo: {host} reenviou #{of}, como {name} (RFC 6298 §5).", awaited(flags))
            }
            SentAgain::DuplicateAcks(count) => {
                format!("{}: {host} reenviou #{of} na hora, como {name} (RFC 5681 §3.2).", duplicates(count))
            }
            SentAgain::RepeatedSyn => format!(
                "O SYN chegou de novo: {host} respondeu outra vez, #{of} como {name}. A primeira resposta, ou o ACK dela, não chegou."
            ),
            SentAgain::Probe => format!(
                "A janela está fechada: {host} reenviou #{of}, como {name}, para saber se ela abriu (RFC 9293 §3.8.6.1)."
            ),
        }
    },
    folded: |name, from, (times, after), (why, flags)| {
        let host = the_host(from);
        let so_far = format!("{times} {} até agora", plural(u64::from(times), "vez", "vezes"));
        match why {
            SentAgain::Timer => {
                format!("Não veio {} em {after}: {host} reenviou {name}, {so_far} (RFC 6298 §5).", awaited(flags))
            }
            SentAgain::DuplicateAcks(count) => {
                format!("{}: {host} reenviou {name} na hora, {so_far} (RFC 5681 §3.2).", duplicates(count))
            }
            SentAgain::RepeatedSyn => {
                format!(
                    "O SYN chegou de novo: {host} respondeu outra vez com {name}, {so_far}. O primeiro ainda está no fio."
                )
            }
            SentAgain::Probe => format!(
                "A janela está fechada: {host} reenviou {name}, {so_far}, para saber se ela abriu (RFC 9293 §3.8.6.1)."
            ),
        }
    },
    probed: |name, from| {
        format!("A janela está fechada: com {name}, {} pergunta se ela já abriu (RFC 9293 §3.8.6.1).", the_host(from))
    },
    fold_note: "O reenvio não ganha outra seta: é contado na do primeiro.",
    edge,
    settings: "Ajustes dos dois hosts e do enlace",
    settings_foot: "↑ ↓ ajuste · Tab host · ← → mudar · outra tecla fecha",
    settings_note: "Valem para conexões feitas de agora em diante (ip-sysctl).",
    setting: |setting| match setting {
        Setting::Timestamps(_) => "opção timestamps (RFC 7323)",
        Setting::Sack(_) => "ACKs seletivos, SACK (RFC 2018)",
        Setting::WindowScaling(_) => "escala de janela (RFC 7323)",
        Setting::TailLossProbe(_) => "sonda de cauda (RFC 8985)",
        Setting::EphemeralRange(..) => "portas efêmeras",
        Setting::TwReuse(_) => "reuso de portas TIME_WAIT",
        Setting::SynLinearTimeouts(_) => "timeouts de SYN antes de dobrar",
        Setting::SynRetries(_) => "reenvios de SYN",
        Setting::SynAckRetries(_) => "reenvios de SYN+ACK",
        Setting::Retries(_) => "reenvios de dados",
        Setting::OrphanRetries(_) => "reenvios de órfãos",
        Setting::FinTimeout(_) => "FIN_WAIT2 órfão",
        Setting::Somaxconn(_) => "maior backlog (somaxconn)",
        Setting::Ecn(_) => "ECN (RFC 3168)",
        Setting::RememberMetrics(_) => "caminhos lembrados",
        Setting::SynCookies(_) => "SYN cookies",
        Setting::Congestion(_) => "controle de congestionamento",
        Setting::ReceiveBuffer(_) => "buffer de recepção",
        Setting::SendBuffer(_) => "buffer de envio",
        Setting::Nagle(_) => "Nagle, nossos próprios sockets",
        Setting::FastOpen(_) => "TCP Fast Open (RFC 7413)",
        Setting::Rfc1337(_) => "TIME_WAIT ignora RST (RFC 1337)",
        Setting::Mtu(_) => "MTU da interface",
        Setting::RtoMin(_) => "menor RTO",
        Setting::Patience(_) => "paciência: os timeouts esperam você",
    },
    value,
    kernels: "o do kernel",
    refused: |errno| format!("recusado: {errno}"),
    programs: "Programas nos hosts",
    began: |pid| format!("iniciado, pid {pid}"),
    child_began: |pid, parent| format!("pid {pid}, iniciado por {parent}"),
    ended: |status, signal| match (status, signal) {
        (_, Some(signal)) => format!("terminado pelo sinal {signal}"),
        (Some(status), None) => format!("terminou com {status}"),
        (None, None) => "terminou".into(),
    },
    not_started: |name, errno| format!("{name} não iniciou: {errno}"),
    skipped: |lines| format!("({} {})", grouped(lines), plural(lines, "linha não mostrada", "linhas não mostradas")),
    prompt: "rodar",
    prompt_wrong: "diga antes onde: cliente PROGRAMA ou servidor PROGRAMA",
    say_to: |server| format!("para {server}"),
};

const fn why_lost(why: LossReason) -> &'static str {
    match why {
        LossReason::Asked => "você o descartou",
        LossReason::Chance => "por acaso",
        LossReason::Cut => "o fio está cortado",
        LossReason::Overflow => "havia pacotes demais esperando",
        LossReason::Queue => "encontrou cheia a fila do enlace (RFC 7567 §2)",
        LossReason::Mtu => "é maior que o MTU do enlace, e o DF proíbe dividi-lo (RFC 1191 §2)",
        LossReason::Every => "o enlace perde um a cada tantos",
        LossReason::Link => "o host não pôde recebê-lo",
    }
}

const fn the_host(host: HostId) -> &'static str {
    match host {
        HostId::Client => "o cliente",
        HostId::Server => "o servidor",
    }
}

/// What a segment with these flags waits for.
const fn awaited(flags: Flags) -> &'static str {
    match (flags.has(Flags::SYN), flags.has(Flags::ACK), flags.has(Flags::FIN)) {
        (true, false, _) => "o SYN+ACK",
        (true, true, _) => "o ACK do SYN+ACK",
        (false, _, true) => "o ACK do FIN",
        (false, _, false) => "o ACK",
    }
}

fn duplicates(count: usize) -> String {
    if count == 1 { "1 ACK duplicado pediu por ele".into() } else { format!("{count} ACKs duplicados pediram por ele") }
}

fn called(host: HostId, call: Syscall, len: Option<usize>, errno: Option<Errno>) -> Option<String> {
    if let Some(errno) = errno {
        return Some(format!("{call}() falhou {}: {errno}.", on(host)));
    }
    Some(match (call, len) {
        (Syscall::Connect, _) => "connect() retornou: a conexão está aberta.".into(),
        (Syscall::Accept, _) => "accept() deu ao programa do servidor um socket novo para esta conexão.".into(),
        (Syscall::Send | Syscall::Sendto, Some(len)) => format!("{} chamou {call}({len}).", capital(host)),
        (Syscall::Recv, Some(0)) => format!("recv() {} retornou 0: o outro lado fechou.", on(host)),
        (Syscall::Recv | Syscall::Recvfrom, Some(len)) => {
            format!("{call}() entregou {len} B ao programa {}.", of(host))
        }
        (Syscall::Close | Syscall::Shutdown, _) => format!("{} chamou {call}().", capital(host)),
        _ => return None,
    })
}

const fn on(host: HostId) -> &'static str {
    match host {
        HostId::Client => "no cliente",
        HostId::Server => "no servidor",
    }
}

const fn of(host: HostId) -> &'static str {
    match host {
        HostId::Client => "do cliente",
        HostId::Server => "do servidor",
    }
}

const fn capital(host: HostId) -> &'static str {
    match host {
        HostId::Client => "O cliente",
        HostId::Server => "O servidor",
    }
}

const fn edge(from: TcpState, to: TcpState, by: Option<TcpInput>) -> Option<&'static str> {
    use TcpState::{
        CloseWait, Closed, Closing, Established, FinWait1, FinWait2, LastAck, Listen, SynRecv, SynSent, TimeWait,
    };
    Some(match (from, to) {
        (Closed, SynSent) => {
            "O seu SYN pede uma conexão. Até vir uma resposta, o outro lado não sabe de nada (RFC 9293 §3.5)."
        }
        (Closed, Listen) => "Espera por SYNs; nenhum pacote foi enviado (RFC 9293 §3.10.1).",
        (Listen, SynRecv) => "Responde com SYN+ACK e espera a confirmação (RFC 9293 §3.10.7.2).",
        (Listen, Closed) => "Ninguém escuta mais.",
        (SynSent, Established) => {
            "O seu SYN foi confirmado: já pode enviar, embora o outro lado talvez não saiba (RFC 9293 §3.5)."
        }
        (SynSent, SynRecv) => {
            "Os dois lados abriram ao mesmo tempo: responde SYN+ACK (RFC 9293 §3.5, abertura simultânea)."
        }
        (SynRecv, Established) => "O handshake está completo: cada lado conhece os números do outro (RFC 9293 §3.5).",
        (SynRecv, FinWait1) => "Fecha antes de o handshake estar completo: o seu FIN sai (RFC 9293 §3.10.4).",
        (SynRecv, Listen) => "A conexão meio aberta é esquecida; quem escuta continua (RFC 9293 §3.10.7.4).",
        (Established, FinWait1) => {
            "Não tem mais o que dizer: o seu FIN vai depois dos dados e espera um ACK (RFC 9293 §3.6)."
        }
        (Established, CloseWait) => {
            "O FIN do outro lado chegou. Este lado ainda pode enviar até fechar também (RFC 9293 §3.6)."
        }
        (FinWait1, FinWait2) => "O seu FIN foi confirmado; o outro lado ainda não fechou (RFC 9293 §3.6).",
        (FinWait1, Closing) => "Os dois FINs se cruzaram no fio: espera o ACK do seu (RFC 9293 §3.6).",
        (FinWait1 | FinWait2 | Closing, TimeWait) => {
            "Os dois lados fecharam. Espera 60 s no Linux, caso o seu último ACK se perca (RFC 9293 §3.6.1)."
        }
        (CloseWait, LastAck) => "Fechou por segundo: o seu FIN espera o último ACK (RFC 9293 §3.6).",
        (LastAck, Closed) => {
            "O seu FIN foi confirmado: o socket some na hora; sem TIME_WAIT para quem fecha por segundo."
        }
        (TimeWait, Closed) => "A espera acabou: a porta está livre de novo.",
        (FinWait1 | FinWait2, Closed) if matches!(by, Some(TcpInput::DataAfterClose)) => {
            "Chegou mais depois de close(), e não há programa que leia: a resposta foi um RST (RFC 9293 §3.6.1)."
        }
        (SynSent, Closed) if matches!(by, Some(TcpInput::Rst)) => {
            "Um RST recusou: nenhum programa escuta nessa porta (RFC 9293 §3.10.7.3)."
        }
        (SynSent, Closed) => "Não haverá conexão.",
        (_, Closed) if matches!(by, Some(TcpInput::Rst)) => {
            "O RST do outro lado a encerrou na hora: o programa dele fechou ou foi morto com bytes não lidos, ou aborta de propósito (SO_LINGER 0). O que estava a caminho se perde (RFC 9293 §3.10.7.4)."
        }
        (_, Closed) if matches!(by, Some(TcpInput::Abort)) => {
            "Mandou um RST: o programa fechou ou foi morto com bytes não lidos, ou aborta de propósito (RFC 2525 §2.17)."
        }
        (_, Closed) => "A conexão sumiu sem FIN: derrubada ou abandonada (RFC 9293 §3.5.3).",
        _ => return None,
    })
}

fn value(setting: &Setting) -> String {
    let switch = |on: bool| if on { "ligado" } else { "desligado" }.to_owned();
    match *setting {
        Setting::Timestamps(on)
        | Setting::Sack(on)
        | Setting::WindowScaling(on)
        | Setting::TailLossProbe(on)
        | Setting::RememberMetrics(on)
        | Setting::SynCookies(on)
        | Setting::Rfc1337(on)
        | Setting::Nagle(on) => switch(on),
        Setting::Patience(true) => "sim: RTO ≥ 110 s".into(),
        Setting::Patience(false) => "não: RTO ≥ 0,2 s".into(),
        Setting::EphemeralRange(low, high) => format!("{low}–{high}"),
        Setting::TwReuse(0) => "nunca".into(),
        Setting::TwReuse(1) => "sempre".into(),
        Setting::TwReuse(_) => "no loopback".into(),
        Setting::SynLinearTimeouts(0) => "0: como na RFC".into(),
        Setting::SynLinearTimeouts(count) => count.to_string(),
        Setting::SynRetries(count)
        | Setting::SynAckRetries(count)
        | Setting::Retries(count)
        | Setting::OrphanRetries(count) => count.to_string(),
        Setting::FinTimeout(seconds) => format!("{seconds} s"),
        Setting::Somaxconn(limit) => limit.to_string(),
        Setting::Ecn(0) => "nunca".into(),
        Setting::Ecn(1) => "sempre".into(),
        Setting::Ecn(_) => "se o outro pedir".into(),
        Setting::FastOpen(0) => "desligado".into(),
        Setting::FastOpen(1) => "para connect()".into(),
        Setting::FastOpen(2) => "para listen()".into(),
        Setting::FastOpen(_) => "para os dois".into(),
        Setting::Mtu(bytes) => format!("{} B", grouped(bytes)),
        Setting::RtoMin(ms) => format!("RTO ≥ {ms} ms"),
        Setting::Congestion(Congestion::Reno) => "Reno".into(),
        Setting::Congestion(Congestion::Cubic) => "CUBIC".into(),
        Setting::ReceiveBuffer(bytes) | Setting::SendBuffer(bytes) => format!("{} B", grouped(bytes)),
    }
}
