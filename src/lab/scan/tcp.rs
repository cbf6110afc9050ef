//! A TCP port is asked by `connect`, as any client asks: no privilege, and the kernel sends a lost SYN again.

use std::io::{self, Read as _};
use std::net::{IpAddr, Shutdown, SocketAddr};
use std::time::Duration;

use socket2::{SockRef, Socket};
use tokio::net::TcpStream;

use super::observation::{ProbeObservation, keep_errors, syns, take_error};
use crate::domain::Errno;
use crate::domain::verdict::ProbeOutcome;
use crate::lab::dial::{connected, is_in_progress};
use crate::lab::host::Host;

/// How often a port is asked again that answered with a connection to itself: the kernel chose the very port that is
/// asked as the local one, and the SYN met itself (simultaneous open, RFC 9293 §3.5). Nobody serves there.
const ATTEMPTS: u32 = 3;

/// Asks, waits at most so long for the handshake, and closes in order if there was one.
pub(super) async fn ask(host: &dyn Host, addr: SocketAddr, timeout: Duration) -> ProbeObservation {
    for _ in 0..ATTEMPTS {
        match try_once(host, addr, timeout).await {
            Ok(Some(outcome)) => return outcome,
            Ok(None) => {}
            Err(error) => return ProbeObservation::failed(&error),
        }
    }
    ProbeObservation { observed: ProbeOutcome::Failed(Errno::AddrInUse), icmp: None, ours: None, sent: None }
}

/// `None` for a connection with itself.
async fn try_once(host: &dyn Host, addr: SocketAddr, timeout: Duration) -> io::Result<Option<ProbeObservation>> {
    let socket = host.stream(addr)?;
    keep_errors(&socket, addr);
    let stream = match connect(socket, addr) {
        Ok(stream) => stream,
        Err(error) => return Ok(Some(ProbeObservation::failed(&error))),
    };
    let ours = stream.local_addr().map(|local| local.ip()).ok();
    let outcome = tokio::time::timeout(timeout, connected(&stream)).await;
    let socket = SockRef::from(&stream);
    let (sent, icmp) = (syns(&socket), take_error(&socket));
    let observed = match outcome {
        Ok(Ok(())) if is_itself(&stream) => return Ok(None),
        Ok(Ok(())) => ProbeOutcome::Connected,
        Ok(Err(error)) => ProbeOutcome::Failed(error.into()),
        Err(_) => ProbeOutcome::Silent,
    };
    if observed == ProbeOutcome::Connected {
        close(&stream);
    }
    Ok(Some(ProbeObservation { observed, icmp, ours: known(ours), sent }))
}

/// `connect`, which goes on in the background.
fn connect(socket: Socket, addr: SocketAddr) -> io::Result<TcpStream> {
    match socket.connect(&addr.into()) {
        Err(error) if !is_in_progress(&error) => return Err(error),
        _ => {}
    }
    TcpStream::from_std(socket.into())
}

fn is_itself(stream: &TcpStream) -> bool {
    matches!((stream.local_addr(), stream.peer_addr()), (Ok(local), Ok(peer)) if local == peer)
}

fn known(address: Option<IpAddr>) -> Option<IpAddr> {
    address.filter(|address| !address.is_unspecified())
}

/// A FIN, after reading what a server that speaks first has said by now: unread, it would make the kernel send a RST
/// (RFC 2525 §2.17), and a server deserves better than that.
fn close(stream: &TcpStream) {
    let mut socket = &*SockRef::from(stream);
    let _ = socket.shutdown(Shutdown::Write);
    let mut unread = [0; 1024];
    // At most 64 kB: whoever says more to somebody silent is not waited for.
    for _ in 0..64 {
        if !matches!(socket.read(&mut unread), Ok(1..)) {
            break;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;
    use crate::lab::host::Machine;

    /// A machine whose kernel chooses the very port that is asked, this many times.
    struct Unlucky(AtomicU32);

    impl Host for Unlucky {
        fn stream(&self, for_addr: SocketAddr) -> io::Result<Socket> {
            let socket = Machine.stream(for_addr)?;
            if self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_ok() {
                socket.set_reuse_address(true)?;
                socket.bind(&for_addr.into())?;
            }
            Ok(socket)
        }

        fn datagram(&self, for_addr: SocketAddr) -> io::Result<Socket> {
            Machine.datagram(for_addr)
        }
    }

    async fn asked(bad_luck: u32) -> ProbeOutcome {
        let closed = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap();
        ask(&Unlucky(AtomicU32::new(bad_luck)), closed, Duration::from_secs(5)).await.observed
    }

    #[tokio::test]
    #[cfg(target_os = "linux")]
    async fn nobody_is_open_who_only_met_himself() {
        assert_eq!(asked(1).await, ProbeOutcome::Failed(Errno::ConnRefused));
        // The kernel never does this three times; nobody is called open for it all the same.
        assert_eq!(asked(ATTEMPTS).await, ProbeOutcome::Failed(Errno::AddrInUse));
    }
}
