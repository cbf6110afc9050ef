//! The ladder as text: client on the left, server on the right, an arrow for each packet. Pure.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::net::SocketAddr;
use std::time::Duration;

use unicode_width::UnicodeWidthStr;

use crate::domain::{Finding, Flags, Flow, IcmpRole, PacketSummary, Proto, Segment, TcpOption};

/// How it is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LadderStyle {
    /// The width of an arrow in columns; a longer label makes it longer.
    pub arrow: usize,
    /// Whether to use ASCII only, except in the payload.
    pub ascii: bool,
}

impl Default for LadderStyle {
    fn default() -> Self {
        Self { arrow: 64, ascii: false }
    }
}

/// The two ends of a conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ConversationEnds {
    /// The transport protocol.
    pub proto: Proto,
    /// On the left.
    pub client: SocketAddr,
    /// On the right.
    pub server: SocketAddr,
}

impl ConversationEnds {
    /// The ends of a conversation, inferred from its first packet: the sender of the SYN is the client. Without a SYN it is
    /// the end with an ephemeral port; over UDP the one that sends first; of a `ping` the one that asks.
    pub fn of(first: &PacketSummary) -> Option<Self> {
        let Flow { proto, local, peer } = first.flow;
        let peer = peer?;
        let flags = first.tcp.as_ref().map(|tcp| tcp.flags);
        let ours = match (first.icmp, flags) {
            (Some(icmp), _) => icmp.role() == IcmpRole::Asks,
            (None, Some(flags)) if flags.has(Flags::SYN) => !flags.has(Flags::ACK),
            (None, Some(_)) => is_ephemeral(local.port(), peer.port()),
            (None, None) => true,
        };
        let (client, server) = if ours { (local, peer) } else { (peer, local) };
        Some(Self { proto, client, server })
    }
}

/// Whether the first port looks more like an ephemeral port (in Linux's default range) than the second.
fn is_ephemeral(port: u16, other: u16) -> bool {
    let rank = |port: u16| ((32_768..=60_999).contains(&port), port);
    rank(port) > rank(other)
}

/// The line above a conversation.
pub fn heading(ends: &ConversationEnds, style: LadderStyle) -> String {
    let ConversationEnds { proto, client, server } = ends;
    let (left, right) = match proto {
        Proto::Icmp => (proto.address(*client), proto.address(*server)),
        Proto::Tcp | Proto::Udp => {
            (format!("client {}", proto.address(*client)), format!("server {}", proto.address(*server)))
        }
    };
    let room = (MARGIN + style.arrow).saturating_sub(proto.name().len() + 1 + left.width() + right.width()).max(3);
    format!("{proto} {left}{:room$}{right}", "")
}

/// The columns before the arrow: the number and the time.
const MARGIN: usize = 21;

/// The line of one packet: its number, the time since `begun` in seconds, its arrow, and its findings.
pub fn rung(packet: &PacketSummary, since_begun: Duration, ends: &ConversationEnds, style: LadderStyle) -> String {
    let right = packet.flow.local == ends.client;
    let time =
        if packet.findings.has(Finding::NoTime) { String::new() } else { format!("{:.6}", since_begun.as_secs_f64()) };
    let mut line = format!("{:>6} {time:>12}  {}", packet.number, arrow(packet, right, style));
    let mut said: Vec<String> =
        packet.findings.iter().filter(|finding| finding.is_news()).map(|f| named(f, packet)).collect();
    said.retain(|word| !word.is_empty());
    if !said.is_empty() {
        let _ = write!(line, "  [{}]", said.join(", "));
    }
    line
}

/// A finding in words; a retransmission names the packet that it repeats.
fn named(finding: &Finding, packet: &PacketSummary) -> String {
    let again = matches!(
        finding,
        Finding::Retransmission
            | Finding::FastRetransmission
            | Finding::AnsweredAgain
            | Finding::SpuriousRetransmission
    );
    match packet.retransmission_of {
        Some(first) if again => format!("{finding} of {first}"),
        _ => finding.to_string(),
    }
}

fn arrow(packet: &PacketSummary, right: bool, style: LadderStyle) -> String {
    let (line, left_head, right_head) = if style.ascii { ("-", "<", ">") } else { ("─", "◀", "▶") };
    let label = label(packet);
    let fill = line.repeat(style.arrow.saturating_sub(label.width() + 6).max(1));
    if right {
        format!("{line}{line}{line} {label} {fill}{right_head}")
    } else {
        format!("{left_head}{line}{line} {label} {fill}{line}")
    }
}

