//! What a frame carries in place of TCP, UDP or ICMP, by the number that says so in its headers.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

/// The first header of a frame that is not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unread {
    /// A link-layer type of capture files (<https://www.tcpdump.org/linktypes.html>).
    LinkType(u16),
    /// An `EtherType` (IEEE 802).
    EtherType(u16),
    /// A destination service access point of IEEE 802.2.
    Llc(u8),
    /// A protocol of PPP (RFC 1661).
    Ppp(u16),
    /// A protocol over IP (IANA).
    IpProtocol(u8),
    /// A frame of IEEE 802.11 without readable data: management, control, or encrypted.
    Wireless,
    /// A header that is cut off or impossible.
    Malformed,
}

/// How many packets carry each of them.
pub type UnreadCounts = BTreeMap<Unread, u64>;

impl Unread {
    /// Its name, if it has one here.
    pub const fn name(self) -> Option<&'static str> {
        match self {
            Self::LinkType(number) => link_type(number),
            Self::EtherType(number) => ether_type(number),
            Self::Llc(number) => llc(number),
            Self::Ppp(number) => ppp(number),
            Self::IpProtocol(number) => ip_protocol(number),
            Self::Wireless | Self::Malformed => None,
        }
    }

    /// Name and number: `C-HDLC (104)`, `ARP (0x0806)`, `147`.
    pub fn with_number(self) -> String {
        let number = match self {
            Self::LinkType(number) => number.to_string(),
            Self::EtherType(number) | Self::Ppp(number) => format!("{number:#06x}"),
            Self::Llc(number) => format!("{number:#04x}"),
            Self::IpProtocol(number) => number.to_string(),
            Self::Wireless | Self::Malformed => String::new(),
        };
        self.name().map_or(number.clone(), |name| format!("{name} ({number})"))
    }
}

/// The name of a link-layer type.
pub const fn link_type(number: u16) -> Option<&'static str> {
    Some(match number {
        0 | 108 => "loopback",
        1 => "Ethernet",
        3 => "AX.25",
        6 => "Token Ring",
        7 | 129 => "ARCNET",
        8 => "SLIP",
        9 => "PPP",
        10 => "FDDI",
        12 | 14 | 101 | 228 | 229 => "raw IP",
        50 => "PPP in HDLC framing",
        51 => "PPPoE",
        100 => "LLC over ATM",
        104 => "C-HDLC",
        105 => "802.11",
        107 => "Frame Relay",
        113 => "Linux cooked v1",
        117 => "PFLOG",
        119 => "802.11 with Prism header",
        122 => "IP over Fibre Channel",
        123 => "SunATM",
        127 => "802.11 with radiotap",
        138 => "IP over IEEE 1394",
        143 => "DOCSIS",
        147 => "USER0",
        148 => "USER1",
        149 => "USER2",
        150 => "USER3",
        151 => "USER4",
        152 => "USER5",
        153 => "USER6",
        154 => "USER7",
        155 => "USER8",
        156 => "USER9",
        157 => "USER10",
        158 => "USER11",
        159 => "USER12",
        160 => "USER13",
        161 => "USER14",
        162 => "USER15",
        163 => "802.11 with AVS header",
        165 => "BACnet MS/TP",
        166 => "PPP with direction (pppd)",
        177 => "LAPD",
        187 => "Bluetooth HCI",
        189 | 220 => "USB (Linux)",
        192 => "PPI",
        195 | 215 | 230 | 283 => "802.15.4",
        201 => "Bluetooth HCI with direction",
        204 => "PPP with direction",
        219 => "MPLS",
        224 => "Fibre Channel",
        226 => "Solaris IPNET",
        227 => "SocketCAN",
        239 => "NFLOG",
        242 => "IP over InfiniBand",
        247 => "InfiniBand",
        248 => "SCTP",
        249 => "USBPcap",
        251 | 256 => "Bluetooth LE",
        252 => "Wireshark upper PDU",
        253 => "netlink",
        254 => "Bluetooth Linux monitor",
        258 => "PKTAP",
        266 => "USB (macOS)",
        276 => "Linux cooked v2",
        _ => return None,
    })
}

