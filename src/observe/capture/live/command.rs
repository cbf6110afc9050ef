//! Captures into a file, a pipe or a function, until it is stopped or the reader of its output has gone.

use std::collections::HashMap;
use std::io::{self, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::sync::Arc;
use std::time::Duration;

use super::access::CaptureAccess;
use super::capture::Decoder;
use super::packet_socket::{CaptureInterface, PacketSocket, Readiness, SeenOn};
use crate::domain::filter::Filter;
use crate::domain::need::Lack;
use crate::domain::{Flow, PacketSummary};
use crate::observe::capture::command::piped;
use crate::observe::capture::file::{Interface, Packet, PcapngWriter};
use crate::observe::capture::ladder::{ConversationEnds, LadderStyle, heading, rung};
use crate::observe::stoppable::StopSignal;
use crate::observe::{Scope, kernel_clock};
use crate::packet::Frame;

/// The form of the output.
pub enum CaptureOutput<'a> {
    /// A pcapng file or pipe, flushed after each packet.
    Pcapng(&'a mut dyn Write),
    /// A line for each packet, under a heading whenever the conversation changes.
    Ladder(&'a mut dyn Write, LadderStyle),
    /// A function called for each packet.
    Each(&'a mut dyn FnMut(&Packet, &PacketSummary) -> io::Result<()>),
}

impl<'a> CaptureOutput<'a> {
    /// Begins it. The interface is described before any packet of it came, if it is the only one.
    fn begin(self, interface: Option<&Interface>) -> io::Result<PacketSink<'a>> {
        Ok(match self {
            Self::Pcapng(out) => {
                let mut writer = PcapngWriter::new(out)?;
                if let Some(interface) = interface {
                    writer.interface(interface)?;
                }
                PacketSink::Pcapng(writer)
            }
            Self::Ladder(out, style) => {
                PacketSink::Ladder(LadderWriter { out, style, ends: HashMap::new(), latest: None, begun: None })
            }
            Self::Each(each) => PacketSink::Each(each),
        })
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CaptureSummary {
    pub written: u64,
    pub lost: u64,
    /// Whether it ended because the reader of the output has gone.
    pub closed: bool,
}

#[derive(Debug, thiserror::Error)]
pub enum LiveError {
    /// It could not begin.
    #[error(transparent)]
    Lack(#[from] Lack),
    /// It could not go on, or its output failed.
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// Ends a capture from elsewhere: from a signal handler's thread, or because the reader of its output has gone.
#[derive(Debug, Clone)]
pub struct CaptureStop {
    asked: StopSignal,
    output: Option<Arc<OwnedFd>>,
}

impl CaptureStop {
    /// A stop that has not been requested yet.
    pub fn new() -> io::Result<Self> {
        Ok(Self { asked: StopSignal::new()?, output: None })
    }

    /// The same, also triggered when the reader of `output`, a pipe, has gone, even while there is nothing to write.
    pub fn with(output: impl AsFd) -> io::Result<Self> {
        Ok(Self { output: Some(Arc::new(output.as_fd().try_clone_to_owned()?)), ..Self::new()? })
    }

    /// Requests the end. The packets captured so far are still written.
    pub fn stop(&self) {
        self.asked.send();
    }
}

/// Captures the packets of `scope` that pass `filter`, until `stop` or until the reader of `into` has gone. Calls
/// `ready` once it is capturing.
pub fn live(
    key: &CaptureAccess,
    on: &CaptureInterface,
    (scope, filter): (&Scope, &Filter),
    into: CaptureOutput<'_>,
    stop: &CaptureStop,
    ready: impl FnOnce(),
) -> Result<CaptureSummary, LiveError> {
    let mut socket = PacketSocket::open(key, on, scope)?;
    let sink = match into.begin(socket.interface(on).as_ref()) {
        Ok(sink) => sink,
        Err(error) => {
            piped(Err(error))?;
            return Ok(CaptureSummary { written: 0, lost: 0, closed: true });
        }
    };
    let mut work = LiveOutput { decoder: Decoder::default(), scope, filter, sink, written: 0, done: Ok(()) };
    let mut lost = 0;
    ready();
    while work.done.is_ok() {
        match socket.wait(stop.asked.as_fd(), stop.output.as_ref().map(AsFd::as_fd), None)? {
            Readiness::Packets => {
                socket.read(|frame, on| work.hear(frame, on));
                lost += socket.lost();
            }
            Readiness::Stop => break,
            Readiness::OutputClosed => work.done = Err(io::ErrorKind::BrokenPipe.into()),
        }
    }
    if work.done.is_ok() {
        lost += socket.finish(|frame, on| work.hear(frame, on))?;
    }
    work.end(lost)
}

struct LiveOutput<'s, 'o> {
    decoder: Decoder,
    scope: &'s Scope,
    filter: &'s Filter,
    sink: PacketSink<'o>,
    written: u64,
    /// The result of the last write; after an error nothing more is written.
    done: io::Result<()>,
}

impl LiveOutput<'_, '_> {
    fn hear(&mut self, frame: Frame<'_>, on: &SeenOn) {
        if self.done.is_err() {
            return;
        }
        let Some((seen, packet)) = self.decoder.see(frame, on, self.scope) else { return };
        if self.filter.matches(&seen) {
            self.done = self.sink.put(packet, on, &seen);
            self.written += u64::from(self.done.is_ok());
        }
    }

    fn end(self, lost: u64) -> Result<CaptureSummary, LiveError> {
        let summary = CaptureSummary { written: self.written, lost, closed: !piped(self.done)? };
        self.sink.finish(&summary)?;
        Ok(summary)
    }
}

enum PacketSink<'a> {
    Pcapng(PcapngWriter<&'a mut dyn Write>),
    Ladder(LadderWriter<'a>),
    Each(&'a mut dyn FnMut(&Packet, &PacketSummary) -> io::Result<()>),
}

/// Writes the ladder as packets arrive.
struct LadderWriter<'a> {
    out: &'a mut dyn Write,
    style: LadderStyle,
    ends: HashMap<Flow, ConversationEnds>,
    latest: Option<ConversationEnds>,
    begun: Option<u64>,
}

impl PacketSink<'_> {
    fn put(&mut self, packet: Packet, on: &SeenOn, seen: &PacketSummary) -> io::Result<()> {
        match self {
            Self::Pcapng(writer) => {
                let interface = writer.interface(&on.interface)?;
                writer.packet(&Packet { interface, ..packet }, &[])
            }
            Self::Ladder(rungs) => rungs.put(packet.at.unwrap_or(0), seen),
            Self::Each(each) => each(&packet, seen),
        }
    }

    fn finish(self, summary: &CaptureSummary) -> io::Result<()> {
        let Self::Pcapng(mut writer) = self else { return Ok(()) };
        let at = kernel_clock::now(rustix::time::ClockId::Realtime);
        piped(writer.statistics(at, summary.written + summary.lost, summary.lost)).map(|_| ())
    }
}

impl LadderWriter<'_> {
    /// The most conversations whose ends are remembered.
    const MOST: usize = 65_536;

    fn put(&mut self, at: u64, seen: &PacketSummary) -> io::Result<()> {
        let Some(first) = ConversationEnds::of(seen) else { return Ok(()) };
        let known = self.ends.get(&seen.flow).or_else(|| self.ends.get(&seen.flow.mirror()?)).copied();
        let ends = known.unwrap_or(first);
        if known.is_none() {
            if self.ends.len() == Self::MOST {
                self.ends.clear();
            }
            self.ends.insert(seen.flow, ends);
        }
        if self.latest != Some(ends) {
            self.latest = Some(ends);
            writeln!(self.out, "{}", heading(&ends, self.style))?;
        }
        let begun = *self.begun.get_or_insert(at);
        let since = Duration::from_nanos(at.saturating_sub(begun));
        writeln!(self.out, "{}", rung(seen, since, &ends, self.style))?;
        self.out.flush()
    }
}
