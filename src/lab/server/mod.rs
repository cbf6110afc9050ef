//! The servers. Each has a supervisor task that starts and stops it, switches its model, and owns its sockets.

mod acceptor;
mod connections;
mod conversation;
mod open;
mod sequential;
mod tasks;
mod threaded;
mod tuning;
mod udp;

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::AtomicU32;
use std::sync::{Arc, Mutex};

use tokio::sync::watch;
use tokio::task::JoinHandle;

use self::acceptor::Acceptor;
use self::conversation::AcceptedConnection;
use self::open::SocketOpener;
use super::datagrams::DatagramSocket;
use super::guard::Guard;
use super::host::{Host, ListenerSettings};
use super::locked;
use super::reporter::Reporter;
use crate::domain::{Proto, Rule, ServerChange, ServerId, ServerSpec, ServiceModel, SocketId};

/// The handle of a server: sets its desired state. Changes of its actual state are reported as events.
pub(super) struct ServerHandle {
    desired: watch::Sender<DesiredState>,
    addr: Arc<Mutex<SocketAddr>>,
    pub(super) proto: Proto,
    supervisor: JoinHandle<()>,
}

/// The desired state of a server. The supervisor works towards the latest one.
#[derive(Debug, Clone, Copy)]
struct DesiredState {
    /// Odd while the server should run. It only grows, so that a stop and a start in quick succession are not missed.
    run: u64,
    /// Incremented by each start of a server that should be running already: one that failed is retried.
    attempt: u64,
    model: ServiceModel,
    /// The address to listen on, if not the specified one.
    ip: Option<IpAddr>,
}

impl DesiredState {
    const fn is_on(self) -> bool {
        self.run % 2 == 1
    }

    /// Whether this requires something that `applied` did not: an end, another address, or a retry of a listener that is not open.
    fn differs_from(&self, applied: Self, is_listening: bool) -> bool {
        self.run != applied.run || self.ip != applied.ip || (!is_listening && self.attempt != applied.attempt)
    }
}

impl ServerHandle {
    /// A server that is not started.
    pub(super) fn new(id: ServerId, spec: ServerSpec, host: Arc<dyn Host>, guard: Guard, log: Reporter) -> Self {
        log.server(id, ServerChange::Added { spec: spec.clone() });
        let model = spec.model.unwrap_or(ServiceModel::Sequential);
        let (desired, desired_states) = watch::channel(DesiredState { run: 0, attempt: 0, model, ip: None });
        let addr = Arc::new(Mutex::new(spec.addr));
        let proto = spec.proto;
        let supervisor = Supervisor {
            id,
            spec,
            model,
            addr: Arc::clone(&addr),
            newest: Arc::default(),
            host,
            guard,
            log,
            desired_states,
        };
        Self { desired, addr, proto, supervisor: tokio::spawn(supervisor.run()) }
    }

    /// The address it listens on; before its first start, the specified one.
    pub(super) fn addr(&self) -> SocketAddr {
        *locked(&self.addr)
    }

    pub(super) fn start(&self) {
        self.desired.send_modify(|desired| if desired.is_on() { desired.attempt += 1 } else { desired.run += 1 });
    }

    pub(super) fn stop(&self) {
        self.desired.send_if_modified(|desired| {
            let was_on = desired.is_on();
            desired.run += u64::from(was_on);
            was_on
        });
    }

    pub(super) fn switch(&self, model: ServiceModel) {
        if self.proto == Proto::Tcp {
            self.desired.send_modify(|desired| desired.model = model);
        }
    }

    /// Listens on this address from now on, on the same port.
    pub(super) fn bind(&self, ip: IpAddr) {
        self.desired.send_modify(|desired| desired.ip = Some(ip));
    }

    /// Stops it for good. The returned task ends once everything that the server owned is closed.
    pub(super) fn into_supervisor(self) -> JoinHandle<()> {
        self.supervisor
    }
}

struct Supervisor {
    id: ServerId,
    spec: ServerSpec,
    model: ServiceModel,
    addr: Arc<Mutex<SocketAddr>>,
    newest: Arc<AtomicU32>,
    host: Arc<dyn Host>,
    guard: Guard,
    log: Reporter,
    desired_states: watch::Receiver<DesiredState>,
}

impl Supervisor {
    /// One run after the other, until the laboratory closes.
    async fn run(mut self) {
        let mut tried = None;
        // A start that failed is not repeated until another start is requested.
        while let Some(desired) =
            self.wait_for(|desired| desired.is_on() && Some((desired.run, desired.attempt)) != tried).await
        {
            tried = Some((desired.run, desired.attempt));
            let ended = match self.spec.proto {
                Proto::Tcp => self.run_tcp(desired).await,
                Proto::Udp | Proto::Icmp => self.run_udp(desired).await,
            };
            self.report(match ended {
                Ok(()) => ServerChange::Stopped,
                Err(error) => ServerChange::Failed { errno: error.into(), holder: None },
            });
        }
    }

