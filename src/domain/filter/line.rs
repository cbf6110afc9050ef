//! The line of `netstat -an` that words are looked for in, and the words.

use std::fmt::{self, Write as _};
use std::net::{IpAddr, SocketAddr};

use super::place::number;
use super::states::States;

/// One line of text in a fixed buffer: small letters, one blank between its parts, addresses without brackets.
///
/// What does not fit is left out: a line of numbers always fits, only a program's name can be cut.
#[derive(Debug)]
pub struct Line {
    bytes: [u8; Self::CAPACITY],
    len: usize,
}

impl Line {
    /// Two IPv6 addresses with scopes and ports need 130 bytes, the rest of the numbers and names 40.
    const CAPACITY: usize = 320;

    pub(super) const fn new() -> Self {
        Self { bytes: [0; Self::CAPACITY], len: 0 }
    }

    /// Begins the next part of the line.
    pub fn blank(&mut self) {
        self.push(b" ");
    }

    /// Appends a text.
    pub fn text(&mut self, text: &str) {
        let room = Self::CAPACITY - self.len;
        let mut cut = text.len().min(room);
        while !text.is_char_boundary(cut) {
            cut -= 1;
        }
        for byte in text.as_bytes()[..cut].iter().filter(|byte| !matches!(byte, b'[' | b']')) {
            self.bytes[self.len] = byte.to_ascii_lowercase();
            self.len += 1;
        }
    }

    /// Appends a number in decimal.
    pub fn number(&mut self, mut number: u32) {
        let mut digits = [0; 10];
        let mut first = digits.len();
        loop {
            first -= 1;
            digits[first] = b"0123456789"[(number % 10) as usize];
            number /= 10;
            if number == 0 {
                break;
            }
        }
        self.push(&digits[first..]);
    }

    /// Appends an address and a port, the port as `*` where there is none (yet).
    pub fn endpoint(&mut self, at: SocketAddr) {
        match at {
            SocketAddr::V4(at) => {
                for (n, octet) in at.ip().octets().into_iter().enumerate() {
                    self.push(if n == 0 { b"" } else { b"." });
                    self.number(u32::from(octet));
                }
            }
            // The rules of RFC 5952 are worth a slower path.
            SocketAddr::V6(at) => {
                let _ = write!(self, "{}", at.ip());
                if at.scope_id() != 0 {
                    self.push(b"%");
                    self.number(at.scope_id());
                }
            }
        }
        self.push(b":");
        match at.port() {
            0 => self.push(b"*"),
            port => self.number(u32::from(port)),
        }
    }

    /// Appends the foreign address of a socket that has none and whose own is `local`.
    pub fn no_peer(&mut self, local: IpAddr) {
        self.push(if local.is_ipv4() { b"0.0.0.0:*" } else { b":::*" });
    }

    fn push(&mut self, ascii: &[u8]) {
        if let Some(room) = self.bytes.get_mut(self.len..self.len + ascii.len()) {
            room.copy_from_slice(ascii);
            self.len += ascii.len();
        }
    }

    pub(super) fn as_str(&self) -> &str {
        // Whole characters only were put in.
        std::str::from_utf8(&self.bytes[..self.len]).unwrap_or_default()
    }
}

impl fmt::Write for Line {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.text(text);
        Ok(())
    }
}

/// A text to look for, as `grep -iF` does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Word {
    /// As it was typed, without quotes.
    text: String,
    /// Whether it was typed between quotes.
    quoted: bool,
    /// What to look for in a [`Line`].
    needle: String,
    /// States that other programs spell like this.
    states: States,
}

impl Word {
    pub(super) fn new(text: &str, quoted: bool) -> Self {
        let small = text.to_ascii_lowercase();
        let bare: String = small.chars().filter(|c| !matches!(c, '[' | ']')).collect();
        // A word of brackets only is in no line; without them it would be in every line.
        let needle = if bare.is_empty() { small } else { bare };
        let states = if quoted { States::NONE } else { States::beginning_with(text) };
        Self { text: text.to_owned(), quoted, needle, states }
    }

    pub(super) const fn states(&self) -> States {
        self.states
    }

    pub(super) fn is_in(&self, line: &Line) -> bool {
        line.as_str().contains(&self.needle)
    }

    /// The port that is meant: the whole of a bare number, or five digits after the last colon (`:65432`,
    /// `127.0.0.1:65432`; fewer could be the middle of an IPv6 address, or the beginning of a longer number).
    pub(super) fn port(&self) -> Option<u16> {
        let digits = match self.text.rsplit_once(':') {
            Some((_, digits)) if digits.len() == 5 => digits,
            Some(_) => return None,
            None => &self.text,
        };
        let port = number(digits).and_then(|port| u16::try_from(port).ok());
        port.filter(|port| *port != 0 && !self.quoted)
    }
}

impl fmt::Display for Word {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let quote = if self.quoted { "\"" } else { "" };
        write!(f, "{quote}{}{quote}", self.text)
    }
}
