//! A lesson as a script for packetdrill (<https://github.com/google/packetdrill>), as far as it can be said there.
//!
//! packetdrill tests one kernel: it makes the calls, sends the packets that arrive, and compares those that leave. So a
//! script is about one of the lesson's hosts; of the other it has the packets. What both send follows from RFC 9293 as long
//! as nothing waits: an ACK that is delayed, or a timer that runs out unasked, is not in the script.

mod conversation;
mod places;

use std::fmt::Write as _;

use self::conversation::{MSS, SimulatedConnection, SimulatedSegment, Unforeseen};
use super::act::Act;
use super::amount::Amount;
use super::expect::{Expect, SpannedEnd};
use super::file::Lesson;
use super::matcher::{PacketMatch, SocketName};
use super::remote::StepItem;
use super::settings::LessonSettings;
use super::socket_act::{ShutdownAct, ShutdownHow};
use crate::domain::call::SockOpt;
use crate::domain::excerpt::sanitise;
use crate::domain::lesson::UnsayableReason;
use crate::domain::{
    Errno, Flags, HostId, OptionCall, Outcome, Setting, SocketId, SocketOptions, Syscall, TcpState, WorldId,
};

/// Why a lesson is not said in packetdrill's words.
#[derive(Debug, Clone, PartialEq)]
pub struct Unsayable {
    /// The step, from 1.
    pub step: usize,
    /// The line of the file, from 1.
    pub line: usize,
    /// The act or expectation.
    pub item: StepItem,
    /// Why it is not.
    pub why: UnsayableReason,
}

impl From<Unforeseen> for UnsayableReason {
    fn from(_: Unforeseen) -> Self {
        Self::Unforeseen
    }
}

/// The script of a lesson's part on one host. `source` is the lesson's file.
pub fn script(lesson: &Lesson, source: &str, host: HostId) -> Result<String, Box<Unsayable>> {
    let mut script =
        Script { lesson, host, conversation: SimulatedConnection::default(), files: vec![], text: String::new() };
    script.begin();
    let lines = places::lines(source);
    for (at, step) in lesson.steps.iter().enumerate() {
        let line = |of: usize, item: usize| lines.get(at).and_then(|step| step[of].get(item)).copied().unwrap_or(0);
        let name = step.name.as_ref().map_or("", |name| &name.en);
        let _ = write!(script.text, "\n// {}. {}\n", at + 1, sanitise(name.as_bytes()));
        for (place, act) in step.acts.iter().enumerate() {
            script.act(act).map_err(|why| {
                Box::new(Unsayable { step: at + 1, line: line(0, place), item: StepItem::Act(act.clone()), why })
            })?;
        }
        for (place, expect) in step.expect.iter().enumerate() {
            script.expect(expect, line(1, place));
        }
    }
    Ok(script.text)
}

/// A descriptor of packetdrill's process.
#[derive(Debug, Clone, PartialEq)]
struct ScriptFile {
    socket: String,
    number: usize,
    open: bool,
}

/// A script that is being written.
struct Script<'a> {
    lesson: &'a Lesson,
    host: HostId,
    conversation: SimulatedConnection,
    files: Vec<ScriptFile>,
    text: String,
}

type Said = Result<(), UnsayableReason>;

