//! The permit of one accepted connection: its limits, and how to make its thread or task close it.

use std::net::{IpAddr, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, Weak};
use std::time::Duration;

use socket2::SockRef;
use tokio_util::sync::CancellationToken;

use super::super::bulk::{BulkRequester, BulkRequests};
use super::super::close_requests::{CloseRequester, CloseRequests};
use super::super::connection::shut;
use super::super::locked;
use super::super::reporter::Reporter;
use super::{Guard, udp_filter};
use crate::domain::guard::{GuardAction, PortCheck};
use crate::domain::{CloseHow, ConnNo, Flow, Rule, ServerId, Shut, SocketId, Stamp};

/// A connection that closes this soon without sending anything looks like a port check.
const BRIEF: Duration = Duration::from_secs(1);

/// What a connection may do after a message was received.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::lab) enum GuardDecision {
    /// Answer it and receive the next one.
    Continue,
    /// Do so after this time.
    Wait(Duration),
    /// Close it.
    Close,
}

/// The guard's entry for an accepted connection.
pub(super) struct ConnectionEntry {
    pub(super) peer: IpAddr,
    pub(super) is_remote: bool,
    socket_id: SocketId,
    flow: Flow,
    accepted: Stamp,
    /// When data was last received, in nanoseconds of a stamp.
    last_received: AtomicU64,
    /// It has sent something, or this side closes it: its end is no sign of a port check.
    is_explained: AtomicBool,
    /// Cancelled when the connection has to be closed.
    revoked: CancellationToken,
    /// How to close it, once that was requested.
    close_requests: CloseRequester,
    /// How many bytes to send over it, once that was requested.
    bulk_requests: BulkRequester,
    /// The socket that a thread blocks on, if one does.
    thread: Mutex<Weak<TcpStream>>,
}

impl ConnectionEntry {
    pub(super) fn new(peer: IpAddr, is_remote: bool, socket_id: SocketId, flow: Flow, now: Stamp) -> Self {
        Self {
            peer,
            is_remote,
            socket_id,
            flow,
            accepted: now,
            last_received: AtomicU64::new(now.nanos()),
            is_explained: AtomicBool::new(false),
            revoked: CancellationToken::new(),
            close_requests: CloseRequester::default(),
            bulk_requests: BulkRequester::default(),
            thread: Mutex::default(),
        }
    }

    pub(super) fn silence(&self, now: Stamp) -> Duration {
        now.since(Stamp::from_nanos(self.last_received.load(Ordering::Relaxed)))
    }

    /// Its end is no sign of a port check.
    pub(super) fn mark_explained(&self) {
        self.is_explained.store(true, Ordering::Relaxed);
    }

    /// Closes it; `false` if it is being closed already. `shutdown(SHUT_RDWR)` makes a thread's blocking call return.
    pub(super) fn revoke(&self, log: &Reporter) -> bool {
        self.mark_explained();
        let thread = locked(&self.thread);
        let is_first = !self.revoked.is_cancelled();
        self.revoked.cancel();
        if is_first && let Some(stream) = thread.upgrade() {
            self.shut(&stream, Shut::Both, log);
        }
        is_first
    }

    /// Makes the thread or task that serves it close it.
    pub(super) fn close(&self, how: CloseHow, log: &Reporter) {
        self.mark_explained();
        let thread = locked(&self.thread);
        self.close_requests.send_replace(Some(how));
        if let Some(stream) = thread.upgrade() {
            self.interrupt(&stream, how, log);
        }
    }

    /// Makes the task that serves it send so many bytes.
    pub(super) fn send_bulk(&self, bytes: u64) {
        self.bulk_requests.send_replace(bytes);
    }

