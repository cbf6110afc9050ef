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
use std::net::SocketAddr;
use std::sync::atomic::AtomicU32;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::watch;
use tokio::task::JoinHandle;

use self::conn::Conn;
use self::door::Door;
use self::open::{BACKLOG, Opening};
use super::host::Host;
use super::reporter::Reporter;
use crate::domain::{Proto, ServerChange, ServerId, ServerSpec, ServiceModel, SocketId};

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
}

impl Wish {
    const fn is_on(self) -> bool {
        self.life % 2 == 1
    }
}

impl Server {
    /// A server that exists and is not started.
    pub(super) fn new(id: ServerId, spec: ServerSpec, host: Arc<dyn Host>, log: Reporter) -> Self {
        log.server(id, ServerChange::Added { spec: spec.clone() });
        let model = spec.model.unwrap_or(ServiceModel::Sequential);
        let (wish, wishes) = watch::channel(Wish { life: 0, attempt: 0, model });
        let addr = Arc::new(Mutex::new(spec.addr));
        let proto = spec.proto;
        let supervisor =
            Supervisor { id, spec, model, addr: Arc::clone(&addr), newest: Arc::default(), host, log, wishes };
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
                Proto::Tcp => self.live_tcp(wish.life).await,
                Proto::Udp => self.live_udp(wish.life).await,
            };
            self.report(match lived {
                Ok(()) => ServerChange::Stopped,
                Err(error) => ServerChange::Failed { errno: error.into(), holder: None },
            });
        }
    }

    /// Listens and serves, by whatever model is wished, until this life is over.
    async fn live_tcp(&mut self, life: u64) -> io::Result<()> {
        let listener = self.opening().listener(self.spec.addr)?;
        let door = Door::new(self.id, self.spec.answer, listener, Arc::clone(&self.newest), self.log.clone())?;
        self.started(door.addr(), BACKLOG);
        // Who the sequential loop is serving, kept here so that a change of model drops the loop and not the client.
        let mut at_hand = None;
        loop {
            let model = self.model;
            let wish = tokio::select! {
                biased;
                wish = self.until(|wish| wish.life != life || wish.model != model) => wish,
                () = serve(model, &door, &mut at_hand) => continue,
            };
            if wish.is_none_or(|wish| wish.life != life) {
                break;
            }
        }
        door.close(at_hand).await;
        Ok(())
    }

    /// Answers datagrams until this life is over.
    async fn live_udp(&mut self, life: u64) -> io::Result<()> {
        let socket = self.opening().datagrams(self.spec.addr)?;
        self.started(socket.local()?, 0);
        let answer = self.spec.answer;
        let lived = tokio::select! {
            _ = self.until(|wish| wish.life != life) => Ok(()),
            error = udp::run(&socket, answer) => Err(error),
        };
        socket.close();
        lived
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
        Opening { host: &*self.host, who: SocketId::Server(self.id), log: &self.log }
    }

    fn started(&self, addr: SocketAddr, backlog: u32) {
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