/// A packet in short: `SYN seq 0 win 65495 mss 65495 wscale 7`, `PSH+ACK seq 1 ack 1 12 B "Hello, world"`.
pub fn label(packet: &PacketSummary) -> String {
    let mut label = match (&packet.icmp, &packet.tcp) {
        (Some(icmp), _) => return format!("{} {icmp}", packet.protocol()),
        (None, Some(tcp)) => segment(tcp, packet.findings.has(Finding::ScaleUnknown)),
        (None, None) => packet.label(),
    };
    let len = packet.payload.len;
    if len > 0 || packet.tcp.is_none() {
        let _ = write!(label, " {len} B");
    }
    if !packet.payload.text.is_empty() {
        let dots = if packet.payload.is_cut() { "…" } else { "" };
        let _ = write!(label, " \"{}{dots}\"", packet.payload.text);
    }
    label
}

/// `unscaled`: the window may have to be multiplied, which a question mark says.
fn segment(tcp: &Segment, unscaled: bool) -> String {
    let mut label = tcp.flags.to_string();
    // Writing to a string cannot fail.
    let _ = match tcp.seq_rel {
        Some(seq) => write!(label, " seq {seq}"),
        None => write!(label, " raw seq {}", tcp.seq),
    };
    if tcp.flags.has(Flags::ACK) {
        let _ = match tcp.ack_rel {
            Some(ack) => write!(label, " ack {ack}"),
            None => write!(label, " raw ack {}", tcp.ack),
        };
    }
    let _ = write!(label, " win {}{}", tcp.window, if unscaled { "?" } else { "" });
    // Timestamps are in every segment, so only those of a SYN are written.
    let is_news = |option: &&TcpOption| tcp.flags.has(Flags::SYN) || !matches!(option, TcpOption::Timestamps(..));
    for option in tcp.options.iter().filter(is_news) {
        let _ = write!(label, " {option}");
    }
    label
}

/// A packet of a ladder: its time, its summary and its comments.
type TextRung = (Duration, PacketSummary, Vec<String>);

/// Packets, grouped by conversation. It holds no more than [`TextLadder::MOST`] of them at once.
#[derive(Debug, Default)]
pub struct TextLadder {
    /// In the order of their first packets.
    conversations: Vec<(ConversationEnds, Vec<TextRung>)>,
    places: HashMap<Flow, usize>,
    held: usize,
}

impl TextLadder {
    /// How many packets it holds before it has to be drawn.
    pub const MOST: usize = 50_000;

    /// Adds a packet, `at` after the first of all, with its comments; `false` when the ladder has to be drawn now.
    pub fn add(&mut self, at: Duration, packet: PacketSummary, comments: Vec<String>) -> bool {
        let Some(ends) = ConversationEnds::of(&packet) else { return true };
        let place = *self.places.entry(packet.flow).or_insert(self.conversations.len());
        if place == self.conversations.len() {
            if let Some(back) = packet.flow.mirror() {
                self.places.insert(back, place);
            }
            self.conversations.push((ends, Vec::new()));
        }
        self.conversations[place].1.push((at, packet, comments));
        self.held += 1;
        self.held < Self::MOST
    }

    /// Draws every conversation, and clears the ladder.
    pub fn draw(&mut self, style: LadderStyle) -> Vec<String> {
        let conversations = std::mem::take(&mut self.conversations);
        self.places.clear();
        self.held = 0;
        let mut lines = Vec::new();
        for (ends, packets) in conversations {
            lines.push(heading(&ends, style));
            for (at, packet, comments) in packets {
                lines.extend(comments.iter().map(|comment| format!("{:MARGIN$}# {comment}", "")));
                lines.push(rung(&packet, at, &ends, style));
            }
            lines.push(String::new());
        }
        lines
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Excerpt, Icmp};

    fn packet(number: u64, right: bool, flags: Flags, numbers: (u32, u32), payload: &[u8]) -> PacketSummary {
        let (client, server) = ("127.0.0.1:44086".parse().unwrap(), "127.0.0.1:65432".parse().unwrap());
        let syn = flags.has(Flags::SYN);
        let tcp = Segment {
            flags,
            seq: 99,
            ack: 99,
            seq_rel: Some(numbers.0),
            ack_rel: flags.has(Flags::ACK).then_some(numbers.1),
            window: 65_495,
            options: if syn { vec![TcpOption::Mss(65_495), TcpOption::WindowScale(7)] } else { vec![] },
        };
        PacketSummary {
            number,
            flow: if right { Flow::tcp(client, server) } else { Flow::tcp(server, client) },
            tcp: Some(tcp),
            icmp: None,
            interface: None,
            payload: Excerpt::of(payload),
            retransmission_of: None,
            findings: crate::domain::Findings::default(),
        }
    }

    fn draw(packets: Vec<PacketSummary>, style: LadderStyle) -> Vec<String> {
        let mut ladder = TextLadder::default();
        for (n, packet) in (0..).zip(packets) {
            assert!(ladder.add(Duration::from_micros(n * 20), packet, vec![]));
        }
        ladder.draw(style)
    }

