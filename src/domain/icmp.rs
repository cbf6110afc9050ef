//! ICMP and `ICMPv6` messages: their types and codes by name (RFC 792, RFC 4443, IANA).

use std::fmt;
use std::str::FromStr;

use super::text_enum::{UnknownText, serde_as_text};

/// An ICMP message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Icmp {
    /// No socket has the UDP port (ICMP type 3 code 3, `ICMPv6` type 1 code 4).
    PortUnreachable,
    /// A packet was larger than the next link takes and must not be divided (ICMP type 3 code 4, RFC 1191 §4).
    FragmentationNeeded {
        /// What that link takes; 0 if the router does not say.
        mtu: u16,
    },
    /// What `ping` sends, and the answer to it.
    Echo {
        /// Whether it is the answer.
        reply: bool,
        /// The identifier, which all requests of one `ping` share.
        id: u16,
        /// The sequence number.
        seq: u16,
    },
    /// Any other, by type and code.
    Other {
        /// Whether it is `ICMPv6`, which numbers types and codes in its own way.
        v6: bool,
        /// The type.
        kind: u8,
        /// The code.
        code: u8,
    },
}

/// What a message is in its conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IcmpRole {
    /// It asks, or announces something unasked.
    Asks,
    /// It answers a question.
    Answers,
    /// It reports an error to the sender of the packet that it quotes.
    Reports,
}

impl Icmp {
    /// The message of this type and code. `rest` are the four bytes after the checksum: of an echo, its identifier and
    /// sequence number.
    pub fn new(v6: bool, kind: u8, code: u8, rest: [u8; 4]) -> Self {
        let [a, b, c, d] = rest;
        match (v6, kind, code) {
            (false, 3, 3) | (true, 1, 4) => Self::PortUnreachable,
            (false, 3, 4) => Self::FragmentationNeeded { mtu: u16::from_be_bytes([c, d]) },
            (false, 0 | 8, 0) | (true, 128 | 129, 0) => Self::Echo {
                reply: matches!(kind, 0 | 129),
                id: u16::from_be_bytes([a, b]),
                seq: u16::from_be_bytes([c, d]),
            },
            _ => Self::Other { v6, kind, code },
        }
    }

    /// What it is in its conversation.
    pub const fn role(self) -> IcmpRole {
        match self {
            Self::PortUnreachable | Self::FragmentationNeeded { .. } => IcmpRole::Reports,
            Self::Echo { reply: true, .. } => IcmpRole::Answers,
            Self::Echo { reply: false, .. } => IcmpRole::Asks,
            Self::Other { v6, kind, .. } if is_error(v6, kind) => IcmpRole::Reports,
            Self::Other { v6: false, kind: 0 | 14 | 16 | 18 | 43, .. }
            | Self::Other { v6: true, kind: 129 | 161, .. } => IcmpRole::Answers,
            Self::Other { .. } => IcmpRole::Asks,
        }
    }
}

/// Whether messages of a type report an error, and quote the packet that caused it.
pub const fn is_error(v6: bool, kind: u8) -> bool {
    if v6 { matches!(kind, 1..=4) } else { matches!(kind, 3 | 4 | 5 | 11 | 12) }
}

/// The name of a type, if it has one here.
pub const fn type_name(v6: bool, kind: u8) -> Option<&'static str> {
    Some(match (v6, kind) {
        (false, 0) | (true, 129) => "echo reply",
        (false, 3) | (true, 1) => "destination unreachable",
        (false, 4) => "source quench",
        (false, 5) | (true, 137) => "redirect",
        (false, 8) | (true, 128) => "echo request",
        (false, 9) | (true, 134) => "router advertisement",
        (false, 10) | (true, 133) => "router solicitation",
        (false, 11) | (true, 3) => "time exceeded",
        (false, 12) | (true, 4) => "parameter problem",
        (false, 13) => "timestamp request",
        (false, 14) => "timestamp reply",
        (false, 15) => "information request",
        (false, 16) => "information reply",
        (false, 17) => "address mask request",
        (false, 18) => "address mask reply",
        (false, 42) | (true, 160) => "extended echo request",
        (false, 43) | (true, 161) => "extended echo reply",
        (true, 2) => "packet too big",
        (true, 130) => "multicast listener query",
        (true, 131 | 143) => "multicast listener report",
        (true, 132) => "multicast listener done",
        (true, 135) => "neighbor solicitation",
        (true, 136) => "neighbor advertisement",
        _ => return None,
    })
}

/// The name of a code of a type, if it has one here.
pub const fn code_name(v6: bool, kind: u8, code: u8) -> Option<&'static str> {
    Some(match (v6, kind, code) {
        (false, 3, 0) => "network unreachable",
        (false, 3, 1) => "host unreachable",
        (false, 3, 2) => "protocol unreachable",
        (false, 3, 3) | (true, 1, 4) => "port unreachable",
        (false, 3, 4) => "fragmentation needed",
        (false, 3, 5) => "source route failed",
        (false, 3, 6) => "network unknown",
        (false, 3, 7) => "host unknown",
        (false, 3, 9 | 10 | 13) | (true, 1, 1) => "administratively prohibited",
        (false, 5, 0) => "redirect for the network",
        (false, 5, 1) => "redirect for the host",
        (false, 11, 0) => "TTL exceeded in transit",
        (false, 11, 1) | (true, 3, 1) => "fragment reassembly time exceeded",
        (true, 1, 0) => "no route to destination",
        (true, 1, 2) => "beyond scope of source address",
        (true, 1, 3) => "address unreachable",
        (true, 1, 5) => "source address failed policy",
        (true, 1, 6) => "reject route to destination",
        (true, 3, 0) => "hop limit exceeded in transit",
        (true, 4, 0) => "erroneous header field",
        (true, 4, 1) => "unrecognized next header",
        (true, 4, 2) => "unrecognized option",
        _ => return None,
    })
}

