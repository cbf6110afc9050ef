//! English: the keys.

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
            ("go on", "do the step that was announced; go on to the next; at the end to the next scenario")
        }
        Action::Lesson(LessonAction::Repeat) => {
            ("again", "play the scenario again from its beginning, on a fresh wire")
        }
        Action::Screen(action) => screen(action),
    };
    KeyText::new(hint, help)
}

const fn lab(action: LabAction) -> (&'static str, &'static str) {
    match action {
        LabAction::Spawn(ClientPlan::Stay) => {
            ("client", "a client connects to the selected server, says hello and stays")
        }
        LabAction::Spawn(ClientPlan::OneShot) => {
            ("one-shot", "a client connects, says hello, reads the answer and closes")
        }
        LabAction::Close(CloseHow::Fin) => {
            ("close", "close the selected end, or the newest client, with FIN; end a program")
        }
        LabAction::Close(CloseHow::Rst) => ("close", "reset it with RST; end a program by force"),
        LabAction::Close(CloseHow::Half) => ("close", "half-close it: shutdown(SHUT_WR), it can still receive"),
        LabAction::CloseAll => ("close all", "close all clients; with 10 or more, press it twice"),
        LabAction::StartStop => ("start/stop", "start or stop the selected server; try again when its port was taken"),
        LabAction::NextModel => {
            ("model", "switch the server's model: one at a time, threads, tasks, kept open; no connection is cut")
        }
        LabAction::Tick => ("tick", "the selected server receives broadcasts, or no longer"),
        LabAction::Bulk => {
            ("bulk", "the selected end sends 100 kB; 500b 500 kB; a server's end only with the model kept open")
        }
        LabAction::Say => ("say", "type a message for all ticked servers"),
        LabAction::Target => ("target", "clients and broadcasts go to another host: HOST or HOST:PORT"),
        LabAction::Home => ("here", "clients and broadcasts go to the servers here again"),
    }
}

const fn list(action: ListAction) -> (&'static str, &'static str) {
    match action {
        ListAction::Move(Motion::Up) => ("up", "one entry up"),
        ListAction::Move(Motion::Down) => ("down", "one entry down"),
        ListAction::Move(Motion::PageUp) => ("page up", "half a screen up"),
        ListAction::Move(Motion::PageDown) => ("page down", "half a screen down"),
        ListAction::Move(Motion::First) => ("first", "to the first entry"),
        ListAction::Move(Motion::Last) => ("follow", "to the last entry, and follow what comes"),
        ListAction::Filter => ("filter", "type a filter for the list"),
        ListAction::NextScope => ("sockets", "watch the filter's ports, the lab's ports, all sockets"),
        ListAction::NextKinds => ("kinds", "list everything, calls only, states only"),
        ListAction::Order(Turn::Next) => ("order", "order the table by the next column"),
        ListAction::Order(Turn::Previous) => ("order", "order the table by the column before"),
        ListAction::Reverse => ("reverse", "reverse the table's order"),
        ListAction::Narrow => ("narrow", "list only what concerns the selection, or everything again"),
        ListAction::Page => ("page", "the page of the selected connection: both ends, step by step"),
        ListAction::OtherEnd => ("other end", "what TCP_INFO says of the other end"),
        ListAction::Connection(Turn::Next) => ("connection", "the page of the next connection"),
        ListAction::Connection(Turn::Previous) => ("connection", "the page of the connection before"),
    }
}

const fn packets(action: PacketsAction) -> (&'static str, &'static str) {
    match action {
        PacketsAction::NextTab => {
            ("ladder", "the ladder of the selected conversation; what was said in it; the list again")
        }
        PacketsAction::Conversation(Turn::Next) => {
            ("talk", "the next connection or UDP exchange, in the order in which they began")
        }
        PacketsAction::Conversation(Turn::Previous) => ("talk", "the connection or UDP exchange before it"),
        PacketsAction::Fields => ("fields", "look into the packet; fold or unfold a field of it"),
        PacketsAction::Save => ("save", "write all captured packets to a file, for Wireshark (pcapng)"),
        PacketsAction::Graph => {
            ("time–sequence", "the sequence numbers of one end over time; then of the other; the list")
        }
        PacketsAction::Interfaces => ("interfaces", "choose the interfaces on which packets are captured"),
        PacketsAction::Open => {
            ("open", "look at a capture file (pcap or pcapng) in place of the live packets; or at these again")
        }
    }
}

