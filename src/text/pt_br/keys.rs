//! Brazilian Portuguese: the keys.

use super::super::keys::{KeyText, KeysNowText, KeysText};
use super::{grouped, plural};
use crate::domain::forge_form::FieldInput;
use crate::domain::keys::{
    Action, LabAction, LessonAction, LinkAction, ListAction, Motion, NetworkAction, PacketFate, PacketsAction, Pane,
    Place, ScreenAction, TerminalAction, Turn, View, WireAction,
};
use crate::domain::{ClientPlan, CloseHow, ForgedFault, HostId, Loss, Refusal};

fn action(action: Action) -> KeyText {
    let (hint, help) = match action {
        Action::Lab(action) => lab(action),
        Action::List(action) => list(action),
        Action::Packets(action) => packets(action),
        Action::Wire(action) => wire(action),
        Action::Network(action) => network(action),
        Action::Lesson(LessonAction::GoOn) => {
            ("continua", "faz o passo que foi anunciado; vai ao próximo; no fim, ao próximo cenário")
        }
        Action::Lesson(LessonAction::Repeat) => {
            ("de novo", "apresenta o cenário de novo desde o começo, em um fio novo")
        }
        Action::Screen(action) => screen(action),
    };
    KeyText::new(hint, help)
}

const fn lab(action: LabAction) -> (&'static str, &'static str) {
    match action {
        LabAction::Spawn(ClientPlan::Stay) => ("cliente", "um cliente conecta ao servidor selecionado, diz olá e fica"),
        LabAction::Spawn(ClientPlan::OneShot) => ("ida e volta", "um cliente conecta, diz olá, lê a resposta e fecha"),
        LabAction::Close(CloseHow::Fin) => {
            ("fecha", "fechar a ponta selecionada, ou o cliente mais novo, com FIN; encerrar um programa")
        }
        LabAction::Close(CloseHow::Rst) => ("fecha", "derrubar a conexão com RST; encerrar um programa à força"),
        LabAction::Close(CloseHow::Half) => ("fecha", "fechar só o envio: shutdown(SHUT_WR), ele ainda recebe"),
        LabAction::CloseAll => ("fecha todos", "fechar todos os clientes; com 10 ou mais, tecle duas vezes"),
        LabAction::StartStop => ("inicia/para", "iniciar ou parar o servidor; tentar de novo se a porta estava em uso"),
        LabAction::NextModel => {
            ("modelo", "trocar o modelo do servidor: um por vez, threads, tasks, mantém aberto; nenhuma conexão cai")
        }
        LabAction::Tick => ("marca", "o servidor selecionado recebe o broadcast, ou deixa de receber"),
        LabAction::Bulk => {
            ("volume", "a ponta selecionada envia 100 kB; 500b, 500 kB; a do servidor só no modelo mantém aberto")
        }
        LabAction::Say => ("dizer", "digitar uma mensagem para todos os servidores marcados"),
        LabAction::Target => ("alvo", "mandar clientes e broadcasts para outra máquina: MÁQUINA ou MÁQUINA:PORTA"),
        LabAction::Home => ("daqui", "clientes e broadcasts de volta aos servidores daqui"),
    }
}