    /// Listens and serves by the desired model until this run is over.
    async fn run_tcp(&mut self, mut applied: DesiredState) -> io::Result<()> {
        let mut settings = self.host.listener_settings();
        let mut set = *settings.borrow_and_update();
        let listener = self.opener().listener(self.desired_addr(applied))?;
        let newest = Arc::clone(&self.newest);
        let mut acceptor =
            Acceptor::new(self.id, self.spec.answer, listener, newest, self.guard.clone(), self.log.clone())?;
        self.started(acceptor.addr());
        // The client of the sequential loop, kept here so that a change of model drops the loop and not the client.
        let mut current = None;
        loop {
            let model = self.model;
            let is_change = |desired: &DesiredState| {
                desired.differs_from(applied, acceptor.is_listening()) || desired.model != model
            };
            let desired = tokio::select! {
                biased;
                desired = self.wait_for(is_change) => desired,
                () = changed(&mut settings) => {
                    let now = *settings.borrow_and_update();
                    acceptor.tune(set, now);
                    set = now;
                    continue;
                }
                () = serve(model, &acceptor, &mut current) => continue,
            };
            let Some(desired) = desired.filter(|desired| desired.run == applied.run) else { break };
            if desired.differs_from(applied, acceptor.is_listening()) {
                self.rebind(&mut acceptor, desired);
            }
            applied = desired;
        }
        acceptor.close(current).await;
        Ok(())
    }

    /// Answers datagrams until this run is over.
    async fn run_udp(&mut self, mut applied: DesiredState) -> io::Result<()> {
        let mut socket = self.datagrams(self.desired_addr(applied))?;
        let answer = self.spec.answer;
        loop {
            let desired = tokio::select! {
                desired = self.wait_for(|desired| desired.differs_from(applied, true)) => Ok(desired),
                error = udp::run(&socket, answer) => Err(error),
            };
            let here = socket.local()?;
            socket.close();
            let Some(desired) = desired?.filter(|desired| desired.run == applied.run) else { return Ok(()) };
            let there = SocketAddr::new(desired.ip.unwrap_or(here.ip()), here.port());
            socket = match self.datagrams(there) {
                Ok(socket) => socket,
                Err(error) => {
                    self.report(ServerChange::Failed { errno: error.into(), holder: None });
                    self.datagrams(here)?
                }
            };
            applied = desired;
        }
    }

    fn datagrams(&self, addr: SocketAddr) -> io::Result<DatagramSocket> {
        let socket = self.opener().datagrams(addr)?.guarded(self.id, self.guard.clone())?;
        self.started(socket.local()?);
        Ok(socket)
    }

    /// Rebinds the listener to another address on the same port, or if that fails to the old one. If that fails too the listener
    /// stays closed. Connections stay in any case.
    fn rebind(&self, acceptor: &mut Acceptor, desired: DesiredState) {
        let here = acceptor.addr();
        let there = SocketAddr::new(desired.ip.unwrap_or(here.ip()), here.port());
        if there == here && acceptor.is_listening() {
            return;
        }
        acceptor.stop_listening();
        for addr in [there, here] {
            match self.opener().listener(addr).and_then(|listener| acceptor.listen_on(listener)) {
                Ok(()) => return self.started(acceptor.addr()),
                Err(error) => self.report(ServerChange::Failed { errno: error.into(), holder: None }),
            }
            if there == here {
                return;
            }
        }
    }

    const fn desired_addr(&self, desired: DesiredState) -> SocketAddr {
        match desired.ip {
            Some(ip) => SocketAddr::new(ip, self.spec.addr.port()),
            None => self.spec.addr,
        }
    }

    /// Waits for a desired state that `fits`, and reports a change of model. `None` when the laboratory closes.
    async fn wait_for(&mut self, fits: impl Fn(&DesiredState) -> bool) -> Option<DesiredState> {
        loop {
            let desired = *self.desired_states.borrow_and_update();
            if desired.model != self.model {
                self.model = desired.model;
                self.report(ServerChange::Model { model: desired.model });
            }
            if fits(&desired) {
                return Some(desired);
            }
            self.desired_states.changed().await.ok()?;
        }
    }

    fn opener(&self) -> SocketOpener<'_> {
        SocketOpener {
            host: &*self.host,
            socket_id: SocketId::Server(self.id),
            backlog: self.backlog(),
            log: &self.log,
        }
    }

    /// The backlog for `listen`: the host's, if it has one. Without a rule either only the kernel's limit applies
    /// (`net.core.somaxconn`).
    fn backlog(&self) -> u32 {
        if let Some(backlog) = self.host.listener_settings().borrow().backlog {
            return backlog;
        }
        self.guard.number(Rule::Backlog).and_then(|number| u32::try_from(number).ok()).unwrap_or(u32::MAX)
    }

    fn started(&self, addr: SocketAddr) {
        let backlog = if self.spec.proto == Proto::Tcp { self.backlog() } else { 0 };
        *locked(&self.addr) = addr;
        self.report(ServerChange::Started { addr, backlog });
    }

    fn report(&self, change: ServerChange) {
        self.log.server(self.id, change);
    }
}

/// Completes when the host's settings are others. Those of some hosts never change.
async fn changed(settings: &mut watch::Receiver<ListenerSettings>) {
    if settings.changed().await.is_err() {
        std::future::pending::<()>().await;
    }
}

async fn serve(model: ServiceModel, acceptor: &Acceptor, current: &mut Option<AcceptedConnection>) {
    match model {
        ServiceModel::Sequential => sequential::run(acceptor, current).await,
        ServiceModel::Threaded => threaded::run(acceptor, current).await,
        ServiceModel::Async | ServiceModel::KeepsOpen => tasks::run(acceptor, current, model).await,
    }
}