const fn wire(action: WireAction) -> (&'static str, &'static str) {
    match action {
        WireAction::Toggle => {
            ("wire", "to the wire: two private hosts, each packet in your hand; or back to this machine")
        }
        WireAction::Open => ("open", "open the wire; on an empty one the first scenario; else the connection's page"),
        WireAction::Close => ("take down", "take the wire and its hosts down"),
        WireAction::Next => ("next", "deliver the selected packet, or the one held longest; 3n the next three"),
        WireAction::RunHold => ("run/hold", "let every packet run, or hold every packet"),
        WireAction::Slow => ("slow", "slow motion; 5M is 0.5 s a crossing, from 0.1 to 5 s"),
        WireAction::Packet(PacketFate::Drop) => ("drop", "lose the packet"),
        WireAction::Packet(PacketFate::Duplicate) => ("duplicate", "deliver the packet and keep a copy on the wire"),
        WireAction::Packet(PacketFate::Swap) => ("swap", "let the packet change places with the one behind it"),
        WireAction::Packet(PacketFate::Delay) => ("delay", "the packet goes on later; 15+ in 1.5 s, otherwise in 2 s"),
        WireAction::Packet(PacketFate::Corrupt) => ("corrupt", "damage the packet: its checksum is wrong"),
        WireAction::Inject => {
            ("forge", "forge a packet: RST, SYN, FIN, old data …, from either host, any field; Enter sends it")
        }
        WireAction::Change => ("change", "change fields of the held packet; its checksum follows, or is left wrong"),
        WireAction::Link(LinkAction::Cut) => ("cut", "cut the wire, or mend it"),
        WireAction::Link(LinkAction::Loss) => ("loss", "lose packets by chance: 30% loses three in ten; again: none"),
        WireAction::Link(LinkAction::Mend) => ("mend", "neither cut nor loss nor any other condition of the link"),
        WireAction::From(HostId::Client) => ("only →", "the keys are about client → server only, or both ways again"),
        WireAction::From(HostId::Server) => ("only ←", "the keys are about server → client only, or both ways again"),
        WireAction::Fold => ("fold", "list every retransmission, or fold them into the held original"),
        WireAction::Along(Turn::Next) => ("along", "the next packet of this connection: the graph speaks of it"),
        WireAction::Along(Turn::Previous) => ("along", "the packet of this connection before it"),
        WireAction::Graph => {
            ("curves", "curves: cwnd, ssthresh, in flight, RTT, RTO; then sequence numbers; then neither")
        }
        WireAction::Settings => ("settings", "settings of the two hosts, and the link: rate, queue, delay, MTU, ECN"),
        WireAction::Run => ("program", "run a program on a host: client CMD or server CMD"),
    }
}

const fn network(action: NetworkAction) -> (&'static str, &'static str) {
    match action {
        NetworkAction::Toggle => ("network", "to the network: the class joins, visitors, port check; or back"),
        NetworkAction::Door => ("door", "open the servers to the network, after a question; or close them at once"),
        NetworkAction::Check => ("ports", "check the ports of a host: HOST PORTS, as for nmap"),
        NetworkAction::StopCheck => ("stop", "stop the port check"),
        NetworkAction::Kick => ("kick", "kick the selected visitor: all its connections are closed"),
        NetworkAction::Block => ("block", "block the selected visitor: nothing is accepted from it; or no longer"),
        NetworkAction::Listed => ("list", "show the visitors as a wall, or as a list with ports and rates"),
    }
}