impl Script<'_> {
    fn begin(&mut self) {
        // A file may come from anywhere; a line break would end the comment.
        let title = sanitise(self.lesson.title.en.as_bytes());
        let host = self.host;
        let _ = write!(
            self.text,
            "// {title}: the {host}'s part, for packetdrill\n--ip_version=ipv4\n--tolerance_usecs=100000\n\n"
        );
        for setting in Setting::DEFAULTS {
            // Those of a patient presenter are not for a script that runs by itself.
            let patient = matches!(
                setting,
                Setting::Patience(_)
                    | Setting::SynRetries(_)
                    | Setting::SynAckRetries(_)
                    | Setting::Retries(_)
                    | Setting::OrphanRetries(_)
            );
            if !patient {
                self.sysctl(setting);
            }
        }
        let settings = self.lesson.settings;
        let _ = self.settings(&settings);
    }

    fn sysctl(&mut self, setting: Setting) -> bool {
        let Some((file, value)) = setting.sysctl() else { return false };
        let name = file.replace('/', ".");
        let _ = writeln!(self.text, "`sysctl -q -w net.{name}=\"{value}\"`");
        true
    }

    fn settings(&mut self, settings: &LessonSettings) -> Said {
        for (host, setting) in settings.each() {
            if host == self.host && !self.sysctl(setting) && !matches!(setting, Setting::Patience(_)) {
                return Err(UnsayableReason::NoWord);
            }
        }
        Ok(())
    }

    fn line(&mut self, line: &str) {
        let _ = writeln!(self.text, "+0 {line}");
    }

    fn open(&mut self, socket: &SocketName) -> usize {
        // 0, 1 and 2 are its standard descriptors.
        let number = self.files.len() + 3;
        self.files.push(ScriptFile { socket: socket.get_ref().clone(), number, open: true });
        number
    }

    /// The descriptor of a socket of this host; `None` if it is the other's.
    fn file(&self, socket: &SocketName) -> Option<usize> {
        self.files.iter().find(|file| file.open && file.socket == *socket.get_ref()).map(|file| file.number)
    }

    fn host_of(&self, socket: &SocketName) -> Result<HostId, UnsayableReason> {
        self.lesson.symbols.socket(socket.get_ref()).map(|socket| socket.host).ok_or(UnsayableReason::Unforeseen)
    }

    fn is_listener(&self, socket: &SocketName) -> bool {
        let known = self.lesson.symbols.socket(socket.get_ref());
        known.is_some_and(|socket| matches!(socket.id, SocketId::Server(_)))
    }

    fn act(&mut self, act: &Act) -> Said {
        if self.lesson.world != WorldId::Wire {
            return Err(UnsayableReason::NoWord);
        }
        match act {
            Act::Listen(listen) => {
                *self.conversation.listens.of_mut(listen.host) = true;
                if listen.host == self.host {
                    let file = self.open(&listen.socket);
                    self.line(&format!("socket(..., SOCK_STREAM, IPPROTO_TCP) = {file}"));
                    self.line(&format!("setsockopt({file}, SOL_SOCKET, SO_REUSEADDR, [1], 4) = 0"));
                    self.options(file, &SocketOptions { reuse: None, ..listen.all_options() }, true)?;
                    self.line(&format!("bind({file}, ..., ...) = 0"));
                    self.line(&format!("listen({file}, {}) = 0", listen.backlog));
                }
            }
            Act::Connect(connect) if connect.itself => return Err(UnsayableReason::NoWord),
            Act::Connect(connect) => {
                if self.conversation.has_begun() {
                    return Err(UnsayableReason::SecondConnection);
                }
                let options = connect.all_options();
                self.conversation.ends.of_mut(connect.host).no_delay = options.no_delay == Some(true);
                if connect.host == self.host {
                    let file = self.open(&connect.socket);
                    self.line(&format!("socket(..., SOCK_STREAM, IPPROTO_TCP) = {file}"));
                    self.options(file, &SocketOptions { reuse: None, ..options }, false)?;
                    self.line(&format!("fcntl({file}, F_SETFL, O_RDWR|O_NONBLOCK) = 0"));
                    self.line(&format!("connect({file}, ..., ...) = -1 EINPROGRESS (Operation now in progress)"));
                }
                self.conversation.connect(connect.host);
            }
            Act::Accept { socket, from, delay_acks: false, options } => {
                if let Some(on) = options.no_delay {
                    self.conversation.ends.of_mut(self.host_of(from)?).no_delay = on;
                }
                if let Some(listener) = self.file(from) {
                    let file = self.open(socket);
                    self.line(&format!("accept({listener}, ..., ...) = {file}"));
                    self.options(file, options, false)?;
                }
            }
            Act::Setsockopt { socket, options } => {
                let host = self.host_of(socket)?;
                if let Some(on) = options.no_delay {
                    self.conversation.ends.of_mut(host).no_delay = on;
                }
                if let Some(file) = self.file(socket) {
                    self.options(file, options, self.is_listener(socket))?;
                }
            }
            Act::Send(send) if send.to.is_none() && !send.ahead && !send.urgent => {
                let length = send.text.as_ref().map_or(send.bytes.unwrap_or(0), String::len);
                let bytes = send.text.clone().map_or_else(|| vec![b'a'; length], String::into_bytes);
                let host = self.host_of(&send.socket)?;
                let end = self.conversation.ends.of_mut(host);
                let gone = end.state == Some(TcpState::Closed);
                let returns = match (gone, std::mem::take(&mut end.reset)) {
                    (true, true) => "-1 ECONNRESET (Connection reset by peer)".to_owned(),
                    (true, false) => "-1 EPIPE (Broken pipe)".to_owned(),
                    _ => length.to_string(),
                };
                if let Some(file) = self.file(&send.socket) {
                    self.line(&format!("send({file}, ..., {length}, MSG_NOSIGNAL) = {returns}"));
                }
                if !gone {
                    self.conversation.send(host, &bytes)?;
                }
            }
            Act::Recv { socket, most, ahead: false } => self.recv(socket, *most)?,
            Act::Shutdown(ShutdownAct { socket, how }) => {
                let word = match how {
                    ShutdownHow::Read => "SHUT_RD",
                    ShutdownHow::Write => "SHUT_WR",
                    ShutdownHow::Both => "SHUT_RDWR",
                };
                if let Some(file) = self.file(socket) {
                    self.line(&format!("shutdown({file}, {word}) = 0"));
                }
                if *how != ShutdownHow::Read {
                    self.conversation.finish(self.host_of(socket)?)?;
                }
            }
            Act::Close { socket, ahead: false } => self.close(socket, false)?,
            Act::Reset(socket) => self.close(socket, true)?,
            Act::Next => self.deliver(None, false)?,
            Act::Deliver(wanted) => self.deliver(Some(wanted), false)?,
            Act::Duplicate(wanted) => self.deliver(Some(wanted), true)?,
            Act::Drop(wanted) => {
                let place = self.conversation.place(Some(wanted))?;
                self.conversation.lose(place);
            }
            Act::Set(settings) => self.settings(settings)?,
            Act::Wait(time) => {
                let _ = writeln!(self.text, "+{}.{:03} `true`", time.ms() / 1_000, time.ms() % 1_000);
            }
            _ => return Err(UnsayableReason::NoWord),
        }
        self.tell();
        Ok(())
    }

    fn options(&mut self, file: usize, options: &SocketOptions, listens: bool) -> Said {
        for OptionCall { option, value } in options.calls(listens) {
            let level = match option {
                SockOpt::ReuseAddr
                | SockOpt::ReceiveBuffer
                | SockOpt::SendBuffer
                | SockOpt::KeepAlive
                | SockOpt::Linger => "SOL_SOCKET",
                SockOpt::Tos => "IPPROTO_IP",
                _ => "SOL_TCP",
            };
            let name = if option == SockOpt::DelayAcks { "TCP_QUICKACK" } else { option.name() };
            if matches!(option, SockOpt::Linger | SockOpt::FastOpen | SockOpt::FastOpenConnect) {
                return Err(UnsayableReason::NoWord);
            }
            self.line(&format!("setsockopt({file}, {level}, {name}, [{value}], 4) = 0"));
        }
        Ok(())
    }

    fn recv(&mut self, socket: &SocketName, most: usize) -> Said {
        let host = self.host_of(socket)?;
        let end = self.conversation.ends.of_mut(host);
        let length = end.unread.min(u32::try_from(most).unwrap_or(u32::MAX));
        let reset = std::mem::take(&mut end.reset);
        if length == 0 && !end.ended && !reset && end.state != Some(TcpState::Closed) {
            return Err(UnsayableReason::Unforeseen);
        }
        end.unread -= length;
        let returns = if reset { "-1 ECONNRESET (Connection reset by peer)".to_owned() } else { length.to_string() };
        if let Some(file) = self.file(socket) {
            self.line(&format!("recv({file}, ..., {most}, 0) = {returns}"));
        }
        Ok(())
    }

    fn close(&mut self, socket: &SocketName, reset: bool) -> Said {
        let host = self.host_of(socket)?;
        if let Some(file) = self.file(socket) {
            if reset {
                self.line(&format!("setsockopt({file}, SOL_SOCKET, SO_LINGER, {{onoff=1, linger=0}}, 8) = 0"));
            }
            self.line(&format!("close({file}) = 0"));
            self.files.iter_mut().filter(|entry| entry.number == file).for_each(|entry| entry.open = false);
        }
        if self.is_listener(socket) {
            *self.conversation.listens.of_mut(host) = false;
            return Ok(());
        }
        if reset || self.conversation.ends.of(host).unread > 0 {
            self.conversation.reset(host);
        } else {
            self.conversation.finish(host)?;
        }
        Ok(())
    }

    fn deliver(&mut self, wanted: Option<&PacketMatch>, keeps: bool) -> Said {
        let place = self.conversation.place(wanted)?;
        let segment = self.conversation.segment(place).clone();
        if !keeps {
            self.conversation.lose(place);
        }
        if segment.from != self.host {
            self.line(&format!("< {}", arriving(&segment)));
        }
        self.conversation.receive(&segment)?;
        Ok(())
    }

    /// Writes down what the kernel under test has sent.
    fn tell(&mut self) {
        for segment in std::mem::take(&mut self.conversation.news) {
            if segment.from == self.host {
                // What a timer sends comes when it comes.
                let when = if segment.again { "*" } else { "+0" };
                let _ = writeln!(self.text, "{when} > {}", leaving(&segment));
            }
        }
    }

    fn expect(&mut self, expect: &Expect, line: usize) {
        if !self.check(expect) {
            let _ = writeln!(self.text, "// not checked: the expectation in line {line}");
        }
    }

    /// Writes down how an expectation is checked, if it can be; what a line above has said already is.
    fn check(&mut self, expect: &Expect) -> bool {
        match expect {
            Expect::Packet(wanted) if wanted.again == Some(true) && !self.conversation.has_sent(wanted) => {
                let sent = self.conversation.send_again(wanted).is_ok();
                self.tell();
                sent
            }
            Expect::Packet(wanted) => {
                let said = wanted.options.is_none() && wanted.window.is_none();
                said && wanted.from.is_none_or(|from| from == self.host) && self.conversation.has_sent(wanted)
            }
            Expect::Held(wanted) => {
                wanted.from.is_none_or(|from| from == self.host) && self.conversation.place(Some(wanted)).is_ok()
            }
            Expect::State(state) if state.by.is_none() => self.assert(&state.of, "tcpi_state", number(state.is)),
            Expect::Info(info) => {
                let all = [
                    ("tcpi_snd_cwnd", info.cwnd),
                    ("tcpi_snd_ssthresh", info.ssthresh),
                    ("tcpi_total_retrans", info.retrans),
                    ("tcpi_snd_mss", info.mss),
                ];
                let unsaid = info.rto_ms.is_some()
                    || info.rtt_ms.is_some()
                    || info.window.is_some()
                    || info.state.is_some()
                    || info.in_flight.is_some();
                let said = all.into_iter().filter_map(|(name, amount)| Some((name, amount?)));
                let all_said = said.fold(true, |said, (name, amount)| self.assert(&info.of, name, amount) && said);
                all_said && !unsaid
            }
            Expect::Row(row) => {
                let Some(file) = self.end(&row.of) else { return false };
                let exact = |amount: Option<Amount>| amount.map(Amount::exactly);
                let queues = [("SIOCINQ", exact(row.recv_q)), ("SIOCOUTQ", exact(row.send_q))];
                for (name, bytes) in queues.iter().filter_map(|(name, bytes)| Some((name, (*bytes)??))) {
                    self.line(&format!("ioctl({file}, {name}, [{bytes}]) = 0"));
                }
                row.timer.is_none() && queues.iter().all(|(_, bytes)| *bytes != Some(None))
            }
            Expect::Call(call) => {
                let Some(file) = self.end(&call.of) else { return false };
                let error = match (call.call, call.result) {
                    (Syscall::Connect, Outcome::Ok) => "0",
                    (Syscall::Connect, Outcome::Failed(Errno::ConnRefused)) => "ECONNREFUSED",
                    // What another call returned stands where it is made.
                    (_, Outcome::Ok) => return true,
                    (Syscall::Recv, Outcome::Failed(Errno::ConnReset)) => return true,
                    (Syscall::Send, Outcome::Failed(Errno::Pipe)) => return true,
                    _ => return false,
                };
                self.line(&format!("getsockopt({file}, SOL_SOCKET, SO_ERROR, [{error}], [4]) = 0"));
                true
            }
            _ => false,
        }
    }

    /// The descriptor of an end that is this host's and has one.
    fn end(&self, of: &SpannedEnd) -> Option<usize> {
        let end = of.get_ref();
        let file = self.files.iter().find(|file| file.open && file.socket == end.socket)?;
        (!end.peer).then_some(file.number)
    }

    /// Checks a variable of the socket that packetdrill has used last.
    fn assert(&mut self, of: &SpannedEnd, name: &str, amount: impl Into<Amount>) -> bool {
        let Some(file) = self.end(of) else { return false };
        if self.files.iter().rev().find(|file| file.open).is_none_or(|last| last.number != file) {
            return false;
        }
        let amount = amount.into();
        let (least, most) = amount.bounds();
        let holds = match amount.exactly() {
            Some(number) => format!("{name} == {number}"),
            None if most == u64::MAX => format!("{name} >= {least}"),
            None => format!("{least} <= {name} <= {most}"),
        };
        self.line(&format!("%{{ assert {holds}, {name} }}%"));
        true
    }
}

