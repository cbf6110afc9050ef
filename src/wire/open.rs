//! The open wire lab: its two hosts, the wire between them, and the programs on the hosts.

use std::io;
use std::os::fd::{BorrowedFd, OwnedFd};
use std::process::ExitStatus;
use std::sync::{Arc, mpsc};
use std::thread::{self, JoinHandle};

use tokio::sync::{mpsc as queue, watch};

use super::control::{Helper, Running, WireHost, WireOptions};
use super::core::WireCore;
use super::counters::{CounterFiles, CounterReading};
use super::exec::ExecServer;
use super::helper::protocol::ProgramSpec;
use super::link::KernelLink;
use super::owners::{ProgramEnd, SocketOwners};
use super::programs::HostPrograms;
use super::relay::{Relay, RelayOrder};
use super::remedy::lack;
use super::sample::Tables;
use crate::domain::need::{Lack, Need};
use crate::domain::wire::{CloseReason, LinkKind, WireCommand, WireEvent};
use crate::domain::{EventKind, EventSink, Evidence, Flow, HostId, PerHost, Row, Syscall, TcpInfo};

const ORDERS: usize = 1024;

/// Reads the socket table of a `sock_diag(7)` socket's host. A function that returns all rows implements it.
pub trait ReadTable: Send {
    /// All sockets.
    fn dump(&self, diag: &OwnedFd) -> io::Result<Vec<Row>>;

    /// The TCP socket with exactly these addresses, if there is one.
    fn lookup(&self, diag: &OwnedFd, flow: Flow) -> io::Result<Option<Row>> {
        Ok(self.dump(diag)?.into_iter().find(|row| row.flow == flow))
    }

    /// The `TCP_INFO` of the TCP socket with exactly these addresses; `None` if it is not read.
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
    counters: Option<PerHost<CounterFiles>>,
    owners: SocketOwners,
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

    fn counters(&mut self, host: HostId) -> Option<CounterReading> {
        self.counters.as_ref()?.of(host).read().ok()
    }

    fn owner(&mut self, host: HostId, inode: u64) -> Option<u32> {
        self.owners.of(host, inode)
    }

    fn end(&mut self, program: u32) -> Option<ProgramEnd> {
        self.owners.end(program)
    }
}

/// The wire lab. Dropping it ends everything on it and waits for that.
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
    /// Opens it with every packet held. Events go to `sink`; the hosts' tables are read with `tables`. Blocks for some
    /// tens of milliseconds.
    pub fn open(sink: &EventSink, options: &WireOptions, tables: impl ReadTable + 'static) -> Result<Self, Lack> {
        let (stop, stopped) = watch::channel(None);
        let stop = Arc::new(stop);
        let ended = Arc::clone(&stop);
        let (helper, opened) = Helper::open(options, move || set_reason(&ended, CloseReason::HelperEnded))?;
        let failed = |error: io::Error| lack(Need::Helper, &error);
        let (orders, todo) = queue::channel(ORDERS);
        let core = WireCore::new(WireCore::MOST, options.seed);
        let owners = SocketOwners::default();
        let (sockets, counters) = (opened.diag, opened.counters);
        let diag = DiagTables { reader: tables, sockets, counters, owners: owners.clone() };
        let kind = opened.kind;
        let [client, server] = opened.links.into_array();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(failed)?;
        let relayed = sink.clone();
        let over = Arc::clone(&stop);
        // On its own thread, so that the laboratory cannot delay packets.
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
            // Without an earlier reason, a link has failed.
            set_reason(&over, CloseReason::LinkFailed);
        });
        let relay = relay.map_err(failed)?;
        sink.on_wire(None).report(Evidence::Called, EventKind::Wire(WireEvent::Opened { link: kind }));
        let programs = HostPrograms::new(sink.clone(), PerHost::from_fn(|host| helper.host(host)), owners);
        // Without it the wire lab works, but `exec` in other processes does not find it.
        let exec = ExecServer::start(programs.clone()).ok();
        Ok(Self { link: kind, orders, stop, programs, exec, helper: Some(helper), relay: Some(relay) })
    }

    /// How the hosts are connected to the wire.
    pub const fn link(&self) -> LinkKind {
        self.link
    }

    /// One of its hosts.
    pub fn host(&self, host: HostId) -> WireHost {
        self.programs.host(host).clone()
    }

    /// Sends a command to the wire, which reports the outcome. `WouldBlock` if too many are queued, `BrokenPipe` if the
    /// wire has closed.
    pub fn command(&self, command: WireCommand) -> io::Result<()> {
        self.order(RelayOrder::Wire(command))
    }

    /// Samples a host's table, because this process made this call there.
    pub fn sample_after_call(&self, host: HostId, call: Syscall) -> io::Result<()> {
        self.order(RelayOrder::Called(host, call))
    }

    /// Reports the kernel's `TCP_INFO` of this end of a connection, if it has changed.
    pub fn inform(&self, host: HostId, flow: Flow) -> io::Result<()> {
        self.order(RelayOrder::Info(host, flow))
    }

    /// Reads the `TCP_INFO` of both ends of this connection, named by either, at its packets also at full speed (at a
    /// limited pace there); of no connection any more without one.
    pub fn watch(&self, flow: Option<Flow>) -> io::Result<()> {
        self.order(RelayOrder::Watch(flow))
    }

    /// Reports it, whether it has changed or not.
    pub fn inform_anew(&self, host: HostId, flow: Flow) -> io::Result<()> {
        self.order(RelayOrder::InfoAnew(host, flow))
    }

    fn order(&self, order: RelayOrder) -> io::Result<()> {
        self.orders.try_send(order).map_err(|error| match error {
            queue::error::TrySendError::Full(_) => io::ErrorKind::WouldBlock.into(),
            queue::error::TrySendError::Closed(_) => io::ErrorKind::BrokenPipe.into(),
        })
    }

    /// Runs a program on a host with these standard descriptors. Its end is reported and sent over the channel.
    pub fn exec(
        &self,
        host: HostId,
        program: &ProgramSpec,
        standard: [BorrowedFd<'_>; 3],
    ) -> io::Result<(Running, mpsc::Receiver<ExitStatus>)> {
        self.programs.run(host, program, standard)
    }

    /// Ends a process on a host, by its PID: politely the first time, at once the second.
    pub fn end_program(&self, pid: u32) {
        self.programs.end(pid);
    }

    /// Waits until it has closed.
    pub fn ended(&self) -> impl Future<Output = ()> + Send + 'static {
        let mut stop = self.stop.subscribe();
        async move { _ = stop.wait_for(Option::is_some).await }
    }

    /// The same as dropping it.
    pub fn close(self) {}
}

impl Drop for Wire {
    fn drop(&mut self) {
        set_reason(&self.stop, CloseReason::Asked);
        if let Some(relay) = self.relay.take() {
            let _ = relay.join();
        }
        // The programs end with the helper, and their watchers with them.
        self.helper = None;
        self.exec = None;
        self.programs.join();
    }
}

/// Sets the reason why the wire closes, unless there is one.
fn set_reason(stop: &watch::Sender<Option<CloseReason>>, why: CloseReason) {
    stop.send_if_modified(|said| {
        let first = said.is_none();
        *said = said.or(Some(why));
        first
    });
}
