//! `socklab-tui netstat`: the socket table on standard output, once or as it changes.

use std::collections::{BTreeSet, HashSet};
use std::fmt;
use std::io::{self, BufWriter, Write};
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, mpsc};

use anyhow::{Context as _, anyhow};
use serde::Serialize;

use super::cli::NetstatArgs;
use super::{locale, piped, pointed};
use crate::domain::filter::{Filter, FilterError, SearchLine};
use crate::domain::{
    Clock, Delta, EventKind, EventQueue, EventSink, Flow, Lang, Observation, Proto, Row, RowKey, TcpState, TimerKind,
};
use crate::observe::{self, Scope, SocketTable};

/// Prints the table, or what changes in it.
pub(super) fn run(args: &NetstatArgs) -> anyhow::Result<()> {
    let filter = filter(&args.filter, args.lang)?;
    let scope = filter.ports().map_or(Scope::All, Scope::Ports);
    let printed = if args.watch { watch(args, &filter, scope) } else { once(args, &filter, &scope) };
    piped(printed, ()).context("netstat")
}

/// The filter that was typed, in one word or several.
pub(super) fn filter(words: &[String], lang: Option<Lang>) -> anyhow::Result<Filter> {
    let text = words.join(" ");
    Filter::parse(&text)
        .map_err(|FilterError { at, kind }| anyhow!(pointed(&(locale::text(lang).filter)(&kind), &text, &at)))
}

fn once(args: &NetstatArgs, filter: &Filter, scope: &Scope) -> io::Result<()> {
    let mut rows = observe::dump(scope)?;
    if names_processes(args, filter) {
        name(&mut rows);
    }
    rows.retain(|row| filter.matches(row));
    rows.sort_by_cached_key(sort_key);
    let mut out = io::stdout().lock();
    let mut text = Vec::with_capacity(CHUNK * 2);
    if !args.json {
        text.extend_from_slice(heading(args.process).as_bytes());
    }
    for row in &rows {
        if args.json {
            line(&mut text, None, row)?;
        } else {
            print(&mut text, row, args.process);
        }
        if text.len() > CHUNK {
            out.write_all(&text)?;
            text.clear();
        }
    }
    out.write_all(&text)
}

/// Whether processes have to be known: to be printed, or because the filter may be about them.
fn names_processes(args: &NetstatArgs, filter: &Filter) -> bool {
    args.process || args.json || filter.is_about_processes()
}

/// How many bytes are written at a time.
const CHUNK: usize = 1 << 16;

/// The sort key of a row: by protocol, listeners first, then by addresses.
fn sort_key(row: &Row) -> (Proto, bool, bool, u128, u16, Option<(u128, u16)>) {
    let number = |addr: SocketAddr| match addr.ip() {
        IpAddr::V4(ip) => u128::from(ip.to_bits()),
        IpAddr::V6(ip) => ip.to_bits(),
    };
    let Flow { proto, local, peer } = row.flow;
    let listens = row.state == Some(TcpState::Listen);
    let peer = peer.map(|peer| (number(peer), peer.port()));
    (proto, local.is_ipv6(), !listens, number(local), local.port(), peer)
}

fn name(rows: &mut [Row]) {
    let inodes: BTreeSet<u64> = rows.iter().filter_map(|row| row.inode).filter(|inode| *inode != 0).collect();
    let found = observe::named(&inodes);
    for row in rows.iter_mut().filter(|row| row.process.is_none()) {
        row.process = row.inode.and_then(|inode| found.get(&inode)).cloned();
    }
}

/// A queue for observations of the table only.
struct TableQueue(mpsc::SyncSender<Observation>);

impl EventQueue for TableQueue {
    fn offer(&self, seen: Observation) -> bool {
        self.0.try_send(seen).is_ok()
    }
}

fn watch(args: &NetstatArgs, filter: &Filter, scope: Scope) -> io::Result<()> {
    let (near, far) = mpsc::sync_channel(65_536);
    let table = SocketTable::start(EventSink::new(Clock::start(), Arc::new(TableQueue(near))), scope)?;
    let mut out = BufWriter::new(io::stdout().lock());
    if !args.json {
        out.write_all(heading(args.process).as_bytes())?;
    }
    let mut shown = HashSet::new();
    while let Ok(first) = far.recv() {
        let more = std::iter::from_fn(|| far.try_recv().ok());
        for seen in std::iter::once(first).chain(more) {
            if let EventKind::Row(delta) = seen.kind {
                if let Delta::Found(row) | Delta::Added(row) = &delta
                    && names_processes(args, filter)
                {
                    table.name(row.inode);
                }
                change(&mut out, args, filter, &delta, &mut shown)?;
            }
        }
        out.flush()?;
    }
    Ok(())
}

