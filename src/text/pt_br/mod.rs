//! Brazilian Portuguese.

mod capture;
mod checks;
mod doctor;
mod fields;
mod files;
mod forge;
mod graph;
mod guard;
mod keys;
mod lesson;
mod link;
mod need;
mod network;
mod packets;
mod page;
mod trouble;
mod verdict;
mod wire;

use super::panes::{
    BroadcastText, ClientsText, HeaderText, HelpText, LifecycleText, NetstatText, PortsText, ServersText, TooSmallText,
};
use super::{Meaning, NumberFormat, Text, again, plural};
use crate::domain::{ControlInQueue, Evidence, Syscall};

const NUMBERS: NumberFormat = NumberFormat { group: '.', point: ',' };

pub(super) static TEXT: Text = Text {
    code: "PT",
    numbers: NUMBERS,
    header: HEADER,
    servers: SERVERS,
    clients: CLIENTS,
    netstat: NETSTAT,
    lifecycle: LIFECYCLE,
    broadcast: BROADCAST,
    ports: PORTS,
    page: page::PAGE,
    wire: wire::WIRE,
    graph: graph::GRAPH,
    forge: forge::FORGE,
    link: link::LINK,
    verdict: verdict::VERDICT,
    packets: packets::PACKETS,
    files: files::FILES,
    keys: keys::KEYS,
    help: HELP,
    lessons: lesson::LESSONS,
    doctor: doctor::DOCTOR,
    checks: checks::CHECKS,
    network: network::NETWORK,
    small: TooSmallText {
        sorry: "Desculpe, este terminal é pequeno demais.",
        needs: |columns, rows| format!("O laboratório precisa de {columns}×{rows}."),
        has: |columns, rows| format!("Aqui há {columns}×{rows}."),
    },
    evidence,
    need: need::need,
    remedy: need::remedy,
    errno: trouble::errno,
    note: trouble::note,
    guard: guard::guard,
    capture: capture::capture,
    no_terminal,
    filter: trouble::filter,
};

/// `number` with this language's separators: one key press can make a thousand clients.
fn grouped(number: impl TryInto<u64>) -> String {
    NUMBERS.count(number.try_into().unwrap_or(u64::MAX))
}

fn no_terminal(commands: &str) -> String {
    format!("o laboratório precisa de um terminal, e aqui não há; sem ele há os comandos: {commands}")
}

const HEADER: HeaderText = HeaderText {
    loopback: "só loopback",
    open: "ABERTO À REDE",
    observing: "observando, nenhum servidor nosso",
    clients: |number, count| format!("{number} {}", plural(count as u64, "cliente", "clientes")),
    events: |number, count| format!("{number} {}", plural(count, "evento", "eventos")),
    lost: |number, count| {
        format!("{number} {}", plural(count, "mudança de estado perdida", "mudanças de estado perdidas"))
    },
    missing_short: |number| format!("faltam {number}"),
    missing: |number, count| {
        format!("{} {number} {}", plural(count, "falta", "faltam"), plural(count, "pacote", "pacotes"))
    },
    dark: "escuro",
    light: "claro",
    contrast: "contraste",
    mono: "mono",
};

