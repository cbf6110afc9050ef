//! A lesson's run as sentences: what was said, what was expected, what was seen.

use std::io::{self, Write};

use crate::domain::Lang;
use crate::lesson::act::Act;
use crate::lesson::expect::Expect;
use crate::lesson::matcher::{By, PacketMatch};
use crate::lesson::{Engine, Lesson, Seen, Tick};
use crate::text::Text;
use crate::text::lesson::Lessons;

/// How wide a paragraph is.
const WIDTH: usize = 96;

/// Writes a run down as it goes.
#[derive(Debug)]
pub(super) struct Transcript<W: Write> {
    out: W,
    text: &'static Lessons,
    lang: Lang,
}

impl<W: Write> Transcript<W> {
    pub(super) const fn onto(out: W, text: &'static Text, lang: Lang) -> Self {
        Self { out, text: &text.lessons, lang }
    }

    pub(super) fn title(&mut self, name: &str, lesson: &Lesson) -> io::Result<()> {
        writeln!(self.out, "{} ({name})", lesson.title.lang(self.lang))?;
        self.paragraph("", lesson.about.lang(self.lang))
    }

    /// Before a step: its number and what is said.
    pub(super) fn begin(&mut self, engine: &Engine) -> io::Result<()> {
        writeln!(self.out)?;
        let number = format!("{:>2}. ", engine.place() + 1);
        let said = engine.step().and_then(|step| step.say.as_ref()).map_or("", |say| say.lang(self.lang));
        self.paragraph(&number, said)?;
        self.out.flush()
    }

    /// After a step: each expectation, ticked or not.
    pub(super) fn end(&mut self, engine: &Engine) -> io::Result<()> {
        let Some(step) = engine.step() else { return Ok(()) };
        if let Some(act) = engine.stuck().and_then(|place| step.acts.get(place)) {
            writeln!(self.out, "    ✗ {}", (self.text.not_done)(&of_act(self.text, act)))?;
        }
        for (expect, tick) in step.expect.iter().zip(engine.ticks()) {
            let what = of_expect(self.text, expect);
            match tick {
                Tick::Met => writeln!(self.out, "    ✓ {what}")?,
                Tick::Open => writeln!(self.out, "    · {what}")?,
                Tick::Missed(seen) => writeln!(self.out, "    ✗ {what}; {}", of_seen(self.text, seen))?,
            }
        }
        self.out.flush()
    }

    pub(super) fn verdict(&mut self, passed: bool, expectations: usize) -> io::Result<()> {
        let verdict = if passed { (self.text.passed)(expectations) } else { self.text.failed.to_owned() };
        writeln!(self.out, "\n{verdict}")?;
        self.out.flush()
    }

    /// Lines of at most [`WIDTH`] columns, the first behind `lead`.
    fn paragraph(&mut self, lead: &str, words: &str) -> io::Result<()> {
        let (mut line, indent) = (lead.to_owned(), " ".repeat(lead.len()));
        for word in words.split_whitespace() {
            let room = line.chars().count() + word.chars().count() < WIDTH;
            if !room {
                writeln!(self.out, "{}", line.trim_end())?;
                line.clone_from(&indent);
            }
            line.push_str(word);
            line.push(' ');
        }
        writeln!(self.out, "{}", line.trim_end())
    }
}

/// What was not done or not seen in the present step, one sentence each.
pub(super) fn failures(engine: &Engine, text: &'static Text) -> Vec<String> {
    let (text, number) = (&text.lessons, engine.place() + 1);
    let Some(step) = engine.step() else { return vec![] };
    let stuck = engine.stuck().and_then(|place| step.acts.get(place));
    let not_done = stuck.map(|act| (text.not_done)(&of_act(text, act)));
    let missed = step.expect.iter().zip(engine.ticks()).filter_map(|(expect, tick)| match tick {
        Tick::Missed(seen) => Some(format!("{}; {}", of_expect(text, expect), of_seen(text, seen))),
        Tick::Met | Tick::Open => None,
    });
    not_done.into_iter().chain(missed).map(|what| format!("{} {number}: {what}", text.step)).collect()
}