const fn screen(action: ScreenAction) -> (&'static str, &'static str) {
    match action {
        ScreenAction::View(view) => view_text(view),
        ScreenAction::Views => ("views", "the views, each by its digit; again: the next; 3v: the third"),
        ScreenAction::Pane(Turn::Next) => ("pane", "to the next part of this view"),
        ScreenAction::Pane(Turn::Previous) => ("pane back", "to the part before"),
        ScreenAction::Zoom => ("zoom", "give this part the whole screen, or give it back; look closer at a graph"),
        ScreenAction::Mark => {
            ("mark", "type a mark: a place to find again among the events, in a record and in a saved capture")
        }
        ScreenAction::Language => ("português", "the other language"),
        ScreenAction::Theme => ("theme", "the next theme: dark, light, contrast, mono"),
        ScreenAction::Glyphs => ("ASCII", "only ASCII characters, or all"),
        ScreenAction::Help => ("help", "this help; again: close it"),
        ScreenAction::Back => ("lab", "undo what was begun last; then home: the lab, or the wire in its own world"),
        ScreenAction::Terminal(TerminalAction::Redraw) => ("redraw", "draw the whole screen again"),
        ScreenAction::Terminal(TerminalAction::Suspend) => {
            ("suspend", "give the terminal back to the shell; fg comes back")
        }
        ScreenAction::Quit => ("quit", "leave: everything is closed in order; Ctrl-c at once"),
    }
}

const fn view_text(view: View) -> (&'static str, &'static str) {
    match view {
        View::Lab => ("lab", "view 1: the lab"),
        View::Ports => ("ports", "view 2: the newest client's port, big"),
        View::Packets => ("packets", "view 3: packets, the ladder of a connection, and what was said in it"),
        View::Wire => ("wire", "view 5: the wire"),
        View::Lessons => ("lessons", "view 6: the scenarios: choose one, and play it on the wire step by step"),
        View::Network => ("network", "view 8: the network: how to join, who came, which ports are open"),
    }
}

const fn place(place: Place) -> &'static str {
    match place {
        Place::Anywhere => "Everywhere",
        Place::Clients | Place::Ends => "Clients, in the lab, ports, packets and on the wire",
        Place::Servers => "Servers, in the lab and on the wire",
        Place::Stepping => "Packets of the wire's world",
        Place::View(View::Lab) => "Lab",
        Place::View(View::Ports) => "Ports",
        Place::View(View::Packets) => "Packets",
        Place::View(View::Wire) => "Wire",
        Place::View(View::Lessons) => "Scenarios",
        Place::View(View::Network) => "Network",
        Place::Playing => "While a scenario is played",
        Place::In(Pane::Servers) => "Servers",
        Place::In(Pane::Clients) => "Clients",
        Place::In(Pane::Netstat) => "Socket table",
        Place::In(Pane::Lifecycle) => "What happened",
        Place::In(Pane::Broadcast) => "Broadcast",
        Place::Check => "Port check",
        Place::Page => "A connection's page",
    }
}