const SERVERS: ServersText = ServersText {
    title: "Servidores",
    none: "Nenhum servidor ainda.",
    none_on_wire: |key| {
        format!("Nenhum nestes dois hosts: o cenário tem seus próprios sockets. {key} mostra os desta máquina.")
    },
    bound: "vinculado",
    stopped: "parado",
    port_taken: "em uso",
    nobody: "ninguém escuta",
    watched: "observado: não é nosso",
    watched_by: |who| format!("observado: {who}, não é nosso"),
    in_the_way: |connection, state, left| {
        let left = left.map_or_else(String::new, |left| format!(" {left}"));
        format!("{connection} {state}{left}: bind() dá EADDRINUSE, a não ser que os dois sockets tenham SO_REUSEADDR")
    },
    held_by: |who| format!("ocupada por {who}"),
    one_at_a_time: "1 por vez",
    threads: |count| format!("{} {}", grouped(count), plural(count as u64, "thread", "threads")),
    tasks: |count| format!("{} {}", grouped(count), plural(count as u64, "task", "tasks")),
    kept_open: |count| format!("{} {}", grouped(count), plural(count as u64, "mantida aberta", "mantidas abertas")),
    datagrams: |number, count| format!("{number} {}", plural(count, "datagrama", "datagramas")),
    waiting: |count| format!("{} na fila", grouped(count)),
    busy_with: |peer| format!("ocupado com {peer}"),
    served: |number, count| format!("{number} {}", plural(count, "conexão aceita", "conexões aceitas")),
    traffic: |received, sent| format!("{received} recebidos, {sent} enviados"),
    queue: |waiting, backlog| format!("fila de accept {} de {}", grouped(waiting), grouped(backlog)),
    half_open: |open, limit| {
        let open_word = plural(u64::from(open), "semiaberta", "semiabertas");
        format!("{} {open_word} (SYN_RECV), backlog {}", grouped(open), grouped(limit))
    },
    half_open_short: |open| format!("{} {}", grouped(open), plural(u64::from(open), "semiaberta", "semiabertas")),
    paused: |errno, what| format!("accept em pausa: {errno}, {what}"),
    retry: "tenta de novo",
};

const CLIENTS: ClientsText = ClientsText {
    title: "Portas dos clientes",
    first: |server| format!("conecta um cliente a {server}: o kernel escolhe a porta dele"),
    lessons: "as lições",
    by_packet: "um pacote por vez, em dois hosts só seus, sem root",
    none_on_wire: |key| {
        format!(
            "Nenhum cliente pode se conectar aqui: nenhum servidor do lab roda nestes dois hosts. {key} mostra esta máquina."
        )
    },
    counts: |live, all| format!("{} de {} abertos", grouped(live), grouped(all)),
    broadcasting: |count| format!("{} do broadcast", grouped(count)),
    short: |made, asked, errno| {
        let clients = plural(asked.into(), "cliente", "clientes");
        format!("{errno}: só {} de {} {clients}", grouped(made), grouped(asked))
    },
    starting: "iniciando",
    connecting: "conectando",
    open: "aberto",
    half_closed: "meio fechado",
    ended: "fechado",
    gone: "sumiu da tabela",
    no_state: "sem estado",
    no_connection: "UDP: sem conexão",
    gone_in: |span| format!("some em {span}"),
    server_end: "lado do servidor",
    waiting: "esperando na fila de accept",
    waiting_short: "na fila de accept",
    queued: "na fila",
    broadcaster: "broadcast",
    other: "outro",
    chosen: "portas pares, +2 a +16 cada (RFC 6056)",
    redrawn: "+2 a +16 cada; novo sorteio a cada 10 s",
};

const NETSTAT: NetstatText = NetstatText {
    none: "A tabela de sockets está vazia.",
    none_match: "Nenhum socket combina. Tecle / para mudar o filtro, f para observar mais.",
    unread: "A tabela de sockets ainda não foi lida.",
    count: |shown, all| format!("{shown} de {all}"),
    rows: |shown, all, count| {
        let shown = shown.map_or_else(String::new, |shown| format!("{shown} de "));
        format!("{shown}{all} {}", plural(count, "linha", "linhas"))
    },
    local: "Endereço local",
    foreign: "Endereço remoto",
    local_short: "Local",
    foreign_short: "Remoto",
    state: "Estado",
    timer: "Timer",
    process: "PID/Programa",
    newest: "mais novos primeiro",
    oldest: "mais antigos primeiro",
    order: |column| format!("por {column}"),
    gone_in: |span| format!("some em {span}"),
    resend_in: |span, times| format!("reenvio {span}{}", again(times)),
    keepalive_in: |span, times| format!("keepalive {span}{}", again(times)),
    probe_in: |span, times| format!("sonda {span}{}", again(times)),
    waiting: |count, limit| format!("{} de {} na fila", grouped(count), grouped(limit)),
    listener: "LISTEN: Recv-Q espera accept, Send-Q é o limite",
    in_queue: "na fila de accept",
    control: |ControlInQueue { queue, bytes, flag }| {
        format!("{queue} {} = {bytes} B + {flag}, que conta um", u64::from(bytes) + 1)
    },
    scope_filter: "portas do filtro",
    scope_lab: "portas do laboratório",
    scope_all: "todos os sockets",
    sockets: "Sockets",
};

