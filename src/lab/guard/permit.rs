//! The right of one connection to be inside: what it may still do, and the handle by which it is shown out.

use std::net::{IpAddr, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use socket2::SockRef;
use tokio_util::sync::CancellationToken;

use super::super::close_requests::{CloseRequester, CloseRequests};
use super::super::connection::shut;
use super::super::reporter::Reporter;
use super::{Guard, udp_filter};
use crate::domain::guard::{GuardAction, PortCheck};
use crate::domain::{CloseHow, ConnNo, Flow, Rule, ServerId, Shut, SocketId, Stamp};

/// Who goes without a word, and as soon as this, has only looked whether the port is open, by the looks of it.
const BRIEF: Duration = Duration::from_secs(1);

/// What a connection may do after it was heard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::lab) enum GuardDecision {
    /// Go on.
    Continue,
    /// Be answered, and received from again, when this time has passed.
    Wait(Duration),
    /// Nothing: it is to be closed.
    Close,
}

/// What the guard keeps of a connection that is inside.
pub(super) struct ConnectionEntry {
    pub(super) peer: IpAddr,
    pub(super) is_remote: bool,
    socket_id: SocketId,
    flow: Flow,
    begun: Stamp,
    /// When the last byte came, as nanoseconds of a stamp.
    last_received: AtomicU64,
    /// It said something, or goes for reasons of ours.
    is_explained: AtomicBool,
    /// It has to go.
    revoked: CancellationToken,
    /// How the presenter wants it closed, if so.
    close_requests: CloseRequester,
    /// What a thread blocks on, if one does.
    thread: Mutex<Weak<TcpStream>>,
}

impl ConnectionEntry {
    pub(super) fn new(peer: IpAddr, is_remote: bool, socket_id: SocketId, flow: Flow, now: Stamp) -> Self {
        Self {
            peer,
            is_remote,
            socket_id,
            flow,
            begun: now,
            last_received: AtomicU64::new(now.nanos()),
            is_explained: AtomicBool::new(false),
            revoked: CancellationToken::new(),
            close_requests: CloseRequester::default(),
            thread: Mutex::default(),
        }
    }

    /// How long nothing has come.
    pub(super) fn silence(&self, now: Stamp) -> Duration {
        now.since(Stamp::from_nanos(self.last_received.load(Ordering::Relaxed)))
    }

    /// That it goes says nothing about it.
    pub(super) fn mark_explained(&self) {
        self.is_explained.store(true, Ordering::Relaxed);
    }

    /// Shows it out; `false` when it is on its way already. `shutdown(SHUT_RDWR)` makes a thread's blocking call return.
    pub(super) fn revoke(&self, log: &Reporter) -> bool {
        self.mark_explained();
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner);
        let is_first = !self.revoked.is_cancelled();
        self.revoked.cancel();
        if is_first && let Some(stream) = thread.upgrade() {
            self.shut(&stream, Shut::Both, log);
        }
        is_first
    }

    /// Has it closed by the thread or task that serves it.
    pub(super) fn close(&self, how: CloseHow, log: &Reporter) {
        self.mark_explained();
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner);
        self.close_requests.send_replace(Some(how));
        if let Some(stream) = thread.upgrade() {
            self.interrupt(&stream, how, log);
        }
    }

    /// Half-closes the socket of a thread, or makes the thread's blocking call return so that it closes it.
    fn interrupt(&self, stream: &TcpStream, how: CloseHow, log: &Reporter) {
        let shut = match how {
            CloseHow::Half => Shut::Write,
            // `recv` returns, and nothing is sent: the FIN or RST is left to `close`.
            CloseHow::Fin | CloseHow::Rst if is_writable(stream) => Shut::Read,
            // `send` waits for room. It returns, and the FIN stays behind what the peer has no room for.
            CloseHow::Fin | CloseHow::Rst => Shut::Both,
        };
        self.shut(stream, shut, log);
    }

    fn shut(&self, stream: &TcpStream, how: Shut, log: &Reporter) {
        shut(&SockRef::from(stream), how, self.socket_id, self.flow, log);
    }
}

/// See the module's head. Dropped, the connection is counted no longer.
pub(in crate::lab) struct Permit {
    guard: Guard,
    server: ServerId,
    no: ConnNo,
    entry: Arc<ConnectionEntry>,
    /// Bytes since the last line end.
    line: u64,
    is_new: bool,
}

impl Permit {
    pub(super) fn new(guard: Guard, server: ServerId, no: ConnNo, entry: Arc<ConnectionEntry>) -> Self {
        Self { guard, server, no, entry, line: 0, is_new: true }
    }

