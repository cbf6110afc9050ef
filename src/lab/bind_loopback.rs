//! A UDP socket that asks a server on this very machine is bound to loopback, so that nobody else can reach it.
//!
//! Unbound, it would stand on every address (`0.0.0.0`) from its first `sendto` on, and take datagrams from whoever finds
//! the port: `udp(7)`. That is what most short programs do, those of a course too; their sockets show it in the table. For
//! a server elsewhere this socket is not bound either: it has to be reached from there, the kernel takes the address of the
//! route for each datagram, and what others send to it is thrown away (see [`super::datagrams`]).

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use socket2::Socket;

use super::reporter::Reporter;
#[cfg(target_os = "linux")]
use crate::domain::call::SockOpt;
use crate::domain::{Args, Call, Flow, Proto, SocketId, Syscall};

/// Binds the socket to loopback if that is where `to` is. The calls are reported.
///
/// On Linux the port is chosen by the first `sendto` all the same: measured, `getsockname` says port 0 and the table has no
/// row of it until then. Elsewhere `bind` chooses it.
pub(super) fn bind_loopback(socket: &Socket, socket_id: SocketId, to: SocketAddr, log: &Reporter) -> io::Result<()> {
    let Some(here) = loopback(to) else { return Ok(()) };
    #[cfg(target_os = "linux")]
    {
        // Where the kernel does not know the option (before 4.2), `bind` chooses the port.
        let set = choose_no_port(socket);
        let option = Args::Option(SockOpt::BindNoPort);
        log.call(Call::new(socket_id, Syscall::Setsockopt).with(option).returned(&set));
    }
    let here = SocketAddr::new(here, 0);
    let bound = socket.bind(&here.into());
    let call = Call::new(socket_id, Syscall::Bind).with(Args::Addr(here)).returned(&bound);
    let local = socket.local_addr().ok().and_then(|local| local.as_socket()).filter(|local| local.port() > 0);
    log.call(match local {
        Some(local) if bound.is_ok() => call.on(Flow::unconnected(Proto::Udp, local)),
        _ => call,
    });
    bound
}

/// The address that the kernel would choose for a way to there, if it does not leave the machine: for all of 127.0.0.0/8
/// the first of them.
fn loopback(to: SocketAddr) -> Option<IpAddr> {
    match to.ip() {
        IpAddr::V4(ip) => ip.is_loopback().then_some(Ipv4Addr::LOCALHOST.into()),
        IpAddr::V6(ip) if ip.is_loopback() => Some(ip.into()),
        // An IPv4 address that is asked through a socket of IPv6.
        IpAddr::V6(ip) => {
            let inside = ip.to_ipv4_mapped().is_some_and(|ip| ip.is_loopback());
            inside.then(|| Ipv4Addr::LOCALHOST.to_ipv6_mapped().into())
        }
    }
}

/// `IP_BIND_ADDRESS_NO_PORT`, which is for sockets of IPv6 too (`ip(7)`).
#[cfg(target_os = "linux")]
#[expect(unsafe_code, reason = "this option has no safe wrapper")]
fn choose_no_port(socket: &Socket) -> io::Result<()> {
    use std::os::fd::AsRawFd as _;

    let on: libc::c_int = 1;
    let size = libc::socklen_t::try_from(size_of_val(&on)).unwrap_or(libc::socklen_t::MAX);
    let (level, option) = (libc::IPPROTO_IP, libc::IP_BIND_ADDRESS_NO_PORT);
    // SAFETY: the kernel reads an int of this size.
    let done = unsafe { libc::setsockopt(socket.as_raw_fd(), level, option, (&raw const on).cast(), size) };
    if done < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_stays_on_the_machine_is_bound() {
        let of = |addr: &str| loopback(addr.parse().unwrap()).map(|ip| ip.to_string());
        assert_eq!(of("127.0.0.1:1").as_deref(), Some("127.0.0.1"));
        assert_eq!(of("127.3.2.1:1").as_deref(), Some("127.0.0.1"));
        assert_eq!(of("[::1]:1").as_deref(), Some("::1"));
        assert_eq!(of("[::ffff:127.0.0.9]:1").as_deref(), Some("::ffff:127.0.0.1"));
        for elsewhere in ["192.0.2.1:1", "[2001:db8::1]:1", "0.0.0.0:1", "[::ffff:192.0.2.1]:1"] {
            assert_eq!(of(elsewhere), None, "{elsewhere}");
        }
    }
}
