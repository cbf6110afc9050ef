//! A UDP port is probed with a datagram. There is no handshake: the outcome is an answer, an ICMP error or silence.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::Interest;
use tokio::net::UdpSocket;
use tokio::time::{Instant, timeout_at};

use super::observation::ProbeObservation;
use super::sys;
use crate::domain::verdict::{IcmpError, ProbeOutcome};
use crate::lab::host::Host;

/// The datagram: text, so that a server that answers any message answers this one.
const QUESTION: &[u8] = b"socklab-tui port check";

/// After this long without a reply the datagram is sent again, since it may have been lost.
const RESEND: Duration = Duration::from_secs(1);

/// Sends the datagram, again each second, and waits for a reply until the timeout.
pub(super) async fn probe(host: &dyn Host, addr: SocketAddr, timeout: Duration) -> ProbeObservation {
    let socket = match open(host, addr) {
        Ok(socket) => socket,
        Err(error) => return ProbeObservation::failed(&error),
    };
    let ours = socket.local_addr().map(|local| local.ip()).ok();
    let deadline = Instant::now() + timeout;
    let mut sent = 0;
    let (observed, icmp) = loop {
        if let Err(error) = socket.send(QUESTION).await {
            // About an earlier datagram, or from the local stack about this one.
            break (ProbeOutcome::Failed(error.into()), sys::take_error(&socket));
        }
        sent += 1;
        match timeout_at(deadline.min(Instant::now() + RESEND), wait_for_reply(&socket)).await {
            Ok(Ok(())) => break (ProbeOutcome::Answered, None),
            Ok(Err((error, icmp))) => break (ProbeOutcome::Failed(error.into()), icmp),
            Err(_) if Instant::now() >= deadline => break (ProbeOutcome::Silent, None),
            Err(_) => {}
        }
    };
    ProbeObservation { observed, icmp, ours, sent: Some(sent) }
}

/// A connected socket: only such a socket receives ICMP errors (`udp(7)`), and datagrams from `addr` alone.
fn open(host: &dyn Host, addr: SocketAddr) -> io::Result<UdpSocket> {
    let socket = host.datagram(addr)?;
    // If that fails there is still the errno.
    let _ = sys::keep_errors(&socket, addr.is_ipv6());
    socket.connect(&addr.into())?;
    UdpSocket::from_std(socket.into())
}

/// Waits for a datagram, or for an error and the ICMP message behind it.
async fn wait_for_reply(socket: &UdpSocket) -> Result<(), (io::Error, Option<IcmpError>)> {
    let mut answer = [0; 64];
    loop {
        let ready = socket.ready(Interest::READABLE | Interest::ERROR).await.map_err(|error| (error, None))?;
        if ready.is_error() {
            let error = socket.try_io(Interest::ERROR, || {
                // In this order: reading the error queue clears the socket's error.
                match socket.take_error()? {
                    Some(error) => Ok((error, sys::take_error(socket))),
                    None => Err(io::ErrorKind::WouldBlock.into()),
                }
            });
            if let Ok(error) = error {
                return Err(error);
            }
        }
        match socket.try_recv(&mut answer) {
            Ok(_) => return Ok(()),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => return Err((error, sys::take_error(socket))),
        }
    }
}
