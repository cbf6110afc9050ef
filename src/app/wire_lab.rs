//! The laboratory on the wire: the same servers and clients on the two private hosts, and the wire between them.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::os::fd::{AsFd as _, OwnedFd};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::programs::RunningPrograms;
use crate::domain::client::ClientChange;
use crate::domain::need::Lack;
use crate::domain::{
    ClientEvent, Errno, EventKind, EventQueue, EventSink, Evidence, Flow, HostId, LabOrder, Note, Observation, PerHost,
    Row, ServerSpec, Setting, SocketOp, Syscall, TcpInfo, WireCommand, WireEvent,
};
use crate::lab::{Host, Lab, ScriptedSockets};
use crate::model::effect::WireEffect;
use crate::observe::Scope;
use crate::observe::diag::SockDiag;
use crate::wire::{self, ReadTable, Wire, WireHost, WireOptions};

/// How often the kernels are asked about the connection that is looked at.
const GLANCE: Duration = Duration::from_millis(500);

/// The wire lab as it runs: dropped, it is gone.
pub struct WireLab {
    /// The wire itself, for what only it can do.
    pub wire: Arc<Wire>,
    sink: EventSink,
    clients: Lab,
    servers: Lab,
    /// The sockets that a scenario plays itself: on the client host, on the server host.
    scripts: PerHost<ScriptedSockets>,
    /// For each host, whether the sockets made on it wait with small segments (Nagle).
    nagle: PerHost<Arc<AtomicBool>>,
    programs: RunningPrograms,
    informed: watch::Sender<Option<Flow>>,
    informer: JoinHandle<()>,
}

impl std::fmt::Debug for WireLab {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("WireLab").field("wire", &self.wire).finish_non_exhaustive()
    }
}

impl WireLab {
    /// Opens the wire with every packet held, and a laboratory with these servers, none of them started, on its hosts:
    /// what listens on the machine's loopback listens here on the server host's address. Blocks for some tens of
    /// milliseconds.
    pub fn open(sink: &EventSink, options: &WireOptions, servers: &[ServerSpec]) -> Result<Self, Lack> {
        let wire = Arc::new(Wire::open(sink, options, HostTableReader)?);
        let (client, server) = (wire.host(HostId::Client), wire.host(HostId::Server));
        let here = |spec: &ServerSpec| ServerSpec {
            addr: SocketAddr::new(server.address().into(), spec.addr.port()),
            ..spec.clone()
        };
        let specs: Vec<_> = servers.iter().map(here).collect();
        let nagle = PerHost::from_fn(|_| Arc::new(AtomicBool::new(true)));
        let sockets = |host: &WireHost| {
            let nagle = Arc::clone(nagle.of(host.id()));
            Arc::new(OnHost { host: host.clone(), nagle })
        };
        let watched = |host: &WireHost| {
            let (sink, host) = (sink.on_wire(Some(host.id())), host.id());
            sink.through(|queue| Arc::new(Watcher { queue, wire: Arc::clone(&wire), host }))
        };
        let scripts = PerHost::new(&client, &server).map(|host| ScriptedSockets::new(sockets(host), watched(host)));
        // Both know all servers, so that the broadcaster on the client host can find those on the other.
        let [clients, servers] = [&client, &server].map(|host| {
            let lab = Lab::new(sockets(host), watched(host), specs.clone());
            // There are no strangers on a private wire, and a held packet makes everybody idle.
            lab.unguarded()
        });
        let (informed, asked) = watch::channel(None);
        let informer = tokio::spawn(inform(Arc::clone(&wire), asked));
        let sink = sink.clone();
        let programs = RunningPrograms::default();
        Ok(Self { wire, sink, clients, servers, scripts, nagle, programs, informed, informer })
    }

    /// Starts all its servers.
    pub fn start_all(&mut self) {
        self.servers.start_all();
    }