const fn list(action: ListAction) -> (&'static str, &'static str) {
    match action {
        ListAction::Move(Motion::Up) => ("acima", "um item acima"),
        ListAction::Move(Motion::Down) => ("abaixo", "um item abaixo"),
        ListAction::Move(Motion::PageUp) => ("página acima", "meia tela acima"),
        ListAction::Move(Motion::PageDown) => ("página abaixo", "meia tela abaixo"),
        ListAction::Move(Motion::First) => ("início", "ao primeiro item"),
        ListAction::Move(Motion::Last) => ("acompanha", "ao último item, e acompanhar o que vier"),
        ListAction::Filter => ("filtro", "digitar um filtro para a lista"),
        ListAction::NextScope => ("sockets", "observar as portas do filtro, as do laboratório, todos os sockets"),
        ListAction::NextKinds => ("tipos", "listar tudo, só chamadas, só estados"),
        ListAction::Order(Turn::Next) => ("ordem", "ordenar a tabela pela próxima coluna"),
        ListAction::Order(Turn::Previous) => ("ordem", "ordenar a tabela pela coluna anterior"),
        ListAction::Reverse => ("inverter", "inverter a ordem da tabela"),
        ListAction::Narrow => ("restringe", "listar só o que trata da seleção, ou tudo de novo"),
        ListAction::Page => ("página", "a página da conexão selecionada: as duas pontas, passo a passo"),
        ListAction::OtherEnd => ("outra ponta", "o que o TCP_INFO diz da outra ponta"),
        ListAction::Connection(Turn::Next) => ("conexão", "a página da próxima conexão"),
        ListAction::Connection(Turn::Previous) => ("conexão", "a página da conexão anterior"),
    }
}

const fn packets(action: PacketsAction) -> (&'static str, &'static str) {
    match action {
        PacketsAction::NextTab => ("escada", "a escada da conversa selecionada; o que nela foi dito; a lista de novo"),
        PacketsAction::Conversation(Turn::Next) => {
            ("conversa", "a próxima conexão ou troca UDP, na ordem em que começaram")
        }
        PacketsAction::Conversation(Turn::Previous) => ("conversa", "a conexão ou troca UDP antes dela"),
        PacketsAction::Fields => ("campos", "olhar dentro do pacote; dobrar ou desdobrar um campo"),
        PacketsAction::Save => ("salva", "gravar todos os pacotes capturados em um arquivo, para o Wireshark (pcapng)"),
        PacketsAction::Graph => {
            ("tempo–sequência", "os números de sequência de uma ponta no tempo; depois os da outra; a lista")
        }
        PacketsAction::Interfaces => ("interfaces", "escolher as interfaces em que os pacotes são capturados"),
        PacketsAction::Open => {
            ("abre", "ver um arquivo de captura (pcap ou pcapng) no lugar dos pacotes ao vivo; ou estes de novo")
        }
    }
}

const fn wire(action: WireAction) -> (&'static str, &'static str) {
    match action {
        WireAction::Toggle => ("fio", "ao fio: dois hosts privados, cada pacote na sua mão; ou de volta à máquina"),
        WireAction::Open => ("abre", "abrir o fio; num fio vazio o primeiro cenário; senão a página da conexão"),
        WireAction::Close => ("desmonta", "desmontar o fio e os seus hosts"),
        WireAction::Next => {
            ("próximo", "entregar o pacote selecionado, ou o retido há mais tempo; 3n os próximos três")
        }
        WireAction::RunHold => ("solta/retém", "deixar todo pacote seguir, ou reter todo pacote"),
        WireAction::Slow => ("lento", "câmera lenta; 5M é 0,5 s por travessia, de 0,1 a 5 s"),
        WireAction::Packet(PacketFate::Drop) => ("descarta", "perder o pacote"),
        WireAction::Packet(PacketFate::Duplicate) => ("duplica", "entregar o pacote e manter uma cópia no fio"),
        WireAction::Packet(PacketFate::Swap) => ("troca", "o pacote troca de lugar com o que vem atrás"),
        WireAction::Packet(PacketFate::Delay) => ("atrasa", "o pacote segue mais tarde; 15+ em 1,5 s, senão em 2 s"),
        WireAction::Packet(PacketFate::Corrupt) => ("danifica", "danificar o pacote: o checksum fica errado"),
        WireAction::Inject => {
            ("forja", "forja um pacote: RST, SYN, FIN, dados antigos …, de qualquer host, todo campo; Enter envia")
        }
        WireAction::Change => ("altera", "altera campos do pacote retido; o checksum acompanha, ou fica errado"),
        WireAction::Link(LinkAction::Cut) => ("corta", "cortar o fio, ou emendá-lo"),
        WireAction::Link(LinkAction::Loss) => {
            ("perda", "perder pacotes por acaso: 30% perde três em dez; de novo: nenhum")
        }
        WireAction::Link(LinkAction::Mend) => ("emenda", "nem corte nem perda nem outra condição do enlace"),
        WireAction::From(HostId::Client) => ("só →", "as teclas tratam só de cliente → servidor, ou dos dois de novo"),
        WireAction::From(HostId::Server) => ("só ←", "as teclas tratam só de servidor → cliente, ou dos dois de novo"),
        WireAction::Fold => ("dobra", "listar cada retransmissão, ou dobrá-las sobre o original retido"),
        WireAction::Along(Turn::Next) => ("segue", "o próximo pacote desta conexão: o gráfico fala dele"),
        WireAction::Along(Turn::Previous) => ("segue", "o pacote anterior desta conexão"),
        WireAction::Graph => {
            ("curvas", "curvas: cwnd, ssthresh, em voo, RTT, RTO; depois números de sequência; depois nada")
        }
        WireAction::Settings => ("ajustes", "ajustes dos dois hosts, e o enlace: taxa, fila, atraso, MTU, ECN"),
        WireAction::Run => ("programa", "rodar um programa num host: cliente CMD ou servidor CMD"),
    }
}

