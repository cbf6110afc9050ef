//! The servers: each has a supervisor task that starts and stops it, switches its model, and owns everything it opens.

mod conn;
mod door;
mod guests;
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

use self::conn::Conn;
use self::door::Door;
use self::open::Opening;
use super::datagrams::Datagrams;
use super::guard::Guard;
use super::host::Host;
use super::reporter::Reporter;
use crate::domain::{Proto, Rule, ServerChange, ServerId, ServerSpec, ServiceModel, SocketId};

/// A server from outside: what is wished of it. What comes of each wish is reported as an event.
pub(super) struct Server {
    wish: watch::Sender<Wish>,
    addr: Arc<Mutex<SocketAddr>>,
    pub(super) proto: Proto,
    supervisor: JoinHandle<()>,
}

/// What is wished of a server. The latest wish counts; none can be lost in between.
#[derive(Debug, Clone, Copy)]
struct Wish {
    /// Odd: run. Even: do not. Grows, so that a stop and a start that follow each other fast are not missed.
    life: u64,
    /// Grows with every attempt to start a server that is meant to run already: one that failed tries again.
    attempt: u64,
    model: ServiceModel,
    /// Where to listen, when not where it was first asked to.
    ip: Option<IpAddr>,
}

impl Wish {
    const fn is_on(self) -> bool {
        self.life % 2 == 1
    }

    /// Whether this wants what `granted` did not: an end, another address, or another try at a door that is shut.
    fn asks_more_of(&self, granted: Self, is_open: bool) -> bool {
        self.life != granted.life || self.ip != granted.ip || (!is_open && self.attempt != granted.attempt)
    }
}

impl Server {
    /// A server that exists and is not started.
    pub(super) fn new(id: ServerId, spec: ServerSpec, host: Arc<dyn Host>, guard: Guard, log: Reporter) -> Self {
        log.server(id, ServerChange::Added { spec: spec.clone() });
        let model = spec.model.unwrap_or(ServiceModel::Sequential);
        let (wish, wishes) = watch::channel(Wish { life: 0, attempt: 0, model, ip: None });
        let addr = Arc::new(Mutex::new(spec.addr));
        let proto = spec.proto;
        let supervisor =
            Supervisor { id, spec, model, addr: Arc::clone(&addr), newest: Arc::default(), host, guard, log, wishes };
        Self { wish, addr, proto, supervisor: tokio::spawn(supervisor.run()) }
    }

