//! The line, as `netstat -an` prints it, in which a filter searches for words.

use std::fmt::{self, Write as _};
use std::net::{Ipv4Addr, SocketAddr};

use crate::domain::{Flow, Proto};

/// Every octet in decimal with a dot after it, and its length: precomputed, since a table has thousands of addresses.
static OCTETS: [([u8; 4], usize); 256] = {
    let mut table = [([b'.'; 4], 0); 256];
    let mut octet = 0;
    while octet < 256 {
        let count = if octet < 10 {
            1
        } else if octet < 100 {
            2
        } else {
            3
        };
        let mut left = octet;
        let mut at = count;
        while at > 0 {
            at -= 1;
            table[octet].0[at] = b"0123456789"[left % 10];
            left /= 10;
        }
        table[octet].1 = count + 1;
        octet += 1;
    }
    table
};

/// One line of text in a fixed buffer: lower case, single spaces, addresses without brackets.
///
/// Text that does not fit is left out. The numbers always fit; only a program's name can be cut.
#[derive(Debug)]
pub struct SearchLine {
    bytes: [u8; Self::CAPACITY],
    len: usize,
}

impl Default for SearchLine {
    /// An empty line.
    fn default() -> Self {
        Self { bytes: [0; Self::CAPACITY], len: 0 }
    }
}

impl SearchLine {
    /// Two IPv6 addresses with scopes and ports need 130 bytes, the rest of the numbers and names 40.
    const CAPACITY: usize = 320;

    /// Appends the space before the next part.
    pub fn blank(&mut self) {
        self.push(b" ");
    }

    /// Appends a text.
    pub fn text(&mut self, text: &str) {
        let mut cut = text.len().min(Self::CAPACITY - self.len);
        while !text.is_char_boundary(cut) {
            cut -= 1;
        }
        let room = &mut self.bytes[self.len..self.len + cut];
        room.copy_from_slice(&text.as_bytes()[..cut]);
        room.make_ascii_lowercase();
        self.len += cut;
    }

    /// Appends a number in decimal.
    pub fn number(&mut self, mut number: u32) {
        let len = number.checked_ilog10().unwrap_or(0) as usize + 1;
        let Some(room) = self.bytes.get_mut(self.len..self.len + len) else { return };
        for digit in room.iter_mut().rev() {
            *digit = b'0' + (number % 10) as u8;
            number /= 10;
        }
        self.len += len;
    }

    /// Appends an address and a port; port 0 as `*`.
    pub fn endpoint(&mut self, at: SocketAddr) {
        self.address(at);
        match at.port() {
            0 => self.push(b":*"),
            port => {
                self.push(b":");
                self.number(u32::from(port));
            }
        }
    }

    fn address(&mut self, at: SocketAddr) {
        match at {
            SocketAddr::V4(at) => self.ipv4(*at.ip()),
            SocketAddr::V6(at) => {
                match at.ip().to_ipv4_mapped() {
                    Some(mapped) => {
                        self.push(b"::ffff:");
                        self.ipv4(mapped);
                    }
                    None if at.ip().is_loopback() => self.push(b"::1"),
                    None if at.ip().is_unspecified() => self.push(b"::"),
                    // The standard library knows the rules of RFC 5952, but is slower.
                    None => drop(write!(self, "{}", at.ip())),
                }
                if at.scope_id() != 0 {
                    self.push(b"%");
                    self.number(at.scope_id());
                }
            }
        }
    }

    fn ipv4(&mut self, ip: Ipv4Addr) {
        // Copy all four bytes for each octet and keep the first few: a fixed-size copy is one instruction.
        let Some(room) = self.bytes.get_mut(self.len..self.len + 16) else { return };
        let mut len = 0;
        for octet in ip.octets() {
            let (digits, count) = &OCTETS[usize::from(octet)];
            room[len..len + 4].copy_from_slice(digits);
            len += count;
        }
        self.len += len - 1;
    }

    /// Appends the protocol and both addresses, as the first columns of `netstat` have them.
    pub fn flow(&mut self, flow: &Flow) {
        self.text(flow.proto.name());
        self.push(if flow.local.is_ipv6() { b"6 " } else { b" " });
        if flow.proto == Proto::Icmp {
            self.address(flow.local);
            self.blank();
            return flow.peer.into_iter().for_each(|peer| self.address(peer));
        }
        self.endpoint(flow.local);
        self.blank();
        match flow.peer {
            Some(peer) => self.endpoint(peer),
            None => self.push(if flow.local.is_ipv4() { b"0.0.0.0:*" } else { b":::*" }),
        }
    }

    #[inline]
    fn push(&mut self, ascii: &[u8]) {
        if let Some(room) = self.bytes.get_mut(self.len..self.len + ascii.len()) {
            room.copy_from_slice(ascii);
            self.len += ascii.len();
        }
    }

    /// The text written so far.
    pub fn as_str(&self) -> &str {
        // Only whole characters were appended.
        std::str::from_utf8(&self.bytes[..self.len]).unwrap_or_default()
    }
}

impl fmt::Write for SearchLine {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.text(text);
        Ok(())
    }
}