const fn network(action: NetworkAction) -> (&'static str, &'static str) {
    match action {
        NetworkAction::Toggle => ("rede", "à rede: entrada da turma, visitantes, portas; ou de volta"),
        NetworkAction::Door => ("entrada", "abrir os servidores para a rede, depois de perguntar; ou fechar na hora"),
        NetworkAction::Check => ("portas", "verificar as portas de uma máquina: MÁQUINA PORTAS, como no nmap"),
        NetworkAction::StopCheck => ("interrompe", "interromper a verificação de portas"),
        NetworkAction::Kick => ("expulsa", "expulsar o visitante selecionado: fechar todas as suas conexões"),
        NetworkAction::Block => ("bloqueia", "bloquear o visitante selecionado: nada dele é aceito; ou desbloquear"),
        NetworkAction::Listed => ("lista", "mostrar os visitantes em colunas, ou em lista com portas e ritmo"),
    }
}

const fn screen(action: ScreenAction) -> (&'static str, &'static str) {
    match action {
        ScreenAction::View(view) => view_text(view),
        ScreenAction::Views => ("telas", "as telas, cada uma pelo seu dígito; de novo: a próxima; 3v: a terceira"),
        ScreenAction::Pane(Turn::Next) => ("painel", "à próxima parte desta tela"),
        ScreenAction::Pane(Turn::Previous) => ("painel anterior", "à parte anterior"),
        ScreenAction::Zoom => ("zoom", "dar a tela toda a esta parte, ou devolvê-la; olhar um gráfico mais de perto"),
        ScreenAction::Mark => {
            ("anota", "anotar uma marca: um lugar para achar depois nos eventos, no registro e na captura salva")
        }
        ScreenAction::Language => ("English", "o outro idioma"),
        ScreenAction::Theme => ("tema", "o próximo tema: escuro, claro, contraste, mono"),
        ScreenAction::Glyphs => ("ASCII", "só caracteres ASCII, ou todos"),
        ScreenAction::Help => ("ajuda", "esta ajuda; de novo: fechá-la"),
        ScreenAction::Back => ("lab", "desfazer o que começou por último; depois, ao lab, ou ao fio no mundo dele"),
        ScreenAction::Terminal(TerminalAction::Redraw) => ("redesenha", "desenhar a tela toda de novo"),
        ScreenAction::Terminal(TerminalAction::Suspend) => ("suspende", "devolver o terminal ao shell; fg volta"),
        ScreenAction::Quit => ("sair", "sair: tudo é fechado em ordem; Ctrl-c sai na hora"),
    }
}

