//! `bind` and `listen`, reported; and the binding that keeps a UDP client's socket on loopback.

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use socket2::Socket;

use super::reporter::Reporter;
#[cfg(target_os = "linux")]
use crate::domain::call::SockOpt;
use crate::domain::{Args, Call, Flow, Proto, SocketId, Syscall};

/// Calls `bind` and reports it, with the local address once there is a port.
pub(super) fn bind(
    socket: &Socket,
    socket_id: SocketId,
    proto: Proto,
    addr: SocketAddr,
    log: &Reporter,
) -> io::Result<()> {
    let bound = socket.bind(&addr.into());
    let call = Call::new(socket_id, Syscall::Bind).with(Args::Addr(addr)).returned(&bound);
    log.call(with_local(call, proto, socket));
    bound
}

/// Calls `listen` and reports it.
pub(super) fn listen(socket: &Socket, socket_id: SocketId, backlog: u32, log: &Reporter) -> io::Result<()> {
    let at = log.now();
    let listening = socket.listen(i32::try_from(backlog).unwrap_or(i32::MAX));
    let call = Call::new(socket_id, Syscall::Listen).with(Args::Number(backlog.into())).returned(&listening);
    log.call_at(at, with_local(call, Proto::Tcp, socket));
    listening
}

/// Adds the socket's local address to a call that succeeded, once it has a port.
fn with_local(call: Call, proto: Proto, socket: &Socket) -> Call {
    match socket.local_addr().ok().and_then(|local| local.as_socket()) {
        Some(local) if call.result.is_ok() && local.port() > 0 => call.on(Flow::unconnected(proto, local)),
        _ => call,
    }
}

/// Binds a UDP client's socket to loopback if its server `to` is on loopback, so that no other machine can reach it.
///
/// Left unbound, it would receive on every address (`0.0.0.0`) from its first `sendto`, from any host that finds the port
/// (`udp(7)`). For a server on another machine it stays unbound: replies must reach it, the kernel picks the route's address
/// for each datagram, and [`super::datagrams`] discards datagrams from other senders.
///
/// On Linux the first `sendto` still chooses the port: until then, as measured, `getsockname` returns port 0 and the socket
/// table has no row for it. Elsewhere `bind` chooses it.
pub(super) fn bind_loopback(socket: &Socket, socket_id: SocketId, to: SocketAddr, log: &Reporter) -> io::Result<()> {
    let Some(ip) = loopback(to) else { return Ok(()) };
    #[cfg(target_os = "linux")]
    {
        // Kernels before 4.2 lack the option and choose the port in `bind`.
        let set = choose_no_port(socket);
        let option = Args::Option(SockOpt::BindNoPort);
        log.call(Call::new(socket_id, Syscall::Setsockopt).with(option).returned(&set));
    }
    bind(socket, socket_id, Proto::Udp, SocketAddr::new(ip, 0), log)
}

/// The source address that the kernel would choose for a loopback destination: the first one for all of 127.0.0.0/8.
/// `None` for any other destination.
fn loopback(to: SocketAddr) -> Option<IpAddr> {
    match to.ip() {
        IpAddr::V4(ip) => ip.is_loopback().then_some(Ipv4Addr::LOCALHOST.into()),
        IpAddr::V6(ip) if ip.is_loopback() => Some(ip.into()),
        // An IPv4 destination reached through an IPv6 socket.
        IpAddr::V6(ip) => {
            let is_loopback = ip.to_ipv4_mapped().is_some_and(|ip| ip.is_loopback());
            is_loopback.then(|| Ipv4Addr::LOCALHOST.to_ipv6_mapped().into())
        }
    }
}

/// Sets `IP_BIND_ADDRESS_NO_PORT`, which applies to IPv6 sockets too (`ip(7)`).
#[cfg(target_os = "linux")]
#[expect(unsafe_code, reason = "this option has no safe wrapper")]
fn choose_no_port(socket: &Socket) -> io::Result<()> {
    use std::os::fd::AsRawFd as _;

    let on: libc::c_int = 1;
    let size = libc::socklen_t::try_from(size_of_val(&on)).unwrap_or(libc::socklen_t::MAX);
    let level = libc::IPPROTO_IP;
    let option = libc::IP_BIND_ADDRESS_NO_PORT;
    // SAFETY: the kernel reads an int of this size.
    let done = unsafe { libc::setsockopt(socket.as_raw_fd(), level, option, (&raw const on).cast(), size) };
    if done < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_loopback_destinations_are_bound() {
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