/// Prints one change of a row that passes the filter. A row that no longer passes counts as gone.
fn change(
    out: &mut impl Write,
    args: &NetstatArgs,
    filter: &Filter,
    delta: &Delta,
    shown: &mut HashSet<RowKey>,
) -> io::Result<()> {
    let key = delta.key();
    let passing = match delta {
        Delta::Found(row) | Delta::Added(row) | Delta::Changed(row) if filter.matches(row) => Some(row),
        _ => None,
    };
    let (sign, word) = match (passing, delta, shown.contains(&key)) {
        (Some(_), Delta::Found(_), _) => (b' ', "found"),
        (Some(_), _, false) => (b'+', "added"),
        (Some(_), _, true) => (b'~', "changed"),
        (None, _, true) => (b'-', "gone"),
        (None, _, false) => return Ok(()),
    };
    let gone = Row { cookie: key.cookie, ..Row::new(key.flow) };
    let row = passing.unwrap_or(&gone);
    if passing.is_some() {
        shown.insert(key)
    } else {
        shown.remove(&key)
    };
    if args.json {
        return line(out, Some(word), row);
    }
    let mut text = vec![sign, b' '];
    print(&mut text, row, args.process);
    out.write_all(&text)
}

/// A row as JSON, with stable keys.
#[derive(Serialize)]
struct RowJson<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    change: Option<&'a str>,
    proto: Proto,
    #[serde(skip_serializing_if = "Option::is_none")]
    recv_q: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    send_q: Option<u32>,
    local: SocketAddr,
    peer: ForeignAddress,
    #[serde(skip_serializing_if = "Option::is_none")]
    state: Option<TcpState>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pid: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    process: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    timer: Option<TimerKind>,
    #[serde(skip_serializing_if = "Option::is_none")]
    timer_ms: Option<u64>,
}

fn line(out: &mut impl Write, change: Option<&str>, row: &Row) -> io::Result<()> {
    let Flow { proto, local, .. } = row.flow;
    let line = RowJson {
        change,
        proto,
        recv_q: row.recv_q,
        send_q: row.send_q,
        local,
        peer: ForeignAddress(row.flow),
        state: row.state,
        pid: row.process.as_ref().map(|process| process.pid),
        process: row.process.as_ref().map(|process| process.name.as_str()),
        timer: row.timer.map(|timer| timer.kind),
        timer_ms: row.timer.map(|timer| timer.left_ms),
    };
    serde_json::to_writer(&mut *out, &line)?;
    out.write_all(b"\n")
}

fn heading(process: bool) -> String {
    let last = if process { "Timer               PID/Program\n" } else { "Timer\n" };
    format!("Proto Recv-Q Send-Q {:<23} {:<23} {:<11} {last}", "Local Address", "Foreign Address", "State")
}

/// Prints a row as `netstat -an` does, with the timer and on demand the process. A table has thousands of rows: the
/// numbers are written by hand, which takes a third of the time that `fmt` does.
fn print(out: &mut Vec<u8>, row: &Row, with_process: bool) {
    let Row { flow, recv_q, send_q, timer, process, .. } = row;
    out.extend_from_slice(flow.proto.name().as_bytes());
    out.extend_from_slice(if flow.local.is_ipv6() { b"6  " } else { b"   " });
    for queue in [recv_q, send_q] {
        let mut line = SearchLine::default();
        match queue {
            Some(length) => line.number(*length),
            None => line.text("-"),
        }
        out.extend(std::iter::repeat_n(b' ', 6_usize.saturating_sub(line.as_str().len())));
        out.extend_from_slice(line.as_str().as_bytes());
        out.push(b' ');
    }
    column(out, 23, |out| address(out, flow.local));
    column(out, 23, |out| match flow.peer {
        Some(peer) => address(out, peer),
        None => out.extend_from_slice(flow.wildcard_peer().as_bytes()),
    });
    column(out, 11, |out| out.extend_from_slice(row.shown_state().map_or("", TcpState::name).as_bytes()));
    column(out, 19, |out| {
        if let Some(timer) = timer {
            out.extend_from_slice(
                format!("{} {:.1}s/{}", timer.kind, timer.left().as_secs_f64(), timer.count).as_bytes(),
            );
        }
    });
    if with_process && let Some(process) = process {
        out.extend_from_slice(format!("{}/{}", process.pid, process.name).as_bytes());
    }
    out.truncate(out.trim_ascii_end().len());
    out.push(b'\n');
}

/// Writes one column, padded to `width`, and a space after it.
fn column(out: &mut Vec<u8>, width: usize, write: impl FnOnce(&mut Vec<u8>)) {
    let end = out.len() + width;
    write(out);
    out.resize(out.len().max(end) + 1, b' ');
}

fn address(out: &mut Vec<u8>, addr: SocketAddr) {
    if addr.is_ipv4() && addr.port() != 0 {
        let mut line = SearchLine::default();
        line.endpoint(addr);
        out.extend_from_slice(line.as_str().as_bytes());
    } else {
        out.extend_from_slice(addr.to_string().as_bytes());
    }
}

/// The Foreign Address as netstat prints it: any address and any port where there is no peer.
struct ForeignAddress(Flow);

impl fmt::Display for ForeignAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.peer {
            Some(peer) => peer.fmt(f),
            None => f.pad(self.0.wildcard_peer()),
        }
    }
}

impl Serialize for ForeignAddress {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}
