//! The helper process, which owns the two hosts: this binary, run with a hidden subcommand.
//!
//! It creates namespaces and sockets, so that the main process needs no privileges. It ends with its socket or its
//! parent, and everything on the hosts ends with it.
//!
//! ```text
//!  main process ── socket pair ── helper, outer half   makes the user and PID namespaces, waits
//!                       └──────── helper, inner half   process 1 of its PID namespace; serves
//!                                   ├─ thread `client`   in its own network namespace
//!                                   └─ thread `server`   in another
//! ```

mod host;
mod netlink;
mod programs;
pub(super) mod protocol;

use std::fs::{self, File};
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::process::ExitCode;
use std::thread;

use rustix::net::{AddressFamily, SocketFlags, SocketType, eth};
use rustix::process::{
    DumpableBehavior, Signal, WaitOptions, getegid, geteuid, set_dumpable_behavior, set_parent_process_death_signal,
    setsid, waitpid,
};
use rustix::thread::{CapabilitySet, CapabilitySets, UnshareFlags, set_capabilities};

pub(super) use self::host::mac;
use self::host::{HostThread, NeedResult, of};
use self::netlink::Route;
use self::programs::ProgramTable;
use self::protocol::{HelperReply, Plan, Request, recv, send};
use crate::domain::need::Need;
use crate::domain::{HostId, LinkKind, PerHost};
use crate::wire::sys;

/// The hidden subcommand for which `main` runs [`helper_main`] before anything else.
pub const SUBCOMMAND: &str = "__wire-helper";