/// What is expected, as a sentence without a full stop.
pub(super) fn of_expect(text: &Lessons, expect: &Expect) -> String {
    let by = |by: Option<By>| by.map_or_else(String::new, |by| (text.by)(&by.to_string()));
    match expect {
        Expect::State(state) => (text.state)(&state.of.get_ref().to_string(), state.is) + &by(state.by),
        Expect::Edge(edge) => format!("{}: {} → {}{}", edge.of.get_ref(), edge.from, edge.to, by(edge.by)),
        Expect::Packet(packet) => (text.sent)(&of_packet(text, packet)),
        Expect::Held(packet) => (text.held)(&of_packet(text, packet)),
        Expect::Folded(folded) => (text.folded)(&of_packet(text, &folded.packet), &folded.times.to_string()),
        Expect::Call(call) => {
            let len = call.len.map_or_else(String::new, |len| format!(", {len} B"));
            let data = call.text.as_ref().map_or_else(String::new, |text| format!(", {text:?}"));
            format!("{}: {}() = {}{len}{data}", call.of.get_ref(), call.call, call.result)
        }
        Expect::Row(row) => {
            let recv = row.recv_q.map(|amount| format!("Recv-Q {amount}"));
            let send = row.send_q.map(|amount| format!("Send-Q {amount}"));
            let timer = row.timer.map(|timer| format!("timer {timer}"));
            let all: Vec<_> = [recv, send, timer].into_iter().flatten().collect();
            format!("{}: {}", row.of.get_ref(), all.join(", "))
        }
        Expect::Count(count) => (text.count)(&count.is.to_string(), count.state, count.host),
        Expect::Ended(ended) => (text.ended)(ended.host, ended.status),
        Expect::Absent(absent) => (text.absent)(absent.for_ms, &of_expect(text, &absent.what)),
    }
}

fn of_packet(text: &Lessons, packet: &PacketMatch) -> String {
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

/// What is done, by its word in the file.
fn of_act(text: &Lessons, act: &Act) -> String {
    let packet = |word: &str, packet: &PacketMatch| format!("{word} {}", of_packet(text, packet));
    match act {
        Act::Deliver(wanted) => packet("deliver", wanted),
        Act::Drop(wanted) => packet("drop", wanted),
        Act::Duplicate(wanted) => packet("duplicate", wanted),
        Act::Swap(wanted) => packet("swap", wanted),
        Act::Corrupt(wanted) => packet("corrupt", wanted),
        Act::Delay(delay) => packet("delay", &delay.packet),
        Act::Listen(listen) => format!("listen {}", listen.socket.get_ref()),
        Act::Connect(connect) => format!("connect {}", connect.socket.get_ref()),
        Act::Accept(accept) => format!("accept {}", accept.socket.get_ref()),
        Act::Send(send) => format!("send {}", send.socket.get_ref()),
        Act::Recv(recv) => format!("recv {}", recv.socket.get_ref()),
        Act::Close(close) => format!("close {}", close.socket.get_ref()),
        Act::Shutdown(name) => format!("shutdown {}", name.get_ref()),
        Act::Reset(name) => format!("reset {}", name.get_ref()),
        other => format!("{other:?}"),
    }
}

fn of_seen(text: &Lessons, seen: &Seen) -> String {
    let what = match seen {
        Seen::It => text.it.to_owned(),
        Seen::Nothing => text.nothing.to_owned(),
        Seen::State(state, cause) => {
            let cause = cause.map_or_else(String::new, |cause| format!(" ({cause})"));
            format!("{state}{cause}")
        }
        Seen::These(seen) => seen.join(", "),
        Seen::Number(number) => number.to_string(),
    };
    (text.seen)(&what)
}
