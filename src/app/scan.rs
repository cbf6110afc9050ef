//! `socklab-tui scan`: the port check on standard output.

use std::collections::BTreeMap;
use std::io::{self, BufRead as _, IsTerminal as _, Write};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;

use super::cli::network::ScanArgs;
use super::{locale, queue, tell};
use crate::domain::ports::PortsError;
use crate::domain::{AddressScope, Clock, EventKind, Observation, PortReport, ScanChange, ScanPlan, Stamp, Verdict};
use crate::lab::{Lab, Machine};
use crate::text::{ChecksText, Text};

/// Ports of one verdict are counted instead of listed when there are more, unless they are open.
const LISTED: usize = 25;

/// How a check ended.
enum End {
    /// Every port was asked.
    Asked(Found),
    /// Nobody was asked, and this is to be said.
    Refused(String),
    /// Somebody has to say yes first.
    Unconfirmed(String),
}

/// What was found out.
#[derive(Default)]
struct Found {
    reports: BTreeMap<u16, PortReport>,
    took: Duration,
}

/// Checks the ports: 0 when each has a verdict, 1 when the host was not found, somebody would have to say yes, or a port
/// could not be asked, 2 for wrong usage.
pub(super) fn run(args: &ScanArgs) -> anyhow::Result<ExitCode> {
    let text = locale::text(args.lang);
    let ports = match args.ports() {
        Ok(ports) => ports,
        Err((typed, error)) => {
            tell(&pointed(text, &typed, &error));
            return Ok(ExitCode::from(2));
        }
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let mut plan = args.plan(ports);
    let done = loop {
        match runtime.block_on(check(args, text, plan.clone())) {
            Ok(End::Unconfirmed(why)) => {
                eprintln!("{why}");
                if !agreed(&text.checks)? {
                    break Ok(ExitCode::FAILURE);
                }
                plan.confirmed = true;
            }
            Ok(End::Refused(why)) => {
                tell(&why);
                break Ok(ExitCode::FAILURE);
            }
            Ok(End::Asked(found)) => {
                let printed = if args.json { Ok(()) } else { table(&mut io::stdout().lock(), text, &found) };
                let unknown = found.reports.values().any(|report| report.verdict == Verdict::Unknown);
                break printed.map(|()| if unknown { ExitCode::FAILURE } else { ExitCode::SUCCESS });
            }
            Err(error) => break Err(error),
        }
    };
    match done {
        // Whoever read this has seen enough: `socklab-tui scan … | head`.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(ExitCode::SUCCESS),
        other => Ok(other?),
    }
}

/// The list with its error underneath.
fn pointed(text: &Text, typed: &str, error: &PortsError) -> String {
    let before = typed.get(..error.at.start).unwrap_or(typed).chars().count();
    let under = typed.get(error.at.clone()).map_or(1, |wrong| wrong.chars().count().max(1));
    format!("{}\n  {typed}\n  {}{}", (text.checks.ports)(error.kind), " ".repeat(before), "^".repeat(under))
}

/// Asks whoever sits there, if somebody does.
fn agreed(text: &ChecksText) -> io::Result<bool> {
    if !(io::stdin().is_terminal() && io::stderr().is_terminal()) {
        eprintln!("{}", text.say_yes);
        return Ok(false);
    }
    eprint!("{}", text.ask);
    io::stderr().flush()?;
    let mut answer = String::new();
    io::stdin().lock().read_line(&mut answer)?;
    Ok(answer.trim().to_lowercase().starts_with(text.yes))
}

async fn check(args: &ScanArgs, text: &Text, plan: ScanPlan) -> io::Result<End> {
    let clock = Clock::start();
    let (sink, mut events) = queue::open(clock);
    let mut lab = Lab::new(Arc::new(Machine), sink, vec![]);
    lab.scan(plan);
    let end = follow(args, text, &mut events).await;
    lab.shutdown().await;
    end
}

/// Prints what is to be printed at once, until the check is over.
async fn follow(args: &ScanArgs, text: &Text, events: &mut mpsc::Receiver<Observation>) -> io::Result<End> {
    let mut out = io::stdout().lock();
    let (mut found, mut begun) = (Found::default(), Stamp::ZERO);
    while let Some(seen) = events.recv().await {
        let EventKind::Scan(event) = seen.kind else { continue };
        match event.change {
            ScanChange::Port { report } => {
                if args.json {
                    serde_json::to_writer(&mut out, &report)?;
                    out.write_all(b"\n")?;
                    out.flush()?;
                }
                found.reports.insert(report.port, report);
            }
            ScanChange::Begun { ref others, .. } => {
                begun = seen.at;
                if !args.json {
                    writeln!(out, "{}", text.checks.scan(&text.numbers, &event.change))?;
                    let others: Vec<_> = others.iter().map(ToString::to_string).collect();
                    if !others.is_empty() {
                        writeln!(out, "{}", (text.checks.others)(&others.join(", ")))?;
                    }
                }
            }
            ScanChange::Unconfirmed { scope, .. } if scope != AddressScope::Group => {
                return Ok(End::Unconfirmed(text.checks.scan(&text.numbers, &event.change)));
            }
            ScanChange::Unresolved { .. } | ScanChange::Unconfirmed { .. } => {
                return Ok(End::Refused(text.checks.scan(&text.numbers, &event.change)));
            }
            ScanChange::Ended { .. } => {
                found.took = seen.at.since(begun);
                break;
            }
        }
    }
    Ok(End::Asked(found))
}

/// The table, as nmap prints it.
fn table(out: &mut impl Write, text: &Text, found: &Found) -> io::Result<()> {
    let (words, numbers) = (&text.checks, &text.numbers);
    let mut counts: BTreeMap<Verdict, usize> = BTreeMap::new();
    for report in found.reports.values() {
        *counts.entry(report.verdict).or_default() += 1;
    }
    let listed = |verdict: Verdict| verdict == Verdict::Open || counts.get(&verdict).is_none_or(|many| *many <= LISTED);
    for (verdict, count) in counts.iter().filter(|(verdict, _)| !listed(**verdict)) {
        writeln!(out, "{}", (words.not_shown)(&numbers.count(*count as u64), *count, (words.verdict)(*verdict)))?;
    }
    let lines: Vec<[String; 3]> = found
        .reports
        .values()
        .filter(|report| listed(report.verdict))
        .map(|report| {
            let port = format!("{}/{}", report.port, report.proto);
            [port, (words.verdict)(report.verdict).into(), words.why(numbers, report)]
        })
        .collect();
    if !lines.is_empty() {
        let heads = words.columns.map(str::to_owned);
        let width = |column: usize| lines.iter().chain([&heads]).map(|line| line[column].chars().count()).max();
        let (first, second) = (width(0).unwrap_or(0), width(1).unwrap_or(0));
        for [port, verdict, why] in std::iter::once(&heads).chain(&lines) {
            writeln!(out, "{port:<first$}  {verdict:<second$}  {why}")?;
        }
    }
    let count = found.reports.len();
    writeln!(out, "{}", (words.done)(&numbers.count(count as u64), count, &numbers.lapse(found.took)))
}