/// The main function of the helper. Its standard input is its end of the socket pair, and the process has one thread.
pub fn helper_main() -> ExitCode {
    match live() {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

fn live() -> io::Result<()> {
    be_ordinary()?;
    sys::close_from(3)?;
    sys::default_signals();
    die_with_parent()?;
    // Ctrl-C in the terminal is for the main process.
    let _ = setsid();
    let socket = io::stdin().as_fd().try_clone_to_owned()?;
    let null = File::options().read(true).write(true).open("/dev/null")?;
    rustix::stdio::dup2_stdin(&null)?;
    rustix::stdio::dup2_stdout(&null)?;
    rustix::stdio::dup2_stderr(&null)?;

    let (first, _) = recv::<Request>(socket.as_fd())?;
    if let Err(lack) = own_namespaces() {
        let reply = match first {
            Request::Check => HelperReply::Checked(vec![failed(lack)]),
            _ => lacks(lack),
        };
        return send(socket.as_fd(), &reply, &[]);
    }
    // Only a child is in the new PID namespace.
    if let Some(child) = sys::fork()? {
        drop(socket);
        waitpid(Some(child), WaitOptions::empty())?;
        return Ok(());
    }
    die_with_parent()?;
    match first {
        Request::Check => send(socket.as_fd(), &HelperReply::Checked(check()), &[]),
        Request::Open(plan) => serve(&socket, &plan),
        _ => Err(io::ErrorKind::InvalidInput.into()),
    }
}

/// Drops file capabilities, which this process does not need, and makes it dumpable again: otherwise it could not write
/// its own `uid_map` (`PR_SET_DUMPABLE`, `prctl(2)`).
fn be_ordinary() -> io::Result<()> {
    if geteuid().is_root() {
        return Ok(());
    }
    let none = CapabilitySet::empty();
    set_capabilities(None, CapabilitySets { effective: none, permitted: none, inheritable: none })?;
    Ok(set_dumpable_behavior(DumpableBehavior::Dumpable)?)
}

fn die_with_parent() -> io::Result<()> {
    Ok(set_parent_process_death_signal(Some(Signal::KILL))?)
}

fn lacks((need, error): (Need, io::Error)) -> HelperReply {
    HelperReply::Lacks(need, errno(&error))
}

fn failed((need, error): (Need, io::Error)) -> (Need, Option<i32>) {
    (need, Some(errno(&error)))
}

fn errno(error: &io::Error) -> i32 {
    error.raw_os_error().unwrap_or(libc::EIO)
}

/// Enters a new PID namespace, and first a new user namespace if that is needed.
fn own_namespaces() -> NeedResult<()> {
    let uid = geteuid();
    let gid = getegid();
    if uid.is_root() && sys::unshare(UnshareFlags::NEWPID).is_ok() {
        return Ok(());
    }
    of(Need::UserNamespace, sys::unshare(UnshareFlags::NEWUSER))?;
    // Without `deny` an unprivileged process may not write gid_map (user_namespaces(7)).
    of(Need::UidMap, fs::write("/proc/self/setgroups", "deny"))?;
    of(Need::UidMap, fs::write("/proc/self/uid_map", format!("0 {} 1", uid.as_raw())))?;
    of(Need::UidMap, fs::write("/proc/self/gid_map", format!("0 {} 1", gid.as_raw())))?;
    of(Need::PidNamespace, sys::unshare(UnshareFlags::NEWPID))
}

/// The two hosts and the namespace between them.
struct HostThreads(PerHost<HostThread>);

impl HostThreads {
    /// Moves the calling thread into the middle namespace.
    fn start() -> NeedResult<Self> {
        let outside = of(Need::NetNamespace, host::namespace())?;
        of(Need::NetNamespace, sys::unshare(UnshareFlags::NEWNET))?;
        let middle = of(Need::NetNamespace, host::namespace())?;
        if middle == outside {
            return Err((Need::NetNamespace, io::ErrorKind::PermissionDenied.into()));
        }
        // Gives the hosts small socket tables: a dump walks 1,024 buckets instead of the machine's 262,144 (ip-sysctl,
        // tcp_child_ehash_entries; absent before Linux 6.1).
        let _ = fs::write("/proc/sys/net/ipv4/tcp_child_ehash_entries", "1024");
        let start = |id| HostThread::start(id, vec![outside, middle]);
        Ok(Self(PerHost::new(start(HostId::Client)?, start(HostId::Server)?)))
    }

    const fn of(&self, host: HostId) -> &HostThread {
        self.0.of(host)
    }

    /// Connects both hosts to the wire and brings them up. Returns the client's and the server's link.
    fn join(&self, plan: &Plan) -> NeedResult<(LinkKind, [OwnedFd; 2])> {
        match plan.link {
            Some(LinkKind::Tun) => self.join_by_tun(plan).map(|links| (LinkKind::Tun, links)),
            Some(LinkKind::Veth) => self.join_by_veth(plan).map(|links| (LinkKind::Veth, links)),
            None => match self.join_by_tun(plan) {
                Ok(links) => Ok((LinkKind::Tun, links)),
                // The error about the missing device node is more useful than that of the fallback.
                Err((Need::TunNode, error)) => match self.join_by_veth(plan) {
                    Ok(links) => Ok((LinkKind::Veth, links)),
                    Err(_) => Err((Need::TunNode, error)),
                },
                Err(lack) => Err(lack),
            },
        }
    }

    fn join_by_tun(&self, plan: &Plan) -> NeedResult<[OwnedFd; 2]> {
        let join = |id: HostId| {
            let plan = plan.clone();
            let work = move || {
                let link = host::tun()?;
                host::configure(id, plan.mtu, true, &plan.settings)?;
                Ok(link)
            };
            of(Need::Helper, self.of(id).on(work)).and_then(|done| done)
        };
        Ok([join(HostId::Client)?, join(HostId::Server)?])
    }

    fn join_by_veth(&self, plan: &Plan) -> NeedResult<[OwnedFd; 2]> {
        let join = |id: HostId| {
            let link = self.far_end(id)?;
            let plan = plan.clone();
            let work = move || {
                of(Need::Veth, host::honest_packets())?;
                host::configure(id, plan.mtu, false, &plan.settings)?;
                of(Need::Veth, host::has_link(host::INTERFACE))
            };
            of(Need::Helper, self.of(id).on(work)).and_then(|done| done)?;
            of(Need::Veth, host::has_link(id.name()))?;
            Ok(link)
        };
        // Both at once, since creating a virtual Ethernet waits for the kernel's grace periods. A new thread inherits
        // this thread's namespace, the middle one.
        thread::scope(|scope| {
            let client = scope.spawn(|| join(HostId::Client));
            let server = join(HostId::Server);
            let client = client.join().unwrap_or_else(|_| Err((Need::Helper, io::ErrorKind::Other.into())));
            Ok([client?, server?])
        })
    }

    /// Creates a host's virtual Ethernet interface and, in the middle namespace, a packet socket at its far end.
    fn far_end(&self, id: HostId) -> NeedResult<OwnedFd> {
        let there = of(Need::Veth, self.of(id).on(host::namespace_handle).and_then(|handle| handle))?;
        let make = || {
            let route = Route::open()?;
            route.pair(id.name(), host::INTERFACE, there.as_fd(), mac(id))?;
            // IPv6 in the middle would send router solicitations to the host.
            let _ = fs::write("/proc/sys/net/ipv6/conf/all/disable_ipv6", "1");
            route.up_without_arp(id.name())?;
            let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
            let socket = rustix::net::socket_with(AddressFamily::PACKET, SocketType::RAW, flags, Some(eth::IP))?;
            rustix::net::sockopt::set_socket_recv_buffer_size(&socket, 4 << 20)?;
            sys::bind_packet_socket(&socket, route.index(id.name())?)?;
            Ok::<_, io::Error>(socket)
        };
        of(Need::Veth, make())
    }
}

/// Creates the hosts, reports that, and serves requests until the socket is closed.
fn serve(socket: &OwnedFd, plan: &Plan) -> io::Result<()> {
    let made = HostThreads::start().and_then(|hosts| {
        let (kind, [client, server]) = hosts.join(plan)?;
        let diag = |id| of(Need::NetNamespace, hosts.of(id).on(host::diag).and_then(|socket| socket));
        let mut ends = vec![client, server, diag(HostId::Client)?, diag(HostId::Server)?];
        let counters = |id| hosts.of(id).on(host::counters).and_then(|files| files);
        // Without them the hosts work, and nothing is said about what their kernels did.
        if let (Ok(client), Ok(server)) = (counters(HostId::Client), counters(HostId::Server)) {
            ends.extend(client.into_iter().chain(server));
        }
        let programs = of(Need::Helper, ProgramTable::start())?;
        Ok((hosts, programs, kind, ends))
    });
    let (hosts, programs, kind, ends) = match made {
        Ok(made) => made,
        Err(lack) => return send(socket.as_fd(), &lacks(lack), &[]),
    };
    let with: Vec<_> = ends.iter().map(AsFd::as_fd).collect();
    send(socket.as_fd(), &HelperReply::Opened(kind), &with)?;
    drop(ends);
    loop {
        let (request, with) = match recv::<Request>(socket.as_fd()) {
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(()),
            other => other?,
        };
        let (reply, with) = answer(&hosts, &programs, request, with)
            .unwrap_or_else(|error| (HelperReply::Failed(errno(&error)), Vec::new()));
        let with: Vec<_> = with.iter().map(AsFd::as_fd).collect();
        send(socket.as_fd(), &reply, &with)?;
    }
}

fn answer(
    hosts: &HostThreads,
    programs: &ProgramTable,
    request: Request,
    with: Vec<OwnedFd>,
) -> io::Result<(HelperReply, Vec<OwnedFd>)> {
    match request {
        Request::Socket(host, proto) => {
            let socket = hosts.of(host).on(move || host::socket(proto))??;
            Ok((HelperReply::Done, vec![socket]))
        }
        Request::Turn(host, setting) => {
            hosts.of(host).on(move || host::set(host, setting))??;
            Ok((HelperReply::Done, Vec::new()))
        }
        Request::Read(host) => Ok((HelperReply::Settings(hosts.of(host).on(host::read)?), Vec::new())),
        Request::Looped(host) => Ok((HelperReply::Packets(hosts.of(host).on(host::looped)??), Vec::new())),
        Request::Run(host, program) => {
            let standard: [OwnedFd; 3] = with.try_into().map_err(|_| io::ErrorKind::InvalidInput)?;
            let programs = programs.clone();
            let started = hosts.of(host).on(move || programs.run(&program, standard))??;
            Ok((HelperReply::Ran(started.pid), vec![started.process, started.status]))
        }
        Request::Signal(pid, signal) => {
            programs.signal(pid, signal)?;
            Ok((HelperReply::Done, Vec::new()))
        }
        Request::Open(_) | Request::Check => Err(io::ErrorKind::InvalidInput.into()),
    }
}

/// Checks the needs one by one, except those that depend on a failed one.
fn check() -> Vec<(Need, Option<i32>)> {
    let mut checked = vec![(Need::UserNamespace, None), (Need::UidMap, None), (Need::PidNamespace, None)];
    let hosts = match HostThreads::start() {
        Ok(hosts) => hosts,
        Err(lack) => {
            checked.push(failed(lack));
            return checked;
        }
    };
    checked.push((Need::NetNamespace, None));
    let mut note = |need, result: io::Result<()>| match result {
        Ok(()) => checked.push((need, None)),
        Err(error) => checked.push(failed((need, error))),
    };
    let opened = host::tun_node().map(drop);
    let plan = Plan { link: None, mtu: 1500, settings: Vec::new() };
    let has_node = opened.is_ok();
    note(Need::TunNode, opened);
    if has_node {
        let tun = hosts.of(HostId::Client).on(host::tun).map(|made| made.map(drop).map_err(|(_, error)| error));
        note(Need::Tun, tun.and_then(|made| made));
    }
    let joined = hosts.join_by_veth(&plan);
    match joined {
        Ok(_) => {
            note(Need::Veth, Ok(()));
            note(Need::Address, Ok(()));
        }
        Err((need, error)) => note(need, Err(error)),
    }
    checked
}
