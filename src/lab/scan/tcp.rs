//! A TCP port is probed with `connect`, like any client: no privilege needed, and the kernel retransmits a lost SYN.

use std::io::{self, Read as _};
use std::net::{Shutdown, SocketAddr};
use std::time::Duration;

use socket2::SockRef;
use tokio::net::TcpStream;

use super::observation::ProbeObservation;
use super::sys;
use crate::domain::Errno;
use crate::domain::verdict::ProbeOutcome;
use crate::lab::dial::{Dialed, connected, try_connect};
use crate::lab::host::Host;

/// How often to try when the connection is to itself: the kernel chose the probed port as the local one, and the SYN met itself
/// (simultaneous open, RFC 9293 §3.5). No server listens there.
const ATTEMPTS: u32 = 3;

/// Connects, waits for the handshake until the timeout, and closes the connection with a FIN.
pub(super) async fn probe(host: &dyn Host, addr: SocketAddr, timeout: Duration) -> ProbeObservation {
    for _ in 0..ATTEMPTS {
        match try_once(host, addr, timeout).await {
            Ok(Some(observation)) => return observation,
            Ok(None) => {}
            Err(error) => return ProbeObservation::failed(&error),
        }
    }
    ProbeObservation { observed: ProbeOutcome::Failed(Errno::AddrInUse), icmp: None, ours: None, sent: None }
}

/// `None` for a connection to itself.
async fn try_once(host: &dyn Host, addr: SocketAddr, timeout: Duration) -> io::Result<Option<ProbeObservation>> {
    let socket = host.stream(addr)?;
    // If that fails there is still the errno.
    let _ = sys::keep_errors(&socket, addr.is_ipv6());
    let Dialed { stream, local, .. } = try_connect(socket, addr)?;
    let outcome = tokio::time::timeout(timeout, connected(&stream)).await;
    let sent = sys::syns(&stream);
    let icmp = sys::take_error(&stream);
    let observed = match outcome {
        Ok(Ok(())) if stream.peer_addr().is_ok_and(|peer| Some(peer) == stream.local_addr().ok()) => return Ok(None),
        Ok(Ok(())) => {
            close(&stream);
            ProbeOutcome::Connected
        }
        Ok(Err(error)) => ProbeOutcome::Failed(error.into()),
        Err(_) => ProbeOutcome::Silent,
    };
    let ours = Some(local.ip()).filter(|ip| !ip.is_unspecified());
    Ok(Some(ProbeObservation { observed, icmp, ours, sent }))
}

/// Sends a FIN, then reads the data of a server that speaks first: unread, it would make `close` send a RST (RFC 2525 §2.17).
fn close(stream: &TcpStream) {
    let mut socket = &*SockRef::from(stream);
    let _ = socket.shutdown(Shutdown::Write);
    let mut unread = [0; 1024];
    // At most 64 kB, so that a server that never stops sending does not delay the check.
    let _ = (0..64).take_while(|_| matches!(socket.read(&mut unread), Ok(1..))).count();
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;
    use std::sync::atomic::{AtomicU32, Ordering};

    use socket2::Socket;

    use super::*;
    use crate::lab::host::Machine;

    /// A machine whose kernel chooses the probed port as the local one, this many times.
    struct SelfConnecting(AtomicU32);

    impl Host for SelfConnecting {
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

    async fn probed(self_connects: u32) -> ProbeOutcome {
        let closed = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap();
        probe(&SelfConnecting(AtomicU32::new(self_connects)), closed, Duration::from_secs(5)).await.observed
    }

    #[tokio::test]
    #[cfg(target_os = "linux")]
    async fn a_connection_to_itself_does_not_make_a_port_open() {
        assert_eq!(probed(1).await, ProbeOutcome::Failed(Errno::ConnRefused));
        // The kernel does not do this three times in a row, but if it did the port would not be open either.
        assert_eq!(probed(ATTEMPTS).await, ProbeOutcome::Failed(Errno::AddrInUse));
    }
}
