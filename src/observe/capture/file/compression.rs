//! Compressed capture files: gzip (RFC 1952) and Zstandard (RFC 8878) are read as what they contain.

use std::fmt;
use std::io::{self, BufRead as _, BufReader, Chain, Cursor, Read};

use flate2::bufread::MultiGzDecoder;
use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder};

use super::error::CaptureFileError;
use crate::domain::FileFlaw;
use crate::domain::capture::Compression;

/// The beginning of a file, which was read to recognise it, and the rest.
type Whole<R> = BufReader<Chain<Cursor<Vec<u8>>, R>>;

/// What a file contains, whether it is compressed or not.
pub(super) enum Uncompressed<R> {
    Plain(Chain<Cursor<Vec<u8>>, R>),
    Gzip { from: Box<MultiGzDecoder<Whole<R>>>, left: u64 },
    Zstd { from: Box<ZstdFrames<R>>, left: u64 },
}

/// The frames of a Zstandard file, one after the other.
pub(super) struct ZstdFrames<R> {
    decoder: FrameDecoder,
    from: Whole<R>,
}

const DAMAGED: CaptureFileError = CaptureFileError::Damaged { at: 0, what: FileFlaw::Packed };

/// The first bytes of compressed files.
const GZIP: &[u8] = &[0x1f, 0x8b];
const ZSTD: &[u8] = &[0x28, 0xb5, 0x2f, 0xfd];
const UNREAD: [(&[u8], Compression); 5] = [
    (&[0xfd, b'7', b'z', b'X', b'Z'], Compression::Xz),
    (b"BZh", Compression::Bzip2),
    (&[4, 0x22, 0x4d, 0x18], Compression::Lz4),
    (b"PK\x03\x04", Compression::Zip),
    (&[b'7', b'z', 0xbc, 0xaf], Compression::SevenZip),
];

impl<R: Read> Uncompressed<R> {
    /// The most that is unpacked: a file of a few megabytes may claim to contain any amount.
    pub(super) const MOST: u64 = 16 << 30;

    /// Recognises how a file is compressed. At most `most` bytes are unpacked.
    pub(super) fn of(mut input: R, most: u64) -> Result<Self, CaptureFileError> {
        let mut first = Vec::new();
        (&mut input).take(6).read_to_end(&mut first)?;
        if let Some((_, compression)) = UNREAD.iter().find(|(magic, _)| first.starts_with(magic)) {
            return Err(CaptureFileError::Compressed(*compression));
        }
        let (gzip, zstd) = (first.starts_with(GZIP), first.starts_with(ZSTD));
        let whole = Cursor::new(first).chain(input);
        Ok(if gzip {
            Self::Gzip { from: Box::new(MultiGzDecoder::new(BufReader::new(whole))), left: most }
        } else if zstd {
            let frames = ZstdFrames::begin(BufReader::new(whole)).map_err(|_| DAMAGED)?;
            Self::Zstd { from: Box::new(frames), left: most }
        } else {
            Self::Plain(whole)
        })
    }

    /// Whether errors are those of the compressed data, and not only the system's.
    pub(super) const fn is_packed(&self) -> bool {
        !matches!(self, Self::Plain(_))
    }
}

impl<R: Read> ZstdFrames<R> {
    /// Reads the header of the first frame.
    fn begin(mut from: Whole<R>) -> io::Result<Self> {
        let mut decoder = FrameDecoder::new();
        decoder.init(&mut from).map_err(io::Error::other)?;
        Ok(Self { decoder, from })
    }
}

impl<R: Read> Read for ZstdFrames<R> {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        while self.decoder.can_collect() == 0 {
            if !self.decoder.is_finished() {
                let block = BlockDecodingStrategy::UptoBlocks(1);
                self.decoder.decode_blocks(&mut self.from, block).map_err(io::Error::other)?;
            } else if self.from.fill_buf()?.is_empty() {
                return Ok(0);
            } else {
                self.decoder.init(&mut self.from).map_err(io::Error::other)?;
            }
        }
        self.decoder.read(bytes)
    }
}

impl<R: Read> Read for Uncompressed<R> {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        let (from, left): (&mut dyn Read, _) = match self {
            Self::Plain(input) => return input.read(bytes),
            Self::Gzip { from, left } => (from, left),
            Self::Zstd { from, left } => (from, left),
        };
        if *left == 0 {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "more compressed data than is unpacked"));
        }
        let room = bytes.len().min(usize::try_from(*left).unwrap_or(usize::MAX));
        let got = from.read(&mut bytes[..room])?;
        *left -= got as u64;
        Ok(got)
    }
}

impl<R> fmt::Debug for Uncompressed<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Uncompressed").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::super::{CaptureReader, Interface, Packet, PcapngWriter};
    use super::*;
    use crate::packet::{Frame, LinkType};

    fn plain() -> Vec<u8> {
        let mut writer = PcapngWriter::new(Vec::new()).unwrap();
        let interface = Interface { name: Some("lo".into()), description: String::new(), link: LinkType::RAW };
        writer.interface(&interface).unwrap();
        for number in 1..=200 {
            let bytes = &[0x45; 60];
            let frame = Frame { number, at: number, link: LinkType::RAW, wire_len: 60, bytes };
            writer.packet(&Packet::of(&frame), &[]).unwrap();
        }
        writer.into_inner()
    }

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn zstd(bytes: &[u8]) -> Vec<u8> {
        ruzstd::encoding::compress_to_vec(bytes, ruzstd::encoding::CompressionLevel::Fastest)
    }

    /// How many packets can be read, and the damage.
    fn read(bytes: &[u8]) -> (u64, Option<CaptureFileError>) {
        let mut count = 0;
        let damage = CaptureReader::new(bytes).unwrap().each(|_, _| {
            count += 1;
            Ok(true)
        });
        (count, damage.unwrap())
    }

    #[test]
    fn packed_files_have_the_packets_of_what_they_contain() {
        let plain = plain();
        let (one, other) = plain.split_at(1_000);
        for packed in [gzip(&plain), zstd(&plain), [gzip(one), gzip(other)].concat(), [zstd(one), zstd(other)].concat()]
        {
            let (count, damage) = read(&packed);
            assert!(count == 200 && damage.is_none(), "{count} {damage:?}");
        }
    }

    #[test]
    fn damaged_packed_files_are_read_up_to_the_damage() {
        let plain = plain();
        for packed in [gzip(&plain), zstd(&plain)] {
            for end in 0..packed.len() {
                let Ok(mut reader) = CaptureReader::new(&packed[..end]) else { continue };
                let damage = reader.each(|_, _| Ok(true)).unwrap();
                assert!(
                    matches!(damage, Some(CaptureFileError::Cut(_) | CaptureFileError::Damaged { .. })),
                    "{damage:?}"
                );
            }
        }
    }

    #[test]
    fn no_more_is_unpacked_than_the_limit() {
        let bomb = gzip(&vec![0; 1 << 20]);
        let mut unpacked = Uncompressed::of(&bomb[..], 1_000).unwrap();
        let mut bytes = Vec::new();
        assert!(unpacked.read_to_end(&mut bytes).is_err());
        assert_eq!(bytes.len(), 1_000);
    }

    #[test]
    fn other_compressions_are_named() {
        for (magic, compression) in UNREAD {
            let file = [magic, &[0; 20]].concat();
            let Err(CaptureFileError::Compressed(named)) = CaptureReader::new(&file[..]) else { panic!("{magic:?}") };
            assert_eq!(named, compression);
        }
    }
}