    /// Where it listens; before its first start, where it is meant to.
    pub(super) fn addr(&self) -> SocketAddr {
        *self.addr.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn start(&self) {
        self.wish.send_modify(|wish| if wish.is_on() { wish.attempt += 1 } else { wish.life += 1 });
    }

    pub(super) fn stop(&self) {
        self.wish.send_if_modified(|wish| {
            let was_on = wish.is_on();
            wish.life += u64::from(was_on);
            was_on
        });
    }

    pub(super) fn switch(&self, model: ServiceModel) {
        self.wish.send_modify(|wish| wish.model = model);
    }

    /// Listens on this address from now on, on the same port.
    pub(super) fn bind(&self, ip: IpAddr) {
        self.wish.send_modify(|wish| wish.ip = Some(ip));
    }

    /// Stops it for good. The task that is returned ends when all that the server owned is gone.
    pub(super) fn dismiss(self) -> JoinHandle<()> {
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
    wishes: watch::Receiver<Wish>,
}

impl Supervisor {
    /// One life after the other, until the laboratory closes.
    async fn run(mut self) {
        let mut tried = None;
        // A start that failed is not tried again before somebody asks for it.
        while let Some(wish) = self.until(|wish| wish.is_on() && Some((wish.life, wish.attempt)) != tried).await {
            tried = Some((wish.life, wish.attempt));
            let lived = match self.spec.proto {
                Proto::Tcp => self.live_tcp(wish).await,
                Proto::Udp => self.live_udp(wish).await,
            };
            self.report(match lived {
                Ok(()) => ServerChange::Stopped,
                Err(error) => ServerChange::Failed { errno: error.into(), holder: None },
            });
        }
    }

    /// Listens and serves, by whatever model is wished, until this life is over.
    async fn live_tcp(&mut self, mut wished: Wish) -> io::Result<()> {
        let listener = self.opening().listener(self.wished_addr(wished))?;
        let newest = Arc::clone(&self.newest);
        let mut door = Door::new(self.id, self.spec.answer, listener, newest, self.guard.clone(), self.log.clone())?;
        self.started(door.addr());
        // Who the sequential loop is serving, kept here so that a change of model drops the loop and not the client.
        let mut at_hand = None;
        loop {
            let model = self.model;
            let is_news = |wish: &Wish| wish.asks_more_of(wished, door.is_open()) || wish.model != model;
            let wish = tokio::select! {
                biased;
                wish = self.until(is_news) => wish,
                () = serve(model, &door, &mut at_hand) => continue,
            };
            let Some(wish) = wish.filter(|wish| wish.life == wished.life) else { break };
            if wish.asks_more_of(wished, door.is_open()) {
                self.move_door(&mut door, wish);
            }
            wished = wish;
        }
        door.close(at_hand).await;
        Ok(())
    }

    /// Answers datagrams until this life is over.
    async fn live_udp(&mut self, mut wished: Wish) -> io::Result<()> {
        let mut socket = self.datagrams(self.wished_addr(wished))?;
        let answer = self.spec.answer;
        loop {
            let wish = tokio::select! {
                wish = self.until(|wish| wish.asks_more_of(wished, true)) => Ok(wish),
                error = udp::run(&socket, answer) => Err(error),
            };
            let here = socket.local()?;
            socket.close();
            let Some(wish) = wish?.filter(|wish| wish.life == wished.life) else { return Ok(()) };
            let there = SocketAddr::new(wish.ip.unwrap_or(here.ip()), here.port());
            socket = match self.datagrams(there) {
                Ok(socket) => socket,
                Err(error) => {
                    self.report(ServerChange::Failed { errno: error.into(), holder: None });
                    self.datagrams(here)?
                }
            };
            wished = wish;
        }
    }

    fn datagrams(&self, addr: SocketAddr) -> io::Result<Datagrams> {
        let socket = self.opening().datagrams(addr)?.guarded(self.id, self.guard.clone())?;
        self.started(socket.local()?);
        Ok(socket)
    }

    /// Opens the door elsewhere on the same port; where that fails, where it was; where that fails too it stays shut,
    /// and who is inside stays inside.
    fn move_door(&self, door: &mut Door, wish: Wish) {
        let here = door.addr();
        let there = SocketAddr::new(wish.ip.unwrap_or(here.ip()), here.port());
        if there == here && door.is_open() {
            return;
        }
        door.shut();
        for addr in [there, here] {
            match self.opening().listener(addr).and_then(|listener| door.reopen(listener)) {
                Ok(()) => return self.started(door.addr()),
                Err(error) => self.report(ServerChange::Failed { errno: error.into(), holder: None }),
            }
            if there == here {
                return;
            }
        }
    }

    const fn wished_addr(&self, wish: Wish) -> SocketAddr {
        match wish.ip {
            Some(ip) => SocketAddr::new(ip, self.spec.addr.port()),
            None => self.spec.addr,
        }
    }

    /// Waits for a wish that is `met`; a change of model on the way is reported. `None`: the laboratory closes.
    async fn until(&mut self, met: impl Fn(&Wish) -> bool) -> Option<Wish> {
        loop {
            let wish = *self.wishes.borrow_and_update();
            if wish.model != self.model {
                self.model = wish.model;
                self.report(ServerChange::Model { model: wish.model });
            }
            if met(&wish) {
                return Some(wish);
            }
            self.wishes.changed().await.ok()?;
        }
    }

    fn opening(&self) -> Opening<'_> {
        Opening { host: &*self.host, who: SocketId::Server(self.id), backlog: self.backlog(), log: &self.log }
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
async fn serve(model: ServiceModel, door: &Door, at_hand: &mut Option<Conn>) {
    match model {
        ServiceModel::Sequential => sequential::run(door, at_hand).await,
        ServiceModel::Threaded => threaded::run(door, at_hand).await,
        ServiceModel::Async => tasks::run(door, at_hand).await,
    }
}
