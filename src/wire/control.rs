//! The main process's side of the helper: starts it, sends requests, notices its end.

use std::fs;
use std::io::{self, Read as _};
use std::net::{Ipv4Addr, SocketAddr};
use std::os::fd::{AsFd, AsRawFd as _, BorrowedFd, OwnedFd};
use std::os::unix::process::ExitStatusExt as _;
use std::path::PathBuf;
use std::process::{Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread::{self, JoinHandle};

use rustix::net::{AddressFamily, SocketFlags, SocketType, socketpair};
use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};

use super::counters::CounterFiles;
use super::helper::SUBCOMMAND;
use super::helper::protocol::{HelperReply, Plan, ProgramSpec, Request, recv, send};
use super::remedy::lack;
use crate::domain::Setting;
use crate::domain::need::{Lack, Need};
use crate::domain::{HostId, LinkKind, PerHost, Proto};

/// How to open the wire lab.
#[derive(Debug, Clone)]
pub struct WireOptions {
    /// How to connect the hosts to the wire. By default TUN if its device node exists, otherwise virtual Ethernet.
    pub link: Option<LinkKind>,
    /// The largest packet on the wire, in bytes.
    pub mtu: u16,
    /// Settings of both hosts, on top of [`Setting::DEFAULTS`].
    pub settings: Vec<Setting>,
    /// The binary to run as the helper, whose `main` runs [`helper_main`](super::helper_main) for [`SUBCOMMAND`]. By
    /// default this one.
    pub binary: Option<PathBuf>,
    /// The seed of random loss: the same seed loses the same packets.
    pub seed: u64,
}

impl Default for WireOptions {
    fn default() -> Self {
        Self { link: None, mtu: 1500, settings: Vec::new(), binary: None, seed: 1 }
    }
}

#[derive(Debug)]
pub(super) struct Helper {
    socket: Arc<Mutex<OwnedFd>>,
    process: OwnedFd,
    keeper: Option<JoinHandle<()>>,
}

/// The descriptors that the helper passes once the hosts are up.
#[derive(Debug)]
pub(super) struct Opened {
    pub(super) kind: LinkKind,
    pub(super) links: PerHost<OwnedFd>,
    pub(super) diag: PerHost<OwnedFd>,
    /// Where the kernel has them.
    pub(super) counters: Option<PerHost<CounterFiles>>,
}

impl Helper {
    /// Starts it. `ended` is called once, from another thread, when it has ended.
    fn start(binary: Option<&PathBuf>, ended: impl FnOnce() + Send + 'static) -> io::Result<Self> {
        let (ours, theirs) = socketpair(AddressFamily::UNIX, SocketType::SEQPACKET, SocketFlags::CLOEXEC, None)?;
        let binary = binary.cloned().unwrap_or_else(|| "/proc/self/exe".into());
        let (started, start) = mpsc::channel();
        // The helper is killed when the thread that started it ends, so this one lives as long as the helper.
        let keeper = thread::Builder::new().name("wire helper".into()).spawn(move || {
            let mut command = Command::new(binary);
            command.arg(SUBCOMMAND).stdin(Stdio::from(theirs)).stdout(Stdio::null()).stderr(Stdio::null());
            let child = command.spawn();
            drop(command);
            let mut child = match child {
                Ok(child) => child,
                Err(error) => return drop(started.send(Err(error))),
            };
            let _ = started.send(pidfd_open(Pid::from_child(&child), PidfdFlags::empty()).map_err(Into::into));
            let _ = child.wait();
            ended();
        })?;
        let process = start.recv().map_err(|_| io::Error::from(io::ErrorKind::BrokenPipe))??;
        Ok(Self { socket: Arc::new(Mutex::new(ours)), process, keeper: Some(keeper) })
    }

