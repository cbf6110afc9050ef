//! A thread per connection: the accept loop only accepts.
//!
//! Each client gets a thread of the operating system, which may block in
//! `recv()` for as long as that client is silent: the others have threads of
//! their own. The price is a stack and a place in the scheduler for each.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::thread;
use std::time::Duration;

use super::super::connection::BUFFER;
use super::super::guard::GuardDecision;
use super::acceptor::Acceptor;
use super::connections::ConnectionGuard;
use super::conversation::{AcceptedConnection, Conversation};
use crate::domain::ServiceModel::Threaded;
use crate::domain::Syscall;

/// A conversation needs two buffers of 4 KiB, and room for calls.
const STACK: usize = 128 * 1024;

/// Accepts for ever, a new thread for each connection. A connection that the
/// model before this one had `current` gets a thread too.
pub(super) async fn run(acceptor: &Acceptor, current: &mut Option<AcceptedConnection>) {
    loop {
        let conn = match current.take() {
            Some(conn) => conn,
            None => acceptor.accept().await,
        };
        let no = conn.conversation.no;
        let flow = conn.conversation.flow;
        if let Err(error) = start_thread(acceptor, conn) {
            acceptor.close_without_thread(no, flow, &error);
        }
    }
}

fn start_thread(acceptor: &Acceptor, conn: AcceptedConnection) -> io::Result<()> {
    let (mut conversation, stream, requests) = conn.blocking()?;
    let connection = acceptor.connections().register(conversation.no, conversation.flow, stream);
    conversation.permit.block_on(connection.stream(), &requests);
    let thread = thread::Builder::new().name(conversation.socket_id.to_string());
    let started = thread.stack_size(STACK).spawn(move || {
        conversation.serving(Threaded);
        converse(&mut conversation, &connection);
        conversation.closing(connection.stream());
        let at = conversation.log.now();
        let _running = connection.close();
        conversation.closed(at);
    });
    acceptor.connections().keep_thread(started?);
    Ok(())
}

/// recv, send, recv, send ... until the client closes or the connection dies.
fn converse(conversation: &mut Conversation, connection: &ConnectionGuard) {
    let mut stream: &TcpStream = connection.stream();
    let mut buffer = [0; BUFFER];
    let end = (conversation.socket_id, conversation.flow);
    let [sending, receiving] =
        [Syscall::Send, Syscall::Recv].map(|call| conversation.log.place(end.0, call, Some(end.1)));
    loop {
        let mut now = conversation.log.now();
        while !conversation.unsent.is_empty() {
            // Blocks while the client does not read and its window is full.
            let entered = sending.enter_at(now);
            let sent = stream.write(&conversation.unsent);
            now = conversation.log.sent(now, entered.returned(), end, &sent, &conversation.unsent);
            match sent {
                Ok(sent) => drop(conversation.unsent.drain(..sent)),
                Err(error) if is_interrupted(&error) => {}
                Err(_) => return,
            }
        }
        // Blocks until something arrives. Zero bytes: the client's FIN.
        let entered = receiving.enter_at(now);
        let received = stream.read(&mut buffer);
        let waited = entered.returned();
        // Or this side shut the socket down: then it is no FIN.
        if matches!(received, Ok(0)) && (connection.is_stopped() || conversation.permit.is_ending()) {
            return conversation.log.woken(waited, end, &buffer);
        }
        let bytes = &buffer[..*received.as_ref().unwrap_or(&0)];
        let now = conversation.log.received(waited, end, &received, (bytes, BUFFER));
        match received {
            Ok(0) => return conversation.permit.peer_closed(),
            Ok(len) => {
                // Its answer, which takes the same place.
                conversation.unsent.extend_from_slice(&buffer[..len]);
                conversation.prepare_answer();
                match conversation.permit.received(now, &buffer[..len]) {
                    GuardDecision::Continue => {}
                    GuardDecision::Wait(time) => pause(stream, time),
                    GuardDecision::Close => return,
                }
            }
            Err(error) if is_interrupted(&error) => {}
            Err(_) => return conversation.permit.peer_closed(),
        }
    }
}

/// Waits, unless the connection ends first: poll(2) without requested events
/// returns early only when both directions are shut or the peer reset it.
#[cfg(unix)]
fn pause(stream: &TcpStream, time: Duration) {
    use rustix::event::{PollFd, PollFlags, Timespec, poll};
    let mut only = [PollFd::new(stream, PollFlags::empty())];
    // The error is EINTR: then it waits less.
    let _ = poll(&mut only, Timespec::try_from(time).ok().as_ref());
}

#[cfg(not(unix))]
fn pause(_stream: &TcpStream, time: Duration) {
    thread::sleep(time.min(Duration::from_millis(200)));
}

/// EINTR: a signal interrupted the call, which is made again.
fn is_interrupted(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::Interrupted
}
