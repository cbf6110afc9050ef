//! A lesson's acts, expectations and results as sentences without a full stop, for the screen and for a transcript.

use crate::lesson::SeenInstead;
use crate::lesson::act::{Act, ModeName};
use crate::lesson::expect::Expect;
use crate::lesson::matcher::{CauseMatch, PacketMatch, SocketEnd};
use crate::text::lesson::{LessonsText, PlannedAct};

/// An expectation, as a sentence without a full stop.
pub fn of_expect(text: &LessonsText, expect: &Expect) -> String {
    let by = |by: Option<CauseMatch>| by.map_or_else(String::new, |by| (text.by)(&by.to_string()));
    match expect {
        Expect::State(state) => (text.state)(&of_end(text, state.of.get_ref()), state.is) + &by(state.by),
        Expect::Edge(edge) => {
            format!("{}: {} → {}{}", of_end(text, edge.of.get_ref()), edge.from, edge.to, by(edge.by))
        }
        Expect::Packet(packet) => (text.sent)(&of_packet(text, packet)),
        Expect::Held(packet) => (text.held)(&of_packet(text, packet)),
        Expect::Folded(folded) => (text.folded)(&of_packet(text, &folded.packet), &folded.times.to_string()),
        Expect::Call(call) => {
            let len = call.len.map_or_else(String::new, |len| format!(", {len} B"));
            let data = call.text.as_ref().map_or_else(String::new, |text| format!(", {text:?}"));
            format!("{}: {}() = {}{len}{data}", of_end(text, call.of.get_ref()), call.call, call.result)
        }
        Expect::Row(row) => {
            let recv = row.recv_q.map(|amount| format!("Recv-Q {amount}"));
            let send = row.send_q.map(|amount| format!("Send-Q {amount}"));
            let timer = row.timer.map(|timer| format!("timer {timer}"));
            let all: Vec<_> = [recv, send, timer].into_iter().flatten().collect();
            format!("{}: {}", of_end(text, row.of.get_ref()), all.join(", "))
        }
        Expect::Count(count) => (text.count)(&count.is.to_string(), count.state, count.host),
        Expect::Ended(ended) => (text.ended)(ended.host, ended.status),
        Expect::Absent(absent) => (text.absent)(absent.for_ms, &of_expect(text, &absent.what)),
    }
}

fn of_end(text: &LessonsText, end: &SocketEnd) -> String {
    if end.peer { (text.peer)(&end.socket) } else { end.socket.clone() }
}

fn of_packet(text: &LessonsText, packet: &PacketMatch) -> String {
    let kind = packet.flags.map(|flags| flags.to_string());
    let kind = kind.or_else(|| packet.icmp.map(|icmp| format!("ICMP {icmp}")));
    let kind = kind.or_else(|| packet.proto.map(|proto| proto.name().to_uppercase()));
    let mut parts = vec![kind.unwrap_or_else(|| text.packet.to_owned())];
    parts.extend(packet.from.map(text.from));
    parts.extend(packet.seq.map(|seq| format!("seq {seq}")));
    parts.extend(packet.ack.map(|ack| format!("ack {ack}")));
    parts.extend(packet.window.map(|window| format!("win {window}")));
    parts.extend(packet.len.map(|len| format!("{len} B")));
    parts.extend(packet.text.as_ref().map(|text| format!("{text:?}")));
    parts.extend(packet.again.map(|again| if again { text.again.to_owned() } else { text.first.to_owned() }));
    parts.extend(packet.port.map(|port| format!("port {port}")));
    parts.extend(packet.nth.map(|nth| format!("#{nth}")));
    parts.join(" ")
}

/// An act, as a sentence without a full stop.
pub fn of_act(text: &LessonsText, act: &Act) -> String {
    let say = |act: PlannedAct<'_>| (text.act)(&act);
    let packet = |wanted: &PacketMatch| of_packet(text, wanted);
    match act {
        Act::Next => say(PlannedAct::Next),
        Act::Deliver(wanted) => say(PlannedAct::Deliver(&packet(wanted))),
        Act::Drop(wanted) => say(PlannedAct::Drop(&packet(wanted))),
        Act::Duplicate(wanted) => say(PlannedAct::Duplicate(&packet(wanted))),
        Act::Swap(wanted) => say(PlannedAct::Swap(&packet(wanted))),
        Act::Corrupt(wanted) => say(PlannedAct::Corrupt(&packet(wanted))),
        Act::Delay(delay) => say(PlannedAct::Delay(&of_packet(text, &delay.packet), delay.ms)),
        Act::Mode(set) => say(match set.is {
            ModeName::Step => PlannedAct::Step(set.from),
            ModeName::Slow => PlannedAct::Slow(set.from, set.hop_ms),
            ModeName::Live => PlannedAct::Live(set.from),
        }),
        Act::Cut(cut) => say(PlannedAct::Cut(cut.from, cut.on)),
        Act::Loss(loss) => say(PlannedAct::Loss(loss.from, loss.percent)),
        Act::Fold(on) => say(PlannedAct::Fold(*on)),
        Act::Set(_) => say(PlannedAct::Set),
        Act::Listen(listen) => say(PlannedAct::Listen(listen.socket.get_ref(), listen.port)),
        Act::Connect(connect) => say(PlannedAct::Connect(connect.socket.get_ref())),
        Act::Accept(accept) => say(PlannedAct::Accept(accept.socket.get_ref())),
        Act::Datagram(datagram) => say(PlannedAct::Datagram(datagram.socket.get_ref())),
        Act::Send(send) => {
            let bytes = || format!("{} B", send.bytes.unwrap_or(0));
            let what = send.text.as_ref().map_or_else(bytes, |text| format!("{text:?}"));
            say(PlannedAct::Send(send.socket.get_ref(), &what))
        }
        Act::Recv(recv) => say(PlannedAct::Recv(recv.socket.get_ref())),
        Act::Shutdown(name) => say(PlannedAct::Shutdown(name.get_ref())),
        Act::Close(close) => say(PlannedAct::Close(close.socket.get_ref())),
        Act::Reset(name) => say(PlannedAct::Reset(name.get_ref())),
        Act::Start(kind) => say(PlannedAct::Start(kind.name())),
        Act::Stop(kind) => say(PlannedAct::Stop(kind.name())),
        Act::Switch(switch) => say(PlannedAct::Switch(switch.server.name(), switch.model)),
        Act::Spawn(spawn) => say(PlannedAct::Spawn(spawn.count, spawn.server.name())),
        Act::End(end) => say(PlannedAct::End(end.client, end.how)),
        Act::CloseAll => say(PlannedAct::CloseAll),
        Act::Run(run) => say(PlannedAct::Run(run.host, run.argv.first().map_or("", String::as_str))),
    }
}

/// What was seen instead of the expected.
pub fn of_seen(text: &LessonsText, seen: &SeenInstead) -> String {
    let what = match seen {
        SeenInstead::It => text.it.to_owned(),
        SeenInstead::Nothing => text.nothing.to_owned(),
        SeenInstead::State(state, cause) => {
            let cause = cause.map_or_else(String::new, |cause| format!(" ({cause})"));
            format!("{state}{cause}")
        }
        SeenInstead::These(seen) => seen.join(", "),
        SeenInstead::Number(number) => number.to_string(),
    };
    (text.seen)(&what)
}
