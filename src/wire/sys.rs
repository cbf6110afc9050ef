//! The system calls without a safe wrapper: the only `unsafe` of this layer.

use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};

use rustix::process::Pid;
use rustix::thread::UnshareFlags;
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

/// Moves the calling thread (for `NEWUSER` and `NEWPID`, the single-threaded process) into new namespaces
/// (`unshare(2)`). Not for `FILES`.
#[expect(unsafe_code, reason = "unshare(2) is unsound only where it unshares the descriptor table; this does not")]
pub(super) fn unshare(flags: UnshareFlags) -> io::Result<()> {
    debug_assert!(!flags.contains(UnshareFlags::FILES), "the descriptor table stays shared");
    // SAFETY: the descriptor table stays shared between threads, so no `OwnedFd` changes its meaning.
    unsafe { rustix::thread::unshare_unsafe(flags) }.map_err(Into::into)
}

/// Forks this process; `None` in the child. The caller must be single-threaded.
#[expect(unsafe_code, reason = "fork(2) has no safe wrapper")]
pub(super) fn fork() -> io::Result<Option<Pid>> {
    // SAFETY: the helper calls this before it starts a thread, so the child has every lock and allocation in order.
    let pid = unsafe { libc::fork() };
    if pid < 0 { Err(io::Error::last_os_error()) } else { Ok(Pid::from_raw(pid)) }
}

