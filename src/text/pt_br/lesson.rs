//! Brazilian Portuguese: the texts around a lesson.

use super::super::lesson::{LessonListText, LessonsText, PlannedAct, PlayingText};
use crate::domain::lesson::{LessonFault, UnsayableReason};
use crate::domain::{CloseHow, Disposition, HostId, KernelAnswer};

const fn host(host: HostId) -> &'static str {
    match host {
        HostId::Client => "cliente",
        HostId::Server => "servidor",
    }
}

pub(super) const LESSONS: LessonsText = LessonsText {
    step: "passo",
    packet: "um pacote",
    again: "reenviado",
    first: "enviado pela primeira vez",
    forged: "forjado",
    genuine: "não forjado",
    it: "exatamente isso",
    nothing: "nada",
    failed: "Nem tudo o que se esperava foi visto.",
    passed: |count| format!("Tudo o que se esperava foi visto ({count})."),
    from: |from| format!("do {}", host(from)),
    peer: |socket| format!("o outro lado de {socket}"),
    by: |cause| format!(", por {cause}"),
    state: |end, state| format!("{end} está em {state}"),
    sent: |packet| format!("{packet} sai"),
    timed: |packet, ms, since| match since {
        Some(since) => format!("{packet} sai {ms} ms depois de {since}"),
        None => format!("{packet} sai {ms} ms depois do anterior"),
    },
    without: |option| format!("sem {option}"),
    held: |packet| format!("{packet} está no fio"),
    folded: |packet, times| format!("{packet}, retido, é reenviado {times} ×"),
    verdict,
    cause: super::verdict::brief,
    lost: |packet, why| format!("{packet} se perde: {}", (super::wire::WIRE.why_lost)(why)),
    marked: |packet| format!("{packet} é marcado com CE"),
    queue: |from, number| format!("pacotes esperando na fila do {}: {number}", host(from)),
    count: |number, state, on| match on {
        Some(on) => format!("{number} em {state} no {}", host(on)),
        None => format!("{number} em {state}"),
    },
    ended: |on, status| format!("o programa no {} termina com {status}", host(on)),
    absent: |ms, what| format!("não acontece em {ms} ms: {what}"),
    seen: |what| format!("visto: {what}"),
    not_done: |what| format!("não foi possível a tempo: {what}"),
    act,
    list: LessonListText {
        title: "Cenários",
        count: |shown, all| if shown == all { all.to_string() } else { format!("{shown} de {all}") },
        steps: |count| if count == 1 { "1 passo".into() } else { format!("{count} passos") },
        prompt: "procurar",
        hint: "digite uma palavra para filtrar a lista",
        none: "Nenhum cenário tem todas essas palavras.",
        seen: "tudo visto",
        missed: "nem tudo visto",
        own: "Seus arquivos",
        fault: |fault| match fault {
            LessonFault::Invalid(what) => what.clone(),
            LessonFault::OnThisMachine => "world = \"host\" só é apresentado por socklab-tui run".into(),
            LessonFault::TooLong(most) => format!("mais de {most} bytes"),
            LessonFault::TooMany(most) => format!("mais de {most} arquivos: os outros ficam de fora"),
            LessonFault::NotAFile => "nem arquivo nem pasta".into(),
            LessonFault::Unreadable(errno) => format!("não pode ser lido: {errno}"),
        },
        begin: |key| format!("{key} o apresenta, em hosts novos só dele: um fio aberto é desmontado antes."),
        sure: |connections, programs, key| {
            let lost = match (connections, programs) {
                (1, 0) => "1 conexão aberta".into(),
                (_, 0) => format!("{connections} conexões abertas"),
                (0, 1) => "1 programa rodando".into(),
                (0, _) => format!("{programs} programas rodando"),
                _ => format!("conexões abertas ({connections}) e programas rodando ({programs})"),
            };
            format!("O fio tem {lost}: isso se encerra com ele. {key} de novo o desmonta e apresenta o cenário.")
        },
    },
    playing: PlayingText {
        title: |title| format!("Cenário · {title}"),
        step: |step, all| format!("passo {step} de {all}"),
        to_do: "A fazer:",
        done: "Feito:",
        do_it: |key| format!("{key} faz"),
        waiting: "esperando o kernel",
        anew: |key| {
            format!("O temporizador esgotou nesse meio-tempo: {key} antes repete tudo até aqui, em hosts novos.")
        },
        catching_up: "Um temporizador tinha esgotado: tudo foi repetido até aqui, em hosts novos.",
        go_on: |key| format!("visto · {key} continua"),
        failed: |key| format!("nem tudo foi visto · {key} apresenta de novo"),
        over: |key, title| format!("tudo visto · {key} apresenta o próximo: {title}"),
        all_over: |key| format!("tudo visto, e este era o último · {key} mostra a lista"),
    },
    on_the_wire: "--target serve a cenários com world = \"host\": este se passa no fio, entre dois hosts particulares cujos pacotes \
                  ficam na mão. Sem --target ele pode ser feito.",
    not_in_packetdrill: |line, step, act, why| {
        let why = match why {
            UnsayableReason::NoWord => "o packetdrill não tem palavra para isso",
            UnsayableReason::SecondConnection => "um script do packetdrill trata de uma só conexão",
            UnsayableReason::Unforeseen => "só se sabe que pacotes isso traz quando é feito",
        };
        format!("linha {line}, passo {step}: {act}: {why}")
    },
    headings: [
        "A linguagem das lições",
        "Uma lição",
        "Um passo",
        "Temporizadores de que um passo depende",
        "Atos",
        "O que se espera",
        "Pacotes",
        "Opções de um segmento",
        "Opções de um segmento forjado",
        "Opções de um socket",
        "Keepalive: sondar o outro lado",
        "Ajustes",
        "De qual host é um ajuste",
        "Enlaces",
        "De qual sentido do enlace",
        "Valores",
    ],
    needs_here: |host| {
        format!(
            "--target deixa os servidores com {host}, e estas partes precisam deles nesta máquina; faça sem --target:"
        )
    },
};

