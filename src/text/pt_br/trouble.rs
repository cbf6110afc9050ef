//! Brazilian Portuguese: errors, notes, and what is wrong with a filter.

use super::super::Trouble;
use super::{grouped, plural};
use crate::domain::filter::FilterErrorKind;
use crate::domain::note::TableSource;
use crate::domain::{Errno, Note, SocketId};

pub(super) const fn errno(errno: Errno) -> Trouble {
    let (what, remedy) = match errno {
        Errno::Access => ("permissão negada", "portas abaixo de 1024 exigem root: escolha uma maior"),
        Errno::AddrInUse => ("esta porta está em uso", "encerre o programa ou use outra porta"),
        Errno::AddrNotAvail => (
            "acabaram as portas efêmeras, ou o endereço não existe aqui",
            "espere as portas saírem de TIME_WAIT, conecte a outro destino, ou confira o endereço",
        ),
        Errno::Again => ("nada para ler ou sem espaço para escrever agora", "tente mais tarde"),
        Errno::ConnAborted => ("o cliente desistiu antes do accept()", "nada a fazer: aceite o próximo"),
        Errno::ConnRefused => ("ninguém escuta nessa porta", "inicie o servidor, ou confira a porta"),
        Errno::ConnReset => ("o outro lado enviou um RST", "conecte de novo; os dados a caminho se perderam"),
        Errno::HostUnreach => ("não há caminho até essa máquina", "confira o endereço, o cabo e o firewall"),
        Errno::Interrupted => ("um sinal chegou antes", "chame de novo"),
        Errno::Invalid => ("um argumento não faz sentido para este socket", "confira a ordem das chamadas"),
        Errno::MessageSize => ("grande demais para um datagrama", "envie no máximo 65.507 bytes em IPv4"),
        Errno::Mfile => ("acabaram os descritores deste processo", "feche clientes com K, ou aumente `ulimit -n`"),
        Errno::NetUnreach => ("não há rota para essa rede", "confira o endereço e `ip route`"),
        Errno::Nfile => ("acabaram os descritores da máquina toda", "feche programas, ou aumente fs.file-max"),
        Errno::NoBufs => ("acabaram os buffers do kernel", "feche sockets e tente de novo"),
        Errno::NoEntry => ("programa ou arquivo não existe", "confira o nome e o caminho"),
        Errno::NoMem => ("acabou a memória do kernel", "feche sockets e tente de novo"),
        Errno::NotConn => ("o socket não está conectado", "conecte antes, ou use sendto()"),
        Errno::Perm => ("operação não permitida", "isto exige root ou uma capability"),
        Errno::Pipe => ("escrita para um lado que já se foi", "pare de escrever: a conexão acabou"),
        Errno::TimedOut => ("ninguém respondeu a tempo", "confira o endereço; um firewall pode estar calado"),
        Errno::Other(_) => ("a chamada falhou", "veja errno(3)"),
    };
    Trouble { what, remedy }
}

