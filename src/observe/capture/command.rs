//! `socklab-tui capture -r`: prints the packets of a file as a ladder, or copies them. `app` parses the command line and
//! calls these functions.

use std::io::{self, Read, Write};
use std::time::Duration;

use super::file::{CaptureClock, CaptureFileError, CaptureReader, Interface, Packet, PcapngWriter};
use super::ladder::{LadderStyle, TextLadder};
use crate::domain::filter::Filter;
use crate::domain::{Finding, PacketSummary, UnreadCounts};
use crate::packet::Analysis;

#[derive(Debug)]
pub struct FilePrinted {
    pub packets: u64,
    pub shown: u64,
    /// The packets that are neither TCP nor UDP nor ICMP, by what they carry.
    pub unread: UnreadCounts,
    /// The blocks and options of the file that are no packets, by name: a copy has none of them.
    pub skipped: Vec<(&'static str, u64)>,
    /// The interfaces that the file named last, with packets or without.
    pub interfaces: Vec<Interface>,
    /// Why the file could not be read to its end. The packets read before are printed.
    pub damage: Option<CaptureFileError>,
}

/// Why the packets of a file are not all where they should be.
#[derive(Debug)]
pub enum FilePrintError {
    /// It is no capture file, or cannot be read.
    Input(CaptureFileError),
    /// The output fails.
    Output(io::Error),
}

impl From<CaptureFileError> for FilePrintError {
    fn from(error: CaptureFileError) -> Self {
        Self::Input(error)
    }
}

impl From<io::Error> for FilePrintError {
    fn from(error: io::Error) -> Self {
        Self::Output(error)
    }
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
) -> Result<FilePrinted, FilePrintError> {
    let mut ladder = TextLadder::default();
    let mut open = true;
    let printed = through(input, filter, |packet, since, _, summary| {
        let goes_on = ladder.add(since, summary, packet.comments.clone());
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

/// Passes the packets of a capture file that pass `filter` to `each`, with their times since the file's first packet.
pub fn each(
    input: impl Read,
    filter: &Filter,
    mut each: impl FnMut(&Packet, Duration, &PacketSummary) -> io::Result<()>,
) -> Result<FilePrinted, FilePrintError> {
    through(input, filter, |packet, since, _, summary| piped(each(packet, since, &summary)))
}

/// Writes the packets of a capture file that pass `filter` as pcapng, with their comments. An input that is no capture
/// file leaves the output empty.
pub fn copy(input: impl Read, filter: &Filter, out: &mut dyn Write) -> Result<FilePrinted, FilePrintError> {
    let mut copy = FileCopy::Waiting(out);
    let mut open = true;
    let printed = through(input, filter, |packet, _, interface, _| {
        open = piped(copy.packet(packet, interface))?;
        Ok(open)
    })?;
    if open {
        piped(copy.end(&printed.interfaces))?;
    }
    Ok(printed)
}

/// The copy of a file, which begins when the input has proved to be one.
enum FileCopy<'a> {
    Waiting(&'a mut dyn Write),
    Begun(PcapngWriter<&'a mut dyn Write>),
    Failed,
}

impl<'a> FileCopy<'a> {
    fn writer(&mut self) -> io::Result<&mut PcapngWriter<&'a mut dyn Write>> {
        if let Self::Waiting(_) = self
            && let Self::Waiting(out) = std::mem::replace(self, Self::Failed)
        {
            *self = Self::Begun(PcapngWriter::new(out)?);
        }
        match self {
            Self::Begun(writer) => Ok(writer),
            Self::Waiting(_) | Self::Failed => Err(io::ErrorKind::BrokenPipe.into()),
        }
    }

    /// A file may name its interfaces anywhere, and anew in each section.
    fn packet(&mut self, packet: &Packet, interface: &Interface) -> io::Result<()> {
        let writer = self.writer()?;
        let interface = writer.interface(interface)?;
        writer.packet(&Packet { interface, ..packet.clone() }, &[])
    }

    /// Adds the interfaces without packets; without any packet, a file with interfaces only.
    fn end(&mut self, interfaces: &[Interface]) -> io::Result<()> {
        let writer = self.writer()?;
        interfaces.iter().try_for_each(|interface| writer.interface(interface).map(|_| ()))
    }
}

/// Reads a file and passes what the filter accepts to `each`, with its time since the first packet of the file, until that
/// returns `false`.
fn through(
    input: impl Read,
    filter: &Filter,
    mut each: impl FnMut(&Packet, Duration, &Interface, PacketSummary) -> io::Result<bool>,
) -> Result<FilePrinted, FilePrintError> {
    let mut reader = CaptureReader::new(input)?;
    let mut analysis = Analysis::default();
    let mut clock = CaptureClock::default();
    let mut printed = FilePrinted {
        packets: 0,
        shown: 0,
        unread: UnreadCounts::new(),
        skipped: Vec::new(),
        interfaces: Vec::new(),
        damage: None,
    };
    printed.damage = reader.each(|packet, interface| {
        printed.packets += 1;
        let since = clock.since(packet.at);
        let Some(mut summary) = analysis.see(&packet.frame()) else {
            *printed.unread.entry(packet.frame().unread()).or_default() += 1;
            return Ok(true);
        };
        summary.interface.clone_from(&interface.name);
        if packet.at.is_none() {
            summary.findings.add(Finding::NoTime);
        }
        if !filter.matches(&summary) {
            return Ok(true);
        }
        printed.shown += 1;
        each(&packet, since, interface, summary)
    })?;
    printed.skipped = reader.skipped();
    printed.interfaces = reader.interfaces().to_vec();
    Ok(printed)
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
pub(super) fn piped(done: io::Result<()>) -> io::Result<bool> {
    match done {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(false),
        Err(error) => Err(error),
    }
}