/// The name of an `EtherType`.
pub const fn ether_type(number: u16) -> Option<&'static str> {
    Some(match number {
        0x0800 => "IPv4",
        0x0806 => "ARP",
        0x0842 => "Wake-on-LAN",
        0x2000 => "CDP",
        0x6558 => "transparent Ethernet bridging",
        0x8035 => "RARP",
        0x809b => "AppleTalk",
        0x80f3 => "AARP",
        0x8100 | 0x88a8 | 0x9100 => "VLAN",
        0x8137 => "IPX",
        0x86dd => "IPv6",
        0x8808 => "Ethernet flow control",
        0x8809 => "slow protocols (LACP)",
        0x880b => "PPP",
        0x8847 => "MPLS",
        0x8848 => "MPLS multicast",
        0x8863 => "PPPoE discovery",
        0x8864 => "PPPoE",
        0x888e => "802.1X (EAPOL)",
        0x8892 => "PROFINET",
        0x88be => "ERSPAN",
        0x88cc => "LLDP",
        0x88e5 => "MACsec",
        0x88f7 => "PTP",
        0x8902 => "Ethernet OAM",
        0x8906 => "FCoE",
        0x9000 => "Ethernet loopback test",
        _ => return None,
    })
}

/// The name of a service access point.
const fn llc(number: u8) -> Option<&'static str> {
    Some(match number {
        0x42 => "spanning tree",
        0xaa => "SNAP",
        0xe0 => "IPX",
        0xf0 => "NetBIOS",
        0xfe => "OSI (IS-IS)",
        0xff => "IPX without LLC",
        _ => return None,
    })
}

/// The name of a protocol over PPP.
pub const fn ppp(number: u16) -> Option<&'static str> {
    Some(match number {
        0x0021 => "IPv4",
        0x002b => "IPX",
        0x002d => "compressed TCP",
        0x003d => "multilink",
        0x0057 => "IPv6",
        0x00fd => "compressed datagram",
        0x0281 => "MPLS",
        0x8021 => "IPCP",
        0x8057 => "IPV6CP",
        0x80fd => "CCP",
        0xc021 => "LCP",
        0xc023 => "PAP",
        0xc025 => "link quality report",
        0xc223 => "CHAP",
        _ => return None,
    })
}

/// The name of a protocol over IP, or of an extension header of IPv6.
pub const fn ip_protocol(number: u8) -> Option<&'static str> {
    Some(match number {
        0 => "hop-by-hop options",
        1 => "ICMP",
        2 => "IGMP",
        4 => "IPv4",
        6 => "TCP",
        17 => "UDP",
        33 => "DCCP",
        41 => "IPv6",
        43 => "routing",
        44 => "fragment",
        46 => "RSVP",
        47 => "GRE",
        50 => "ESP",
        51 => "authentication",
        58 => "ICMPv6",
        59 => "none",
        60 => "destination options",
        88 => "EIGRP",
        89 => "OSPF",
        103 => "PIM",
        108 => "IPComp",
        112 => "VRRP",
        115 => "L2TP",
        132 => "SCTP",
        136 => "UDP-Lite",
        137 => "MPLS",
        _ => return None,
    })
}

impl fmt::Display for Unread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::LinkType(_) => write!(f, "link type {}", self.with_number()),
            Self::EtherType(_) => write!(f, "EtherType {}", self.with_number()),
            Self::Llc(_) => write!(f, "LLC {}", self.with_number()),
            Self::Ppp(_) => write!(f, "PPP protocol {}", self.with_number()),
            Self::IpProtocol(_) => write!(f, "IP protocol {}", self.with_number()),
            Self::Wireless => f.write_str("802.11 without readable data"),
            Self::Malformed => f.write_str("cut off or malformed"),
        }
    }
}
