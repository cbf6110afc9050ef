//! The laboratory on the wire: the same servers and clients on the two private hosts, and the wire between them.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::os::fd::{AsFd as _, OwnedFd};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::programs;
use crate::domain::client::ClientChange;
use crate::domain::need::Lack;
use crate::domain::{
    ClientEvent, Errno, EventKind, EventQueue, EventSink, Evidence, Flow, HostId, LabOrder, Note, Observation, PerHost,
    Row, ServerSpec, Setting, SocketOp, Syscall, TcpInfo, WireCommand, WireEvent,
};
use crate::lab::{Host, Lab, ListenerSettings, ScriptedSockets};
use crate::model::effect::WireEffect;
use crate::observe::Scope;
use crate::observe::diag::SockDiag;
use crate::wire::{self, ReadTable, Wire, WireHost, WireOptions};

/// How often the kernels are asked about the connection whose page is open.
const GLANCE: Duration = Duration::from_millis(500);

/// The open wire lab.
pub struct WireLab {
    pub wire: Arc<Wire>,
    sink: EventSink,
    clients: Lab,
    servers: Lab,
    /// The sockets of a lesson's own, on each host.
    scripts: PerHost<ScriptedSockets>,
    /// What the sockets that listen on each host are set to.
    listening: PerHost<Arc<watch::Sender<ListenerSettings>>>,
    informed: watch::Sender<InformedFlows>,
    informer: JoinHandle<()>,
}

impl std::fmt::Debug for WireLab {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("WireLab").field("wire", &self.wire).finish_non_exhaustive()
    }
}

impl WireLab {
    /// Opens the wire with every packet held, and a laboratory with these servers, none of them started, on its hosts.
    /// The servers listen on the server host's address. Blocks for some tens of milliseconds.
    pub fn open(sink: &EventSink, options: &WireOptions, servers: &[ServerSpec]) -> Result<Self, Lack> {
        let wire = Arc::new(Wire::open(sink, options, HostTableReader)?);
        let client = wire.host(HostId::Client);
        let server = wire.host(HostId::Server);
        let here = |spec: &ServerSpec| ServerSpec {
            addr: SocketAddr::new(server.address().into(), spec.addr.port()),
            ..spec.clone()
        };
        let specs: Vec<_> = servers.iter().map(here).collect();
        let listening = PerHost::new(&client, &server).map(|host| Arc::new(watch::Sender::new(read(host, sink))));
        let sockets = |host: &WireHost| {
            let listening = Arc::clone(listening.of(host.id()));
            Arc::new(OnHost { host: host.clone(), listening })
        };
        let watched = |host: &WireHost| {
            let sink = sink.on_wire(Some(host.id()));
            let host = host.id();
            sink.through(|queue| Arc::new(Watcher { queue, wire: Arc::clone(&wire), host }))
        };
        let scripts = PerHost::new(&client, &server).map(|host| ScriptedSockets::new(sockets(host), watched(host)));
        // Both know all servers, so that the broadcaster on the client host can find those on the other.
        let [clients, servers] = [&client, &server].map(|host| {
            let lab = Lab::new(sockets(host), watched(host), specs.clone());
            // A private wire has no remote peers, and a held packet would make every connection idle.
            lab.unguarded()
        });
        let (informed, asked) = watch::channel(InformedFlows::default());
        let informer = tokio::spawn(inform(Arc::clone(&wire), asked));
        let sink = sink.clone();
        Ok(Self { wire, sink, clients, servers, scripts, listening, informed, informer })
    }

    pub fn start_all(&mut self) {
        self.servers.start_all();
    }

    /// Performs an order: those about servers on the server host, all others on the client host.
    pub fn perform(&mut self, order: LabOrder) {
        match order {
            LabOrder::Start(_)
            | LabOrder::Stop(_)
            | LabOrder::Switch(..)
            | LabOrder::CloseAccepted(..)
            | LabOrder::BulkAccepted(..)
            | LabOrder::Guard(_) => {
                self.servers.perform(order);
            }
            LabOrder::Spawn { .. }
            | LabOrder::Close(..)
            | LabOrder::Bulk(..)
            | LabOrder::CloseAll
            | LabOrder::Broadcast(..)
            | LabOrder::Target(_)
            | LabOrder::Scan(_)
            | LabOrder::StopScan => self.clients.perform(order),
        }
    }

