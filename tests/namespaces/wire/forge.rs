//! Packets that no kernel made: a program on a host sends them through a raw socket.

/// The program: its arguments are those of [`Forged::arguments`].
pub(super) const SOURCE: &str = r"
import socket, struct, sys
source, dest, proto, sport, dport, flags, seq, ack, data, damaged = sys.argv[1:]
def checksum(data):
    data += b'\0' * (len(data) % 2)
    total = sum(struct.unpack('!%dH' % (len(data) // 2), data))
    while total >> 16: total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff
a, b, data = socket.inet_aton(source), socket.inet_aton(dest), data.encode()
def made(sum):
    if proto == 'icmp': return struct.pack('!BBHHH', int(flags), 0, sum, 7, 1) + data
    numbers = int(sport), int(dport), int(seq), int(ack), 80, int(flags), 1024, sum, 0
    return struct.pack('!HHIIBBHHH', *numbers) + data
number = 1 if proto == 'icmp' else 6
pseudo = b'' if proto == 'icmp' else struct.pack('!4s4sBBH', a, b, 0, number, len(made(0)))
s = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
head = struct.pack('!BBHHHBBH4s4s', 69, 0, 20 + len(made(0)), 0, 0, 64, number, 0, a, b)
s.sendto(head + made(checksum(pseudo + made(0)) ^ int(damaged)), (dest, 0))
";

/// A segment, or an ICMP message whose type is `flags`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Forged<'a> {
    pub(super) proto: &'a str,
    /// From which port to which.
    pub(super) ports: (u16, u16),
    pub(super) flags: u8,
    pub(super) seq: u32,
    pub(super) ack: u32,
    pub(super) data: &'a str,
    /// Whether its checksum is wrong.
    pub(super) damaged: bool,
}

impl Default for Forged<'_> {
    fn default() -> Self {
        Self { proto: "tcp", ports: (7, 7), flags: 0, seq: 1, ack: 1, data: "", damaged: false }
    }
}

impl Forged<'_> {
    pub(super) const FIN: u8 = 1;
    pub(super) const SYN: u8 = 2;
    pub(super) const RST: u8 = 4;
    pub(super) const ACK: u8 = 16;

    /// The arguments of the program, after the addresses of the sender and of the receiver.
    pub(super) fn arguments(&self, from: &str, to: &str) -> Vec<String> {
        let Self { proto, ports, flags, seq, ack, data, damaged } = self;
        let numbers =
            [ports.0.into(), ports.1.into(), u32::from(*flags), *seq, *ack].map(|number: u32| number.to_string());
        let mut arguments = vec![from.to_owned(), to.to_owned(), (*proto).to_owned()];
        arguments.extend(numbers);
        arguments.extend([(*data).to_owned(), u8::from(*damaged).to_string()]);
        arguments
    }
}
