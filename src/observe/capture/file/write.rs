//! Writes pcapng, a packet at a time, so that a reader at the other end of a pipe sees each one immediately.

use std::io::{self, Write};

use super::pcapng::{
    BYTE_ORDER, COMMENT, END, IF_DESCRIPTION, IF_NAME, IF_TSRESOL, INTERFACE, PACKET, SECTION, SIMPLE_PACKET,
    STATISTICS,
};
use super::{Interface, Packet};
use crate::domain::InterfaceName;

/// The most bytes captured of a frame; `tcpdump` uses the same limit.
pub const SNAPLEN: u32 = 262_144;

/// Options that only the writer needs (`draft-ietf-opsawg-pcapng` §4.1, §4.6).
const SHB_OS: u16 = 3;
const SHB_USERAPPL: u16 = 4;
const ISB_IFRECV: u16 = 4;
const ISB_IFDROP: u16 = 5;

/// Writes a pcapng file or pipe. Every call ends with a flush.
#[derive(Debug)]
pub struct PcapngWriter<W> {
    out: W,
    interfaces: Vec<Interface>,
    block: Vec<u8>,
}

impl<W: Write> PcapngWriter<W> {
    /// Begins the section.
    ///
    /// # Errors
    /// The system's; a closed pipe is [`io::ErrorKind::BrokenPipe`].
    pub fn new(out: W) -> io::Result<Self> {
        let mut writer = Self { out, interfaces: Vec::new(), block: Vec::new() };
        writer.put(&BYTE_ORDER.to_le_bytes());
        writer.put(&1_u16.to_le_bytes());
        writer.put(&0_u16.to_le_bytes());
        // The length of the section is not known yet.
        writer.put(&u64::MAX.to_le_bytes());
        writer.option(SHB_OS, std::env::consts::OS.as_bytes());
        writer.option(SHB_USERAPPL, concat!("socklab-tui ", env!("CARGO_PKG_VERSION")).as_bytes());
        writer.option(END, b"");
        writer.end(SECTION)?;
        Ok(writer)
    }

    /// Adds an interface, unless it was added before, and returns its number for [`Packet::interface`].
    pub fn interface(&mut self, interface: &Interface) -> io::Result<u32> {
        let known = self.interfaces.iter().position(|known| known == interface);
        if let Some(number) = known {
            return u32::try_from(number).map_err(|_| io::ErrorKind::InvalidInput.into());
        }
        self.put(&interface.link.0.to_le_bytes());
        self.put(&0_u16.to_le_bytes());
        self.put(&SNAPLEN.to_le_bytes());
        let name = interface.name.as_ref().map_or("", InterfaceName::as_str);
        for (code, text) in [(IF_NAME, name), (IF_DESCRIPTION, &interface.description)] {
            if !text.is_empty() {
                self.option(code, text.as_bytes());
            }
        }
        // Nanoseconds.
        self.option(IF_TSRESOL, &[9]);
        self.option(END, b"");
        self.end(INTERFACE)?;
        self.interfaces.push(interface.clone());
        u32::try_from(self.interfaces.len() - 1).map_err(|_| io::ErrorKind::InvalidInput.into())
    }

    /// Writes a packet with its comments, and with `marks` as further comments. A packet whose time is not known gets that
    /// of 1970 if it has comments, was cut, or is not of the first interface.
    ///
    /// # Errors
    /// The system's; `InvalidInput` for an interface that was not added.
    pub fn packet(&mut self, packet: &Packet, marks: &[String]) -> io::Result<()> {
        if packet.interface as usize >= self.interfaces.len() {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "an interface that the file does not name"));
        }
        let captured = u32::try_from(packet.bytes.len()).map_err(|_| io::ErrorKind::InvalidInput)?;
        let whole = captured == packet.wire_len && captured <= SNAPLEN;
        if packet.at.is_none() && packet.interface == 0 && whole && packet.comments.is_empty() && marks.is_empty() {
            // The only block without a time; it has no room for anything else.
            self.put(&packet.wire_len.to_le_bytes());
            self.put(&packet.bytes);
            self.pad();
            return self.end(SIMPLE_PACKET);
        }
        self.put(&packet.interface.to_le_bytes());
        self.moment(packet.at.unwrap_or(0));
        self.put(&captured.to_le_bytes());
        self.put(&packet.wire_len.to_le_bytes());
        self.put(&packet.bytes);
        self.pad();
        packet.comments.iter().chain(marks).for_each(|comment| self.option(COMMENT, comment.as_bytes()));
        if !(packet.comments.is_empty() && marks.is_empty()) {
            self.option(END, b"");
        }
        self.end(PACKET)
    }

    /// Writes how many packets the interfaces had received by `at`, and how many of them the capture lost. The kernel does
    /// not count these by interface: with several, the first one has them, and a comment says so. With none, nothing is
    /// written.
    pub fn statistics(&mut self, at: u64, received: u64, dropped: u64) -> io::Result<()> {
        if self.interfaces.is_empty() {
            return Ok(());
        }
        self.put(&0_u32.to_le_bytes());
        self.moment(at);
        if self.interfaces.len() > 1 {
            self.option(COMMENT, b"These counts are those of all interfaces together.");
        }
        self.option(ISB_IFRECV, &received.to_le_bytes());
        self.option(ISB_IFDROP, &dropped.to_le_bytes());
        self.option(END, b"");
        self.end(STATISTICS)
    }

    /// Returns the underlying writer.
    pub fn into_inner(self) -> W {
        self.out
    }

    fn put(&mut self, bytes: &[u8]) {
        self.block.extend_from_slice(bytes);
    }

    /// A time, the upper half first.
    fn moment(&mut self, nanos: u64) {
        let bytes = nanos.to_le_bytes();
        self.put(&bytes[4..]);
        self.put(&bytes[..4]);
    }

    /// Adds an option; a text too long for its 16-bit length is cut between characters.
    fn option(&mut self, code: u16, value: &[u8]) {
        let mut cut = value.len().min(usize::from(u16::MAX));
        while cut < value.len() && value[cut] & 0xc0 == 0x80 {
            cut -= 1;
        }
        let len = u16::try_from(cut).unwrap_or(u16::MAX);
        self.put(&code.to_le_bytes());
        self.put(&len.to_le_bytes());
        self.put(&value[..cut]);
        self.pad();
    }

    fn pad(&mut self) {
        self.block.resize(self.block.len().next_multiple_of(4), 0);
    }

    fn end(&mut self, kind: u32) -> io::Result<()> {
        let body = std::mem::take(&mut self.block);
        let len = u32::try_from(body.len() + 12).map_err(|_| io::ErrorKind::InvalidInput)?;
        let mut whole = Vec::with_capacity(body.len() + 12);
        whole.extend_from_slice(&kind.to_le_bytes());
        whole.extend_from_slice(&len.to_le_bytes());
        whole.extend_from_slice(&body);
        whole.extend_from_slice(&len.to_le_bytes());
        self.out.write_all(&whole)?;
        self.out.flush()?;
        self.block = body;
        self.block.clear();
        Ok(())
    }
}
