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
    /// Why the file could not be read to its end. The packets read before are printed.
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
) -> Result<FilePrinted, CaptureFileError> {
    through(input, filter, |packet, since, _, summary| piped(each(packet, since, &summary)))
}

/// Writes the packets of a capture file that pass `filter` as pcapng, with their comments.
pub fn copy(input: impl Read, filter: &Filter, out: &mut dyn Write) -> Result<FilePrinted, CaptureFileError> {
    let mut writer = None;
    let mut out = Some(out);
    through(input, filter, |packet, _, interface, _| {
        let mut write = || {
            let writer = match (&mut writer, out.take()) {
                (Some(writer), _) => writer,
                (none, Some(out)) => none.insert(PcapngWriter::new(out)?),
                (None, None) => return Ok(()),
            };
            // A file may name its interfaces anywhere, and anew in each section.
            let interface = writer.interface(interface)?;
            writer.packet(&Packet { interface, ..packet.clone() }, &[])
        };
        piped(write())
    })
}

/// Reads a file and passes what the filter accepts to `each`, with its time since the first packet of the file, until that
/// returns `false`.
fn through(
    input: impl Read,
    filter: &Filter,
    mut each: impl FnMut(&Packet, Duration, &Interface, PacketSummary) -> io::Result<bool>,
) -> Result<FilePrinted, CaptureFileError> {
    let mut reader = CaptureReader::new(input)?;
    let mut analysis = Analysis::default();
    let mut clock = CaptureClock::default();
    let mut printed =
        FilePrinted { packets: 0, shown: 0, unread: UnreadCounts::new(), skipped: Vec::new(), damage: None };
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
