//! A burst of clients: as many as asked for, at the pace the server keeps up with, up to the machine's limits.

use std::sync::Arc;
use std::time::Duration;

use tokio_util::task::TaskTracker;

use super::super::close_requests::CloseRequests;
use super::super::datagrams::open;
use super::super::dial::dial;
use super::super::host::Host;
use super::super::reporter::Reporter;
use super::{ClientRegistry, tcp, udp};
use crate::domain::client::ClientChange;
use crate::domain::{ClientId, ClientPlan, Destination, Errno, Note, Proto, SocketId};

/// How many clients dial at once: half the servers' backlog, so that a burst does not overflow the accept queue of a
/// server that keeps up.
const BATCH: u32 = 64;

/// How long a batch is waited for. A server that does not keep up gets the next batch all the same: its accept queue is
/// meant to fill, and the rest to stay in `SYN_SENT`.
const TIMEOUT: Duration = Duration::from_millis(20);

/// What all clients of one burst share.
pub(super) struct Burst {
    pub(super) host: Arc<dyn Host>,
    pub(super) log: Reporter,
    pub(super) registry: Arc<ClientRegistry>,
    pub(super) alive: TaskTracker,
    pub(super) generation: u64,
    pub(super) plan: ClientPlan,
    pub(super) destination: Destination,
}

impl Burst {
    /// Makes `count` clients. Ends early, with one note, at the first limit of the machine, or with `EINTR` when all
    /// clients are closed meanwhile.
    pub(super) async fn run(self, count: u32) {
        let mut made = 0;
        while made < count {
            let batch = TaskTracker::new();
            for _ in 0..BATCH.min(count - made) {
                if let Err(errno) = self.spawn_one(&batch) {
                    return self.log.note(Note::BurstCut { asked: count, made, errno });
                }
                made += 1;
            }
            batch.close();
            // Whoever is not answered by now waits in a queue, which is for the class to see.
            let _ = tokio::time::timeout(TIMEOUT, batch.wait()).await;
        }
    }

    /// Makes one client; `batch` counts it until it was answered or ended. Fails only where the next one would too.
    fn spawn_one(&self, batch: &TaskTracker) -> Result<(), Errno> {
        let (id, close_requests) = self.registry.add(self.generation).ok_or(Errno::Interrupted)?;
        self.log.client(id, ClientChange::Spawned { plan: self.plan, destination: self.destination });
        let begun = match self.destination.proto {
            Proto::Tcp => self.dial_tcp(id, close_requests, batch),
            Proto::Udp => self.open_udp(id, close_requests, batch),
        };
        match begun {
            Ok(()) => Ok(()),
            Err(errno) => {
                self.registry.remove(id, &self.log);
                if is_a_limit(errno) { Err(errno) } else { Ok(()) }
            }
        }
    }

    fn dial_tcp(&self, id: ClientId, close_requests: CloseRequests, batch: &TaskTracker) -> Result<(), Errno> {
        let dialing = dial(&*self.host, SocketId::Client(id), self.destination.addr, &self.log)?;
        self.log.client(id, ClientChange::Dialing { flow: dialing.flow });
        let client = tcp::TcpClient { plan: self.plan, close_requests, unanswered: Some(batch.token()) };
        self.run_client(id, client.run(dialing));
        Ok(())
    }

    fn open_udp(&self, id: ClientId, close_requests: CloseRequests, batch: &TaskTracker) -> Result<(), Errno> {
        let socket = open(&*self.host, SocketId::Client(id), self.destination.addr, &self.log)?;
        let client = udp::UdpClient { plan: self.plan, close_requests, unanswered: Some(batch.token()) };
        self.run_client(id, client.run(socket, self.destination.addr));
        Ok(())
    }

    fn run_client(&self, id: ClientId, life: impl Future<Output = ()> + Send + 'static) {
        let (registry, log) = (Arc::clone(&self.registry), self.log.clone());
        self.alive.spawn(async move {
            life.await;
            registry.remove(id, &log);
        });
    }
}

/// Whether the machine has no more to give: descriptors, memory, ephemeral ports.
const fn is_a_limit(errno: Errno) -> bool {
    errno.is_exhaustion() || matches!(errno, Errno::AddrNotAvail)
}