const fn view_text(view: View) -> (&'static str, &'static str) {
    match view {
        View::Lab => ("lab", "tela 1: o laboratório"),
        View::Ports => ("portas", "tela 2: a porta do cliente mais novo, grande"),
        View::Packets => ("pacotes", "tela 3: pacotes, a escada de uma conexão e o que nela foi dito"),
        View::Wire => ("fio", "tela 5: o fio"),
        View::Lessons => ("lições", "tela 6: os cenários: escolha um e apresente-o no fio, passo a passo"),
        View::Network => ("rede", "tela 8: a rede: como entrar, quem veio, que portas estão abertas"),
    }
}

const fn place(place: Place) -> &'static str {
    match place {
        Place::Anywhere => "Em qualquer lugar",
        Place::Clients | Place::Ends => "Clientes: no laboratório, em portas, em pacotes e no fio",
        Place::Servers => "Servidores: no laboratório e no fio",
        Place::Stepping => "Pacotes do mundo do fio",
        Place::View(View::Lab) => "Laboratório",
        Place::View(View::Ports) => "Portas",
        Place::View(View::Packets) => "Pacotes",
        Place::View(View::Wire) => "Fio",
        Place::View(View::Lessons) => "Cenários",
        Place::View(View::Network) => "Rede",
        Place::Playing => "Durante um cenário",
        Place::In(Pane::Servers) => "Servidores",
        Place::In(Pane::Clients) => "Clientes",
        Place::In(Pane::Netstat) => "Tabela de sockets",
        Place::In(Pane::Lifecycle) => "O que aconteceu",
        Place::In(Pane::Broadcast) => "Broadcast",
        Place::Check => "Verificação de portas",
        Place::Page => "A página de uma conexão",
    }
}

fn refusal(why: Refusal) -> String {
    match why {
        Refusal::Unbound => "esta tecla não faz nada".into(),
        Refusal::Elsewhere(Some(view)) => format!("não aqui: tela {} ({})", view.number(), view_text(view).0),
        Refusal::Elsewhere(None) => "não aqui: só na página de uma conexão".into(),
        Refusal::NothingSelected => "nada está selecionado · ↑ ↓ selecionam".into(),
        Refusal::Closed(no, Some(state)) => format!("o cliente #{no} já fechou ({state}) · ↑ ↓ escolhe outro"),
        Refusal::Closed(no, None) => format!("o cliente #{no} já fechou · ↑ ↓ escolhe outro"),
        Refusal::ServerClosed(Some(state)) => format!("a ponta do servidor já fechou ({state}) · Tab a outra"),
        Refusal::ServerClosed(None) => "a ponta do servidor já fechou · Tab a outra".into(),
        Refusal::NotAccepted => "o servidor não aceitou esta conexão: só o kernel dele a conhece".into(),
        Refusal::NoConnection => "UDP não tem conexão para fechar".into(),
        Refusal::OnlyTcp => "só em TCP: um cliente UDP envia datagramas avulsos".into(),
        Refusal::SendsNoMore => "esta ponta já encerrou seu lado de envio".into(),
        Refusal::OnlyAnswers => {
            "este servidor só responde; no modelo mantém aberto ele também envia · m, depois c".into()
        }
        Refusal::StillSends(percent) => format!("ainda está enviando: {percent} % · x interrompe"),
        Refusal::NoClient => "nenhum cliente nosso está aberto · c cria um".into(),
        Refusal::NoServer => "não há servidor aqui".into(),
        Refusal::NoModel => "um servidor UDP só atende de um modo".into(),
        Refusal::NoTarget => "não há alvo: os clientes já vão aos servidores daqui".into(),
        Refusal::TargetUnknown => "o endereço do alvo não é conhecido".into(),
        Refusal::Watched => "observado, não é nosso".into(),
        Refusal::NothingHeld => "nada está retido no fio".into(),
        Refusal::InLink => "ele já está no enlace e segue seu curso · d o perde".into(),
        Refusal::WireClosed => "o fio não está aberto · F5 o abre".into(),
        Refusal::NoPackets => "falta o direito de capturar · w: no fio há todos os pacotes".into(),
        Refusal::Takes(input) => takes(input).into(),
        Refusal::TooLarge(most) => format!("aqui no máximo {most}"),
        Refusal::NoNumbering => "nenhum SYN desta conexão foi visto: os números são absolutos".into(),
        Refusal::NoAckFlag => "sem ACK entre as flags, este número não diz nada".into(),
        Refusal::Forge(ForgedFault::TooLong { len, most }) => {
            format!("{len} B não cabem junto com estas opções, {most} cabem · Backspace encurta")
        }
        Refusal::Forge(ForgedFault::Scale(scale)) => format!("escala de janela {scale} é grande demais: no máximo 14"),
        Refusal::StepRuns => "o passo ainda está em andamento".into(),
        Refusal::NoMore => "nada mais aqui".into(),
        Refusal::NoView(number) => format!("não há tela {number} · v mostra quais"),
        Refusal::AtHome(true) => "nada a desfazer · w vai à máquina".into(),
        Refusal::AtHome(false) => "nada a desfazer".into(),
        Refusal::OnlyHere => "só para esta máquina, não nos hosts do fio · w vai à máquina".into(),
        Refusal::Again(loss) => again(loss),
    }
}

