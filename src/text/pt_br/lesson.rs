//! Brazilian Portuguese: the words around a lesson.

use super::super::lesson::{Deed, Lessons, List, Playing};
use crate::domain::{CloseHow, HostId};

const fn host(host: HostId) -> &'static str {
    match host {
        HostId::Client => "cliente",
        HostId::Server => "servidor",
    }
}

pub(super) const LESSONS: Lessons = Lessons {
    step: "passo",
    packet: "um pacote",
    again: "reenviado",
    first: "enviado pela primeira vez",
    it: "exatamente isso",
    nothing: "nada",
    failed: "Nem tudo o que se esperava foi visto.",
    passed: |count| format!("Tudo o que se esperava foi visto ({count})."),
    from: |from| format!("do {}", host(from)),
    peer: |socket| format!("o outro lado de {socket}"),
    by: |cause| format!(", por {cause}"),
    state: |end, state| format!("{end} está em {state}"),
    sent: |packet| format!("{packet} sai"),
    held: |packet| format!("{packet} está no fio"),
    folded: |packet, times| format!("{packet}, retido, é reenviado {times} ×"),
    count: |number, state, on| match on {
        Some(on) => format!("{number} em {state} no {}", host(on)),
        None => format!("{number} em {state}"),
    },
    ended: |on, status| format!("o programa no {} termina com {status}", host(on)),
    absent: |ms, what| format!("não acontece em {ms} ms: {what}"),
    seen: |what| format!("visto: {what}"),
    not_done: |what| format!("não foi possível a tempo: {what}"),
    deed,
    list: List {
        title: "Cenários",
        count: |shown, all| if shown == all { all.to_string() } else { format!("{shown} de {all}") },
        steps: |count| if count == 1 { "1 passo".into() } else { format!("{count} passos") },
        prompt: "procurar",
        hint: "digite uma palavra para filtrar a lista",
        none: "Nenhum cenário tem todas essas palavras.",
        seen: "tudo visto",
        missed: "nem tudo visto",
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
    playing: Playing {
        title: |title| format!("Cenário · {title}"),
        step: |step, all| format!("passo {step} de {all}"),
        to_do: "A fazer:",
        done: "Feito:",
        do_it: |key| format!("{key} faz"),
        waiting: "esperando o kernel",
        go_on: |key| format!("visto · {key} continua"),
        failed: |key| format!("nem tudo foi visto · {key} apresenta de novo"),
        over: |key, title| format!("tudo visto · {key} apresenta o próximo: {title}"),
        all_over: |key| format!("tudo visto, e este era o último · {key} mostra a lista"),
    },
    on_the_wire: "--target serve a cenários com world = \"host\": este se passa no fio, entre dois hosts particulares cujos pacotes \
                  ficam na mão. Sem --target ele pode ser feito.",
    needs_here: |host| {
        format!(
            "--target deixa os servidores com {host}, e estas partes precisam deles nesta máquina; faça sem --target:"
        )
    },
};

fn deed(deed: &Deed<'_>) -> String {
    let way = |from: &Option<HostId>| from.map_or_else(String::new, |from| format!(" do {}", host(from)));
    match deed {
        Deed::Next => "entregar o pacote retido há mais tempo".into(),
        Deed::Deliver(packet) => format!("entregar {packet}"),
        Deed::Drop(packet) => format!("perder {packet}"),
        Deed::Duplicate(packet) => format!("entregar {packet} e guardar uma cópia"),
        Deed::Swap(packet) => format!("trocar {packet} com o de trás"),
        Deed::Corrupt(packet) => format!("danificar {packet}"),
        Deed::Delay(packet, ms) => format!("atrasar {packet} em {ms} ms"),
        Deed::Step(from) => format!("reter cada pacote{}", way(from)),
        Deed::Slow(from, ms) => format!("cada pacote{} leva {ms} ms", way(from)),
        Deed::Live(from) => format!("deixar seguir cada pacote{}", way(from)),
        Deed::Cut(from, true) => format!("cortar o fio{}", way(from)),
        Deed::Cut(from, false) => format!("emendar o fio{}", way(from)),
        Deed::Loss(from, percent) => format!("perder {percent} % dos pacotes{}", way(from)),
        Deed::Fold(true) => "juntar as retransmissões".into(),
        Deed::Fold(false) => "listar cada retransmissão".into(),
        Deed::Turn => "mudar ajustes dos hosts".into(),
        Deed::Listen(socket, port) => format!("{socket} escuta na {port}"),
        Deed::Connect(socket) => format!("{socket} chama connect()"),
        Deed::Accept(socket) => format!("accept() devolve {socket}"),
        Deed::Datagram(socket) => format!("{socket}: um socket UDP é criado"),
        Deed::Send(socket, what) => format!("{socket} envia {what}"),
        Deed::Recv(socket) => format!("{socket} chama recv()"),
        Deed::Shutdown(socket) => format!("{socket} chama shutdown(SHUT_WR)"),
        Deed::Close(socket) => format!("{socket} chama close()"),
        Deed::Reset(socket) => format!("{socket} fecha com RST"),
        Deed::Start(server) => format!("iniciar o servidor {server}"),
        Deed::Stop(server) => format!("parar o servidor {server}"),
        Deed::Switch(server, model) => format!("{server} passa a servir como {model}"),
        Deed::Spawn(1, server) => format!("um cliente de {server}"),
        Deed::Spawn(count, server) => format!("{count} clientes de {server}"),
        Deed::End(client, CloseHow::Rst) => format!("derrubar o cliente {client} com RST"),
        Deed::End(client, CloseHow::Half) => format!("fechar só o envio do cliente {client}"),
        Deed::End(client, CloseHow::Fin) => format!("fechar o cliente {client}"),
        Deed::CloseAll => "fechar todos os clientes".into(),
        Deed::Run(on, program) => format!("rodar {program} no {}", host(*on)),
    }
}
