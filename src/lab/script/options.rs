//! Sets options on a scripted socket, and reports each call.

use std::io;
#[cfg(target_os = "linux")]
use std::time::Duration;

#[cfg(target_os = "linux")]
use rustix::net::sockopt;
use socket2::Socket;

use super::super::reporter::Reporter;
use crate::domain::call::SockOpt;
use crate::domain::{Call, Flow, OptionCall, SocketId, SocketOptions, Syscall};

/// The kind of socket: some options are others on a listener.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SocketRole {
    Listens,
    Talks,
}

/// Sets each of them, up to the first that fails.
pub(super) fn set(
    socket: &Socket,
    (socket_id, flow): (SocketId, Option<Flow>),
    role: SocketRole,
    options: &SocketOptions,
    log: &Reporter,
) -> io::Result<()> {
    for option in options.calls(role == SocketRole::Listens) {
        let set = apply(socket, option);
        let call = Call { flow, ..Call::new(socket_id, Syscall::Setsockopt).with(option.args()) };
        log.call(call.returned(&set));
        set?;
    }
    Ok(())
}

fn apply(socket: &Socket, OptionCall { option, value }: OptionCall) -> io::Result<()> {
    let on = value != 0;
    match option {
        SockOpt::ReuseAddr => socket.set_reuse_address(on),
        SockOpt::NoDelay | SockOpt::Delay => socket.set_tcp_nodelay(on),
        SockOpt::ReceiveBuffer => socket.set_recv_buffer_size(value as usize),
        SockOpt::SendBuffer => socket.set_send_buffer_size(value as usize),
        SockOpt::Linger | SockOpt::LingerZero => socket.set_linger(Some(std::time::Duration::from_secs(value.into()))),
        SockOpt::KeepAlive => socket.set_keepalive(on),
        _ => apply_on_linux(socket, option, value),
    }
}

#[cfg(target_os = "linux")]
fn apply_on_linux(socket: &Socket, option: SockOpt, value: u32) -> io::Result<()> {
    let on = value != 0;
    let seconds = Duration::from_secs(value.into());
    match option {
        SockOpt::KeepIdle => sockopt::set_tcp_keepidle(socket, seconds)?,
        SockOpt::KeepInterval => sockopt::set_tcp_keepintvl(socket, seconds)?,
        SockOpt::KeepCount => sockopt::set_tcp_keepcnt(socket, value)?,
        SockOpt::UserTimeout => sockopt::set_tcp_user_timeout(socket, value)?,
        SockOpt::Tos => sockopt::set_ip_tos(socket, u8::try_from(value).unwrap_or(u8::MAX))?,
        SockOpt::MaxSegment => socket.set_tcp_mss(value)?,
        SockOpt::Cork => socket.set_tcp_cork(on)?,
        SockOpt::DelayAcks => socket.set_tcp_quickack(on)?,
        SockOpt::FastOpen => set_tcp_number(socket, libc::TCP_FASTOPEN, value)?,
        SockOpt::FastOpenConnect => set_tcp_number(socket, libc::TCP_FASTOPEN_CONNECT, value)?,
        _ => return Err(io::ErrorKind::Unsupported.into()),
    }
    Ok(())
}

#[cfg(not(target_os = "linux"))]
fn apply_on_linux(_: &Socket, _: SockOpt, _: u32) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

/// Sets an option of `tcp(7)` whose value is an `int`.
#[cfg(target_os = "linux")]
#[expect(unsafe_code, reason = "these options have no safe wrapper")]
fn set_tcp_number(socket: &Socket, option: libc::c_int, value: u32) -> io::Result<()> {
    use std::os::fd::AsRawFd as _;

    let value = libc::c_int::try_from(value).map_err(|_| io::ErrorKind::InvalidInput)?;
    let size = libc::socklen_t::try_from(size_of_val(&value)).map_err(|_| io::ErrorKind::InvalidInput)?;
    // SAFETY: the value is a whole `int` of the stated size.
    let set =
        unsafe { libc::setsockopt(socket.as_raw_fd(), libc::IPPROTO_TCP, option, (&raw const value).cast(), size) };
    if set == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}
