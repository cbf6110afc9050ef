//! `socklab-tui capture`: captures into a file or a pipe, and prints packets as a ladder. `app` parses the command line
//! and calls these functions.

use std::io::{self, Read, Write};
use std::time::Duration;

use super::file::{CaptureFileError, CaptureReader, Interface, Packet, PcapngWriter};
use super::ladder::{LadderStyle, TextLadder};
use crate::domain::PacketSummary;
use crate::domain::filter::Filter;
use crate::packet::Analysis;

/// The result of reading a file.
#[derive(Debug)]
pub struct FilePrinted {
    /// How many packets there were.
    pub packets: u64,
    /// How many of them passed the filter.
    pub shown: u64,
    /// Why the file could not be read to its end. What was read before is printed.
    pub damage: Option<CaptureFileError>,
}

/// Prints the packets of a capture file that pass `filter`, as a ladder for each conversation.
///
/// # Errors
/// When it is no capture file, or `out` fails; a closed pipe is no error but ends the printing.
pub fn print_ladder(
    input: impl Read,
    filter: &Filter,
    style: LadderStyle,
    out: &mut dyn Write,
) -> Result<FilePrinted, CaptureFileError> {
    let mut ladder = TextLadder::default();
    let mut begun = None;
    let mut open = true;
    let printed = through(input, filter, |packet, _, summary| {
        let begun = *begun.get_or_insert(packet.at);
        let goes_on =
            ladder.add(Duration::from_nanos(packet.at.saturating_sub(begun)), summary, packet.comments.clone());
        if !goes_on {
            open = draw(&mut ladder, style, out)?;
        }
        Ok(open)
    })?;
    if open {
        draw(&mut ladder, style, out)?;
    }
    Ok(printed)
}

/// Passes the packets of a capture file that pass `filter` to `each`.
///
/// # Errors
/// As [`print_ladder`]; `each` may fail as `out` does there.
pub fn each(
    input: impl Read,
    filter: &Filter,
    mut each: impl FnMut(&Packet, &PacketSummary) -> io::Result<()>,
) -> Result<FilePrinted, CaptureFileError> {
    through(input, filter, |packet, _, summary| piped(each(packet, &summary)))
}

/// Writes the packets of a capture file that pass `filter` as pcapng, with their comments.
///
/// # Errors
/// As [`print_ladder`].
pub fn copy(input: impl Read, filter: &Filter, out: &mut dyn Write) -> Result<FilePrinted, CaptureFileError> {
    let mut writer = None;
    let mut out = Some(out);
    let mut named: Vec<Interface> = Vec::new();
    through(input, filter, |packet, interface, _| {
        let mut write = || {
            let writer = match (&mut writer, out.take()) {
                (Some(writer), _) => writer,
                (none, Some(out)) => none.insert(PcapngWriter::new(out)?),
                (None, None) => return Ok(()),
            };
            // An interface is written when first needed: a file may name them anywhere, and anew in each section.
            let place = named.iter().position(|known| known == interface);
            let number = place.unwrap_or(named.len());
            if place.is_none() {
                named.push(interface.clone());
                writer.interface(interface)?;
            }
            let interface = u32::try_from(number).unwrap_or(u32::MAX);
            writer.packet(&Packet { interface, ..packet.clone() }, &[])
        };
        piped(write())
    })
}

/// Reads a file and passes what the filter accepts to `each`, until that returns `false`.
fn through(
    input: impl Read,
    filter: &Filter,
    mut each: impl FnMut(&Packet, &Interface, PacketSummary) -> io::Result<bool>,
) -> Result<FilePrinted, CaptureFileError> {
    let mut reader = CaptureReader::new(input)?;
    let mut analysis = Analysis::default();
    let mut printed = FilePrinted { packets: 0, shown: 0, damage: None };
    loop {
        let packet = match reader.next_packet() {
            Ok(Some(packet)) => packet,
            Ok(None) => return Ok(printed),
            Err(error) => {
                printed.damage = Some(error);
                return Ok(printed);
            }
        };
        printed.packets += 1;
        let Some(summary) = analysis.see(&packet.frame()).filter(|summary| filter.matches(summary)) else { continue };
        // Cannot fail: the reader yields only packets of interfaces that it knows.
        let Some(interface) = reader.interfaces().get(packet.interface as usize) else { continue };
        printed.shown += 1;
        if !each(&packet, interface, summary)? {
            return Ok(printed);
        }
    }
}

/// Prints what the ladder holds; `false` when the reader has gone.
fn draw(ladder: &mut TextLadder, style: LadderStyle, out: &mut dyn Write) -> io::Result<bool> {
    for line in ladder.draw(style) {
        if !piped(writeln!(out, "{line}"))? {
            return Ok(false);
        }
    }
    piped(out.flush())
}

/// A closed pipe ends the output without an error: `false`.
fn piped(done: io::Result<()>) -> io::Result<bool> {
    match done {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(false),
        Err(error) => Err(error),
    }
}

#[cfg(target_os = "linux")]
pub use live::{CaptureOutput, CaptureStop, LiveError, live};

#[cfg(target_os = "linux")]
mod live {
    use std::collections::HashMap;
    use std::os::fd::{AsFd, OwnedFd};
    use std::sync::Arc;

    use rustix::event::{EventfdFlags, eventfd};