    /// Half-closes the socket of a thread, or makes the thread's blocking call return so that it closes it.
    fn interrupt(&self, stream: &TcpStream, how: CloseHow, log: &Reporter) {
        let shut = match how {
            CloseHow::Half => Shut::Write,
            // `recv` returns and nothing is sent: `close` will send the FIN or RST.
            CloseHow::Fin | CloseHow::Rst if is_writable(stream) => Shut::Read,
            // `send` waits for room. It returns, and the FIN is queued behind data that the peer has no room for.
            CloseHow::Fin | CloseHow::Rst => Shut::Both,
        };
        self.shut(stream, shut, log);
    }

    fn shut(&self, stream: &TcpStream, how: Shut, log: &Reporter) {
        shut(&SockRef::from(stream), how, self.socket_id, self.flow, log);
    }
}

/// The permit of an accepted connection. Dropping it removes the connection from the guard's counts.
pub(in crate::lab) struct Permit {
    guard: Guard,
    server: ServerId,
    no: ConnNo,
    entry: Arc<ConnectionEntry>,
    /// Bytes since the last newline.
    line: u64,
    is_new: bool,
}

impl Permit {
    pub(super) fn new(guard: Guard, server: ServerId, no: ConnNo, entry: Arc<ConnectionEntry>) -> Self {
        Self { guard, server, no, entry, line: 0, is_new: true }
    }

    /// Completes when the connection was kicked, or idle for too long.
    pub(in crate::lab) fn revoked(&self) -> impl Future<Output = ()> + Send + 'static {
        self.entry.revoked.clone().cancelled_owned()
    }

    /// Receives the requests to close it from now on.
    pub(in crate::lab) fn close_requests(&self) -> CloseRequests {
        CloseRequests::of(&self.entry.close_requests)
    }

    /// Receives the requests to send many bytes from now on.
    pub(in crate::lab) fn bulk_requests(&self) -> BulkRequests {
        BulkRequests::of(&self.entry.bulk_requests)
    }

    /// How to close it, once that was requested.
    pub(in crate::lab) fn close_request(&self) -> Option<CloseHow> {
        *self.entry.close_requests.borrow()
    }

    /// Whether this side is closing it: then a `recv` that returns 0 is no FIN of the client. Waits until the call that
    /// interrupted the thread has been reported.
    pub(in crate::lab) fn is_ending(&self) -> bool {
        let _interrupted = locked(&self.entry.thread);
        self.entry.revoked.is_cancelled() || matches!(self.close_request(), Some(CloseHow::Fin | CloseHow::Rst))
    }

    /// Registers the socket that a thread is going to block on, so that the thread can be interrupted. `requests` is the
    /// receiver of the task that served the connection before.
    pub(in crate::lab) fn block_on(&self, stream: &Arc<TcpStream>, requests: &CloseRequests) {
        let mut thread = locked(&self.entry.thread);
        *thread = Arc::downgrade(stream);
        let log = &self.guard.0.log;
        if self.entry.revoked.is_cancelled() {
            self.entry.shut(stream, Shut::Both, log);
        } else if let Some(how) = requests.pending() {
            self.entry.interrupt(stream, how, log);
        }
    }

    /// Applies the rules to a message that was received at this time.
    pub(in crate::lab) fn received(&mut self, now: Stamp, message: &[u8]) -> GuardDecision {
        let guard = &self.guard;
        let entry = &*self.entry;
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

    pub(in crate::lab) fn peer_closed(&self) {
        let entry = &*self.entry;
        let was_silent = !entry.is_explained.swap(true, Ordering::Relaxed);
        if was_silent && self.guard.0.log.now().since(entry.accepted) < BRIEF {
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

/// Whether this is one of the first messages of `nmap -sV` to an unknown TCP service. A person could type the same.
fn is_service_probe(message: &[u8]) -> bool {
    const PROBES: [&[u8]; 5] = [
        b"\r\n\r\n",
        b"GET / HTTP/1.0\r\n\r\n",
        b"OPTIONS / HTTP/1.0\r\n\r\n",
        b"OPTIONS / RTSP/1.0\r\n\r\n",
        b"HELP\r\n",
    ];
    PROBES.contains(&message) || udp_filter::is_version_query(message)
}
