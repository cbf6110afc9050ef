//! The wire lab, open: its two hosts, the wire in the presenter's hand, and the programs that run on the hosts.

use std::io;
use std::os::fd::{BorrowedFd, OwnedFd};
use std::process::ExitStatus;
use std::sync::{Arc, mpsc};
use std::thread::{self, JoinHandle};

use tokio::sync::{mpsc as queue, watch};

use super::control::{Helper, Running, WireHost, WireOptions};
use super::core::WireCore;
use super::exec::ExecServer;
use super::helper::protocol::ProgramSpec;
use super::link::KernelLink;
use super::programs::HostPrograms;
use super::relay::{Relay, RelayOrder};
use super::remedy::lack;
use super::sample::Tables;
use crate::domain::need::{Lack, Need};
use crate::domain::wire::{CloseReason, LinkKind, WireCommand, WireEvent};
use crate::domain::{EventKind, EventSink, Evidence, Flow, HostId, PerHost, Row, Syscall, TcpInfo};

/// How many orders may wait for the relay.
const ORDERS: usize = 1024;

/// Reads the socket table that a `sock_diag(7)` socket sees. A function from the socket to all rows is one.
pub trait ReadTable: Send {
    /// All sockets.
    fn dump(&self, diag: &OwnedFd) -> io::Result<Vec<Row>>;

    /// The TCP socket with exactly these addresses, if there is one. Worth an exact request where there may be many.
    fn lookup(&self, diag: &OwnedFd, flow: Flow) -> io::Result<Option<Row>> {
        Ok(self.dump(diag)?.into_iter().find(|row| row.flow == flow))
    }

    /// The `TCP_INFO` of the TCP socket with exactly these addresses. None, where it is not read.
    fn info(&self, _diag: &OwnedFd, _flow: &Flow) -> io::Result<Option<TcpInfo>> {
        Ok(None)
    }
}

impl<F: Fn(&OwnedFd) -> io::Result<Vec<Row>> + Send> ReadTable for F {
    fn dump(&self, diag: &OwnedFd) -> io::Result<Vec<Row>> {
        self(diag)
    }
}

/// A reader and the two hosts' sockets for it.
struct DiagTables<R> {
    reader: R,
    sockets: PerHost<OwnedFd>,
}

impl<R: ReadTable> Tables for DiagTables<R> {
    fn dump(&mut self, host: HostId) -> io::Result<Vec<Row>> {
        self.reader.dump(self.sockets.of(host))
    }

    fn lookup(&mut self, host: HostId, flow: Flow) -> io::Result<Option<Row>> {
        self.reader.lookup(self.sockets.of(host), flow)
    }

    fn info(&mut self, host: HostId, flow: &Flow) -> io::Result<Option<TcpInfo>> {
        self.reader.info(self.sockets.of(host), flow)
    }
}

/// The wire lab. Dropping it ends everything on it and waits until that is done.
#[derive(Debug)]
pub struct Wire {
    link: LinkKind,
    orders: queue::Sender<RelayOrder>,
    stop: Arc<watch::Sender<Option<CloseReason>>>,
    programs: HostPrograms,
    exec: Option<ExecServer>,
    helper: Option<Helper>,
    relay: Option<JoinHandle<()>>,
}

