//! Details of a probe that Linux keeps for a socket, besides the errno: the error queue and `TCP_INFO`.

use std::io;
use std::mem::offset_of;
use std::net::IpAddr;
use std::os::fd::{AsFd, AsRawFd as _};

use crate::domain::verdict::IcmpError;

/// Makes the kernel keep ICMP messages about this socket's packets in its error queue (`IP_RECVERR`, `ip(7)`; `IPV6_RECVERR`,
/// `ipv6(7)`). If that fails there is still the errno.
#[expect(unsafe_code, reason = "these options have no safe wrapper")]
pub(in crate::lab) fn keep_errors(socket: &impl AsFd, v6: bool) -> io::Result<()> {
    let on: libc::c_int = 1;
    let (level, option) =
        if v6 { (libc::IPPROTO_IPV6, libc::IPV6_RECVERR) } else { (libc::IPPROTO_IP, libc::IP_RECVERR) };
    // SAFETY: the value is a whole `int` of the stated size.
    let set =
        unsafe { libc::setsockopt(socket.as_fd().as_raw_fd(), level, option, (&raw const on).cast(), socklen_of(&on)) };
    if set == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// Takes an ICMP message from the error queue, without waiting.
#[expect(unsafe_code, reason = "the error queue is read with control messages, which C macros walk")]
pub(super) fn take_error(socket: &impl AsFd) -> Option<IcmpError> {
    // Aligned for a header, and large enough for an error with the sender's address.
    let mut control = [0_u64; 32];
    let mut data = [0_u8; 64];
    let mut buffer = libc::iovec { iov_base: data.as_mut_ptr().cast(), iov_len: data.len() };
    // SAFETY: all-zero is a valid `msghdr`.
    let mut header: libc::msghdr = unsafe { std::mem::zeroed() };
    header.msg_iov = &raw mut buffer;
    header.msg_iovlen = 1;
    header.msg_control = control.as_mut_ptr().cast();
    header.msg_controllen = size_of_val(&control) as _;
    let flags = libc::MSG_ERRQUEUE | libc::MSG_DONTWAIT;
    // SAFETY: the header points to a data and a control buffer that outlive the call, each with its true size.
    if unsafe { libc::recvmsg(socket.as_fd().as_raw_fd(), &raw mut header, flags) } < 0 {
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
            // SAFETY: the data after a header begins inside its own message.
            let data = unsafe { libc::CMSG_DATA(at) };
            let whole: usize = message.cmsg_len as _;
            let length = whole.saturating_sub(data.addr() - at.addr());
            // SAFETY: the length of a message includes its header, and the kernel truncates it to the control data.
            return error(unsafe { std::slice::from_raw_parts(data, length) });
        }
        // SAFETY: as for the first.
        at = unsafe { libc::CMSG_NXTHDR(&raw const header, at) };
    }
    None
}

/// Reads a `sock_extended_err` and the sender's address behind it (`SO_EE_OFFENDER`). `None` for an error of the local stack,
/// which the errno reports as well, and for a truncated message.
fn error(message: &[u8]) -> Option<IcmpError> {
    use libc::{sock_extended_err as Error, sockaddr_in as V4, sockaddr_in6 as V6};
    let (error, sender) = message.split_at_checked(size_of::<Error>())?;
    let family = libc::c_int::from(u16::from_ne_bytes(bytes(sender, 0)?));
    let from = match (error[offset_of!(Error, ee_origin)], family) {
        (libc::SO_EE_ORIGIN_ICMP, libc::AF_INET) => IpAddr::from(bytes::<4>(sender, offset_of!(V4, sin_addr))?),
        (libc::SO_EE_ORIGIN_ICMP6, libc::AF_INET6) => IpAddr::from(bytes::<16>(sender, offset_of!(V6, sin6_addr))?),
        _ => return None,
    };
    Some(IcmpError { kind: error[offset_of!(Error, ee_type)], code: error[offset_of!(Error, ee_code)], from })
}

/// `N` bytes at an offset, if there are as many.
fn bytes<const N: usize>(of: &[u8], from: usize) -> Option<[u8; N]> {
    of.get(from..)?.first_chunk().copied()
}

/// How many SYNs were sent, retransmissions included (`TCP_INFO`, `tcp(7)`).
#[expect(unsafe_code, reason = "this option has no safe wrapper")]
pub(super) fn syns(socket: &impl AsFd) -> Option<u32> {
    // SAFETY: all-zero is a valid `tcp_info`, which has only integer fields.
    let mut info: libc::tcp_info = unsafe { std::mem::zeroed() };
    let mut size = socklen_of(&info);
    let (level, option) = (libc::IPPROTO_TCP, libc::TCP_INFO);
    // SAFETY: the kernel writes at most `size` bytes, the size of `info`.
    let done =
        unsafe { libc::getsockopt(socket.as_fd().as_raw_fd(), level, option, (&raw mut info).cast(), &raw mut size) };
    (done == 0).then(|| info.tcpi_total_retrans.saturating_add(1))
}

fn socklen_of<T>(value: &T) -> libc::socklen_t {
    // No structure of the socket interface comes near the limit.
    libc::socklen_t::try_from(size_of_val(value)).unwrap_or(libc::socklen_t::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An error as the kernel lays it out: `struct sock_extended_err` (`linux/errqueue.h`), then the sender.
    fn message(origin: u8, kind: u8, code: u8, family: libc::c_int, address: &[u8]) -> Vec<u8> {
        let family = u16::try_from(family).unwrap().to_ne_bytes();
        let said = [[111, 0, 0, 0], [origin, kind, code, 0], [0; 4], [0; 4]].concat();
        [&said[..], &family, &[0; 2], address].concat()
    }

    #[test]
    fn the_sender_and_the_message_are_read() {
        let v4 = message(libc::SO_EE_ORIGIN_ICMP, 3, 13, libc::AF_INET, &[10, 0, 0, 9, 0, 0, 0, 0, 0, 0, 0, 0]);
        assert_eq!(error(&v4), Some(IcmpError { kind: 3, code: 13, from: [10, 0, 0, 9].into() }));
        let mut six = [0; 24];
        (six[4], six[19]) = (0xfd, 1);
        let v6 = message(libc::SO_EE_ORIGIN_ICMP6, 1, 4, libc::AF_INET6, &six);
        assert_eq!(error(&v6), Some(IcmpError { kind: 1, code: 4, from: "fd00::1".parse().unwrap() }));
        let own = message(libc::SO_EE_ORIGIN_LOCAL, 0, 0, libc::AF_UNSPEC, &[0; 12]);
        assert_eq!(error(&own), None);
    }

    #[test]
    fn a_truncated_message_is_not_read() {
        let v4 = message(libc::SO_EE_ORIGIN_ICMP, 3, 13, libc::AF_INET, &[10, 0, 0, 9]);
        let v6 = message(libc::SO_EE_ORIGIN_ICMP6, 1, 4, libc::AF_INET6, &[7; 20]);
        for whole in [v4, v6] {
            assert!(error(&whole).is_some());
            assert!((0..whole.len()).all(|length| error(&whole[..length]).is_none()));
        }
    }
}
