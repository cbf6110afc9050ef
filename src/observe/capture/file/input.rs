//! The bytes of a capture file, and its byte order.

use std::io::{self, Read};

use super::compression::Uncompressed;
use super::error::CaptureFileError;
use crate::domain::FileFlaw;

/// The longest frame that is accepted; no link has longer ones (`BIG TCP` has half of it).
pub(super) const LONGEST: u32 = 1 << 20;

#[derive(Debug)]
pub(super) struct FileInput<R> {
    input: Uncompressed<R>,
    at: u64,
}

impl<R: Read> FileInput<R> {
    pub(super) fn new(input: R) -> Result<Self, CaptureFileError> {
        Ok(Self { input: Uncompressed::of(input, Uncompressed::<R>::MOST)?, at: 0 })
    }

    pub(super) fn array<const N: usize>(&mut self) -> Result<[u8; N], CaptureFileError> {
        self.array_or_end()?.ok_or(CaptureFileError::Cut(self.at))
    }

    /// The next `N` bytes, or `None` at the end of the file.
    pub(super) fn array_or_end<const N: usize>(&mut self) -> Result<Option<[u8; N]>, CaptureFileError> {
        let mut bytes = [0; N];
        match self.fill(&mut bytes)? {
            0 => Ok(None),
            got if got == N => Ok(Some(bytes)),
            _ => Err(CaptureFileError::Cut(self.at)),
        }
    }

    /// The next `len` bytes. Memory grows as they are read, not as the file claims.
    pub(super) fn bytes(&mut self, len: u32) -> Result<Vec<u8>, CaptureFileError> {
        let mut bytes = Vec::new();
        let read = (&mut self.input).take(u64::from(len)).read_to_end(&mut bytes);
        let got = read.map_err(|error| self.failed(error))?;
        self.at += got as u64;
        if got == len as usize { Ok(bytes) } else { Err(CaptureFileError::Cut(self.at)) }
    }

    pub(super) fn skip(&mut self, len: u64) -> Result<(), CaptureFileError> {
        let read = io::copy(&mut (&mut self.input).take(len), &mut io::sink());
        let got = read.map_err(|error| self.failed(error))?;
        self.at += got;
        if got == len { Ok(()) } else { Err(CaptureFileError::Cut(self.at)) }
    }

    pub(super) fn damaged<T>(&self, what: FileFlaw) -> Result<T, CaptureFileError> {
        Err(CaptureFileError::Damaged { at: self.at, what })
    }

    /// An error while reading. One of a decoder has no number of the system: the data are cut off or damaged.
    fn failed(&self, error: io::Error) -> CaptureFileError {
        if !self.input.is_packed() || error.raw_os_error().is_some() {
            CaptureFileError::Io(error)
        } else if error.kind() == io::ErrorKind::UnexpectedEof {
            CaptureFileError::Cut(self.at)
        } else {
            CaptureFileError::Damaged { at: self.at, what: FileFlaw::Packed }
        }
    }

    fn fill(&mut self, bytes: &mut [u8]) -> Result<usize, CaptureFileError> {
        let mut got = 0;
        while got < bytes.len() {
            match self.input.read(&mut bytes[got..]) {
                Ok(0) => break,
                Ok(more) => got += more,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(self.failed(error)),
            }
        }
        self.at += got as u64;
        Ok(got)
    }
}

/// Numbers in the byte order of the machine that wrote the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ByteOrder {
    Little,
    Big,
}

impl ByteOrder {
    pub(super) fn u32(self, bytes: [u8; 4]) -> u32 {
        if self == Self::Little { u32::from_le_bytes(bytes) } else { u32::from_be_bytes(bytes) }
    }

    /// The 16 bits at `at`, if `bytes` is long enough.
    pub(super) fn u16_at(self, bytes: &[u8], at: usize) -> Option<u16> {
        let bytes = *bytes.get(at..)?.first_chunk()?;
        Some(if self == Self::Little { u16::from_le_bytes(bytes) } else { u16::from_be_bytes(bytes) })
    }

    /// The 32 bits at `at`, if `bytes` is long enough.
    pub(super) fn u32_at(self, bytes: &[u8], at: usize) -> Option<u32> {
        bytes.get(at..)?.first_chunk().map(|bytes| self.u32(*bytes))
    }
}
