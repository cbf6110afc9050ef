//! Brazilian Portuguese: the class on the network.

use super::super::NetworkText;
use super::plural;
use crate::domain::guard::{GuardAction, PortCheck};

pub(super) const NETWORK: NetworkText = NetworkText {
    title: "Rede",
    card: "Entrada",
    peers: "Visitantes",
    check: "Verificação de portas",
    closed: "SÓ LOOPBACK: ninguém mais consegue se conectar",
    closed_why: "Os servidores escutam em 127.0.0.1, que só existe nesta máquina: nenhuma outra tem caminho até lá. Em 0.0.0.0, todos os endereços desta máquina, a turma poderia se conectar.",
    to_open: |key| format!("{key} abre os servidores para a rede, depois de perguntar"),
    observing: "Os servidores são de outro programa: onde escutam não é decisão nossa.",
    still: |number, count| {
        let are = plural(count, "conexão de antes continua aberta", "conexões de antes continuam abertas");
        format!("{number} {are}: x expulsa")
    },
    not_this: |server| format!("{server} não é alcançável por outras máquinas: escolha outro servidor com as setas"),
    no_address: "Os servidores estão abertos, mas esta máquina não está em rede nenhuma: só tem o loopback.",
    here: "Conecte-se a",
    type_this: "digite",
    or_python: "Python",
    or_this: "ou",
    hello: "oi",
    other_ways: |list| format!("também: {list}"),
    qr: "endereço e porta",
    no_peers: "Ninguém falou ainda com um servidor. Cada endereço que falar ganha uma linha aqui.",
    address: "Endereço",
    connections: "agora/todas",
    ports: "Portas",
    said: "Disse por último",
    rate: "Ritmo",
    guard: "Guarda",
    here_peer: "esta máquina",
    per_second: |amount| format!("{amount}/s"),
    blocked: "BLOQUEADO",
    refused: |number| format!("recusas {number}"),
    looks: |check| match check {
        PortCheck::Connect => "verifica portas: conecta",
        PortCheck::EmptyDatagram => "verifica portas: UDP",
        PortCheck::ServiceProbe => "pergunta quem serve (nmap -sV)",
    },
    limits: |connections, arrivals, bytes| {
        format!("cada endereço: {connections} conexões, {arrivals} novas/s, {bytes}/s")
    },
    beyond: |action, number| match action {
        GuardAction::Cookie => format!("SYNs respondidos com cookie: {number}"),
        _ => format!("SYNs descartados: {number}"),
    },
    handshakes_reset: |number| format!("handshakes cortados por RST, como num SYN scan: {number}"),
    now: |number, count| format!("{number} {}", plural(count, "endereço", "endereços")),
    no_check: |key| format!("Tecle {key} e digite uma máquina e portas, como no nmap:"),
    examples: [
        "localhost 65432          uma porta",
        "192.168.0.10 65432-65434 um intervalo",
        "192.168.0.10 22,80,443   uma lista",
        "192.168.0.10 65432 udp   por UDP",
    ],
    looking_up: |host| format!("procurando {host}…"),
    progress: |asked, all| format!("{asked} de {all}"),
    try_again: |key| format!("{key} pergunta de novo"),
    open_title: "Abrir os servidores para a rede?",
    open_question: |address| format!("Eles vão escutar em {address}: qualquer um nesta rede pode se conectar."),
    open_means: &[
        "O que chega é mostrado com segurança e limitado por endereço; visitantes podem ser expulsos e bloqueados.",
        "As conexões abertas agora continuam.",
    ],
    beyond_title: "Verificar uma máquina que pode ser de outra pessoa?",
    beyond_means: "Verificar portas alheias sem consentimento é falta de educação e, em alguns lugares, contra a lei.",
    yes: "sim",
    no: "não",
    answer: |yes| format!("{yes} sim   qualquer outra tecla não"),
    check_prompt: "Verificar portas",
    check_hint: "MÁQUINA PORTAS [udp]   por exemplo 192.168.0.10 65432-65434; sem portas: as do laboratório",
    check_hint_at_target: |host| format!("PORTAS [udp] de {host}, ou MÁQUINA PORTAS [udp]"),
    target_prompt: "Os clientes vão para",
    target_hint: "MÁQUINA ou MÁQUINA:PORTA; sem porta, a do servidor selecionado",
    target_hint_home: "MÁQUINA ou MÁQUINA:PORTA; nada: de volta aos servidores daqui",
    no_host: "falta uma máquina: MÁQUINA PORTAS",
    not_a_host: "nenhuma máquina pode ter esse nome: um nome ou endereço, talvez com :PORTA",
    not_a_port: "depois dos dois-pontos vem uma porta de 1 a 65535: HOST:PORTA",
    target: "alvo",
    target_here: "Os clientes vão para os servidores daqui.",
    looking: |target| format!("procurando {target}…"),
    wait: |number, count| format!("{number} {}", plural(u64::from(count), "cliente espera", "clientes esperam")),
};
