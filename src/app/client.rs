//! `socklab-tui client`: a client that sends one message and receives the answer, with each call on standard output.

use std::collections::BTreeSet;
use std::io;
use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::cli::network::ClientArgs;
use super::headless::Headless;
use super::pump::Shell;
use super::{locale, piped, runtime, status, tell};
use crate::domain::{
    Call, ClientId, EventKind, EventSink, Evidence, Flow, Note, Outcome, PortReport, Proto, Reason, ScriptedCall,
    SocketId, SocketOp, SocketOptions, Syscall, TargetChange, TargetEvent, TcpState, Verdict,
};
use crate::lab::{Machine, ScriptedSockets, resolve};
use crate::model::effect::{Effect, TableEffect};
use crate::observe::{Scope, SocketTable};

/// The default port: that of the first of the four servers.
const DEFAULT_PORT: u16 = 65_432;

/// The size of the buffer given to `recv`, in bytes.
const BUFFER: usize = 4096;

/// How long to watch the end of a connection, at most; and once a server has let us wait in vain.
const SETTLE: Duration = Duration::from_millis(500);
const LATE: Duration = Duration::from_millis(50);

/// Talks to the server. The exit status is 0 if it answered, 1 if it did not.
pub(super) fn run(args: &ClientArgs) -> anyhow::Result<ExitCode> {
    Ok(piped(runtime()?.block_on(Caller::talk(args)).map(status), ExitCode::SUCCESS)?)
}

/// The table is asked about the ends that a call may have changed, and nothing else is performed.
impl Shell for SocketTable {
    fn perform(&mut self, effect: Effect) {
        if let Effect::Table(TableEffect::Lookup(flows)) = effect {
            self.lookup(flows);
        }
    }
}

struct Caller<'a> {
    args: &'a ClientArgs,
    headless: Headless<SocketTable>,
    script: ScriptedSockets,
    /// The number of the last event that was waited for.
    heard: u64,
    client: ClientId,
}

impl<'a> Caller<'a> {
    /// Whether the server answered.
    async fn talk(args: &'a ClientArgs) -> io::Result<bool> {
        let ports = BTreeSet::from([args.addr.port.unwrap_or(DEFAULT_PORT)]);
        let open = |sink: &EventSink| SocketTable::start(sink.clone(), Scope::Ports(ports));
        let headless = Headless::open(args.json, args.lang, open)?;
        let script = ScriptedSockets::new(Arc::new(Machine), headless.pump.sink.clone());
        let mut caller = Self { args, headless, script, heard: 0, client: ClientId(0) };
        let answered = match caller.watched().await {
            Ok(()) => caller.all_addresses().await,
            Err(error) => Err(error),
        };
        let Self { headless, script, .. } = caller;
        script.shutdown().await;
        let (table, mut rest) = headless.split();
        drop(table);
        rest.finish()?;
        answered
    }

    /// Waits until the socket table is being read: a connection can be over before the first reading.
    async fn watched(&mut self) -> io::Result<()> {
        let deadline = Instant::now() + self.args.timeout;
        while self.headless.pump.model.worlds.shown().table_source.is_none() && Instant::now() < deadline {
            self.headless.step(Some(deadline)).await?;
        }
        Ok(())
    }

    fn target(&self, change: TargetChange) {
        let target = self.args.addr.clone();
        self.headless.pump.sink.report(Evidence::Called, EventKind::Target(TargetEvent { target, change }));
    }

    /// Tries one address after the other until one answers.
    async fn all_addresses(&mut self) -> io::Result<bool> {
        let begun = Instant::now();
        let found = match resolve(&self.args.addr.name).await {
            Ok(found) => found,
            Err(why) => {
                self.target(TargetChange::Lost { why });
                return Ok(false);
            }
        };
        if !self.args.addr.is_address() {
            let addresses = found.iter().map(SocketAddr::ip).collect();
            self.target(TargetChange::Found { addresses, took: begun.elapsed() });
        }
        for addr in found {
            let addr = self.args.addr.at(addr, DEFAULT_PORT);
            self.client.0 += 1;
            let answered = match self.args.kind {
                Proto::Tcp => self.tcp(addr).await?,
                Proto::Udp | Proto::Icmp => self.udp(addr).await?,
            };
            if let Some(answered) = answered {
                return Ok(answered);
            }
        }
        Ok(false)
    }

    /// Whether the server answered; `None` if there was no connection.
    async fn tcp(&mut self, addr: SocketAddr) -> io::Result<Option<bool>> {
        let begun = Instant::now();
        self.perform(ScriptedCall::Connect { to: addr, from: None, options: SocketOptions::default() });
        let flow = match self.returned(Syscall::Connect).await? {
            Some(call) if call.result.is_ok() => call.flow,
            Some(_) => {
                self.perform(ScriptedCall::Close);
                return Ok(None);
            }
            None => {
                let tried = Self::silent(self.args, addr, begun);
                self.target(TargetChange::Tried { report: tried });
                self.perform(ScriptedCall::Close);
                return Ok(None);
            }
        };
        let message = self.args.message.as_bytes();
        self.perform(ScriptedCall::Send(message.to_vec()));
        let sent = self.returned(Syscall::Send).await?.is_some_and(|call| call.result.is_ok());
        let (mut came, mut timed_out) = (0, false);
        while sent && came < message.len().max(1) {
            self.perform(ScriptedCall::Recv { most: BUFFER, patience: Some(self.args.timeout) });
            match self.returned_by(Syscall::Recv, Instant::now() + self.args.timeout + SETTLE).await? {
                Some(Call { result: Outcome::Ok, data: Some(data), .. }) if data.len > 0 => came += data.len,
                Some(Call { result: Outcome::TimedOut, .. }) => {
                    timed_out = true;
                    break;
                }
                _ => break,
            }
        }
        if timed_out && came > 0 {
            let text = locale::text(self.args.lang);
            let bytes = |count: usize| text.numbers.bytes(count as u64);
            tell(&(text.broadcast.fewer)(&bytes(came), &bytes(message.len())));
        }
        self.perform(ScriptedCall::Close);
        self.returned(Syscall::Close).await?;
        self.settled(flow, if timed_out { LATE } else { SETTLE }).await?;
        Ok(Some(came > 0))
    }

