//! The right of one connection to be inside: what it may still do, and the handle by which it is shown out.

use std::net::{IpAddr, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::super::connection::shut_both;
use super::super::reporter::Reporter;
use super::{Guard, datagrams};
use crate::domain::guard::{GuardAction, PortCheck};
use crate::domain::{ConnNo, Flow, Rule, ServerId, SocketId, Stamp};

/// Who goes without a word, and as soon as this, has only looked whether the port is open, by the looks of it.
const A_LOOK: Duration = Duration::from_secs(1);

/// What a connection may do after it was heard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::lab) enum Next {
    /// Go on.
    Go,
    /// Be answered, and received from again, when this time has passed.
    Wait(Duration),
    /// Nothing: it is to be closed.
    Close,
}

/// What the guard keeps of a connection that is inside.
pub(super) struct Ticket {
    pub(super) peer: IpAddr,
    pub(super) is_stranger: bool,
    who: SocketId,
    flow: Flow,
    begun: Stamp,
    /// When the last byte came, as nanoseconds of a stamp.
    heard: AtomicU64,
    /// It said something, or goes for reasons of ours.
    excused: AtomicBool,
    /// It has to go.
    over: CancellationToken,
    /// What a thread blocks on, if one does.
    thread: Mutex<Weak<TcpStream>>,
}

impl Ticket {
    pub(super) fn new(peer: IpAddr, is_stranger: bool, who: SocketId, flow: Flow, now: Stamp) -> Self {
        Self {
            peer,
            is_stranger,
            who,
            flow,
            begun: now,
            heard: AtomicU64::new(now.nanos()),
            excused: AtomicBool::new(false),
            over: CancellationToken::new(),
            thread: Mutex::default(),
        }
    }

    /// How long nothing has come.
    pub(super) fn silence(&self, now: Stamp) -> Duration {
        now.since(Stamp::from_nanos(self.heard.load(Ordering::Relaxed)))
    }

    /// That it goes says nothing about it.
    pub(super) fn excuse(&self) {
        self.excused.store(true, Ordering::Relaxed);
    }

    /// Shows it out; `false` when it is on its way already. `shutdown(SHUT_RDWR)` makes a thread's blocking call return.
    pub(super) fn end(&self, log: &Reporter) -> bool {
        self.excuse();
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner);
        let is_first = !self.over.is_cancelled();
        self.over.cancel();
        if let Some(stream) = thread.upgrade().filter(|_| is_first) {
            shut_both(&stream, self.who, self.flow, log);
        }
        is_first
    }
}

/// See the module's head. Dropped, the connection is counted no longer.
pub(in crate::lab) struct Pass {
    guard: Guard,
    server: ServerId,
    no: ConnNo,
    ticket: Arc<Ticket>,
    /// Bytes since the last line end.
    line: u64,
    is_new: bool,
}

impl Pass {
    pub(super) fn new(guard: Guard, server: ServerId, no: ConnNo, ticket: Arc<Ticket>) -> Self {
        Self { guard, server, no, ticket, line: 0, is_new: true }
    }

    /// Completes when the connection has to go: it was kicked, or idle for too long.
    pub(in crate::lab) fn over(&self) -> impl Future<Output = ()> + Send + 'static {
        self.ticket.over.clone().cancelled_owned()
    }

    /// Whether it has to go.
    pub(in crate::lab) fn is_over(&self) -> bool {
        self.ticket.over.is_cancelled()
    }

    /// A thread will block on `stream`: this is how it is woken when it has to go.
    pub(in crate::lab) fn blocks_on(&self, stream: &Arc<TcpStream>) {
        let mut thread = self.ticket.thread.lock().unwrap_or_else(PoisonError::into_inner);
        *thread = Arc::downgrade(stream);
        if self.is_over() {
            shut_both(stream, self.ticket.who, self.ticket.flow, &self.guard.0.log);
        }
    }

    /// Something was received: may this connection go on?
    pub(in crate::lab) fn heard(&mut self, message: &[u8]) -> Next {
        let (guard, ticket) = (&self.guard, &*self.ticket);
        let now = guard.0.log.now();
        ticket.heard.store(now.nanos(), Ordering::Relaxed);
        ticket.excuse();
        if std::mem::take(&mut self.is_new) && is_service_probe(message) {
            guard.checked(self.server, ticket.peer, PortCheck::ServiceProbe);
        }
        if !ticket.is_stranger {
            return Next::Go;
        }
        self.line = match message.iter().rposition(|byte| *byte == b'\n') {
            Some(end) => message.len() - end - 1,
            None => message.len() + usize::try_from(self.line).unwrap_or(usize::MAX),
        } as u64;
        let mut desk = guard.desk();
        let longest = desk.limits.of(Rule::Line);
        let limits = Arc::clone(&desk.limits);
        let slow = desk.strangers.get_mut(&ticket.peer).map(|peer| peer.heard(message.len() as u64, &limits, now));
        drop(desk);
        if longest.is_some_and(|longest| self.line > longest) {
            guard.acted(self.server, ticket.peer, Rule::Line, longest, GuardAction::Closed);
            return Next::Close;
        }
        match slow {
            Some((wait, rule, limit)) if !wait.is_zero() => {
                guard.acted(self.server, ticket.peer, rule, Some(limit), GuardAction::Slowed);
                Next::Wait(wait)
            }
            _ => Next::Go,
        }
    }

    /// The other side closed or reset the connection.
    pub(in crate::lab) fn left(&self) {
        let ticket = &*self.ticket;
        let was_silent = !ticket.excused.swap(true, Ordering::Relaxed);
        if was_silent && self.guard.0.log.now().since(ticket.begun) < A_LOOK {
            self.guard.checked(self.server, ticket.peer, PortCheck::Connect);
        }
    }
}

impl Drop for Pass {
    fn drop(&mut self) {
        let mut desk = self.guard.desk();
        desk.inside.remove(&(self.server, self.no));
        if self.ticket.is_stranger {
            desk.total = desk.total.saturating_sub(1);
            if let Some(stranger) = desk.strangers.get_mut(&self.ticket.peer) {
                stranger.open = stranger.open.saturating_sub(1);
            }
        }
    }
}

/// What `nmap -sV` says first to a TCP port whose service it does not know, word for word; somebody may type the same.
fn is_service_probe(message: &[u8]) -> bool {
    const PROBES: [&[u8]; 5] = [
        b"\r\n\r\n",
        b"GET / HTTP/1.0\r\n\r\n",
        b"OPTIONS / HTTP/1.0\r\n\r\n",
        b"OPTIONS / RTSP/1.0\r\n\r\n",
        b"HELP\r\n",
    ];
    PROBES.contains(&message) || datagrams::is_version_question(message)
}