fn name(v6: bool, kind: u8, code: u8) -> Option<&'static str> {
    code_name(v6, kind, code).or(type_name(v6, kind))
}

/// `port unreachable`, `fragmentation needed mtu 1400`, `echo request id 7 seq 1`, `host unreachable (type 3 code 1)`, `type 200 code 0`. One of `ICMPv6`
/// that has no name begins with `v6`.
impl fmt::Display for Icmp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::PortUnreachable => f.pad("port unreachable"),
            Self::FragmentationNeeded { mtu } => write!(f, "fragmentation needed mtu {mtu}"),
            Self::Echo { reply, id, seq } => {
                write!(f, "echo {} id {id} seq {seq}", if reply { "reply" } else { "request" })
            }
            Self::Other { v6, kind, code } => match name(v6, kind, code) {
                Some(name) => write!(f, "{name} (type {kind} code {code})"),
                None => write!(f, "{}type {kind} code {code}", if v6 { "v6 " } else { "" }),
            },
        }
    }
}

impl FromStr for Icmp {
    type Err = UnknownText;
    fn from_str(text: &str) -> Result<Self, UnknownText> {
        let numbers = |text: &str| {
            let (kind, code) = text.strip_prefix("type ")?.split_once(" code ")?;
            Some((kind.parse().ok()?, code.parse().ok()?))
        };
        let read = || {
            if text == "port unreachable" {
                return Some(Self::PortUnreachable);
            }
            if let Some(mtu) = text.strip_prefix("fragmentation needed mtu ") {
                return Some(Self::FragmentationNeeded { mtu: mtu.parse().ok()? });
            }
            for (prefix, reply) in [("echo request id ", false), ("echo reply id ", true)] {
                if let Some((id, seq)) = text.strip_prefix(prefix).and_then(|rest| rest.split_once(" seq ")) {
                    return Some(Self::Echo { reply, id: id.parse().ok()?, seq: seq.parse().ok()? });
                }
            }
            if let Some((said, rest)) = text.strip_suffix(')').and_then(|text| text.split_once(" (")) {
                let (kind, code) = numbers(rest)?;
                // As it was written before the MTU was.
                if (said, kind, code) == ("fragmentation needed", 3, 4) {
                    return Some(Self::FragmentationNeeded { mtu: 0 });
                }
                // No type and code have the same name in both versions.
                let v6 = [false, true].into_iter().find(|v6| name(*v6, kind, code) == Some(said))?;
                return Some(Self::Other { v6, kind, code });
            }
            let six = text.strip_prefix("v6 ");
            let (kind, code) = numbers(six.unwrap_or(text))?;
            Some(Self::Other { v6: six.is_some(), kind, code })
        };
        read().ok_or_else(|| UnknownText { what: "Icmp", text: text.into() })
    }
}

serde_as_text!(Icmp);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_message_is_read_as_it_is_written() {
        for (kind, code) in (0..=u8::MAX).flat_map(|kind| (0..=u8::MAX).map(move |code| (kind, code))) {
            for v6 in [false, true] {
                let icmp = Icmp::new(v6, kind, code, [0, 7, 0, 1]);
                assert_eq!(icmp.to_string().parse(), Ok(icmp), "{icmp}");
            }
        }
        for (v6, kind, code, said) in [
            (false, 8, 0, "echo request id 7 seq 1"),
            (true, 129, 0, "echo reply id 7 seq 1"),
            (false, 3, 1, "host unreachable (type 3 code 1)"),
            (false, 3, 4, "fragmentation needed mtu 1"),
            (true, 135, 0, "neighbor solicitation (type 135 code 0)"),
            (false, 200, 3, "type 200 code 3"),
            (true, 200, 3, "v6 type 200 code 3"),
        ] {
            assert_eq!(Icmp::new(v6, kind, code, [0, 7, 0, 1]).to_string(), said);
        }
        let written_before: Icmp = "type 3 code 1".parse().unwrap();
        assert_eq!(written_before, Icmp::new(false, 3, 1, [0; 4]));
        let written_before: Icmp = "fragmentation needed (type 3 code 4)".parse().unwrap();
        assert_eq!(written_before, Icmp::FragmentationNeeded { mtu: 0 });
        for wrong in [
            "",
            "fragmentation needed mtu 70000",
            "echo request id 7",
            "host unreachable (type 3 code 0)",
            "type 300 code 0",
            "ping",
        ] {
            assert!(wrong.parse::<Icmp>().is_err(), "{wrong}");
        }
    }
}