    /// Performs an order on the hosts: what is about servers on the server host, everything else on the client host.
    pub fn perform(&mut self, order: LabOrder) {
        match order {
            LabOrder::Start(_)
            | LabOrder::Stop(_)
            | LabOrder::Switch(..)
            | LabOrder::CloseAccepted(..)
            | LabOrder::Guard(_) => {
                self.servers.perform(order);
            }
            LabOrder::Spawn { .. }
            | LabOrder::Close(..)
            | LabOrder::CloseAll
            | LabOrder::Broadcast(..)
            | LabOrder::Target(_)
            | LabOrder::Scan(_)
            | LabOrder::StopScan => self.clients.perform(order),
        }
    }

    /// Does one thing with the wire and its hosts. What the hosts' helper has to be asked is asked on another thread.
    pub fn apply(&mut self, effect: WireEffect) {
        match effect {
            // A wire that has ended reported that itself, and one that is asked too much at once is asked again.
            WireEffect::Command(command) => _ = self.command(command),
            WireEffect::Set(host, setting) => {
                let set = self.setter();
                tokio::task::spawn_blocking(move || set(host, setting));
            }
            WireEffect::Run(host, line) => {
                let (wire, programs, sink) = (Arc::clone(&self.wire), self.programs.clone(), self.sink.clone());
                tokio::task::spawn_blocking(move || programs.run(&wire, &sink.on_wire(Some(host)), host, &line));
            }
            WireEffect::Kill(pid) => {
                let programs = self.programs.clone();
                tokio::task::spawn_blocking(move || programs.kill(pid));
            }
            WireEffect::Inform(flow) => _ = self.informed.send_replace(flow),
            // Whoever holds the lab opens and closes it.
            WireEffect::Open | WireEffect::Close => {}
        }
    }

    /// Makes a call with one of a scenario's own sockets on this host.
    pub fn perform_socket_op(&self, host: HostId, op: SocketOp) {
        self.scripts.of(host).perform(op);
    }

    /// Asks something of the wire.
    pub fn command(&self, command: WireCommand) -> io::Result<()> {
        self.wire.command(command)
    }

    /// Changes a setting of one host and reports the outcome, on any thread. It waits for the hosts' helper.
    pub(super) fn setter(&self) -> impl Fn(HostId, Setting) -> io::Result<()> + Send + 'static {
        let (wire, nagle, sink) = (Arc::clone(&self.wire), self.nagle.clone(), self.sink.clone());
        move |host, setting| {
            let changed = set(&wire.host(host), nagle.of(host), setting);
            told(&sink.on_wire(Some(host)), host, setting, changed)
        }
    }

    /// Takes everything apart.
    pub async fn close(self) {
        let Self { wire, clients, servers, scripts, informed, informer, .. } = self;
        let [ours, theirs] = scripts.into_array();
        drop(informed);
        tokio::join!(clients.shutdown(), servers.shutdown(), ours.shutdown(), theirs.shutdown());
        // Ends with its sender.
        let _ = informer.await;
        // It ends threads and a process, and waits for them.
        let _ = tokio::task::spawn_blocking(move || drop(wire)).await;
    }
}

/// Runs a program on a host that reads nothing and whose output goes nowhere. Asks the hosts' helper and waits for its
/// answer.
pub(super) fn run_silently(wire: &Wire, host: HostId, argv: Vec<String>) -> io::Result<()> {
    let null = std::fs::File::options().read(true).write(true).open("/dev/null")?;
    let standard = [null.as_fd(), null.as_fd(), null.as_fd()];
    wire.exec(host, &wire::program_here(argv)?, standard).map(drop)
}

/// Turns a setting of a host: one of its kernel's, or one of the sockets that the lab makes there.
fn set(host: &WireHost, nagle: &AtomicBool, setting: Setting) -> io::Result<()> {
    match setting {
        Setting::Nagle(on) => {
            nagle.store(on, Ordering::Relaxed);
            Ok(())
        }
        setting => host.set(setting),
    }
}

/// Reports that a setting was changed, or could not be.
fn told(sink: &EventSink, host: HostId, setting: Setting, changed: io::Result<()>) -> io::Result<()> {
    let errno = changed.as_ref().err().map(Errno::from);
    sink.report(Evidence::Called, EventKind::Wire(WireEvent::SettingChanged { setting, errno }));
    if let (Setting::EphemeralRange(low, high), None, HostId::Client) = (setting, errno, host) {
        sink.report(Evidence::Called, EventKind::Note(Note::PortRange { low, high }));
    }
    changed
}

