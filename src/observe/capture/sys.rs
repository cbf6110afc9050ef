//! The few system calls that no safe wrapper covers: the only `unsafe` of the capture.

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd};

/// What an interface is (`netdevice(7)`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Hardware(pub(super) u16);

impl Hardware {
    pub(super) const ETHERNET: Self = Self(libc::ARPHRD_ETHER);
    pub(super) const LOOPBACK: Self = Self(libc::ARPHRD_LOOPBACK);
}

/// Asks for what the interface `name` is (`SIOCGIFHWADDR`). `socket` is any socket of its namespace.
#[expect(unsafe_code, reason = "an ioctl with a C structure that has a union")]
pub(super) fn hardware(socket: BorrowedFd<'_>, name: &str) -> io::Result<Hardware> {
    // SAFETY: all-zero is a valid `ifreq`: an empty name and an empty union.
    let mut request: libc::ifreq = unsafe { std::mem::zeroed() };
    if name.len() >= libc::IFNAMSIZ {
        return Err(io::ErrorKind::NotFound.into());
    }
    for (to, from) in request.ifr_name.iter_mut().zip(name.bytes()) {
        *to = from.cast_signed() as libc::c_char;
    }
    // SAFETY: SIOCGIFHWADDR reads the name and writes the address of one `ifreq`, which outlives the call.
    let done = unsafe { libc::ioctl(socket.as_raw_fd(), libc::SIOCGIFHWADDR, &raw mut request) };
    if done < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the call has filled in this member of the union.
    Ok(Hardware(unsafe { request.ifr_ifru.ifru_hwaddr.sa_family }))
}

/// Lets a packet socket hear everything on one interface, or with 0 on all of them (`packet(7)`).
#[expect(unsafe_code, reason = "sockaddr_ll has no safe wrapper")]
pub(super) fn listen(socket: BorrowedFd<'_>, interface: u32) -> io::Result<()> {
    // SAFETY: all-zero is a valid `sockaddr_ll`.
    let mut address: libc::sockaddr_ll = unsafe { std::mem::zeroed() };
    address.sll_family = u16::try_from(libc::AF_PACKET).map_err(|_| io::ErrorKind::InvalidInput)?;
    address.sll_protocol = u16::try_from(libc::ETH_P_ALL).map_err(|_| io::ErrorKind::InvalidInput)?.to_be();
    address.sll_ifindex = i32::try_from(interface).map_err(|_| io::ErrorKind::InvalidInput)?;
    let size = socklen::<libc::sockaddr_ll>();
    // SAFETY: the address is a whole `sockaddr_ll` of the stated size.
    check(unsafe { libc::bind(socket.as_raw_fd(), (&raw const address).cast(), size) })
}

/// Has the kernel stamp each packet with nanoseconds (`SO_TIMESTAMPNS`, `socket(7)`).
#[expect(unsafe_code, reason = "this option has no safe wrapper")]
pub(super) fn stamp_packets(socket: BorrowedFd<'_>) -> io::Result<()> {
    let on: libc::c_int = 1;
    let (level, option) = (libc::SOL_SOCKET, libc::SO_TIMESTAMPNS);
    // SAFETY: the value is a whole `int` of the stated size.
    check(unsafe {
        libc::setsockopt(socket.as_raw_fd(), level, option, (&raw const on).cast(), socklen::<libc::c_int>())
    })
}

/// How many packets the kernel could not keep for this socket since this was last asked (`PACKET_STATISTICS`).
#[expect(unsafe_code, reason = "this option has no safe wrapper")]
pub(super) fn lost(socket: BorrowedFd<'_>) -> io::Result<u32> {
    let mut counts = libc::tpacket_stats { tp_packets: 0, tp_drops: 0 };
    let mut size = socklen::<libc::tpacket_stats>();
    let (level, option) = (libc::SOL_PACKET, libc::PACKET_STATISTICS);
    // SAFETY: the kernel writes at most `size` bytes, which is what there is.
    check(unsafe { libc::getsockopt(socket.as_raw_fd(), level, option, (&raw mut counts).cast(), &raw mut size) })?;
    Ok(counts.tp_drops)
}

/// A packet as the kernel handed it over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Received {
    /// Which buffer it is in.
    pub(super) buffer: usize,
    /// How long it was; more than the buffer, when it did not fit.
    pub(super) len: usize,
    /// When: nanoseconds since 1970, or 0 when the kernel did not say.
    pub(super) at: u64,
    /// From where.
    pub(super) from: From,
}

