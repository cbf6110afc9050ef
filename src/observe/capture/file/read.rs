//! Opens a capture file of either format, and reads packet by packet.

use std::io::{self, Read};

use super::error::CaptureFileError;
use super::input::FileInput;
use super::{Interface, Packet, pcap, pcapng};

/// Reads a capture file.
#[derive(Debug)]
pub struct CaptureReader<R> {
    input: FileInput<R>,
    format: FileFormat,
    read: u64,
    over: bool,
}

#[derive(Debug)]
enum FileFormat {
    Pcap(pcap::PcapHeader),
    PcapNg(pcapng::PcapngSection),
}

impl<R: Read> CaptureReader<R> {
    /// Reads the beginning of a capture file. Pass a [`std::io::BufReader`]: this reads in small pieces.
    ///
    /// # Errors
    /// [`CaptureFileError::NotACapture`], or the system's.
    pub fn new(input: R) -> Result<Self, CaptureFileError> {
        let mut input = FileInput::new(input)?;
        let magic: [u8; 4] = input.array().map_err(|error| match error {
            CaptureFileError::Cut(_) => CaptureFileError::NotACapture,
            other => other,
        })?;
        let format = match magic {
            pcapng::MAGIC => FileFormat::PcapNg(pcapng::PcapngSection::begin(&mut input)?),
            magic => FileFormat::Pcap(pcap::PcapHeader::read(magic, &mut input)?),
        };
        Ok(Self { input, format, read: 0, over: false })
    }

    /// The interfaces that the file has named so far.
    pub fn interfaces(&self) -> &[Interface] {
        match &self.format {
            FileFormat::Pcap(header) => std::slice::from_ref(&header.interface),
            FileFormat::PcapNg(section) => &section.interfaces,
        }
    }

    /// The blocks and options read so far that are skipped, by their names in the format's specification.
    pub(in crate::observe::capture) fn skipped(&self) -> Vec<(&'static str, u64)> {
        match &self.format {
            FileFormat::Pcap(_) => Vec::new(),
            FileFormat::PcapNg(section) => section.skipped.iter().map(|(name, count)| (*name, *count)).collect(),
        }
    }

    /// The next packet, numbered from 1; `None` at the end.
    ///
    /// # Errors
    /// After one, there is nothing more to read.
    pub fn next_packet(&mut self) -> Result<Option<Packet>, CaptureFileError> {
        if self.over {
            return Ok(None);
        }
        let next = match &mut self.format {
            FileFormat::Pcap(header) => header.packet(&mut self.input),
            FileFormat::PcapNg(section) => section.packet(&mut self.input),
        };
        self.over = !matches!(next, Ok(Some(_)));
        Ok(next?.map(|packet| {
            self.read += 1;
            Packet { number: self.read, ..packet }
        }))
    }

    /// Passes the packets and their interfaces to `each`, until that returns `false`. Returns the damage that ended the
    /// reading before.
    pub(in crate::observe::capture) fn each(
        &mut self,
        mut each: impl FnMut(Packet, &Interface) -> io::Result<bool>,
    ) -> io::Result<Option<CaptureFileError>> {
        loop {
            let packet = match self.next_packet() {
                Ok(Some(packet)) => packet,
                Ok(None) => return Ok(None),
                Err(damage) => return Ok(Some(damage)),
            };
            // Never absent: only packets of interfaces that the file has named are read.
            let Some(interface) = self.interfaces().get(packet.interface as usize) else { continue };
            if !each(packet, interface)? {
                return Ok(None);
            }
        }
    }
}
