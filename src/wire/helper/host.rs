//! One private host: a thread in a network namespace of its own, which runs jobs there.

use std::fs::{self, File};
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::linux::fs::MetadataExt as _;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use rustix::fs::{Mode, OFlags};
use rustix::net::{AddressFamily, SocketFlags, SocketType, ipproto, netlink};
use rustix::thread::UnshareFlags;

use super::netlink::Route;
use crate::domain::Setting;
use crate::domain::need::Need;
use crate::domain::{HostId, Proto};
use crate::wire::sys;
use crate::wire::sysctl::{KERNEL_CHOICES, KernelChoice};

pub(super) const INTERFACE: &str = "eth0";
/// The prefix length of the hosts' network (RFC 5737, TEST-NET-1).
const PREFIX: u8 = 24;
/// The transmit queue of an interface, in packets. The kernel's default of 500 is too short for a burst.
const QUEUE: u32 = 10_000;

/// A failure with the need it belongs to.
pub(super) type NeedResult<T> = Result<T, (Need, io::Error)>;

pub(super) fn of<T, E: Into<io::Error>>(need: Need, result: Result<T, E>) -> NeedResult<T> {
    result.map_err(|error| (need, error.into()))
}

/// The inode of the calling thread's network namespace, which identifies it.
pub(super) fn namespace() -> io::Result<u64> {
    Ok(fs::metadata("/proc/thread-self/ns/net")?.st_ino())
}

/// The MAC address of a host's interface, if it has one: locally administered.
pub(in crate::wire) const fn mac(host: HostId) -> [u8; 6] {
    let [_, _, _, last] = host.address().octets();
    [2, 0, 0, 0, 0, last]
}

/// The least retransmission timeout of a patient host: the kernel's own limit is 120 s (`TCP_RTO_MAX`).
const PATIENT: Duration = Duration::from_secs(110);

type Job = Box<dyn FnOnce() + Send>;

pub(super) struct HostThread {
    jobs: mpsc::Sender<Job>,
}

impl HostThread {
    /// Starts the thread and checks that its namespace is none of `others`.
    pub(super) fn start(host: HostId, others: Vec<u64>) -> NeedResult<Self> {
        let (jobs, todo) = mpsc::channel::<Job>();
        let (ready, started) = mpsc::channel();
        let body = move || {
            let entered = of(Need::NetNamespace, enter(&others));
            let alone = entered.is_ok();
            let _ = ready.send(entered);
            if alone {
                for job in todo {
                    job();
                }
            }
        };
        of(Need::Helper, thread::Builder::new().name(host.name().into()).spawn(body))?;
        started.recv().map_err(|_| (Need::NetNamespace, io::ErrorKind::BrokenPipe.into()))??;
        Ok(Self { jobs })
    }

    pub(super) fn on<R: Send + 'static>(&self, job: impl FnOnce() -> R + Send + 'static) -> io::Result<R> {
        let (answer, done) = mpsc::sync_channel(1);
        let job = Box::new(move || {
            let _ = answer.send(job());
        });
        let gone = || io::Error::from(io::ErrorKind::BrokenPipe);
        self.jobs.send(job).map_err(|_| gone())?;
        done.recv().map_err(|_| gone())
    }
}

fn enter(others: &[u64]) -> io::Result<()> {
    sys::unshare(UnshareFlags::NEWNET)?;
    if others.contains(&namespace()?) {
        return Err(io::Error::from(io::ErrorKind::PermissionDenied));
    }
    Ok(())
}

/// On the host's thread: opens the files of its kernel's counters, which stay those of its namespace.
pub(super) fn counters() -> io::Result<[OwnedFd; 2]> {
    Ok([File::open("/proc/thread-self/net/snmp")?.into(), File::open("/proc/thread-self/net/netstat")?.into()])
}

pub(super) fn namespace_handle() -> io::Result<OwnedFd> {
    Ok(File::open("/proc/thread-self/ns/net")?.into())
}

pub(super) fn tun_node() -> io::Result<OwnedFd> {
    let flags = OFlags::RDWR | OFlags::NONBLOCK | OFlags::CLOEXEC;
    Ok(rustix::fs::open("/dev/net/tun", flags, Mode::empty())?)
}

/// On the host's thread: creates the interface as a TUN.
pub(super) fn tun() -> NeedResult<OwnedFd> {
    let tun = of(Need::TunNode, tun_node())?;
    of(Need::Tun, sys::tun_interface(tun.as_fd(), INTERFACE))?;
    Ok(tun)
}