    /// Waits until the connection is closed or in TIME_WAIT, but not long, since the server may not close its side.
    async fn settled(&mut self, flow: Option<Flow>, patience: Duration) -> io::Result<()> {
        let deadline = Instant::now() + patience.min(self.args.timeout);
        let Some(flow) = flow else { return Ok(()) };
        let is_over = |caller: &Self| {
            // By its last transition, not by its row: it may have no row yet, or no longer.
            let state = caller.headless.pump.model.worlds.shown().histories.state(&flow).map(|(state, _)| state);
            matches!(state, Some(TcpState::TimeWait | TcpState::Closed))
        };
        while !is_over(self) && Instant::now() < deadline {
            self.headless.step(Some(deadline)).await?;
        }
        Ok(())
    }

    /// Whether the server answered; `None` if nothing came back, or the port is closed. The socket is not connected, so it
    /// has to ask for errors.
    async fn udp(&mut self, addr: SocketAddr) -> io::Result<Option<bool>> {
        self.perform(ScriptedCall::Datagram { bind: None, connect: None, family: addr });
        self.perform(ScriptedCall::ReceiveErrors);
        self.perform(ScriptedCall::SendTo(self.args.message.as_bytes().to_vec(), addr));
        let sent = self.returned(Syscall::Sendto).await?.is_some_and(|call| call.result.is_ok());
        let answer = if sent { self.answer(addr).await? } else { None };
        let answered = answer.as_ref().is_some_and(|call| call.result.is_ok());
        if answer.is_none_or(|call| call.result == Outcome::TimedOut) && sent {
            let text = locale::text(self.args.lang);
            eprintln!("{}", (text.broadcast.silent)(&text.numbers.short(self.args.timeout)));
        }
        self.perform(ScriptedCall::Close);
        self.returned(Syscall::Close).await?;
        Ok(answered.then_some(true))
    }

    /// The answer of the server at `addr`; `None` if there is none. An unconnected socket receives datagrams from anywhere:
    /// those from other addresses are discarded.
    async fn answer(&mut self, addr: SocketAddr) -> io::Result<Option<Call>> {
        let from = |call: &Call| call.flow.and_then(|flow| flow.peer);
        let deadline = Instant::now() + self.args.timeout;
        let mut noted = false;
        loop {
            let patience = Some(deadline.saturating_duration_since(Instant::now()));
            self.perform(ScriptedCall::RecvFrom { patience });
            let heard = self.returned_by(Syscall::Recvfrom, deadline + SETTLE).await?;
            let Some(other) = heard.as_ref().and_then(from).filter(|other| !is_from(*other, addr)) else {
                return Ok(heard);
            };
            if !noted {
                let socket = SocketId::Client(self.client);
                let note = Note::Unasked { socket, server: addr, from: other };
                noted = self.headless.pump.sink.report(Evidence::Called, EventKind::Note(note));
            }
        }
    }

    fn perform(&self, call: ScriptedCall) {
        self.script.perform(SocketOp { socket: SocketId::Client(self.client), call });
    }

    /// Waits until a call of the client has returned, and prints what happens meanwhile; `None` if it takes too long.
    async fn returned(&mut self, syscall: Syscall) -> io::Result<Option<Call>> {
        self.returned_by(syscall, Instant::now() + self.args.timeout).await
    }

    async fn returned_by(&mut self, syscall: Syscall, deadline: Instant) -> io::Result<Option<Call>> {
        let socket = SocketId::Client(self.client);
        loop {
            let found = self.headless.since(self.heard).find_map(|event| match &event.seen.kind {
                EventKind::Call(call) if call.socket == socket && call.call == syscall => {
                    Some((event.seq, call.clone()))
                }
                _ => None,
            });
            if let Some((seq, call)) = found {
                self.heard = seq;
                return Ok(Some(call));
            }
            if Instant::now() >= deadline {
                return Ok(None);
            }
            self.headless.step(Some(deadline)).await?;
        }
    }

    /// The report for a handshake that was not answered in time.
    fn silent(args: &ClientArgs, addr: SocketAddr, begun: Instant) -> PortReport {
        PortReport {
            host: args.addr.name.clone(),
            address: addr.ip(),
            port: addr.port(),
            proto: Proto::Tcp,
            verdict: Verdict::Filtered,
            reason: Reason::NoResponse,
            took: begun.elapsed(),
            sent: None,
            errno: None,
            icmp: None,
        }
    }
}

/// Whether a datagram comes from the address that was asked. 0.0.0.0 is this machine, which answers from loopback.
fn is_from(from: SocketAddr, asked: SocketAddr) -> bool {
    from == asked || (asked.ip().is_unspecified() && from.ip().is_loopback() && from.port() == asked.port())
}