/// Closes every descriptor from `first` on, which this process may have inherited.
#[expect(unsafe_code, reason = "close_range(2) has no safe wrapper")]
pub(super) fn close_from(first: u32) -> io::Result<()> {
    // SAFETY: called at the very start of the helper, before it has opened anything of its own.
    let done = unsafe { libc::syscall(libc::SYS_close_range, first, u32::MAX, 0) };
    if done < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

/// Resets every signal to its default action and unblocks it, since programs inherit both (`signal(7)`).
#[expect(unsafe_code, reason = "signal(2) and sigprocmask(2) have no safe wrapper")]
pub(super) fn default_signals() {
    for signal in 1..=libc::SIGRTMAX() {
        // SAFETY: SIG_DFL runs no code. The call fails for SIGKILL, SIGSTOP and the C library's own signals.
        unsafe { libc::signal(signal, libc::SIG_DFL) };
    }
    // SAFETY: an all-zero `sigset_t` made empty by `sigemptyset`; both calls touch that set only.
    unsafe {
        let mut none: libc::sigset_t = std::mem::zeroed();
        libc::sigemptyset(&raw mut none);
        libc::sigprocmask(libc::SIG_SETMASK, &raw const none, std::ptr::null_mut());
    }
}

/// Turns a descriptor of `/dev/net/tun` into the interface `name` of the calling thread's network namespace, which
/// carries bare IP packets (`TUNSETIFF` with `IFF_TUN | IFF_NO_PI`).
#[expect(unsafe_code, reason = "an ioctl")]
pub(super) fn tun_interface(tun: BorrowedFd<'_>, name: &str) -> io::Result<()> {
    let mut request = interface(name);
    let flags = libc::IFF_TUN | libc::IFF_NO_PI;
    #[expect(clippy::cast_possible_truncation, reason = "both flags are below 2^15")]
    {
        request.ifr_ifru.ifru_flags = flags as libc::c_short;
    }
    // SAFETY: TUNSETIFF reads and writes one `ifreq`, which outlives the call.
    let done = unsafe { libc::ioctl(tun.as_raw_fd(), libc::TUNSETIFF, &raw mut request) };
    if done < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

/// The offloads whose work is not done yet in packets that a packet socket receives: transmit checksums,
/// scatter-gather, segmentation of TCP and in general (`linux/ethtool.h`).
pub(super) const OFFLOADS: [u32; 4] = [0x17, 0x19, 0x1f, 0x24];
/// Queries whether the interface has a link, and makes the kernel process a new link at once.
pub(super) const HAS_LINK: u32 = 0x0a;

/// Queries a property of the interface `name`, or sets it to 0 (`SIOCETHTOOL`). `socket` is any socket of its
/// namespace.
#[expect(unsafe_code, reason = "an ioctl")]
pub(super) fn ethtool(socket: BorrowedFd<'_>, name: &str, what: u32) -> io::Result<u32> {
    /// `struct ethtool_value`.
    #[repr(C)]
    struct Value {
        cmd: u32,
        data: u32,
    }
    let mut value = Value { cmd: what, data: 0 };
    let mut request = interface(name);
    request.ifr_ifru.ifru_data = (&raw mut value).cast();
    // SAFETY: SIOCETHTOOL reads one `ifreq` that points to an `ethtool_value`, which it writes; both outlive the call.
    let done = unsafe { libc::ioctl(socket.as_raw_fd(), libc::SIOCETHTOOL, &raw mut request) };
    if done < 0 { Err(io::Error::last_os_error()) } else { Ok(value.data) }
}

/// The MTU of the interface `name` (`SIOCGIFMTU`, `netdevice(7)`). `socket` is any socket of its namespace.
#[expect(unsafe_code, reason = "an ioctl, and a C structure with a union")]
pub(super) fn mtu(socket: BorrowedFd<'_>, name: &str) -> io::Result<u16> {
    let mut request = interface(name);
    // SAFETY: SIOCGIFMTU reads and writes one `ifreq`, which outlives the call.
    let done = unsafe { libc::ioctl(socket.as_raw_fd(), libc::SIOCGIFMTU, &raw mut request) };
    if done < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the kernel has filled in this field.
    let mtu = unsafe { request.ifr_ifru.ifru_mtu };
    u16::try_from(mtu).map_err(|_| io::ErrorKind::InvalidData.into())
}

/// Binds a packet socket to one interface and to IPv4 frames (`packet(7)`).
#[expect(unsafe_code, reason = "sockaddr_ll has no safe wrapper")]
pub(super) fn bind_packet_socket(socket: impl AsFd, interface_index: u32) -> io::Result<()> {
    let index = i32::try_from(interface_index).map_err(|_| io::ErrorKind::InvalidInput)?;
    #[expect(clippy::cast_possible_truncation, reason = "both constants are below 2^16")]
    let address = libc::sockaddr_ll {
        sll_family: libc::AF_PACKET as u16,
        sll_protocol: (libc::ETH_P_IP as u16).to_be(),
        sll_ifindex: index,
        sll_hatype: 0,
        sll_pkttype: 0,
        sll_halen: 0,
        sll_addr: [0; 8],
    };
    let size = libc::socklen_t::try_from(size_of::<libc::sockaddr_ll>()).map_err(|_| io::ErrorKind::InvalidInput)?;
    // SAFETY: the address is a whole `sockaddr_ll` of the stated size.
    let done = unsafe { libc::bind(socket.as_fd().as_raw_fd(), (&raw const address).cast(), size) };
    if done < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

/// A descriptor whose readiness the runtime watches.
#[expect(unsafe_code, reason = "the runtime asks for a promise about the descriptor")]
pub(super) fn watched(descriptor: OwnedFd) -> io::Result<AsyncFd<OwnedFd>> {
    // SAFETY: an `OwnedFd` is open and stays the same as long as the `AsyncFd` owns it.
    unsafe { AsyncFd::register_with_interest(descriptor, Interest::READABLE) }.map_err(Into::into)
}

/// An `ifreq` for the interface `name`, truncated to the kernel's limit.
#[expect(unsafe_code, reason = "a C structure with a union")]
fn interface(name: &str) -> libc::ifreq {
    // SAFETY: all-zero is a valid `ifreq`: an empty name and an empty union.
    let mut request: libc::ifreq = unsafe { std::mem::zeroed() };
    let room = libc::IFNAMSIZ - 1;
    for (to, from) in request.ifr_name[..room].iter_mut().zip(name.bytes()) {
        *to = from.cast_signed() as libc::c_char;
    }
    request
}