    pub(super) fn open(options: &WireOptions, ended: impl FnOnce() + Send + 'static) -> Result<(Self, Opened), Lack> {
        let helper = Self::start(options.binary.as_ref(), ended).map_err(|error| lack(Need::Helper, &error))?;
        let settings = Setting::DEFAULTS.iter().chain(&options.settings).copied().collect();
        let plan = Plan { link: options.link, mtu: options.mtu, settings };
        let (reply, with) =
            ask(&helper.socket, &Request::Open(plan), &[]).map_err(|error| lack(Need::Helper, &error))?;
        let mut with = with.into_iter();
        let mut both = || Some([with.next()?, with.next()?]);
        match (reply, both().zip(both())) {
            (HelperReply::Opened(kind), Some(([client, server], [client_diag, server_diag]))) => {
                let counters = both().zip(both());
                let counters = counters.map(|(client, server)| PerHost::new(client, server).map(CounterFiles::of));
                let (links, diag) = (PerHost::new(client, server), PerHost::new(client_diag, server_diag));
                Ok((helper, Opened { kind, links, diag, counters }))
            }
            (HelperReply::Lacks(need, errno), _) => Err(lack(need, &io::Error::from_raw_os_error(errno))),
            _ => Err(lack(Need::Helper, &io::ErrorKind::InvalidData.into())),
        }
    }

    pub(super) fn host(&self, id: HostId) -> WireHost {
        WireHost { id, socket: Arc::clone(&self.socket) }
    }
}

impl Drop for Helper {
    fn drop(&mut self) {
        // Its inner half and all programs on the hosts are killed with it.
        let _ = pidfd_send_signal(&self.process, Signal::KILL);
        if let Some(keeper) = self.keeper.take() {
            let _ = keeper.join();
        }
    }
}