    /// Performs an effect. Requests to the hosts' helper are made on another thread.
    pub fn apply(&mut self, effect: WireEffect) {
        match effect {
            // Fails if the wire has ended, which it reports itself, or if its queue is full: the key can be pressed again.
            WireEffect::Command(command) => _ = self.command(command),
            WireEffect::Set(host, setting) => {
                let set = self.setter();
                tokio::task::spawn_blocking(move || set(host, setting));
            }
            WireEffect::Run(host, line) => {
                let wire = Arc::clone(&self.wire);
                let sink = self.sink.clone();
                tokio::task::spawn_blocking(move || programs::run(&wire, &sink.on_wire(Some(host)), host, &line));
            }
            WireEffect::Kill(pid) => {
                let wire = Arc::clone(&self.wire);
                tokio::task::spawn_blocking(move || wire.end_program(pid));
            }
            WireEffect::Inform(flow) => self.informed.send_modify(|flows| flows.glanced = flow),
            WireEffect::Watch(flow) => self.informed.send_modify(|flows| flows.watched = flow),
            // `WireWorld` opens and closes it.
            WireEffect::Open | WireEffect::Close => {}
        }
    }

    /// Makes a call on one of the lesson's own sockets on this host.
    pub fn perform_socket_op(&self, host: HostId, op: SocketOp) {
        self.scripts.of(host).perform(op);
    }

    pub fn command(&self, command: WireCommand) -> io::Result<()> {
        self.wire.command(command)
    }

    /// A function that changes a setting of one host and reports the outcome. It may run on any thread, and waits for
    /// the hosts' helper.
    pub(super) fn setter(&self) -> impl Fn(HostId, Setting) -> io::Result<()> + Send + 'static {
        let wire = Arc::clone(&self.wire);
        let listening = self.listening.clone();
        let sink = self.sink.clone();
        move |host, setting| {
            let changed = set(&wire.host(host), listening.of(host), setting);
            report_setting(&sink.on_wire(Some(host)), host, setting, changed)
        }
    }

    /// Closes everything.
    pub async fn close(self) {
        let Self { wire, clients, servers, scripts, informed, informer, .. } = self;
        let [ours, theirs] = scripts.into_array();
        drop(informed);
        tokio::join!(clients.shutdown(), servers.shutdown(), ours.shutdown(), theirs.shutdown());
        // Ends with its sender.
        let _ = informer.await;
        // Dropping it waits for its threads and for a process.
        let _ = tokio::task::spawn_blocking(move || drop(wire)).await;
    }
}

/// Runs a program on a host, without input and output. Waits for the answer of the hosts' helper.
pub(super) fn run_silently(wire: &Wire, host: HostId, argv: Vec<String>) -> io::Result<()> {
    let null = std::fs::File::options().read(true).write(true).open("/dev/null")?;
    let standard = [null.as_fd(), null.as_fd(), null.as_fd()];
    wire.exec(host, &wire::program_here(argv)?, standard).map(drop)
}

/// Changes a setting of a host's kernel, and of the sockets that the lab makes and has there.
fn set(host: &WireHost, listening: &watch::Sender<ListenerSettings>, setting: Setting) -> io::Result<()> {
    // This one is no kernel's.
    if !matches!(setting, Setting::Nagle(_)) {
        host.set(setting)?;
    }
    listening.send_if_modified(|listening| {
        let was = *listening;
        match setting {
            Setting::Nagle(on) => listening.no_delay = !on,
            Setting::ReceiveBuffer(bytes) => listening.receive_buffer = Some(bytes),
            Setting::SendBuffer(bytes) => listening.send_buffer = Some(bytes),
            Setting::Somaxconn(limit) => listening.backlog = Some(limit),
            _ => {}
        }
        *listening != was
    });
    Ok(())
}

