//! The servers: each has a supervisor task that starts and stops it, switches its model, and owns everything it opens.

mod acceptor;
mod connections;
mod conversation;
mod open;
mod sequential;
mod tasks;
mod threaded;
mod udp;

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::AtomicU32;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::watch;
use tokio::task::JoinHandle;

use self::acceptor::Acceptor;
use self::conversation::AcceptedConnection;
use self::open::SocketOpener;
use super::datagrams::DatagramSocket;
use super::guard::Guard;
use super::host::Host;
use super::reporter::Reporter;
use crate::domain::{Proto, Rule, ServerChange, ServerId, ServerSpec, ServiceModel, SocketId};

/// A server from outside: what is wished of it. What comes of each wish is reported as an event.
pub(super) struct ServerHandle {
    desired: watch::Sender<DesiredState>,
    addr: Arc<Mutex<SocketAddr>>,
    pub(super) proto: Proto,
    supervisor: JoinHandle<()>,
}

/// What is wished of a server. The latest wish counts; none can be lost in between.
#[derive(Debug, Clone, Copy)]
struct DesiredState {
    /// Odd: run. Even: do not. Grows, so that a stop and a start that follow each other fast are not missed.
    life: u64,
    /// Grows with every attempt to start a server that is meant to run already: one that failed tries again.
    attempt: u64,
    model: ServiceModel,
    /// Where to listen, when not where it was first asked to.
    ip: Option<IpAddr>,
}

impl DesiredState {
    const fn is_on(self) -> bool {
        self.life % 2 == 1
    }

    /// Whether this wants what `applied` did not: an end, another address, or another try at a listener that could not be opened.
    fn differs_from(&self, applied: Self, is_listening: bool) -> bool {
        self.life != applied.life || self.ip != applied.ip || (!is_listening && self.attempt != applied.attempt)
    }
}

impl ServerHandle {
    /// A server that exists and is not started.
    pub(super) fn new(id: ServerId, spec: ServerSpec, host: Arc<dyn Host>, guard: Guard, log: Reporter) -> Self {
        log.server(id, ServerChange::Added { spec: spec.clone() });
        let model = spec.model.unwrap_or(ServiceModel::Sequential);
        let (desired, desired_states) = watch::channel(DesiredState { life: 0, attempt: 0, model, ip: None });
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

    /// Where it listens; before its first start, where it is meant to.
    pub(super) fn addr(&self) -> SocketAddr {
        *self.addr.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn start(&self) {
        self.desired.send_modify(|desired| if desired.is_on() { desired.attempt += 1 } else { desired.life += 1 });
    }

    pub(super) fn stop(&self) {
        self.desired.send_if_modified(|desired| {
            let was_on = desired.is_on();
            desired.life += u64::from(was_on);
            was_on
        });
    }

    pub(super) fn switch(&self, model: ServiceModel) {
        self.desired.send_modify(|desired| desired.model = model);
    }

    /// Listens on this address from now on, on the same port.
    pub(super) fn bind(&self, ip: IpAddr) {
        self.desired.send_modify(|desired| desired.ip = Some(ip));
    }

    /// Stops it for good. The task that is returned ends when all that the server owned is gone.
    pub(super) fn into_supervisor(self) -> JoinHandle<()> {
        self.supervisor
    }
}

/// The task that owns a server.
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
    /// One life after the other, until the laboratory closes.
    async fn run(mut self) {
        let mut tried = None;
        // A start that failed is not tried again before somebody asks for it.
        while let Some(desired) =
            self.wait_for(|desired| desired.is_on() && Some((desired.life, desired.attempt)) != tried).await
        {
            tried = Some((desired.life, desired.attempt));
            let lived = match self.spec.proto {
                Proto::Tcp => self.live_tcp(desired).await,
                Proto::Udp => self.live_udp(desired).await,
            };
            self.report(match lived {
                Ok(()) => ServerChange::Stopped,
                Err(error) => ServerChange::Failed { errno: error.into(), holder: None },
            });
        }
    }

    /// Listens and serves, by whatever model is wished, until this life is over.
    async fn live_tcp(&mut self, mut applied: DesiredState) -> io::Result<()> {
        let listener = self.opener().listener(self.desired_addr(applied))?;
        let newest = Arc::clone(&self.newest);
        let mut acceptor =
            Acceptor::new(self.id, self.spec.answer, listener, newest, self.guard.clone(), self.log.clone())?;
        self.started(acceptor.addr());
        // Who the sequential loop is serving, kept here so that a change of model drops the loop and not the client.
        let mut current = None;
        loop {
            let model = self.model;
            let is_change = |desired: &DesiredState| {
                desired.differs_from(applied, acceptor.is_listening()) || desired.model != model
            };
            let desired = tokio::select! {
                biased;
                desired = self.wait_for(is_change) => desired,
                () = serve(model, &acceptor, &mut current) => continue,
            };
            let Some(desired) = desired.filter(|desired| desired.life == applied.life) else { break };
            if desired.differs_from(applied, acceptor.is_listening()) {
                self.rebind(&mut acceptor, desired);
            }
            applied = desired;
        }
        acceptor.close(current).await;
        Ok(())
    }

    /// Answers datagrams until this life is over.
    async fn live_udp(&mut self, mut applied: DesiredState) -> io::Result<()> {
        let mut socket = self.datagrams(self.desired_addr(applied))?;
        let answer = self.spec.answer;
        loop {
            let desired = tokio::select! {
                desired = self.wait_for(|desired| desired.differs_from(applied, true)) => Ok(desired),
                error = udp::run(&socket, answer) => Err(error),
            };
            let here = socket.local()?;
            socket.close();
            let Some(desired) = desired?.filter(|desired| desired.life == applied.life) else { return Ok(()) };
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

    /// Opens the acceptor elsewhere on the same port; where that fails, where it was; where that fails too it stays shut,
    /// and who is inside stays inside.
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

    /// Waits for a wish that is `met`; a change of model on the way is reported. `None`: the laboratory closes.
    async fn wait_for(&mut self, met: impl Fn(&DesiredState) -> bool) -> Option<DesiredState> {
        loop {
            let desired = *self.desired_states.borrow_and_update();
            if desired.model != self.model {
                self.model = desired.model;
                self.report(ServerChange::Model { model: desired.model });
            }
            if met(&desired) {
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

    /// What `listen` is given. Without a rule the kernel alone decides (`net.core.somaxconn`).
    fn backlog(&self) -> u32 {
        self.guard.number(Rule::Backlog).and_then(|number| u32::try_from(number).ok()).unwrap_or(u32::MAX)
    }

    fn started(&self, addr: SocketAddr) {
        let backlog = if self.spec.proto == Proto::Tcp { self.backlog() } else { 0 };
        *self.addr.lock().unwrap_or_else(PoisonError::into_inner) = addr;
        self.report(ServerChange::Started { addr, backlog });
    }

    fn report(&self, change: ServerChange) {
        self.log.server(self.id, change);
    }
}

/// The three accept loops. None of them ends by itself.
async fn serve(model: ServiceModel, acceptor: &Acceptor, current: &mut Option<AcceptedConnection>) {
    match model {
        ServiceModel::Sequential => sequential::run(acceptor, current).await,
        ServiceModel::Threaded => threaded::run(acceptor, current).await,
        ServiceModel::Async => tasks::run(acceptor, current).await,
    }
}
