//! What Linux tells a socket about its probe beyond an errno: the error queue and `TCP_INFO`. The only `unsafe` of the lab.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::os::fd::{AsRawFd, BorrowedFd};

use crate::domain::verdict::IcmpError;

/// Has ICMP messages about this socket's packets kept in its error queue (`IP_RECVERR`, `ip(7)`; `IPV6_RECVERR`,
/// `ipv6(7)`). Where that is not possible there is still the errno.
#[expect(unsafe_code, reason = "these options have no safe wrapper")]
pub(super) fn keep_errors(socket: BorrowedFd<'_>, v6: bool) {
    let on: libc::c_int = 1;
    let (level, option) =
        if v6 { (libc::IPPROTO_IPV6, libc::IPV6_RECVERR) } else { (libc::IPPROTO_IP, libc::IP_RECVERR) };
    // SAFETY: the value is a whole `int` of the stated size.
    let _ = unsafe { libc::setsockopt(socket.as_raw_fd(), level, option, (&raw const on).cast(), socklen_of(&on)) };
}

/// Takes the ICMP message that waits in the error queue, without waiting for one.
#[expect(unsafe_code, reason = "the error queue is read with control messages, which C macros walk")]
pub(super) fn take_error(socket: BorrowedFd<'_>) -> Option<IcmpError> {
    // Aligned for a header, and large enough for an error with the address of who sent it.
    let mut control = [0_u64; 32];
    let mut data = [0_u8; 64];
    let mut piece = libc::iovec { iov_base: data.as_mut_ptr().cast(), iov_len: data.len() };
    // SAFETY: all-zero is a valid `msghdr`.
    let mut header: libc::msghdr = unsafe { std::mem::zeroed() };
    header.msg_iov = &raw mut piece;
    header.msg_iovlen = 1;
    header.msg_control = control.as_mut_ptr().cast();
    header.msg_controllen = size_of_val(&control) as _;
    let flags = libc::MSG_ERRQUEUE | libc::MSG_DONTWAIT;
    // SAFETY: the header points to a piece and a control buffer that outlive the call, each with its true size.
    if unsafe { libc::recvmsg(socket.as_raw_fd(), &raw mut header, flags) } < 0 {
        return None;
    }
    // SAFETY: the kernel has filled in the control data and its length; the macros stay inside it.
    let mut at = unsafe { libc::CMSG_FIRSTHDR(&raw const header) };
    while !at.is_null() {
        // SAFETY: not null, so it points to a whole header inside the control data.
        let message = unsafe { *at };
        let v4 = (message.cmsg_level, message.cmsg_type) == (libc::IPPROTO_IP, libc::IP_RECVERR);
        let v6 = (message.cmsg_level, message.cmsg_type) == (libc::IPPROTO_IPV6, libc::IPV6_RECVERR);
        if v4 || v6 {
            // SAFETY: such a message carries the error and, right behind it, the whole address of the sender, of the
            // family of the option (`SO_EE_OFFENDER`); neither need be aligned.
            return unsafe { error(libc::CMSG_DATA(at)) };
        }
        // SAFETY: as for the first.
        at = unsafe { libc::CMSG_NXTHDR(&raw const header, at) };
    }
    None
}

/// # Safety
/// `at` points to a `sock_extended_err` with a socket address behind it.
#[expect(unsafe_code, reason = "reads C structures out of a control message")]
unsafe fn error(at: *const u8) -> Option<IcmpError> {
    // SAFETY: the caller's promise.
    let (said, family) = unsafe {
        let said: libc::sock_extended_err = std::ptr::read_unaligned(at.cast());
        let behind = at.add(size_of::<libc::sock_extended_err>());
        (said, (behind, std::ptr::read_unaligned(behind.cast::<libc::sa_family_t>())))
    };
    let from = match (said.ee_origin, i32::from(family.1)) {
        // SAFETY: the family says what the address is.
        (libc::SO_EE_ORIGIN_ICMP, libc::AF_INET) => unsafe {
            let from: libc::sockaddr_in = std::ptr::read_unaligned(family.0.cast());
            IpAddr::V4(Ipv4Addr::from_bits(u32::from_be(from.sin_addr.s_addr)))
        },
        // SAFETY: as above.
        (libc::SO_EE_ORIGIN_ICMP6, libc::AF_INET6) => unsafe {
            let from: libc::sockaddr_in6 = std::ptr::read_unaligned(family.0.cast());
            IpAddr::V6(Ipv6Addr::from(from.sin6_addr.s6_addr))
        },
        // An error of our own stack, which the errno says as well.
        _ => return None,
    };
    Some(IcmpError { kind: said.ee_type, code: said.ee_code, from })
}

/// How many SYNs left: the first and those that were sent again (`TCP_INFO`, `tcp(7)`).
#[expect(unsafe_code, reason = "this option has no safe wrapper")]
pub(super) fn syns(socket: BorrowedFd<'_>) -> Option<u32> {
    // SAFETY: all-zero is a valid `tcp_info`, which is numbers only.
    let mut info: libc::tcp_info = unsafe { std::mem::zeroed() };
    let mut size = socklen_of(&info);
    let (level, option) = (libc::IPPROTO_TCP, libc::TCP_INFO);
    // SAFETY: the kernel writes at most `size` bytes, which is what there is.
    let done = unsafe { libc::getsockopt(socket.as_raw_fd(), level, option, (&raw mut info).cast(), &raw mut size) };
    (done == 0).then(|| info.tcpi_total_retrans.saturating_add(1))
}

fn socklen_of<T>(value: &T) -> libc::socklen_t {
    // No structure of the socket interface is anywhere near as large.
    libc::socklen_t::try_from(size_of_val(value)).unwrap_or(libc::socklen_t::MAX)
}