pub(super) fn note(note: &Note) -> String {
    match note {
        Note::Dropped { count } => format!(
            "Pacotes chegaram mais rápido do que se podia listar: {} {} aqui, mas não em um arquivo salvo.",
            grouped(*count),
            plural(*count, "falta", "faltam")
        ),
        Note::Descriptors { was, now } if was == now => {
            format!("Este processo pode ter {} descritores; cada socket é um.", grouped(*now))
        }
        Note::Descriptors { was, now } => {
            format!("Este processo pode ter {} descritores (eram {}); cada socket é um.", grouped(*now), grouped(*was))
        }
        Note::BurstCut { asked, made, errno } => burst(*asked, *made, *errno),
        Note::Has { what } => format!("Evidência disponível: {}.", super::evidence(*what).name),
        Note::Lacks { what, errno } => {
            let trouble = self::errno(*errno);
            format!("Evidência indisponível: {} ({errno}, {}).", super::evidence(*what).name, trouble.what)
        }
        Note::TableFrom { source: TableSource::SockDiag } => {
            "A tabela de sockets vem direto do kernel (sock_diag), com filas e timers.".into()
        }
        Note::TableFrom { source: TableSource::ProcNet } => {
            "A tabela de sockets vem de /proc/net, porque não há sock_diag: sem os backlogs.".into()
        }
        Note::TableFrom { source: TableSource::Netstat2 } => {
            "A tabela de sockets vem do netstat2: sem filas e sem timers.".into()
        }
        Note::TableFailed { errno } => format!(
            "Não foi possível ler a tabela de sockets: {errno}, {}. Nova tentativa em seguida.",
            self::errno(*errno).what
        ),
        Note::Addresses { addresses } if addresses.is_empty() => {
            "Esta máquina não está em rede nenhuma: não tem endereço além do loopback.".into()
        }
        Note::Addresses { addresses } => {
            let addresses: Vec<_> = addresses.iter().map(ToString::to_string).collect();
            format!("Outras máquinas poderiam alcançar esta por {}.", addresses.join(", "))
        }
        Note::PortRange { low, high } => {
            format!("O kernel escolhe as portas dos clientes de {low} a {high} (ip_local_port_range).")
        }
        Note::Observing { servers } => format!(
            "Observando {} {}: nenhum servidor nosso é iniciado.",
            servers.len(),
            plural(servers.len() as u64, "endereço", "endereços")
        ),
        Note::TraceLost { count } => format!(
            "O buffer de rastreamento do kernel encheu: {} {} {}.",
            plural(*count, "falta", "faltam"),
            grouped(*count),
            plural(*count, "transição", "transições")
        ),
        Note::TraceForeign { count } => format!(
            "O kernel também rastreou {} {} de sockets em outro network namespace (um contêiner?): {} fora.",
            grouped(*count),
            plural(*count, "transição", "transições"),
            plural(*count, "ficou", "ficaram")
        ),
        Note::CaptureLost { count } => {
            format!(
                "Os pacotes vieram mais rápido do que a captura: {} {}.",
                plural(*count, "falta", "faltam"),
                grouped(*count)
            )
        }
        Note::CaptureSaved { file, packets, dropped } => capture_saved(file, *packets, *dropped),
        Note::Mark { text } => format!("Marca: {}.", text.trim_end_matches('.')),
        Note::CaptureNotSaved { errno } => {
            format!("Não foi possível gravar os pacotes em um arquivo: {errno}, {}.", self::errno(*errno).what)
        }
        Note::RecordFailed { errno } => {
            format!("A gravação termina aqui: {errno}, {}. O laboratório continua.", self::errno(*errno).what)
        }
        Note::Unasked { socket, server, from } => {
            let who = match socket {
                SocketId::Client(id) => format!("O cliente {}", id.0),
                _ => "O broadcast".into(),
            };
            format!(
                "{who} perguntou a {server}, mas {from} também manda datagramas: descartados. Um socket UDP não conectado \
                 recebe o que qualquer um mandar para a sua porta."
            )
        }
        Note::NoThread { errno } => format!(
            "Não foi possível iniciar uma thread ({errno}, {}): a conexão foi fechada.",
            self::errno(*errno).what
        ),
    }
}

fn burst(asked: u32, made: u32, errno: Errno) -> String {
    let clients = plural(u64::from(asked), "cliente", "clientes");
    let made = format!("Foram criados só {} de {} {clients}", grouped(made), grouped(asked));
    if errno == Errno::Interrupted {
        return format!("{made}: todos foram fechados enquanto isso.");
    }
    let Trouble { what, remedy } = self::errno(errno);
    format!("{made}: {errno}, {what}. O que fazer: {remedy}.")
}

fn capture_saved(file: &str, packets: u64, dropped: u64) -> String {
    let left =
        format!(" {dropped} mais {}.", plural(dropped, "antigo não foi guardado", "antigos não foram guardados"));
    let saved = format!("{packets} {} em {file}.", plural(packets, "pacote gravado", "pacotes gravados"));
    if dropped == 0 { saved } else { saved + &left }
}

pub(super) fn filter(kind: &FilterErrorKind) -> String {
    match kind {
        FilterErrorKind::UnknownField(word) => {
            format!(
                "`{word}` não é um campo: port sport dport host src dst state proto pid uid recvq sendq flags len seq iface"
            )
        }
        FilterErrorKind::ExpectedValue { field } => format!("falta um valor para `{field}`"),
        FilterErrorKind::ExpectedTerm => "falta aqui o que procurar".into(),
        FilterErrorKind::BadNumber { field } => match field.largest() {
            Some(largest) => format!("`{field}` pede um número até {largest}"),
            None => format!("`{field}` pede um número"),
        },
        FilterErrorKind::BadRange { field } => format!("`{field}`: faixa sem número nenhum; o menor vem primeiro"),
        FilterErrorKind::BadAddress { field } => {
            format!("`{field}` pede um endereço: 127.0.0.1, 10.0.0.0/8, [::1]:65432")
        }
        FilterErrorKind::UnknownState => "nenhum estado TCP tem esse nome: listen, established, time_wait, …".into(),
        FilterErrorKind::UnknownProto => "tcp, udp ou icmp".into(),
        FilterErrorKind::UnknownFlag => "flags TCP: syn, ack, fin, rst, psh, urg, ou S. como o tcpdump escreve".into(),
        FilterErrorKind::NoOrder { field } => format!("`{field}` é igual ou diferente: não há menor nem maior"),
        FilterErrorKind::UnclosedParenthesis => "este ( não tem )".into(),
        FilterErrorKind::UnclosedQuote => "estas aspas não fecham".into(),
        FilterErrorKind::UnexpectedToken => "isto não pode estar aqui".into(),
        FilterErrorKind::TooDeep => "parênteses demais uns dentro dos outros".into(),
        FilterErrorKind::TooLong => "longo demais".into(),
    }
}