fn verdict(packet: &str, did: Disposition, answer: Option<KernelAnswer>) -> String {
    let did = match did {
        Disposition::Taken => "é aceito",
        Disposition::Answered => "é respondido pelo kernel",
        Disposition::Discarded => "é jogado fora",
    };
    let answer = answer.map_or_else(String::new, |answer| {
        let what = match answer {
            KernelAnswer::SynAck => "SYN+ACK",
            KernelAnswer::Ack => "ACK",
            KernelAnswer::Rst => "RST",
            KernelAnswer::Unreachable => "ICMP destination unreachable",
            KernelAnswer::EchoReply => "ICMP echo reply",
        };
        format!(", volta {what}")
    });
    format!("{packet} {did}{answer}")
}

fn act(act: &PlannedAct<'_>) -> String {
    let way = |from: &Option<HostId>| from.map_or_else(String::new, |from| format!(" do {}", host(from)));
    match act {
        PlannedAct::Next => "entregar o pacote retido há mais tempo".into(),
        PlannedAct::Deliver(packet) => format!("entregar {packet}"),
        PlannedAct::Drop(packet) => format!("perder {packet}"),
        PlannedAct::Duplicate(packet) => format!("entregar {packet} e guardar uma cópia"),
        PlannedAct::Swap(packet) => format!("trocar {packet} com o de trás"),
        PlannedAct::Corrupt(packet) => format!("danificar {packet}"),
        PlannedAct::Delay(packet, ms) => format!("atrasar {packet} em {ms} ms"),
        PlannedAct::Inject(kind, from) => format!("forjar {kind} em nome do {}", host(*from)),
        PlannedAct::Change(packet) => format!("alterar {packet}"),
        PlannedAct::Step(from) => format!("reter cada pacote{}", way(from)),
        PlannedAct::Slow(from, ms) => format!("cada pacote{} leva {ms} ms", way(from)),
        PlannedAct::Live(from) => format!("deixar seguir cada pacote{}", way(from)),
        PlannedAct::Cut(from, true) => format!("cortar o fio{}", way(from)),
        PlannedAct::Cut(from, false) => format!("emendar o fio{}", way(from)),
        PlannedAct::Loss(from, percent) => format!("perder {percent} % dos pacotes{}", way(from)),
        PlannedAct::Link(changes) => super::link::changes(changes),
        PlannedAct::Fold(true) => "juntar as retransmissões".into(),
        PlannedAct::Fold(false) => "listar cada retransmissão".into(),
        PlannedAct::Set => "mudar ajustes dos hosts".into(),
        PlannedAct::Listen(socket, port) => format!("{socket} escuta na {port}"),
        PlannedAct::Connect(socket) => format!("{socket} chama connect()"),
        PlannedAct::Accept(socket) => format!("accept() devolve {socket}"),
        PlannedAct::Datagram(socket) => format!("{socket}: um socket UDP é criado"),
        PlannedAct::Send(socket, what) => format!("{socket} envia {what}"),
        PlannedAct::Recv(socket) => format!("{socket} chama recv()"),
        PlannedAct::Shutdown(socket, how) => format!("{socket} chama shutdown({how})"),
        PlannedAct::Setsockopt(socket, options) => format!("{socket} ajusta {options}"),
        PlannedAct::Close(socket) => format!("{socket} chama close()"),
        PlannedAct::Reset(socket) => format!("{socket} fecha com RST"),
        PlannedAct::Start(server) => format!("iniciar o servidor {server}"),
        PlannedAct::Stop(server) => format!("parar o servidor {server}"),
        PlannedAct::Switch(server, model) => format!("{server} passa a servir como {model}"),
        PlannedAct::Spawn(1, server) => format!("um cliente de {server}"),
        PlannedAct::Spawn(count, server) => format!("{count} clientes de {server}"),
        PlannedAct::End(client, CloseHow::Rst) => format!("derrubar o cliente {client} com RST"),
        PlannedAct::End(client, CloseHow::Half) => format!("fechar só o envio do cliente {client}"),
        PlannedAct::End(client, CloseHow::Fin) => format!("fechar o cliente {client}"),
        PlannedAct::CloseAll => "fechar todos os clientes".into(),
        PlannedAct::Wait(ms) => format!("esperar {ms} ms"),
        PlannedAct::Run(on, program) => format!("rodar {program} no {}", host(*on)),
    }
}