fn ask(socket: &Mutex<OwnedFd>, request: &Request, with: &[BorrowedFd<'_>]) -> io::Result<(HelperReply, Vec<OwnedFd>)> {
    let socket = socket.lock().unwrap_or_else(PoisonError::into_inner);
    send(socket.as_fd(), request, with)?;
    match recv(socket.as_fd())? {
        (HelperReply::Failed(errno), _) => Err(io::Error::from_raw_os_error(errno)),
        answer => Ok(answer),
    }
}

/// Checks the needs of the wire lab one by one, without opening it.
pub fn doctor(options: &WireOptions) -> Vec<Result<Need, Lack>> {
    let asked = Helper::start(options.binary.as_ref(), || ()).and_then(|helper| {
        let answer = ask(&helper.socket, &Request::Check, &[])?;
        Ok((answer, helper))
    });
    match asked {
        Ok(((HelperReply::Checked(needs), _), _)) => {
            let made = needs.into_iter();
            let made = made.map(|(need, errno)| match errno {
                None => Ok(need),
                Some(errno) => Err(lack(need, &io::Error::from_raw_os_error(errno))),
            });
            [Ok(Need::Linux), Ok(Need::Helper)].into_iter().chain(made).collect()
        }
        Ok(_) => vec![Err(lack(Need::Helper, &io::ErrorKind::InvalidData.into()))],
        Err(error) => vec![Err(lack(Need::Helper, &error))],
    }
}

/// One of the two private hosts. Its sockets stay on their host wherever they are used.
#[derive(Debug, Clone)]
pub struct WireHost {
    id: HostId,
    socket: Arc<Mutex<OwnedFd>>,
}

impl WireHost {
    /// Which host it is.
    pub const fn id(&self) -> HostId {
        self.id
    }

    /// Its address on the wire.
    pub const fn address(&self) -> Ipv4Addr {
        self.id.address()
    }

    /// A TCP socket of this host, to connect to or listen on `addr`, which must be IPv4.
    pub fn stream(&self, addr: SocketAddr) -> io::Result<socket2::Socket> {
        self.socket(addr, Proto::Tcp)
    }

    /// A UDP socket of this host, to send to or receive on `addr`, which must be IPv4.
    pub fn datagram(&self, addr: SocketAddr) -> io::Result<socket2::Socket> {
        self.socket(addr, Proto::Udp)
    }

    fn socket(&self, addr: SocketAddr, proto: Proto) -> io::Result<socket2::Socket> {
        if addr.is_ipv6() {
            return Err(io::Error::from_raw_os_error(libc::EAFNOSUPPORT));
        }
        let (_, mut with) = ask(&self.socket, &Request::Socket(self.id, proto), &[])?;
        with.pop().map(Into::into).ok_or_else(|| io::ErrorKind::InvalidData.into())
    }

    /// Changes a setting of this host's network stack. Existing sockets keep most of their settings.
    pub fn set(&self, setting: Setting) -> io::Result<()> {
        ask(&self.socket, &Request::Turn(self.id, setting), &[]).map(drop)
    }

    /// How many packets this host has sent to itself, over its loopback interface.
    pub(super) fn looped(&self) -> io::Result<u64> {
        match ask(&self.socket, &Request::Looped(self.id), &[])? {
            (HelperReply::Packets(count), _) => Ok(count),
            _ => Err(io::ErrorKind::InvalidData.into()),
        }
    }

    /// The settings of this host that are its kernel's choice, as they are.
    pub fn settings(&self) -> io::Result<Vec<Setting>> {
        match ask(&self.socket, &Request::Read(self.id), &[])? {
            (HelperReply::Settings(settings), _) => Ok(settings),
            _ => Err(io::ErrorKind::InvalidData.into()),
        }
    }

    /// Runs a program on this host with these standard descriptors and no others of this process. It and its children
    /// see only this host's network, and end with the wire lab.
    pub(super) fn run(&self, program: &ProgramSpec, standard: [BorrowedFd<'_>; 3]) -> io::Result<(Running, Ending)> {
        let (reply, with) = ask(&self.socket, &Request::Run(self.id, program.clone()), &standard)?;
        match (reply, <[OwnedFd; 2]>::try_from(with)) {
            (HelperReply::Ran(group), Ok([process, status])) => {
                let pid = pid_of(&process)?;
                Ok((Running { group, pid, socket: Arc::clone(&self.socket) }, Ending(status.into())))
            }
            _ => Err(io::ErrorKind::InvalidData.into()),
        }
    }
}

/// The PID of a process in this namespace. In its own PID namespace it has another.
fn pid_of(process: &OwnedFd) -> io::Result<u32> {
    let info = fs::read_to_string(format!("/proc/self/fdinfo/{}", process.as_raw_fd()))?;
    let line = info.lines().find_map(|line| line.strip_prefix("Pid:"));
    // It is −1 for a process that has ended.
    Ok(line.and_then(|number| number.trim().parse().ok()).unwrap_or(0))
}

/// A program that runs on a host.
#[derive(Debug, Clone)]
pub struct Running {
    group: i32,
    pid: u32,
    socket: Arc<Mutex<OwnedFd>>,
}

impl Running {
    /// Its PID on this machine; 0 if it ended before that was known.
    pub const fn pid(&self) -> u32 {
        self.pid
    }

    /// Sends a signal to its process group.
    pub fn signal(&self, signal: i32) -> io::Result<()> {
        ask(&self.socket, &Request::Signal(self.group, signal), &[]).map(drop)
    }
}

/// The future exit status of a program. Readable once it has ended.
#[derive(Debug)]
pub(super) struct Ending(fs::File);

impl Ending {
    /// Waits for the exit status. A program that ended with the wire lab counts as killed.
    pub(super) fn wait(mut self) -> ExitStatus {
        let mut raw = [0; 4];
        match self.0.read_exact(&mut raw) {
            Ok(()) => ExitStatus::from_raw(i32::from_ne_bytes(raw)),
            Err(_) => ExitStatus::from_raw(libc::SIGKILL),
        }
    }
}

impl AsFd for Ending {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}