/// Reports what a host's kernel is set to, and returns what its listeners take over from it: the largest backlog, so that
/// the limit which is shown is the limit which holds.
fn read(host: &WireHost, sink: &EventSink) -> ListenerSettings {
    let mut listening = ListenerSettings::default();
    // A helper that has just ended is reported by the wire.
    for setting in host.settings().unwrap_or_default() {
        if let Setting::Somaxconn(limit) = setting {
            listening.backlog = Some(limit);
        }
        sink.on_wire(Some(host.id())).report(Evidence::Sampled, EventKind::Wire(WireEvent::SettingRead { setting }));
    }
    listening
}

/// Reports that a setting was changed, or could not be.
fn report_setting(sink: &EventSink, host: HostId, setting: Setting, changed: io::Result<()>) -> io::Result<()> {
    let errno = changed.as_ref().err().map(Errno::from);
    sink.report(Evidence::Called, EventKind::Wire(WireEvent::SettingChanged { setting, errno }));
    if let (Setting::EphemeralRange(low, high), None, HostId::Client) = (setting, errno, host) {
        sink.report(Evidence::Called, EventKind::Note(Note::PortRange { low, high }));
    }
    changed
}

/// The connections that the kernels report on.
#[derive(Debug, Clone, Copy, Default)]
struct InformedFlows {
    /// Every half a second.
    glanced: Option<Flow>,
    /// At each of its packets, also at full speed.
    watched: Option<Flow>,
}

/// Has both kernels report on a connection as long as the view is about it.
async fn inform(wire: Arc<Wire>, mut asked: watch::Receiver<InformedFlows>) {
    let mut watched = None;
    loop {
        let flows = *asked.borrow_and_update();
        // A wire that has ended has reported it. One whose queue is full is asked again.
        if flows.watched != watched && wire.watch(flows.watched).is_ok() {
            watched = flows.watched;
        }
        if let Some(flow) = flows.glanced {
            let _ = wire.inform(HostId::Client, flow);
            let _ = flow.mirror().map(|flow| wire.inform(HostId::Server, flow));
        }
        let again = flows.glanced.is_some() || flows.watched != watched;
        let changed = tokio::select! {
            changed = asked.changed() => changed,
            () = tokio::time::sleep(GLANCE), if again => Ok(()),
        };
        if changed.is_err() {
            return;
        }
    }
}

/// Makes the lab's sockets on a host of the wire.
struct OnHost {
    host: WireHost,
    listening: Arc<watch::Sender<ListenerSettings>>,
}

impl Host for OnHost {
    fn stream(&self, addr: SocketAddr) -> io::Result<socket2::Socket> {
        let socket = self.host.stream(addr)?;
        if self.listening.borrow().no_delay {
            // Accepted sockets inherit it from the listener.
            socket.set_tcp_nodelay(true)?;
        }
        nonblocking(socket)
    }

    fn datagram(&self, addr: SocketAddr) -> io::Result<socket2::Socket> {
        nonblocking(self.host.datagram(addr)?)
    }

    fn listener_settings(&self) -> watch::Receiver<ListenerSettings> {
        self.listening.subscribe()
    }

    /// Resolves the names of the two hosts, `client` and `server`.
    fn neighbour(&self, name: &str) -> Option<IpAddr> {
        name.parse::<HostId>().ok().map(|host| host.address().into())
    }
}

/// The wire's sockets are blocking at first, as `socket(2)` makes them.
fn nonblocking(socket: socket2::Socket) -> io::Result<socket2::Socket> {
    socket.set_nonblocking(true)?;
    Ok(socket)
}

/// A queue that has the host's socket table read after each call that may have changed a state.
struct Watcher {
    queue: Arc<dyn EventQueue>,
    wire: Arc<Wire>,
    host: HostId,
}

impl EventQueue for Watcher {
    fn offer(&self, seen: Observation) -> bool {
        // Both labs know the servers; only the one on the server host runs and reports them.
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
            // A wire that has ended has reported it.
            let _ = self.wire.sample_after_call(self.host, call);
        }
        taken
    }
}

/// Reads a host's socket table through the netlink socket that the wire's helper opened there.
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
