//! A UDP port is asked by a datagram. There is no handshake: an answer, an ICMP message, or silence that proves nothing.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use socket2::SockRef;
use tokio::io::Interest;
use tokio::net::UdpSocket;
use tokio::time::Instant;

use super::observation::{ProbeObservation, keep_errors, take_error};
use crate::domain::verdict::{IcmpError, ProbeOutcome};
use crate::lab::host::Host;

/// What is said: text, so that a server that answers anything answers this.
const QUESTION: &[u8] = b"socklab-tui port check";

/// When nothing came back for this long, the datagram may have been lost, and is sent again: UDP does not do that.
const RESEND: Duration = Duration::from_secs(1);

/// What a wait for an answer ended with.
enum UdpReply {
    Answer,
    Error(io::Error, Option<IcmpError>),
}

/// Asks, again each second, and waits at most so long in all.
pub(super) async fn ask(host: &dyn Host, addr: SocketAddr, timeout: Duration) -> ProbeObservation {
    let socket = match open(host, addr) {
        Ok(socket) => socket,
        Err(error) => return ProbeObservation::failed(&error),
    };
    let ours = socket.local_addr().map(|local| local.ip()).ok();
    let ends = Instant::now() + timeout;
    let mut sent = 0;
    loop {
        let (error, icmp) = match socket.send(QUESTION).await {
            Ok(_) => {
                sent += 1;
                match tokio::time::timeout_at(ends.min(Instant::now() + RESEND), wait_for_reply(&socket)).await {
                    Err(_) if Instant::now() < ends => continue,
                    Err(_) => {
                        return ProbeObservation { observed: ProbeOutcome::Silent, icmp: None, ours, sent: Some(sent) };
                    }
                    Ok(UdpReply::Answer) => {
                        return ProbeObservation {
                            observed: ProbeOutcome::Answered,
                            icmp: None,
                            ours,
                            sent: Some(sent),
                        };
                    }
                    Ok(UdpReply::Error(error, icmp)) => (error, icmp),
                }
            }
            // PacketsAnswer about the datagram before, or from our own machine about this one.
            Err(error) => (error, take_error(&SockRef::from(&socket))),
        };
        return ProbeObservation { observed: ProbeOutcome::Failed(error.into()), icmp, ours, sent: Some(sent) };
    }
}

/// A socket that is `connect`ed, because only such a one hears of ICMP (`udp(7)`), and only from `addr`.
fn open(host: &dyn Host, addr: SocketAddr) -> io::Result<UdpSocket> {
    let socket = host.datagram(addr)?;
    keep_errors(&socket, addr);
    socket.connect(&addr.into())?;
    UdpSocket::from_std(socket.into())
}

/// Waits for a datagram or an error.
async fn wait_for_reply(socket: &UdpSocket) -> UdpReply {
    let mut answer = [0; 64];
    loop {
        match socket.ready(Interest::READABLE | Interest::ERROR).await {
            Err(error) => return UdpReply::Error(error, None),
            Ok(ready) if ready.is_error() => {
                let error = socket.try_io(Interest::ERROR, || {
                    // In this order: to read the queue takes the error away.
                    match socket.take_error()? {
                        Some(error) => Ok((error, take_error(&SockRef::from(socket)))),
                        None => Err(io::ErrorKind::WouldBlock.into()),
                    }
                });
                if let Ok((error, icmp)) = error {
                    return UdpReply::Error(error, icmp);
                }
            }
            Ok(_) => {}
        }
        match socket.try_recv(&mut answer) {
            Ok(_) => return UdpReply::Answer,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => return UdpReply::Error(error, take_error(&SockRef::from(socket))),
        }
    }
}