/// The link-layer address of a packet (`struct sockaddr_ll`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct From {
    /// The `EtherType`.
    pub(super) protocol: u16,
    pub(super) interface: i32,
    pub(super) hardware: u16,
    pub(super) kind: u8,
    pub(super) address_len: u8,
    pub(super) address: [u8; 8],
}

/// Takes as many packets as there are, at most one for each buffer, without waiting (`recvmmsg(2)`). `head` bytes are
/// left free at the beginning of each buffer.
#[expect(unsafe_code, reason = "recvmmsg has no safe wrapper")]
pub(super) fn receive(
    socket: BorrowedFd<'_>,
    buffers: &mut [Box<[u8]>],
    head: usize,
    found: &mut Vec<Received>,
) -> io::Result<()> {
    found.clear();
    // SAFETY: all-zero is valid for each of these C structures.
    let mut addresses: Vec<libc::sockaddr_ll> = vec![unsafe { std::mem::zeroed() }; buffers.len()];
    let mut controls = vec![[0_u64; 8]; buffers.len()];
    let mut pieces: Vec<libc::iovec> = buffers
        .iter_mut()
        .map(|buffer| {
            let room = buffer.get_mut(head..).unwrap_or_default();
            libc::iovec { iov_base: room.as_mut_ptr().cast(), iov_len: room.len() }
        })
        .collect();
    let mut headers: Vec<libc::mmsghdr> = pieces
        .iter_mut()
        .zip(&mut addresses)
        .zip(&mut controls)
        .map(|((piece, address), control)| {
            // SAFETY: as above.
            let mut header: libc::mmsghdr = unsafe { std::mem::zeroed() };
            header.msg_hdr.msg_name = (&raw mut *address).cast();
            header.msg_hdr.msg_namelen = socklen::<libc::sockaddr_ll>();
            header.msg_hdr.msg_iov = &raw mut *piece;
            header.msg_hdr.msg_iovlen = 1;
            header.msg_hdr.msg_control = control.as_mut_ptr().cast();
            header.msg_hdr.msg_controllen = size_of_val(control) as _;
            header
        })
        .collect();
    let count = libc::c_uint::try_from(headers.len()).unwrap_or(libc::c_uint::MAX);
    let flags = libc::MSG_DONTWAIT | libc::MSG_TRUNC;
    // SAFETY: every header points to an address, a control buffer and a piece of a buffer that outlive the call, each with
    // its true size; nothing else touches them meanwhile.
    let got =
        unsafe { libc::recvmmsg(socket.as_raw_fd(), headers.as_mut_ptr(), count, flags as _, std::ptr::null_mut()) };
    let got = usize::try_from(got).map_err(|_| io::Error::last_os_error())?;
    for (buffer, (header, address)) in headers.iter().zip(&addresses).enumerate().take(got) {
        let from = From {
            protocol: u16::from_be(address.sll_protocol),
            interface: address.sll_ifindex,
            hardware: address.sll_hatype,
            kind: address.sll_pkttype,
            address_len: address.sll_halen,
            address: address.sll_addr,
        };
        found.push(Received { buffer, len: header.msg_len as usize, at: stamp(&header.msg_hdr), from });
    }
    Ok(())
}

/// The kernel's time in a message's control data.
#[expect(unsafe_code, reason = "control messages are walked with C macros")]
fn stamp(header: &libc::msghdr) -> u64 {
    // SAFETY: the kernel has filled in the control data and its length; the macros stay inside it.
    let mut at = unsafe { libc::CMSG_FIRSTHDR(header) };
    while !at.is_null() {
        // SAFETY: not null, so it points to a whole header inside the control data.
        let control = unsafe { *at };
        if control.cmsg_level == libc::SOL_SOCKET && control.cmsg_type == libc::SCM_TIMESTAMPNS {
            // SAFETY: a control message of this type carries one `timespec`, which need not be aligned.
            let time: libc::timespec = unsafe { std::ptr::read_unaligned(libc::CMSG_DATA(at).cast()) };
            let seconds = u64::try_from(time.tv_sec).unwrap_or(0);
            return seconds.saturating_mul(1_000_000_000).saturating_add(u64::try_from(time.tv_nsec).unwrap_or(0));
        }
        // SAFETY: as for the first.
        at = unsafe { libc::CMSG_NXTHDR(header, at) };
    }
    0
}

fn socklen<T>() -> libc::socklen_t {
    // No structure of the socket interface is anywhere near as large.
    libc::socklen_t::try_from(size_of::<T>()).unwrap_or(libc::socklen_t::MAX)
}

fn check(done: libc::c_int) -> io::Result<()> {
    if done < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}
