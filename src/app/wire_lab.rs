//! The laboratory on the wire: the same servers and clients on the two private hosts, and the wire between them.

use std::io;
use std::net::SocketAddr;
use std::os::fd::{AsFd as _, OwnedFd};
use std::sync::Arc;

use crate::domain::client::ClientChange;
use crate::domain::{
    ClientEvent, Cue, Flow, HostId, Kind, Observation, Probe, Row, ServerSpec, Sink, Syscall, WireCommand,
};
use crate::lab::{Host, Lab, Script};
use crate::model::Effect;
use crate::observe::Scope;
use crate::observe::diag::Diag;
use crate::wire::{self, Knob, OpenError, Options, ReadTable, Wire, WireHost};

/// The wire lab as it runs: dropped, it is gone.
pub struct WireLab {
    /// The wire itself, for what only it can do.
    pub wire: Arc<Wire>,
    clients: Lab,
    servers: Lab,
    /// The sockets that a scenario plays itself: on the client host, on the server host.
    scripts: [Script; 2],
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
    pub fn open(probe: &Probe, options: &Options, servers: &[ServerSpec]) -> Result<Self, OpenError> {
        let wire = Arc::new(Wire::open(probe, options, Reader)?);
        let (client, server) = (wire.host(HostId::Client), wire.host(HostId::Server));
        let here = |spec: &ServerSpec| ServerSpec {
            addr: SocketAddr::new(server.address().into(), spec.addr.port()),
            ..spec.clone()
        };
        let specs: Vec<_> = servers.iter().map(here).collect();
        let watched = |host: HostId| {
            let probe = probe.on_wire(Some(host));
            probe.through(|queue| Arc::new(Watcher { queue, wire: Arc::clone(&wire), host }))
        };
        let script = |host: &WireHost| Script::new(Arc::new(OnHost(host.clone())), watched(host.id()));
        let scripts = [script(&client), script(&server)];
        let lab = |host: WireHost| {
            let probe = watched(host.id());
            Lab::new(Arc::new(OnHost(host)), probe, specs.clone())
        };
        // Both know all servers, so that the broadcaster on the client host can find those on the other.
        let (clients, servers) = (lab(client), lab(server));
        Ok(Self { wire, clients, servers, scripts })
    }

    /// Starts all its servers.
    pub fn start_all(&mut self) {
        self.servers.start_all();
    }

    /// Performs an effect on the wire's hosts.
    pub fn perform(&mut self, effect: Effect) {
        match effect {
            Effect::Spawn { count, plan, target } => self.clients.spawn(count, plan, target),
            Effect::Close(client, how) => self.clients.close(client, how),
            Effect::CloseAll => self.clients.close_all(),
            Effect::Start(server) => self.servers.start(server),
            Effect::Stop(server) => self.servers.stop(server),
            Effect::Switch(server, model) => self.servers.switch(server, model),
            Effect::Broadcast(text, to) => self.clients.broadcast(text, to),
            _ => {}
        }
    }

    /// Plays a cue with one of a scenario's own sockets on this host.
    pub fn play(&self, host: HostId, cue: Cue) {
        let [client, server] = &self.scripts;
        if host == HostId::Client { client.play(cue) } else { server.play(cue) }
    }

    /// Runs a program on this host that reads nothing and whose output goes nowhere.
    pub fn run_silently(&self, host: HostId, argv: Vec<String>) -> io::Result<()> {
        let null = std::fs::File::options().read(true).write(true).open("/dev/null")?;
        let standard = [null.as_fd(), null.as_fd(), null.as_fd()];
        self.wire.exec(host, &wire::program_here(argv)?, standard).map(drop)
    }

    /// Asks something of the wire.
    pub fn command(&self, command: WireCommand) -> io::Result<()> {
        self.wire.command(command)
    }

    /// Turns a setting of one host, or of both.
    pub fn turn(&self, host: Option<HostId>, knob: Knob) -> io::Result<()> {
        let hosts = [HostId::Client, HostId::Server].into_iter().filter(|id| host.is_none_or(|host| host == *id));
        hosts.map(|id| self.wire.host(id)).try_for_each(|host| host.turn(knob))
    }

    /// Takes everything apart.
    pub async fn close(self) {
        let Self { wire, clients, servers, scripts: [ours, theirs] } = self;
        tokio::join!(clients.shutdown(), servers.shutdown(), ours.shutdown(), theirs.shutdown());
        drop(wire);
    }
}

/// A host of the wire as the lab asks for sockets.
struct OnHost(WireHost);

impl Host for OnHost {
    fn stream(&self, addr: SocketAddr) -> io::Result<socket2::Socket> {
        waiting_for_nothing(self.0.stream(addr)?)
    }

    fn datagram(&self, addr: SocketAddr) -> io::Result<socket2::Socket> {
        waiting_for_nothing(self.0.datagram(addr)?)
    }
}

/// The wire hands out sockets as `socket(2)` makes them: blocking.
fn waiting_for_nothing(socket: socket2::Socket) -> io::Result<socket2::Socket> {
    socket.set_nonblocking(true)?;
    Ok(socket)
}

/// Stands between the lab and the queue: after a call that may have changed a state, the host's table is looked at.
struct Watcher {
    queue: Arc<dyn Sink>,
    wire: Arc<Wire>,
    host: HostId,
}

impl Sink for Watcher {
    fn offer(&self, seen: Observation) -> bool {
        let call = match &seen.kind {
            Kind::Call(call) => Some(call.call),
            Kind::Client(ClientEvent { change: ClientChange::Dialing { .. }, .. }) => Some(Syscall::Connect),
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
struct Reader;

impl Reader {
    fn diag(diag: &OwnedFd) -> io::Result<Diag> {
        Diag::on(diag.as_fd().try_clone_to_owned()?)
    }
}

impl ReadTable for Reader {
    fn dump(&self, diag: &OwnedFd) -> io::Result<Vec<Row>> {
        let mut rows = Vec::new();
        Self::diag(diag)?.dump(&Scope::All, &mut |row| rows.push(row))?;
        Ok(rows)
    }

    fn lookup(&self, diag: &OwnedFd, flow: Flow) -> io::Result<Option<Row>> {
        Self::diag(diag)?.lookup(&flow)
    }
}