/// Has what the kernels know of a connection reported as long as it is looked at.
async fn inform(wire: Arc<Wire>, mut asked: watch::Receiver<Option<Flow>>) {
    loop {
        let flow = *asked.borrow_and_update();
        if let Some(flow) = flow {
            // A wire that is no more has said so itself.
            let _ = wire.inform(HostId::Client, flow);
            let _ = flow.mirror().map(|flow| wire.inform(HostId::Server, flow));
        }
        let changed = tokio::select! {
            changed = asked.changed() => changed,
            () = tokio::time::sleep(GLANCE), if flow.is_some() => Ok(()),
        };
        if changed.is_err() {
            return;
        }
    }
}

/// A host of the wire as the lab asks for sockets.
struct OnHost {
    host: WireHost,
    nagle: Arc<AtomicBool>,
}

impl Host for OnHost {
    fn stream(&self, addr: SocketAddr) -> io::Result<socket2::Socket> {
        let socket = self.host.stream(addr)?;
        if !self.nagle.load(Ordering::Relaxed) {
            // What a listener accepts has it from the listener.
            socket.set_tcp_nodelay(true)?;
        }
        waiting_for_nothing(socket)
    }

    fn datagram(&self, addr: SocketAddr) -> io::Result<socket2::Socket> {
        waiting_for_nothing(self.host.datagram(addr)?)
    }

    /// The two hosts of the wire have the names that the screen calls them by.
    fn neighbour(&self, name: &str) -> Option<IpAddr> {
        name.parse::<HostId>().ok().map(|host| host.address().into())
    }
}

/// The wire hands out sockets as `socket(2)` makes them: blocking.
fn waiting_for_nothing(socket: socket2::Socket) -> io::Result<socket2::Socket> {
    socket.set_nonblocking(true)?;
    Ok(socket)
}

/// Stands between the lab and the queue: after a call that may have changed a state, the host's table is looked at.
struct Watcher {
    queue: Arc<dyn EventQueue>,
    wire: Arc<Wire>,
    host: HostId,
}

impl EventQueue for Watcher {
    fn offer(&self, seen: Observation) -> bool {
        // The lab on the client host knows the servers and keeps none: the other one tells of them.
        if self.host == HostId::Client && matches!(seen.kind, EventKind::Server(_)) {
            return true;
        }
        let call = match &seen.kind {
            EventKind::Call(call) => Some(call.call),
            EventKind::Client(ClientEvent { change: ClientChange::Dialing { .. }, .. }) => Some(Syscall::Connect),
            _ => None,
        };
        let taken = self.queue.offer(seen);
        if let Some(call) = call.filter(|call| !matches!(call, Syscall::Send | Syscall::Recv | Syscall::Setsockopt)) {
            // A wire that is gone has said so itself.
            let _ = self.wire.sample_after_call(self.host, call);
        }
        taken
    }
}

/// Reads a host's socket table through the socket that the wire's helper made on it.
struct HostTableReader;

impl HostTableReader {
    fn diag(diag: &OwnedFd) -> io::Result<SockDiag> {
        SockDiag::on(diag.as_fd().try_clone_to_owned()?)
    }
}

impl ReadTable for HostTableReader {
    fn dump(&self, diag: &OwnedFd) -> io::Result<Vec<Row>> {
        let mut rows = Vec::new();
        Self::diag(diag)?.dump(&Scope::All, &mut |row| rows.push(row))?;
        Ok(rows)
    }

    fn lookup(&self, diag: &OwnedFd, flow: Flow) -> io::Result<Option<Row>> {
        Self::diag(diag)?.lookup(&flow)
    }

    fn info(&self, diag: &OwnedFd, flow: &Flow) -> io::Result<Option<TcpInfo>> {
        Self::diag(diag)?.info(flow)
    }
}
