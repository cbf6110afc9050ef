//! A thread per connection: the accept loop only accepts.
//!
//! Each client gets a thread of the operating system, which may block in
//! `recv()` for as long as that client says nothing: the others have threads of
//! their own. The price is a stack and a place in the scheduler for each.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::thread;
use std::time::Duration;

use super::super::connection::BUFFER;
use super::super::guard::Next;
use super::conn::{Conn, Talk};
use super::door::Door;
use super::guests::Seat;
use crate::domain::ServiceModel::Threaded;

/// A conversation needs little: two buffers of 4 KiB, and room for calls.
const STACK: usize = 128 * 1024;

/// Accepts for ever, a new thread for each connection. A connection that the
/// model before this one had `at_hand` gets a thread too.
pub(super) async fn run(door: &Door, at_hand: &mut Option<Conn>) {
    loop {
        let conn = match at_hand.take() {
            Some(conn) => conn,
            None => door.accept().await,
        };
        let (no, flow) = (conn.talk.no, conn.talk.flow);
        if let Err(error) = start_thread(door, conn) {
            door.no_thread(no, flow, &error);
        }
    }
}

fn start_thread(door: &Door, conn: Conn) -> io::Result<()> {
    let (mut talk, stream) = conn.blocking()?;
    let seat = door.guests().seat(talk.no, talk.flow, stream);
    talk.pass.blocks_on(seat.stream());
    let thread = thread::Builder::new().name(talk.who.to_string());
    let started = thread.stack_size(STACK).spawn(move || {
        talk.serving(Threaded);
        converse(&mut talk, &seat);
        let at = talk.log.now();
        let _present = seat.leave();
        talk.closed(at);
    });
    door.guests().keep(started?);
    Ok(())
}

/// recv, send, recv, send ... until the client closes or the connection dies.
fn converse(talk: &mut Talk, seat: &Seat) {
    let mut stream: &TcpStream = seat.stream();
    let mut buffer = [0; BUFFER];
    loop {
        while !talk.unsent.is_empty() {
            // Blocks while the client does not read and its window is full.
            let at = talk.log.now();
            let sent = stream.write(&talk.unsent);
            talk.log.sent(at, talk.who, talk.flow, &sent, &talk.unsent);
            match sent {
                Ok(sent) => drop(talk.unsent.drain(..sent)),
                Err(error) if is_interrupted(&error) => {}
                Err(_) => return,
            }
        }
        // Blocks until something arrives. Zero bytes: the client's FIN.
        let received = stream.read(&mut buffer);
        // Or this side shut the socket down: then it says nothing of the client.
        if matches!(received, Ok(0)) && (seat.is_stopped() || talk.pass.is_over()) {
            return talk.log.woken(talk.who, talk.flow, &buffer);
        }
        talk.log.received(talk.who, talk.flow, &received, &buffer);
        match received {
            Ok(0) => return talk.pass.left(),
            Ok(len) => {
                talk.unsent = talk.answer.to(&buffer[..len]);
                match talk.pass.heard(&buffer[..len]) {
                    Next::Go => {}
                    Next::Wait(time) => pause(stream, time),
                    Next::Close => return,
                }
            }
            Err(error) if is_interrupted(&error) => {}
            Err(_) => return talk.pass.left(),
        }
    }
}

/// Waits, unless the connection is over before: poll(2) with nothing asked for
/// returns early only when both directions are shut or the other side reset it.
#[cfg(unix)]
fn pause(stream: &TcpStream, time: Duration) {
    use rustix::event::{PollFd, PollFlags, Timespec, poll};
    let mut only = [PollFd::new(stream, PollFlags::empty())];
    // An error would be a signal that came first: then it waits less.
    let _ = poll(&mut only, Timespec::try_from(time).ok().as_ref());
}

#[cfg(not(unix))]
fn pause(_stream: &TcpStream, time: Duration) {
    thread::sleep(time.min(Duration::from_millis(200)));
}

/// EINTR: a signal came in between, and the call is to be made again.
fn is_interrupted(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::Interrupted
}
