//! Brazilian Portuguese: the output of `doctor` and `exec`.

use super::super::doctor::DoctorText;
use super::super::need::Advice;
use super::{grouped, plural};
use crate::domain::note::TableSource;

pub(super) const DOCTOR: DoctorText = DoctorText {
    table: |source| match source {
        TableSource::SockDiag => "tabela de sockets por sock_diag, como a lê o ss (sock_diag(7))",
        TableSource::ProcNet => {
            "tabela de sockets de /proc/net, porque sock_diag é proibido: sem backlogs nem TCP_INFO"
        }
        TableSource::Netstat2 => "tabela de sockets pelo netstat2: sem filas nem timers",
    },
    no_table: "a tabela de sockets não pode ser lida",
    no_table_advice: Advice {
        sentence: "Os painéis de servidores e clientes funcionam sem ela; a tabela fica vazia.",
        command: None,
    },
    counted: |sockets, lacks, more| {
        let theirs = (sockets + more).saturating_sub(lacks);
        let lacking = if lacks > 0 { format!(", sem {}", grouped(lacks)) } else { String::new() };
        let besides = if more > 0 { format!(", com {} só dele", grouped(more)) } else { String::new() };
        let sockets = format!("{} {} TCP", grouped(sockets), plural(sockets as u64, "socket", "sockets"));
        format!("{sockets}, o netstat2 conta {}{lacking}{besides}", grouped(theirs))
    },
    counted_advice: Advice {
        sentence: "Sockets que vieram ou foram entre as leituras não contam: um dos dois leitores erra.",
        command: Some("ss -tan"),
    },
    not_counted: |sockets, errno| {
        let sockets = format!("{} {} TCP", grouped(sockets), plural(sockets as u64, "socket", "sockets"));
        format!("{sockets}; o netstat2 não consegue lê-los aqui ({errno}), e não é necessário")
    },
    sockets: "sockets em loopback: servidores e clientes funcionam",
    no_sockets: "sockets no loopback não funcionam",
    no_sockets_advice: Advice {
        sentence: "Num network namespace novo a interface lo está desligada; ligue-a, como root ou no próprio namespace.",
        command: Some("ip link set lo up"),
    },
    port_free: |port| format!("a porta {port} está livre"),
    port_held: |port, holder| match holder {
        Some(holder) => format!("a porta {port} está com {holder}"),
        None => format!("a porta {port} está com outro programa"),
    },
    port_advice: Advice {
        sentence: "O servidor dessa porta dirá quem a segura; encerre esse programa, ou inicie com outras portas.",
        command: Some("socklab-tui --server threaded=0"),
    },
    descriptors: |now, most| format!("{now} descritores, no máximo {most}"),
    descriptors_advice: Advice {
        sentence: "Cada socket é um descritor: para milhares de clientes aumente o limite no shell que inicia o programa.",
        command: Some("ulimit -n 65536"),
    },
    ephemeral: |low, high| format!("portas efêmeras de {low} a {high}"),
    colours: |count| format!("{count} cores"),
    no_colours: "sem cores (NO_COLOR está definida)",
    colours_advice: Advice {
        sentence: "Remova NO_COLOR para ver os estados em cores; nada é dito só pela cor.",
        command: Some("unset NO_COLOR"),
    },
    unicode: "caracteres além do ASCII",
    unicode_advice: Advice {
        sentence: "Tudo é desenhado com ASCII; um locale UTF-8 dá linhas e símbolos.",
        command: Some("export LC_ALL=C.UTF-8"),
    },
    wire: "O laboratório do fio precisa de:",
    works: "O laboratório funciona aqui.",
    broken: "O laboratório não funciona aqui: nem sockets em loopback funcionam.",
    wire_opens: |opens| {
        if opens { "O laboratório do fio abre aqui." } else { "O laboratório do fio não abre aqui." }
    },
    no_wire: "nenhum laboratório do fio está aberto: abra um em outro terminal com `socklab-tui wire`",
    several: |processes| {
        format!("vários laboratórios do fio estão abertos: diga qual com --of e o processo ({processes})")
    },
    not_started: |why| format!("o programa não pôde ser iniciado: {why}"),
};