/// A state as `tcpi_state` has it (`linux/tcp_states.h`).
fn number(state: TcpState) -> Amount {
    let number = match state {
        TcpState::Established => 1,
        TcpState::SynSent => 2,
        TcpState::SynRecv => 3,
        TcpState::FinWait1 => 4,
        TcpState::FinWait2 => 5,
        TcpState::TimeWait => 6,
        TcpState::Closed => 7,
        TcpState::CloseWait => 8,
        TcpState::LastAck => 9,
        TcpState::Listen => 10,
        TcpState::Closing => 11,
    };
    Amount::from(number)
}

/// A segment that the kernel under test sends.
fn leaving(segment: &SimulatedSegment) -> String {
    let options = if segment.flags.has(Flags::SYN) { " <...>" } else { "" };
    format!("{}{options}", outline(segment))
}

/// A segment that arrives there.
fn arriving(segment: &SimulatedSegment) -> String {
    let options = if segment.flags.has(Flags::SYN) { format!(" <mss {MSS}>") } else { String::new() };
    format!("{} win 64240{options}", outline(segment))
}

fn outline(segment: &SimulatedSegment) -> String {
    let SimulatedSegment { flags, seq, ack, .. } = segment;
    let letters = [(Flags::FIN, 'F'), (Flags::SYN, 'S'), (Flags::RST, 'R'), (Flags::PSH, 'P'), (Flags::ACK, '.')];
    let flags_text: String = letters.iter().filter(|(flag, _)| flags.has(*flag)).map(|(_, letter)| *letter).collect();
    let (end, length) = (seq + segment.len(), segment.len());
    let ack = if flags.has(Flags::ACK) { format!(" ack {ack}") } else { String::new() };
    format!("{flags_text} {seq}:{end}({length}){ack}")
}

#[cfg(test)]
mod tests;
