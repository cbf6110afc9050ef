//! The `rtnetlink(7)` requests that configure interfaces and create pairs of them.

use std::io;
use std::net::Ipv4Addr;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::time::Duration;

use rustix::net::{AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType};

// linux/netlink.h, linux/rtnetlink.h, linux/if_link.h, linux/if_addr.h, linux/veth.h.
const NLMSG_ERROR: u16 = 2;
const RTM_NEWLINK: u16 = 16;
const RTM_NEWADDR: u16 = 20;
const RTM_NEWROUTE: u16 = 24;
const NLM_F_REQUEST: u16 = 1;
const NLM_F_ACK: u16 = 4;
const NLM_F_REPLACE: u16 = 0x100;
const NLM_F_EXCL: u16 = 0x200;
const NLM_F_CREATE: u16 = 0x400;
const IFF_UP: u32 = 1;
const IFF_NOARP: u32 = 1 << 7;
const IFLA_ADDRESS: u16 = 1;
const IFLA_IFNAME: u16 = 3;
const IFLA_MTU: u16 = 4;
const IFLA_TXQLEN: u16 = 13;
const IFLA_LINKINFO: u16 = 18;
const IFLA_NET_NS_FD: u16 = 28;
const IFLA_INFO_KIND: u16 = 1;
const IFLA_INFO_DATA: u16 = 2;
const VETH_INFO_PEER: u16 = 1;
const IFA_ADDRESS: u16 = 1;
const IFA_LOCAL: u16 = 2;
const RT_TABLE_MAIN: u8 = 254;
const RTPROT_KERNEL: u8 = 2;
const RT_SCOPE_LINK: u8 = 253;
const RTN_UNICAST: u8 = 1;
const RTA_DST: u16 = 1;
const RTA_OIF: u16 = 4;
const RTA_PREFSRC: u16 = 7;
const RTA_METRICS: u16 = 8;
const RTAX_LOCK: u16 = 1;
const RTAX_RTO_MIN: u16 = 13;

/// An `rtnetlink` socket of the calling thread's network namespace.
pub(super) struct Route(OwnedFd);

impl Route {
    pub(super) fn open() -> io::Result<Self> {
        let socket = rustix::net::socket_with(
            AddressFamily::NETLINK,
            SocketType::RAW,
            SocketFlags::CLOEXEC,
            None, // NETLINK_ROUTE is number 0.
        )?;
        Ok(Self(socket))
    }

    pub(super) fn index(&self, name: &str) -> io::Result<u32> {
        Ok(rustix::net::netdevice::name_to_index(&self.0, name)?)
    }

    pub(super) fn up(&self, name: &str) -> io::Result<()> {
        self.flags(name, IFF_UP)
    }

    pub(super) fn up_without_arp(&self, name: &str) -> io::Result<()> {
        self.flags(name, IFF_UP | IFF_NOARP)
    }

    fn flags(&self, name: &str, set: u32) -> io::Result<()> {
        let mut request = RouteMessage::new(RTM_NEWLINK, 0);
        request.interface(self.index(name)?, set, set);
        self.ask(request)
    }

    /// Sets the MTU and the transmit queue length.
    pub(super) fn sizes(&self, name: &str, mtu: u16, queue: u32) -> io::Result<()> {
        let mut request = RouteMessage::new(RTM_NEWLINK, 0);
        request.interface(self.index(name)?, 0, 0);
        request.attribute(IFLA_MTU, &u32::from(mtu).to_ne_bytes());
        request.attribute(IFLA_TXQLEN, &queue.to_ne_bytes());
        self.ask(request)
    }

    pub(super) fn address(&self, name: &str, address: Ipv4Addr, prefix: u8) -> io::Result<()> {
        let mut request = RouteMessage::new(RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL);
        // struct ifaddrmsg: family, prefix length, flags, scope, index.
        request.0.extend([AddressFamily::INET.as_raw().to_ne_bytes()[0], prefix, 0, 0]);
        let index = self.index(name)?;
        request.0.extend(index.to_ne_bytes());
        request.attribute(IFA_LOCAL, &address.octets());
        request.attribute(IFA_ADDRESS, &address.octets());
        self.ask(request)
    }