impl Wire {
    /// Opens it, every packet being held. What happens on it is reported to `sink`; the hosts' tables are read with
    /// `tables`. Blocks for some tens of milliseconds.
    pub fn open(sink: &EventSink, options: &WireOptions, tables: impl ReadTable + 'static) -> Result<Self, Lack> {
        let (stop, stopped) = watch::channel(None);
        let stop = Arc::new(stop);
        let ended = Arc::clone(&stop);
        let (helper, opened) = Helper::open(options, move || say(&ended, CloseReason::HelperEnded))?;
        let failed = |error: io::Error| lack(Need::Helper, &error);
        let (orders, todo) = queue::channel(ORDERS);
        let core = WireCore::new(WireCore::MOST, options.seed);
        let diag = DiagTables { reader: tables, sockets: opened.diag };
        let kind = opened.kind;
        let [client, server] = opened.links.into_array();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(failed)?;
        let (relayed, over) = (sink.clone(), Arc::clone(&stop));
        // A thread of its own: carrying packets shall wait for nothing that the laboratory does.
        let relay = thread::Builder::new().name("wire relay".into()).spawn(move || {
            runtime.block_on(async move {
                let links = KernelLink::new(kind, HostId::Client, client)
                    .and_then(|client| Ok(PerHost::new(client, KernelLink::new(kind, HostId::Server, server)?)));
                match links {
                    Ok(links) => Relay::new(links, core, diag, &relayed, todo, stopped).run().await,
                    Err(error) => {
                        let event = WireEvent::Closed { why: CloseReason::LinkFailed, errno: Some(error.into()) };
                        relayed.on_wire(None).report(Evidence::Called, EventKind::Wire(event));
                    }
                }
            });
            // If nobody said so before, a link has failed.
            say(&over, CloseReason::LinkFailed);
        });
        let relay = relay.map_err(failed)?;
        sink.on_wire(None).report(Evidence::Called, EventKind::Wire(WireEvent::Opened { link: kind }));
        let programs = HostPrograms::new(sink.clone(), PerHost::from_fn(|host| helper.host(host)));
        // Without it the wire lab still works; `exec` from elsewhere does not find it.
        let exec = ExecServer::start(programs.clone()).ok();
        Ok(Self { link: kind, orders, stop, programs, exec, helper: Some(helper), relay: Some(relay) })
    }

    /// How the hosts are joined to the wire.
    pub const fn link(&self) -> LinkKind {
        self.link
    }

    /// One of its hosts.
    pub fn host(&self, host: HostId) -> WireHost {
        self.programs.host(host).clone()
    }

    /// Asks something of the wire; what comes of it is reported. `WouldBlock` when too much was asked at once,
    /// `BrokenPipe` when the wire is no more.
    pub fn command(&self, command: WireCommand) -> io::Result<()> {
        self.order(RelayOrder::Wire(command))
    }

    /// Has a host's table looked at, because our own code just made this call there.
    pub fn sample_after_call(&self, host: HostId, call: Syscall) -> io::Result<()> {
        self.order(RelayOrder::Called(host, call))
    }

    /// Has what the kernel knows of this end of a connection reported (`TCP_INFO`), if that is news.
    pub fn inform(&self, host: HostId, flow: Flow) -> io::Result<()> {
        self.order(RelayOrder::Info(host, flow))
    }

    fn order(&self, order: RelayOrder) -> io::Result<()> {
        self.orders.try_send(order).map_err(|error| match error {
            queue::error::TrySendError::Full(_) => io::ErrorKind::WouldBlock.into(),
            queue::error::TrySendError::Closed(_) => io::ErrorKind::BrokenPipe.into(),
        })
    }

    /// Runs a program on a host with these standard descriptors and nothing else of ours. Its end is reported, and
    /// comes over the channel.
    pub fn exec(
        &self,
        host: HostId,
        program: &ProgramSpec,
        standard: [BorrowedFd<'_>; 3],
    ) -> io::Result<(Running, mpsc::Receiver<ExitStatus>)> {
        self.programs.run(host, program, standard)
    }

    /// Waits until it is no more, however that comes.
    pub fn ended(&self) -> impl Future<Output = ()> + Send + 'static {
        let mut stop = self.stop.subscribe();
        async move { _ = stop.wait_for(Option::is_some).await }
    }

    /// Ends everything on it and waits until that is done. Dropping it does the same.
    pub fn close(self) {}
}

impl Drop for Wire {
    fn drop(&mut self) {
        say(&self.stop, CloseReason::Asked);
        if let Some(relay) = self.relay.take() {
            let _ = relay.join();
        }
        // With the helper the programs end, and with the programs those who wait for them.
        self.helper = None;
        self.exec = None;
        self.programs.join();
    }
}

/// Says why the wire is no more. The first reason stays.
fn say(stop: &watch::Sender<Option<CloseReason>>, why: CloseReason) {
    stop.send_if_modified(|said| {
        let first = said.is_none();
        *said = said.or(Some(why));
        first
    });
}