/// On the host's thread: disables offloads, whose effects the packet socket at the far end would see.
pub(super) fn honest_packets() -> io::Result<()> {
    let socket = socket(Proto::Udp)?;
    sys::OFFLOADS.iter().try_for_each(|&what| sys::ethtool(socket.as_fd(), INTERFACE, what).map(drop))
}

/// On the thread of its namespace: makes an interface whose other end has just come up send at once. The kernel would
/// notice the link later, and drop packets until then.
pub(super) fn has_link(name: &str) -> io::Result<()> {
    match sys::ethtool(socket(Proto::Udp)?.as_fd(), name, sys::HAS_LINK)? {
        0 => Err(io::ErrorKind::NetworkDown.into()),
        _ => Ok(()),
    }
}

/// On the host's thread: sets addresses, sizes and settings, and brings the interfaces up.
pub(super) fn configure(host: HostId, mtu: u16, arp: bool, settings: &[Setting]) -> NeedResult<()> {
    // Before the interface is up, or the host would solicit IPv6 routers. The file is absent without IPv6.
    let quiet = fs::write("/proc/sys/net/ipv6/conf/all/disable_ipv6", "1");
    if let Err(error) = quiet
        && error.kind() != io::ErrorKind::NotFound
    {
        return Err((Need::Address, error));
    }
    let addressed = || {
        let route = Route::open()?;
        route.up("lo")?;
        route.sizes(INTERFACE, mtu, QUEUE)?;
        route.address(INTERFACE, host.address(), PREFIX)?;
        if arp { route.up(INTERFACE) } else { route.up_without_arp(INTERFACE) }
    };
    of(Need::Address, addressed())?;
    for setting in settings {
        // Settings that this kernel lacks are skipped.
        match set(host, *setting) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err((Need::Address, error)),
            _ => {}
        }
    }
    Ok(())
}

/// On the host's thread: changes a setting of its network stack.
pub(super) fn set(host: HostId, setting: Setting) -> io::Result<()> {
    let least_timeout = |least| Route::open()?.least_timeout(INTERFACE, host.address(), PREFIX, least);
    match setting {
        Setting::Patience(on) => return least_timeout(on.then_some(PATIENT)),
        Setting::RtoMin(ms) => return least_timeout(Some(Duration::from_millis(ms.into()))),
        Setting::Mtu(mtu) => return Route::open()?.sizes(INTERFACE, mtu, QUEUE),
        _ => {}
    }
    let (file, value) = setting.sysctl().ok_or(io::ErrorKind::InvalidInput)?;
    fs::write(format!("/proc/sys/net/{file}"), value)
}

/// On the host's thread: the settings that its kernel chose, as far as it has them.
pub(super) fn read() -> Vec<Setting> {
    let of =
        |choice: &KernelChoice| choice.setting(&fs::read_to_string(format!("/proc/sys/net/{}", choice.file)).ok()?);
    let mtu = socket(Proto::Udp).and_then(|socket| sys::mtu(socket.as_fd(), INTERFACE));
    KERNEL_CHOICES.iter().filter_map(of).chain(mtu.ok().map(Setting::Mtu)).collect()
}

/// On the host's thread: how many packets its loopback interface has received, which are those it has sent to itself.
pub(super) fn looped() -> io::Result<u64> {
    let devices = fs::read_to_string("/proc/thread-self/net/dev")?;
    let counts = devices.lines().find_map(|line| line.trim_start().strip_prefix("lo:"));
    let packets = counts.and_then(|counts| counts.split_ascii_whitespace().nth(1)?.parse().ok());
    packets.ok_or_else(|| io::ErrorKind::InvalidData.into())
}

/// On the host's thread: a socket, which stays in this namespace wherever it is sent.
pub(super) fn socket(proto: Proto) -> io::Result<OwnedFd> {
    let (kind, protocol) = match proto {
        Proto::Tcp => (SocketType::STREAM, ipproto::TCP),
        Proto::Udp | Proto::Icmp => (SocketType::DGRAM, ipproto::UDP),
    };
    Ok(rustix::net::socket_with(AddressFamily::INET, kind, SocketFlags::CLOEXEC, Some(protocol))?)
}

/// On the host's thread: a `sock_diag(7)` socket.
pub(super) fn diag() -> io::Result<OwnedFd> {
    let flags = SocketFlags::CLOEXEC;
    Ok(rustix::net::socket_with(AddressFamily::NETLINK, SocketType::RAW, flags, Some(netlink::SOCK_DIAG))?)
}
