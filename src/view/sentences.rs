//! A lesson's acts, expectations and results as sentences without a full stop, for the screen and for a transcript.

use crate::domain::{Flags, Proto};
use crate::lesson::SeenInstead;
use crate::lesson::act::{Act, ModeName};
use crate::lesson::expect::Expect;
use crate::lesson::matcher::{Amount, CauseMatch, PacketMatch, SocketEnd};
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
        Expect::Timed { packet, since, after_ms } => {
            let since = since.as_ref().map(|since| of_packet(text, since));
            (text.timed)(&of_packet(text, packet), &after_ms.to_string(), since.as_deref())
        }
        Expect::Held(packet) => (text.held)(&of_packet(text, packet)),
        Expect::Verdict(verdict) => {
            let packet = of_packet(text, &verdict.packet);
            (text.verdict)(&packet, verdict.did, verdict.answer)
                + &verdict.why.map_or_else(String::new, |why| format!(": {}", (text.cause)(why)))
        }
        Expect::Folded { packet, times, after_ms } => {
            let after = after_ms.map_or_else(String::new, |ms| format!(" (+{ms} ms)"));
            (text.folded)(&of_packet(text, packet), &times.to_string()) + &after
        }
        Expect::Lost { packet, why } => (text.lost)(&of_packet(text, packet), *why),
        Expect::Marked(packet) => (text.marked)(&of_packet(text, packet)),
        Expect::Queue { from, reaches } => (text.queue)(*from, &reaches.to_string()),
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
        Expect::Info(info) => {
            let values = [
                ("cwnd", info.cwnd),
                ("ssthresh", info.ssthresh),
                ("in flight", info.in_flight),
                ("RTO", info.rto_ms),
                ("RTT", info.rtt_ms),
                ("retrans", info.retrans),
                ("mss", info.mss),
                ("win", info.window),
            ];
            let value = |(name, amount): (&str, Option<Amount>)| {
                let unit = if matches!(name, "RTO" | "RTT") { " ms" } else { "" };
                amount.map(|amount| format!("{name} {amount}{unit}"))
            };
            let state = info.state.map(|state| state.name().to_owned());
            let all: Vec<_> = values.into_iter().filter_map(value).chain(state).collect();
            format!("{}: {}", of_end(text, info.of.get_ref()), all.join(", "))
        }
        Expect::Count { host, state, is } => (text.count)(&is.to_string(), *state, *host),
        Expect::Ended { host, status } => (text.ended)(*host, *status),
        Expect::Absent { for_ms, what } => (text.absent)(*for_ms, &of_expect(text, what)),
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
    parts.extend(packet.options.map(|options| options.brief(text.without)).filter(|options| !options.is_empty()));
    parts.extend(packet.again.map(|again| if again { text.again.to_owned() } else { text.first.to_owned() }));
    parts.extend(packet.forged.map(|forged| if forged { text.forged.to_owned() } else { text.genuine.to_owned() }));
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
        Act::Delay { packet, ms } => say(PlannedAct::Delay(&of_packet(text, packet), *ms)),
        Act::Inject(inject) => {
            let kind = match (inject.unreachable, inject.proto) {
                (Some(_), _) => "ICMP".to_owned(),
                (None, Some(Proto::Udp)) => "UDP".to_owned(),
                (None, _) => inject.flags.unwrap_or(Flags::ACK).to_string(),
            };
            say(PlannedAct::Inject(&kind, *inject.from.get_ref()))
        }
        Act::Change(change) => say(PlannedAct::Change(&packet(change.packet.get_ref()))),
        Act::Mode { is: ModeName::Step, from, .. } => say(PlannedAct::Step(*from)),
        Act::Mode { is: ModeName::Slow, from, hop_ms } => say(PlannedAct::Slow(*from, *hop_ms)),
        Act::Mode { is: ModeName::Live, from, .. } => say(PlannedAct::Live(*from)),
        Act::Cut { on, from } => say(PlannedAct::Cut(*from, *on)),
        Act::Loss { percent, from } => say(PlannedAct::Loss(*from, *percent)),
        Act::Link(link) => say(PlannedAct::Link(link.changes())),
        Act::Fold(on) => say(PlannedAct::Fold(*on)),
        Act::Set(_) => say(PlannedAct::Set),
        Act::Listen(listen) => say(PlannedAct::Listen(listen.socket.get_ref(), listen.port)),
        Act::Connect(connect) => say(PlannedAct::Connect(connect.socket.get_ref())),
        Act::Accept { socket, .. } => say(PlannedAct::Accept(socket.get_ref())),
        Act::Datagram(datagram) => say(PlannedAct::Datagram(datagram.socket.get_ref())),
        Act::Send(send) => {
            let bytes = || format!("{} B", send.bytes.unwrap_or(0));
            let what = send.text.as_ref().map_or_else(bytes, |text| format!("{text:?}"));
            let what = if send.urgent { format!("{what} (MSG_OOB)") } else { what };
            say(PlannedAct::Send(send.socket.get_ref(), &what))
        }
        Act::Recv { socket, .. } => say(PlannedAct::Recv(socket.get_ref())),
        Act::Setsockopt { socket, options } => {
            let options: Vec<_> = options.calls(false).into_iter().map(|call| call.args().to_string()).collect();
            say(PlannedAct::Setsockopt(socket.get_ref(), &options.join(", ")))
        }
        Act::Shutdown(shutdown) => say(PlannedAct::Shutdown(shutdown.socket.get_ref(), shutdown.how.into())),
        Act::Close { socket, .. } => say(PlannedAct::Close(socket.get_ref())),
        Act::Reset(name) => say(PlannedAct::Reset(name.get_ref())),
        Act::Start(kind) => say(PlannedAct::Start(kind.name())),
        Act::Stop(kind) => say(PlannedAct::Stop(kind.name())),
        Act::Switch { server, model } => say(PlannedAct::Switch(server.name(), *model)),
        Act::Spawn { count, server, .. } => say(PlannedAct::Spawn(*count, server.name())),
        Act::End { client, how } => say(PlannedAct::End(*client, *how)),
        Act::CloseAll => say(PlannedAct::CloseAll),
        Act::Wait(time) => say(PlannedAct::Wait(time.ms())),
        Act::Run { host, argv } => say(PlannedAct::Run(*host, argv.first().map_or("", String::as_str))),
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