const LIFECYCLE: LifecycleText = LifecycleText {
    title: "O que aconteceu",
    none: "Nada ainda: tecle c e veja cada chamada do cliente e do servidor.",
    none_listed: "Nada desse tipo ainda. Tecle f para outros tipos, Esc para tudo.",
    following: "acompanhando",
    held: "parado",
    events: |number, count| format!("{number} {}", plural(count as u64, "evento", "eventos")),
    latest: |kept, all| format!("os últimos {kept} de {all} eventos"),
    new: |number, count| format!("{number} {}", plural(count as u64, "novo", "novos")),
    calls: "só chamadas",
    states: "só estados",
    only: |subject| format!("só {subject}"),
    client: |no| format!("cliente #{no}"),
    lab: "laboratório",
    broadcast: "broadcast",
    chose_port: |port| format!("o kernel escolheu a porta {port}"),
    port: |port| format!("porta {port}"),
    no_port_yet: "ainda sem porta: o sendto() recebe uma",
    no_port_short: "ainda sem porta",
    same_port: |port| format!("um socket novo, a mesma porta {port}"),
    same_port_short: "um socket novo",
    waits: |call| match call {
        Syscall::Accept => "espera uma conexão",
        Syscall::Connect => "espera o SYN+ACK",
        Syscall::Recvfrom => "espera um datagrama",
        _ => "espera dados",
    },
    timed_out: |took| took.map_or_else(|| "tempo esgotado".into(), |took| format!("tempo esgotado após {took}")),
    unread: |bytes| format!("{bytes} recebidos e não lidos: manda RST, não FIN (RFC 2525 §2.17)"),
    end_of_data: "0 bytes: o outro lado fechou (FIN)",
    shut_down: "0 bytes: este lado chamou shutdown()",
    no_data: "0 bytes",
    timer: "timer",
    exit: "o programa terminou",
    packet: |number| format!("pacote {number}"),
    from: |peer| format!("de {peer}"),
    added: "servidor criado",
    started: |addr| format!("servidor iniciado em {addr}"),
    failed: |errno| format!("servidor não iniciou: {errno}"),
    stopped: "servidor parado",
    model: |model| format!("passa a atender {model}"),
    serving: |peer, by| format!("{peer} é atendido {by}"),
    served: |peer| format!("{peer} não é mais atendido"),
    paused: |errno| format!("accept espera: {errno}"),
    resumed: "accept voltou a funcionar",
    sequential: "um cliente por vez",
    threaded: "com uma thread por cliente",
    asynchronous: "com uma task por cliente",
    keeping_open: "com uma task por cliente, e só fecha quando mandam (x)",
    by_loop: "pelo laço de accept",
    by_thread: "por uma thread",
    by_task: "por uma task",
    by_keeping_task: "por uma task que a mantém aberta",
};