    /// Completes when the connection has to go: it was kicked, or idle for too long.
    pub(in crate::lab) fn revoked(&self) -> impl Future<Output = ()> + Send + 'static {
        self.entry.revoked.clone().cancelled_owned()
    }

    /// The requests to close it that are sent from now on.
    pub(in crate::lab) fn close_requests(&self) -> CloseRequests {
        CloseRequests::of(&self.entry.close_requests)
    }

    /// How the presenter wants it closed, if so.
    pub(in crate::lab) fn close_request(&self) -> Option<CloseHow> {
        *self.entry.close_requests.borrow()
    }

    /// Whether this side ends it: a `recv` that returns 0 says nothing about the client.
    pub(in crate::lab) fn is_ending(&self) -> bool {
        self.entry.revoked.is_cancelled() || matches!(self.close_request(), Some(CloseHow::Fin | CloseHow::Rst))
    }

    /// A thread will block on `stream`: this is how it is woken when it has to go. The task that served the connection
    /// before has not received all of `requests`.
    pub(in crate::lab) fn block_on(&self, stream: &Arc<TcpStream>, requests: &CloseRequests) {
        let mut thread = self.entry.thread.lock().unwrap_or_else(PoisonError::into_inner);
        *thread = Arc::downgrade(stream);
        let log = &self.guard.0.log;
        if self.entry.revoked.is_cancelled() {
            self.entry.shut(stream, Shut::Both, log);
        } else if let Some(how) = requests.pending() {
            self.entry.interrupt(stream, how, log);
        }
    }

    /// Something was received: may this connection go on?
    pub(in crate::lab) fn received(&mut self, message: &[u8]) -> GuardDecision {
        let (guard, entry) = (&self.guard, &*self.entry);
        let now = guard.0.log.now();
        entry.last_received.store(now.nanos(), Ordering::Relaxed);
        entry.mark_explained();
        if std::mem::take(&mut self.is_new) && is_service_probe(message) {
            guard.checked(self.server, entry.peer, PortCheck::ServiceProbe);
        }
        if !entry.is_remote {
            return GuardDecision::Continue;
        }
        self.line = match message.iter().rposition(|byte| *byte == b'\n') {
            Some(end) => message.len() - end - 1,
            None => message.len() + usize::try_from(self.line).unwrap_or(usize::MAX),
        } as u64;
        let mut state = guard.state();
        let longest = state.limits.of(Rule::Line);
        let limits = Arc::clone(&state.limits);
        let slow =
            state.remote_peers.get_mut(&entry.peer).map(|peer| peer.received(message.len() as u64, &limits, now));
        drop(state);
        if longest.is_some_and(|longest| self.line > longest) {
            guard.acted(self.server, entry.peer, Rule::Line, longest, GuardAction::Closed);
            return GuardDecision::Close;
        }
        match slow {
            Some((wait, rule, limit)) if !wait.is_zero() => {
                guard.acted(self.server, entry.peer, rule, Some(limit), GuardAction::Slowed);
                GuardDecision::Wait(wait)
            }
            _ => GuardDecision::Continue,
        }
    }

    /// The other side closed or reset the connection.
    pub(in crate::lab) fn peer_closed(&self) {
        let entry = &*self.entry;
        let was_silent = !entry.is_explained.swap(true, Ordering::Relaxed);
        if was_silent && self.guard.0.log.now().since(entry.begun) < BRIEF {
            self.guard.checked(self.server, entry.peer, PortCheck::Connect);
        }
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        let mut state = self.guard.state();
        state.connections.remove(&(self.server, self.no));
        if self.entry.is_remote {
            state.total = state.total.saturating_sub(1);
            if let Some(remote) = state.remote_peers.get_mut(&self.entry.peer) {
                remote.open = remote.open.saturating_sub(1);
            }
        }
    }
}

/// Whether `send` would find room for an answer.
#[cfg(unix)]
fn is_writable(stream: &TcpStream) -> bool {
    use rustix::event::{PollFd, PollFlags, Timespec, poll};
    let mut only = [PollFd::new(stream, PollFlags::OUT)];
    poll(&mut only, Some(&Timespec::default())).is_ok() && only[0].revents().contains(PollFlags::OUT)
}

#[cfg(not(unix))]
const fn is_writable(_stream: &TcpStream) -> bool {
    false
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
    PROBES.contains(&message) || udp_filter::is_version_question(message)
}
