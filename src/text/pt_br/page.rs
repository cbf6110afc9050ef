//! Brazilian Portuguese: a connection's page.

use super::super::page::{InfoText, PageText};
use super::grouped;
use super::{Meaning, plural};

const fn means(name: &'static str, means: &'static str) -> Meaning {
    Meaning { name, means }
}

pub(super) const PAGE: PageText = PageText {
    title: "Conexão",
    listener: "Socket que escuta",
    socket: "Socket UDP",
    client: "cliente",
    server: "servidor",
    before: "já existia quando começamos a observar: como surgiu não se sabe",
    elsewhere: "não está nesta máquina, ou nunca foi visto",
    not_known: "em tabela nenhuma agora: não se sabe",
    after: |span| format!("após {span}"),
    none: "Ainda não se viu nada acontecer.",
    info_client: "da ponta do cliente",
    info_server: "da ponta do servidor",
    asking: "Perguntando ao kernel.",
    lacking: "A tabela de sockets deste sistema não informa.",
    time_wait: "TIME_WAIT só guarda os endereços e um timer: o kernel não tem mais o que contar.",
    gone: "Esta ponta não está em tabela nenhuma: não há o que perguntar.",
    last: "como era por último",
    udp: &[
        "UDP: sem conexão, sem estado. O kernel guarda endereços e filas, e não conhece outra ponta:",
        "sem tempo de ida e volta, sem janela, nada é reenviado. Quem precisa disso o põe no programa.",
    ],
    listens: |waiting, limit| {
        format!("LISTEN não é conexão: {} de no máximo {} esperam por accept.", grouped(waiting), grouped(limit))
    },
    listens_note: "Recv-Q conta as que esperam, Send-Q é o limite: o que listen() recebeu, no máximo \
                   net.core.somaxconn. O Linux deixa entrar mais uma; depois descarta SYNs, e clientes ficam em \
                   SYN_SENT.",
    scroll: "↑ ↓ rolam",
    segments: |count| format!("{} {}", grouped(count), plural(u64::from(count), "segmento", "segmentos")),
    retransmitted: |now, all| format!("{now} agora, {all} ao todo"),
    out_in: |sent, received| format!("sai {sent}, entra {received}"),
    info: InfoText {
        rtt: means("rtt", "ida e volta, suavizado"),
        rto: means("rto", "sem resposta: reenvia"),
        cwnd: means("cwnd", "podem ir sem resposta"),
        ssthresh: means("ssthresh", "daí cwnd cresce menos"),
        retrans: means("retrans", "segmentos reenviados"),
        sent: means("enviados", "com os reenviados"),
        acked: means("confirm.", "SYN, FIN contam um"),
        received: means("recebidos", "em ordem"),
        mss: means("mss", "bytes num segmento"),
        window: means("janela", "bytes sem confirmação"),
        control: means("controle", "decide o cwnd"),
    },
};