    /// Sets the least retransmission timeout towards the network that this address is in: the route's `rto_min`
    /// (`ip-route(8)`), of which the kernel takes notice only if it is locked. `None` is the kernel's own.
    pub(super) fn least_timeout(
        &self,
        name: &str,
        address: Ipv4Addr,
        prefix: u8,
        least: Option<Duration>,
    ) -> io::Result<()> {
        let mut request = RouteMessage::new(RTM_NEWROUTE, NLM_F_CREATE | NLM_F_REPLACE);
        // struct rtmsg: family, lengths of destination and source, TOS, table, protocol, scope, type; flags. The route is
        // the one that the kernel made for the address.
        let family = AddressFamily::INET.as_raw().to_ne_bytes()[0];
        request.0.extend([family, prefix, 0, 0, RT_TABLE_MAIN, RTPROT_KERNEL, RT_SCOPE_LINK, RTN_UNICAST]);
        request.0.extend([0; 4]);
        let network = u32::from(address) & u32::MAX.checked_shl(32 - u32::from(prefix)).unwrap_or(0);
        request.attribute(RTA_DST, &network.to_be_bytes());
        request.attribute(RTA_OIF, &self.index(name)?.to_ne_bytes());
        request.attribute(RTA_PREFSRC, &address.octets());
        if let Some(least) = least {
            let millis = u32::try_from(least.as_millis()).unwrap_or(u32::MAX);
            let mut metrics = RouteMessage(Vec::new());
            metrics.attribute(RTAX_LOCK, &(1_u32 << RTAX_RTO_MIN).to_ne_bytes());
            metrics.attribute(RTAX_RTO_MIN, &millis.to_ne_bytes());
            request.attribute(RTA_METRICS, &metrics.0);
        }
        self.ask(request)
    }

    /// Creates a virtual Ethernet pair: `here` in this namespace, `there` in another, with the address `mac`.
    pub(super) fn pair(&self, here: &str, there: &str, namespace: BorrowedFd<'_>, mac: [u8; 6]) -> io::Result<()> {
        let mut peer = RouteMessage(Vec::new());
        peer.interface(0, 0, 0);
        peer.attribute(IFLA_IFNAME, &text(there));
        peer.attribute(IFLA_ADDRESS, &mac);
        peer.attribute(IFLA_NET_NS_FD, &namespace.as_raw_fd().to_ne_bytes());
        let mut data = RouteMessage(Vec::new());
        data.attribute(VETH_INFO_PEER, &peer.0);
        let mut info = RouteMessage(Vec::new());
        info.attribute(IFLA_INFO_KIND, b"veth");
        info.attribute(IFLA_INFO_DATA, &data.0);
        let mut request = RouteMessage::new(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL);
        request.interface(0, 0, 0);
        request.attribute(IFLA_IFNAME, &text(here));
        request.attribute(IFLA_LINKINFO, &info.0);
        self.ask(request)
    }

    /// Sends a request and waits for the acknowledgement.
    fn ask(&self, request: RouteMessage) -> io::Result<()> {
        rustix::net::send(self.0.as_fd(), &request.finished(), SendFlags::empty())?;
        let mut answer = [0; 4096];
        let (got, _) = rustix::net::recv(self.0.as_fd(), &mut answer[..], RecvFlags::empty())?;
        // struct nlmsghdr: length, type, flags, sequence, port; then struct nlmsgerr begins with minus the errno.
        let code = answer[..got].get(16..20).and_then(|bytes| bytes.try_into().ok()).map(i32::from_ne_bytes);
        match (u16::from_ne_bytes([answer[4], answer[5]]), code) {
            (NLMSG_ERROR, Some(0)) => Ok(()),
            (NLMSG_ERROR, Some(code)) => Err(io::Error::from_raw_os_error(-code)),
            _ => Err(io::ErrorKind::InvalidData.into()),
        }
    }
}

fn text(name: &str) -> Vec<u8> {
    name.bytes().chain([0]).collect()
}

/// A netlink message, or the inside of a nested attribute.
struct RouteMessage(Vec<u8>);

impl RouteMessage {
    fn new(kind: u16, flags: u16) -> Self {
        let mut bytes = vec![0; 4];
        bytes.extend(kind.to_ne_bytes());
        bytes.extend((NLM_F_REQUEST | NLM_F_ACK | flags).to_ne_bytes());
        bytes.extend([0; 8]);
        Self(bytes)
    }

    /// struct ifinfomsg: family, padding, type, index, flags, which of them to change.
    fn interface(&mut self, index: u32, flags: u32, change: u32) {
        self.0.extend([0; 4]);
        self.0.extend(index.to_ne_bytes());
        self.0.extend(flags.to_ne_bytes());
        self.0.extend(change.to_ne_bytes());
    }

    fn attribute(&mut self, kind: u16, value: &[u8]) {
        let length = u16::try_from(4 + value.len()).unwrap_or(u16::MAX);
        self.0.extend(length.to_ne_bytes());
        self.0.extend(kind.to_ne_bytes());
        self.0.extend(value);
        self.0.resize(self.0.len().next_multiple_of(4), 0);
    }

    fn finished(mut self) -> Vec<u8> {
        let length = u32::try_from(self.0.len()).unwrap_or(u32::MAX);
        self.0[..4].copy_from_slice(&length.to_ne_bytes());
        self.0
    }
}