/// What a row of a form takes.
const fn takes(input: FieldInput) -> &'static str {
    match input {
        FieldInput::Choice => "esta linha tem poucos valores · ← → muda",
        FieldInput::Number => "aqui vai um número, ou hex como 0x1f · ← → um a menos, um a mais",
        FieldInput::Sequence => "aqui vai um número: 7, -1 ou 0x1f · a: absoluto ou relativo",
        FieldInput::Letters => "c e u a p r s f ligam ou desligam uma flag · ← → as comuns",
        FieldInput::Text => "aqui vai texto, ou bytes como 0x6f69",
    }
}

fn again(loss: Loss) -> String {
    match loss {
        Loss::Clients(count) => format!("de novo: fecha {count} clientes"),
        Loss::Visitors(1) => "de novo: sai, e 1 visitante cai".into(),
        Loss::Visitors(count) => format!("de novo: sai, e {count} visitantes caem"),
        Loss::Lesson => "de novo: sai do cenário".into(),
    }
}

pub(super) const KEYS: KeysText = KeysText {
    action,
    place,
    refusal,
    now: KeysNowText {
        machine: "máquina",
        wall: "colunas",
        scenario: "uma conexão se abre",
        list: "lista",
        ladder: "escada",
        said: "dito",
        live: "ao vivo",
        hold: "retém",
        run: "solta",
        close_door: "fecha a entrada",
        open_door: "abre a entrada",
    },
    mark_prompt: "Marca (Enter anota, Esc desiste)",
    send: "envia e fica",
    play: "apresenta",
    keep: "mantém",
    open: "abre",
    leave: "sai",
    complete: "completa",
    earlier: "anteriores",
    scroll: "rola",
    setting: "ajuste",
    field: "campo",
    send_packet: "põe no fio",
    change_packet: "altera",
    preset: "outro modelo",
    choose: "inclui ou tira",
    host: "host",
    value: "valor",
    close: "fecha",
    forget: "esquece",
    clients: |count| format!("{} {}", grouped(count), plural(u64::from(count), "cliente", "clientes")),
    one_shots: |count| format!("{} {}", grouped(count), plural(u64::from(count), "ida e volta", "idas e voltas")),
    bulk: |bytes| format!("volume {bytes}"),
    deliver: |count| format!("próximos {}", grouped(count)),
    delayed: |span| format!("atrasa {span}"),
    slowed: |span| format!("lento {span}"),
    losing: |percent| format!("perda {percent} %"),
    view: |number, exists| if exists { format!("tela {number}") } else { format!("tela {number}: não há") },
    space: "espaço",
};
