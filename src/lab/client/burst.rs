//! A burst of clients, made at the pace the server keeps up with, up to the machine's limits.

use std::sync::Arc;
use std::time::Duration;

use tokio_util::task::TaskTracker;

use super::super::datagrams::open;
use super::super::dial::dial;
use super::super::host::Host;
use super::super::reporter::Reporter;
use super::{ClientRegistry, ClientRequests, tcp, udp};
use crate::domain::client::ClientChange;
use crate::domain::{ClientId, ClientPlan, Destination, Errno, Note, Proto, SocketId};

/// How many clients connect at once: half the servers' backlog, so that a burst does not overflow the accept queue of a
/// server that keeps up.
const BATCH: u32 = 64;

/// How long to wait for a batch. A server that does not keep up gets the next batch anyway: its accept queue fills, and the
/// remaining clients stay in `SYN_SENT`.
const TIMEOUT: Duration = Duration::from_millis(20);

/// A burst, and what all its clients share.
pub(super) struct Burst {
    pub(super) host: Arc<dyn Host>,
    pub(super) log: Reporter,
    pub(super) registry: Arc<ClientRegistry>,
    pub(super) running: TaskTracker,
    pub(super) generation: u64,
    pub(super) plan: ClientPlan,
    pub(super) destination: Destination,
}

impl Burst {
    /// Makes `count` clients. Stops early, with one note, at the first limit of the machine, or with `EINTR` if all clients
    /// are closed meanwhile.
    pub(super) async fn run(self, count: u32) {
        let mut made = 0;
        while made < count {
            self.log.room().await;
            let batch = TaskTracker::new();
            for _ in 0..BATCH.min(count - made) {
                if let Err(errno) = self.spawn_one(&batch) {
                    return self.log.note(Note::BurstCut { asked: count, made, errno });
                }
                made += 1;
            }
            batch.close();
            // Clients without an answer by now are waiting in the accept queue.
            let _ = tokio::time::timeout(TIMEOUT, batch.wait()).await;
        }
    }

    /// Makes one client, which counts in `batch` until it is answered or ends. Fails only if the next one would fail too.
    fn spawn_one(&self, batch: &TaskTracker) -> Result<(), Errno> {
        let (id, requests) = self.registry.add(self.generation).ok_or(Errno::Interrupted)?;
        self.log.client(id, ClientChange::Spawned { plan: self.plan, destination: self.destination });
        let started = match self.destination.proto {
            Proto::Tcp => self.dial_tcp(id, requests, batch),
            Proto::Udp | Proto::Icmp => self.open_udp(id, requests, batch),
        };
        started.or_else(|errno| {
            self.registry.remove(id, &self.log);
            if is_limit(errno) { Err(errno) } else { Ok(()) }
        })
    }

    fn dial_tcp(&self, id: ClientId, requests: ClientRequests, batch: &TaskTracker) -> Result<(), Errno> {
        let dialing = dial(&*self.host, SocketId::Client(id), self.destination.addr, &self.log)?;
        self.log.client(id, ClientChange::Dialing { flow: dialing.flow });
        self.run_client(id, tcp::run(self.plan, requests, batch.token(), dialing));
        Ok(())
    }

    fn open_udp(&self, id: ClientId, requests: ClientRequests, batch: &TaskTracker) -> Result<(), Errno> {
        let server = self.destination.addr;
        let socket = open(&*self.host, SocketId::Client(id), server, &self.log)?;
        self.run_client(id, udp::run(self.plan, requests.close, batch.token(), socket, server));
        Ok(())
    }

    fn run_client(&self, id: ClientId, life: impl Future<Output = ()> + Send + 'static) {
        let registry = Arc::clone(&self.registry);
        let log = self.log.clone();
        self.running.spawn(async move {
            life.await;
            registry.remove(id, &log);
        });
    }
}

/// Whether the machine has run out of descriptors, memory or ephemeral ports.
const fn is_limit(errno: Errno) -> bool {
    errno.is_exhaustion() || matches!(errno, Errno::AddrNotAvail)
}