    use super::super::access::CaptureAccess;
    use super::super::ladder::{ConversationEnds, heading, rung};
    use super::super::live::Decoder;
    use super::super::packet_socket::{CaptureInterface, PacketSocket, RawPacket, Readiness};
    use super::{Analysis, Duration, Filter, LadderStyle, Packet, PacketSummary, PcapngWriter, Write, io, piped};
    use crate::domain::Flow;
    use crate::domain::need::Lack;
    use crate::observe::Scope;

    /// The form of the output.
    pub enum CaptureOutput<'a> {
        /// A pcapng file or pipe, flushed after each packet.
        Pcapng(&'a mut dyn Write),
        /// A line for each packet, under a heading whenever the conversation changes.
        Ladder(&'a mut dyn Write, LadderStyle),
        /// A function called for each packet.
        Each(&'a mut dyn FnMut(&Packet, &PacketSummary) -> io::Result<()>),
    }

    /// The result of a capture.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub struct CaptureSummary {
        /// How many packets were written.
        pub written: u64,
        /// How many the kernel dropped.
        pub lost: u64,
        /// Whether it ended because the reader of the output has gone.
        pub closed: bool,
    }

    /// Why a capture failed.
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
        asked: Arc<OwnedFd>,
        output: Option<Arc<OwnedFd>>,
    }

    impl CaptureStop {
        /// A stop that has not been requested yet.
        ///
        /// # Errors
        /// The system's, when there are no descriptors.
        pub fn new() -> io::Result<Self> {
            Ok(Self { asked: Arc::new(eventfd(0, EventfdFlags::CLOEXEC)?), output: None })
        }

        /// The same, also triggered when the reader of `output`, a pipe, has gone, even while there is nothing to write.
        ///
        /// # Errors
        /// As [`CaptureStop::new`].
        pub fn with(output: impl AsFd) -> io::Result<Self> {
            Ok(Self { output: Some(Arc::new(output.as_fd().try_clone_to_owned()?)), ..Self::new()? })
        }

        /// Requests the end. What was captured so far is still written.
        pub fn stop(&self) {
            // The write cannot fail: the eventfd's count is far from its maximum.
            let _ = rustix::io::write(&self.asked, &1_u64.to_ne_bytes());
        }
    }

    /// Captures the packets of `scope` that pass `filter`, until `stop` or until the reader of `into` has gone. Calls
    /// `ready` once it is capturing.
    ///
    /// # Errors
    /// When something is missing, or when the output fails other than by a closed pipe.
    pub fn live(
        key: &CaptureAccess,
        on: &CaptureInterface,
        (scope, filter): (&Scope, &Filter),
        into: CaptureOutput<'_>,
        stop: &CaptureStop,
        ready: impl FnOnce(),
    ) -> Result<CaptureSummary, LiveError> {
        let mut tap = PacketSocket::open(key, on, scope)?;
        let interface = tap.interface(on);
        let sink = match into {
            CaptureOutput::Pcapng(out) => {
                let begin = || {
                    let mut writer = PcapngWriter::new(out)?;
                    writer.interface(&interface)?;
                    Ok(writer)
                };
                match begin() {
                    Ok(writer) => PacketSink::Pcapng(writer),
                    Err(error) => {
                        piped(Err(error))?;
                        return Ok(CaptureSummary { written: 0, lost: 0, closed: true });
                    }
                }
            }
            CaptureOutput::Ladder(out, style) => {
                PacketSink::Ladder(LadderWriter { out, style, ends: HashMap::new(), latest: None, begun: None })
            }
            CaptureOutput::Each(each) => PacketSink::Each(each),
        };
        let decoder = Decoder { analysis: Analysis::default(), link: interface.link, seen: 0 };
        let mut work = LiveOutput { decoder, scope, filter, sink, written: 0, done: Ok(()) };
        let mut lost = 0;
        ready();
        while work.done.is_ok() {
            match tap.wait(stop.asked.as_fd(), stop.output.as_ref().map(AsFd::as_fd))? {
                Readiness::Packets => {
                    tap.read(|heard| work.hear(&heard));
                    lost += tap.lost();
                }
                Readiness::Stop => break,
                Readiness::OutputClosed => work.done = Err(io::ErrorKind::BrokenPipe.into()),
            }
        }
        if work.done.is_ok() {
            lost += tap.finish(|heard| work.hear(&heard))?;
        }
        work.end(lost)
    }

    /// Decodes packets and writes them to the sink.
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
        fn hear(&mut self, heard: &RawPacket<'_>) {
            if self.done.is_err() {
                return;
            }
            let Some((seen, packet)) = self.decoder.see(heard, self.scope) else { return };
            if self.filter.matches(&seen) {
                self.done = self.sink.put(&packet, &seen);
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
        fn put(&mut self, packet: &Packet, seen: &PacketSummary) -> io::Result<()> {
            match self {
                Self::Pcapng(writer) => writer.packet(packet, &[]),
                Self::Ladder(rungs) => rungs.put(packet.at, seen),
                Self::Each(each) => each(packet, seen),
            }
        }

        fn finish(self, summary: &CaptureSummary) -> io::Result<()> {
            let Self::Pcapng(mut writer) = self else { return Ok(()) };
            let at = super::super::time_of_day::today();
            piped(writer.statistics(0, at, summary.written + summary.lost, summary.lost)).map(|_| ())
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
}