fn refusal(why: Refusal) -> String {
    match why {
        Refusal::Unbound => "this key does nothing".into(),
        Refusal::Elsewhere(Some(view)) => format!("not here: view {} ({})", view.number(), view_text(view).0),
        Refusal::Elsewhere(None) => "not here: only on a connection's page".into(),
        Refusal::NothingSelected => "nothing is selected · ↑ ↓ select".into(),
        Refusal::Closed(no, Some(state)) => format!("client #{no} has closed already ({state}) · ↑ ↓ another"),
        Refusal::Closed(no, None) => format!("client #{no} has closed already · ↑ ↓ another"),
        Refusal::ServerClosed(Some(state)) => format!("the server's end has closed already ({state}) · Tab the other"),
        Refusal::ServerClosed(None) => "the server's end has closed already · Tab the other".into(),
        Refusal::NotAccepted => "the server has not accepted this connection: only its kernel knows it".into(),
        Refusal::NoConnection => "UDP has no connection to close".into(),
        Refusal::OnlyTcp => "only over TCP: a UDP client sends single datagrams".into(),
        Refusal::SendsNoMore => "this end has shut down its sending side".into(),
        Refusal::OnlyAnswers => "this server only answers; with the model kept open it also sends · m, then c".into(),
        Refusal::StillSends(percent) => format!("it is still sending: {percent} % · x stops it"),
        Refusal::NoClient => "no client of ours is open · c makes one".into(),
        Refusal::NoServer => "no server here".into(),
        Refusal::NoModel => "a UDP server has only one way to serve".into(),
        Refusal::NoTarget => "there is no target to leave: clients go to the servers here".into(),
        Refusal::TargetUnknown => "the target's address is not known".into(),
        Refusal::Watched => "watched, not ours".into(),
        Refusal::NothingHeld => "nothing is held on the wire".into(),
        Refusal::InLink => "it is in the link and takes its course · d loses it".into(),
        Refusal::WireClosed => "the wire is not open · F5 opens it".into(),
        Refusal::NoPackets => "packets need a right that is missing · w: the wire has all packets".into(),
        Refusal::Takes(input) => takes(input).into(),
        Refusal::TooLarge(most) => format!("at most {most} here"),
        Refusal::NoNumbering => "no SYN of this connection was seen: its numbers are absolute".into(),
        Refusal::NoAckFlag => "without ACK among the flags this number means nothing".into(),
        Refusal::Forge(ForgedFault::TooLong { len, most }) => {
            format!("{len} B do not fit beside these options, {most} do · Backspace shortens")
        }
        Refusal::Forge(ForgedFault::Scale(scale)) => format!("a window scale of {scale} is too large: 14 at most"),
        Refusal::StepRuns => "the step is still running".into(),
        Refusal::NoMore => "nothing further here".into(),
        Refusal::NoView(number) => format!("there is no view {number} · v shows them"),
        Refusal::AtHome(true) => "nothing to undo · w goes to the machine".into(),
        Refusal::AtHome(false) => "nothing to undo".into(),
        Refusal::OnlyHere => "only for this machine, not on the wire's hosts · w goes to the machine".into(),
        Refusal::Again(loss) => again(loss),
    }
}

/// What a row of a form takes.
const fn takes(input: FieldInput) -> &'static str {
    match input {
        FieldInput::Choice => "this row has a few values · ← → changes it",
        FieldInput::Number => "a number goes here, or hex as 0x1f · ← → one less, one more",
        FieldInput::Sequence => "a number goes here: 7, -1 or 0x1f · a: absolute or relative",
        FieldInput::Letters => "c e u a p r s f turn a flag on or off · ← → the usual ones",
        FieldInput::Text => "text goes here, or bytes as 0x6f69",
    }
}

fn again(loss: Loss) -> String {
    match loss {
        Loss::Clients(count) => format!("again: closes {count} clients"),
        Loss::Visitors(1) => "again: leaves, and cuts off 1 visitor".into(),
        Loss::Visitors(count) => format!("again: leaves, and cuts off {count} visitors"),
        Loss::Lesson => "again: leaves the scenario".into(),
    }
}

pub(super) const KEYS: KeysText = KeysText {
    action,
    place,
    refusal,
    now: KeysNowText {
        machine: "machine",
        wall: "wall",
        scenario: "a connection opens",
        list: "list",
        ladder: "ladder",
        said: "said",
        live: "live",
        hold: "hold",
        run: "run",
        close_door: "close the door",
        open_door: "open the door",
    },
    mark_prompt: "Mark (Enter notes it, Esc leaves)",
    send: "sends, stays",
    play: "plays",
    keep: "keep",
    open: "open",
    leave: "leave",
    complete: "complete",
    earlier: "earlier",
    scroll: "scroll",
    setting: "setting",
    field: "field",
    send_packet: "onto the wire",
    change_packet: "changes it",
    preset: "next preset",
    choose: "add or take away",
    host: "host",
    value: "value",
    close: "close",
    forget: "forget",
    clients: |count| format!("{} {}", grouped(count), plural(u64::from(count), "client", "clients")),
    one_shots: |count| format!("{} {}", grouped(count), plural(u64::from(count), "one-shot", "one-shots")),
    bulk: |bytes| format!("bulk {bytes}"),
    deliver: |count| format!("next {}", grouped(count)),
    delayed: |span| format!("delay {span}"),
    slowed: |span| format!("slow {span}"),
    losing: |percent| format!("loss {percent} %"),
    view: |number, exists| if exists { format!("view {number}") } else { format!("view {number}: none") },
    space: "space",
};
