//! An independent witness: the kernel's own text files.

use std::net::Ipv4Addr;

/// One line of `/proc/net/tcp` (`Documentation/networking/proc_net_tcp`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Line {
    pub(crate) local: (Ipv4Addr, u16),
    pub(crate) peer: (Ipv4Addr, u16),
    /// The kernel's number: 1 ESTABLISHED, 6 TIME_WAIT, 10 LISTEN.
    pub(crate) state: u8,
    /// For LISTEN, how many wait to be accepted.
    pub(crate) waiting: u32,
}

/// All IPv4 TCP sockets with this port on either side, as the kernel prints them.
pub(crate) fn proc_net_tcp(port: u16) -> Vec<Line> {
    let text = std::fs::read_to_string("/proc/self/net/tcp").unwrap();
    let lines = text.lines().skip(1).map(|line| {
        let words: Vec<_> = line.split_whitespace().collect();
        let hex = |text: &str| u32::from_str_radix(text, 16).unwrap();
        let addr = |text: &str| {
            let (ip, port) = text.split_once(':').unwrap();
            (Ipv4Addr::from(hex(ip).to_ne_bytes()), u16::try_from(hex(port)).unwrap())
        };
        let (_, waiting) = words[4].split_once(':').unwrap();
        let state = u8::try_from(hex(words[3])).unwrap();
        Line { local: addr(words[1]), peer: addr(words[2]), state, waiting: hex(waiting) }
    });
    lines.filter(|line| line.local.1 == port || line.peer.1 == port).collect()
}