    #[test]
    fn a_handshake_and_a_message_sent_twice() {
        let again = PacketSummary {
            retransmission_of: Some(4),
            findings: [Finding::ChecksumPartial, Finding::Retransmission].into_iter().collect(),
            ..packet(5, true, Flags::PSH.with(Flags::ACK), (1, 1), b"oi")
        };
        let lines = draw(
            vec![
                packet(1, true, Flags::SYN, (0, 0), b""),
                packet(2, false, Flags::SYN.with(Flags::ACK), (0, 1), b""),
                packet(3, true, Flags::ACK, (1, 1), b""),
                packet(4, true, Flags::PSH.with(Flags::ACK), (1, 1), b"oi"),
                again,
            ],
            LadderStyle::default(),
        );
        assert_eq!(
            lines,
            [
                "tcp client 127.0.0.1:44086                                     server 127.0.0.1:65432",
                "     1     0.000000  ─── SYN seq 0 win 65495 mss 65495 wscale 7 ────────────────────▶",
                "     2     0.000020  ◀── SYN+ACK seq 0 ack 1 win 65495 mss 65495 wscale 7 ───────────",
                "     3     0.000040  ─── ACK seq 1 ack 1 win 65495 ─────────────────────────────────▶",
                "     4     0.000060  ─── PSH+ACK seq 1 ack 1 win 65495 2 B \"oi\" ────────────────────▶",
                "     5     0.000080  ─── PSH+ACK seq 1 ack 1 win 65495 2 B \"oi\" ────────────────────▶  [retransmission of 4]",
                "",
            ]
        );
    }

    #[test]
    fn every_option_of_a_syn_and_the_rare_ones_of_other_segments_are_written() {
        let options =
            vec![TcpOption::Timestamps(5, 6), TcpOption::Other { kind: 30, len: 12 }, TcpOption::Sack(1_000, 2_000)];
        let label = |flags| {
            let mut packet = packet(1, true, flags, (1, 1), b"");
            packet.tcp.as_mut().unwrap().options.clone_from(&options);
            label(&packet)
        };
        assert_eq!(label(Flags::SYN), "SYN seq 1 win 65495 ts 5 6 option 30 len 12 sack 1000-2000");
        assert_eq!(label(Flags::ACK), "ACK seq 1 ack 1 win 65495 option 30 len 12 sack 1000-2000");
    }

    #[test]
    fn an_icmp_error_points_at_its_recipient_and_ascii_is_ascii() {
        let udp = |number, right, icmp| PacketSummary {
            flow: Flow { proto: Proto::Udp, ..packet(1, right, Flags::ACK, (0, 0), b"").flow },
            tcp: None,
            icmp,
            ..packet(number, right, Flags::ACK, (0, 0), b"")
        };
        let lines = draw(
            vec![udp(1, true, None), udp(2, false, Some(Icmp::PortUnreachable))],
            LadderStyle { arrow: 30, ascii: true },
        );
        assert_eq!(lines[1], "     1     0.000000  --- UDP 0 B ----------------->");
        assert_eq!(lines[2], "     2     0.000020  <-- ICMP port unreachable ----");
        assert!(lines.iter().all(|line| line.is_ascii()));
    }

    #[test]
    fn who_asks_in_a_ping_is_left_without_a_port() {
        let echo = |number, right, reply| PacketSummary {
            flow: Flow { proto: Proto::Icmp, ..packet(1, right, Flags::ACK, (0, 0), b"").flow },
            tcp: None,
            icmp: Some(Icmp::Echo { reply, id: 7, seq: 1 }),
            ..packet(number, right, Flags::ACK, (0, 0), b"")
        };
        for packets in [vec![echo(1, true, false), echo(2, false, true)], vec![echo(2, false, true)]] {
            let lines = draw(packets, LadderStyle { arrow: 30, ascii: true });
            assert!(lines[0].starts_with("icmp 127.0.0.1 ") && !lines[0].contains(':'), "{}", lines[0]);
            assert!(lines[lines.len() - 2].contains("<-- ICMP echo reply id 7 seq 1 "), "{lines:?}");
        }
    }

    #[test]
    fn a_port_that_is_not_known_is_no_port_0() {
        let ends = |client: &str, server: &str| {
            let (client, server) = (client.parse().unwrap(), server.parse().unwrap());
            heading(&ConversationEnds { proto: Proto::Udp, client, server }, LadderStyle { arrow: 1, ascii: true })
        };
        assert_eq!(ends("192.0.2.2:0", "[::1]:0"), "udp client 192.0.2.2:?   server [::1]:?");
        assert_eq!(ends("192.0.2.2:7", "[::1]:8"), "udp client 192.0.2.2:7   server [::1]:8");
    }

    #[test]
    fn the_client_is_recognised_without_a_syn_too() {
        let ends = |right, flags| ConversationEnds::of(&packet(1, right, flags, (5, 5), b"")).unwrap().client.port();
        for flags in [Flags::ACK, Flags::RST, Flags::FIN] {
            assert_eq!((ends(true, flags), ends(false, flags)), (44_086, 44_086));
        }
        assert_eq!(ends(false, Flags::SYN.with(Flags::ACK)), 44_086);
    }
}