const BROADCAST: BroadcastText = BroadcastText {
    title: "Broadcast",
    you: "você",
    none: |key| format!("Tecle {key} para dizer algo a todos os servidores marcados."),
    no_server: |key| format!("Nenhum servidor marcado: Tab até os servidores, {key} marca um."),
    waiting: |server, peer| format!("esperando na fila de accept: {server} está ocupado com {peer}"),
    waiting_short: |peer| format!("na fila: ocupado com {peer}"),
    no_answer_yet: "sem resposta ainda",
    closed: "fechou sem responder",
    hung_up: "ninguém espera mais: o socket do broadcast foi fechado",
    fewer: |came, sent| format!("voltaram {came}, foram enviados {sent}"),
    silent: |span| format!("sem resposta em {span}; o UDP não diz por quê"),
    gone: "servidor inexistente",
    from_port: |port| format!("de :{port}"),
    back: |count| format!("{count} atrás"),
    empty: "(nada)",
};

const PORTS: PortsText = PortsText {
    title: "Portas",
    other: "outro cliente",
    back: "o mais novo",
    newest: "o cliente mais novo",
    chosen: "o cliente escolhido",
    server: "o servidor",
    changes: "muda a cada conexão",
    free_in: |span| format!("livre de novo em {span}"),
    stays: "nunca muda",
    one_connection: "uma conexão",
    none: "Nenhum cliente tem porta ainda: tecle c.",
    in_use: |number| format!("{number} em uso"),
    open: |number, count| format!("{number} {}", plural(count, "aberta", "abertas")),
    time_wait: |number| format!("{number} em TIME_WAIT"),
    free: |number| format!("{number} livres"),
    latest: "Os últimos clientes",
    steps: "passo desde o anterior, ao mesmo servidor",
    drawn: "novo sorteio (10 s)",
    udp: "um socket: UDP não tem conexão, logo não há 4-tupla",
};

const HELP: HelpText = HelpText {
    title: "Ajuda",
    typing: "Ao digitar",
    counts: "Um número antes da tecla a repete: 25c cria 25 clientes; 2 e v (ou Enter) vão à tela 2",
    evidence: "Como se sabe",
    available: "disponível",
    lacking: |errno, what| format!("indisponível: {errno}, {what}"),
    unknown: "ainda não consultado",
    marks: "Marcas",
    mark_selected: "aquilo a que as teclas se referem",
    mark_gone: "uma linha que acabou de sair da tabela",
    mark_ticked: "ouve o broadcast",
    mark_newest: "a porta do cliente mais novo",
    mark_in_use: "uma porta em uso",
    mark_time_wait: "uma porta em TIME_WAIT",
    states: "Estados",
    states_note: &[
        "Os estados são escritos como no netstat: SYN_RECV é SYN-RECEIVED na RFC 9293 e SYN-RECV no ss.",
        "Um socket só com bind não está em tabela nenhuma; CLOSED não é um estado, é a ausência do socket.",
        "A tabela é lida de tempos em tempos: um estado que vive microssegundos é inferido, não visto.",
    ],
    filter: "Filtro",
    filter_note: &[
        "Uma palavra ou um número é procurado como no grep. Campos: port sport dport host src dst state proto pid.",
        "Unidos por and, or, not, ( ); faixas 65432-65434; listas established,time_wait.",
        "Pacotes têm também: flags len seq iface. flags syn,ack tem os dois; flags S. só esses; len > 0.",
    ],
    scroll: "↑ ↓ rolam · qualquer outra tecla fecha",
};

const fn evidence(evidence: Evidence) -> Meaning {
    match evidence {
        Evidence::Called => {
            Meaning { name: "chamada", means: "o nosso próprio código fez a chamada, e este é o resultado" }
        }
        Evidence::Traced => Meaning { name: "rastreio", means: "o tracepoint do kernel informou (exige root)" },
        Evidence::Sampled => {
            Meaning { name: "amostra", means: "a tabela de sockets do kernel mostrava isso naquele instante" }
        }
        Evidence::Packet => Meaning { name: "pacote", means: "um pacote capturado mostra isso" },
        Evidence::Inferred => {
            Meaning { name: "inferência", means: "tem de estar entre duas observações (RFC 9293); ninguém viu" }
        }
    }
}
