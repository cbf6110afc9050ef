//! `socklab-tui scan`: the port check on standard output.

use std::collections::BTreeMap;
use std::io::{self, BufRead as _, IsTerminal as _, Write};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use super::cli::network::ScanArgs;
use super::queue::Observations;
use super::{locale, piped, pointed, queue, runtime, status, tell};
use crate::domain::ports::PortsError;
use crate::domain::{AddressScope, Clock, EventKind, LabOrder, PortReport, ScanChange, ScanPlan, Stamp, Verdict};
use crate::lab::{Lab, Machine};
use crate::text::{ChecksText, Text};

/// If more ports than this have the same verdict, they are only counted; open ports are always listed.
const LISTED: usize = 25;

/// How a check ended.
enum ScanEnd {
    /// Every port was probed.
    Probed(ScanResults),
    /// No port was probed, for this reason.
    Refused(String),
    /// The user must confirm first.
    Unconfirmed(String),
}

/// The results of a check.
#[derive(Default)]
struct ScanResults {
    reports: BTreeMap<u16, PortReport>,
    took: Duration,
}

/// Checks the ports. The exit status is 0 if each has a verdict, 1 if the host was not found, the user did not confirm or
/// a port could not be probed, and 2 for wrong usage.
pub(super) fn run(args: &ScanArgs) -> anyhow::Result<ExitCode> {
    let text = locale::text(args.lang);
    let ports = match args.ports() {
        Ok(ports) => ports,
        Err((typed, PortsError { at, kind })) => {
            tell(&pointed((text.checks.ports)(kind), &typed, &at));
            return Ok(ExitCode::from(2));
        }
    };
    let runtime = runtime()?;
    let mut plan = args.plan(ports);
    let done = loop {
        match runtime.block_on(check(args, text, plan.clone())) {
            Ok(ScanEnd::Unconfirmed(why)) => {
                eprintln!("{why}");
                if !confirmed(&text.checks)? {
                    break Ok(ExitCode::FAILURE);
                }
                plan.confirmed = true;
            }
            Ok(ScanEnd::Refused(why)) => {
                tell(&why);
                break Ok(ExitCode::FAILURE);
            }
            Ok(ScanEnd::Probed(results)) => {
                let printed = if args.json { Ok(()) } else { table(&mut io::stdout().lock(), text, &results) };
                let unknown = results.reports.values().any(|report| report.verdict == Verdict::Unknown);
                break printed.map(|()| status(!unknown));
            }
            Err(error) => break Err(error),
        }
    };
    Ok(piped(done, ExitCode::SUCCESS)?)
}

/// Asks the user to confirm, if there is a terminal.
fn confirmed(text: &ChecksText) -> io::Result<bool> {
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

async fn check(args: &ScanArgs, text: &Text, plan: ScanPlan) -> io::Result<ScanEnd> {
    let clock = Clock::start();
    let (sink, mut events) = queue::open(clock);
    let mut lab = Lab::new(Arc::new(Machine), sink, vec![]);
    lab.perform(LabOrder::Scan(plan));
    let end = follow(args, text, &mut events).await;
    lab.shutdown().await;
    end
}

/// Follows the check until it ends, and prints what can be printed at once.
async fn follow(args: &ScanArgs, text: &Text, events: &mut Observations) -> io::Result<ScanEnd> {
    let mut out = io::stdout().lock();
    let mut results = ScanResults::default();
    let mut begun = Stamp::ZERO;
    while let Some(seen) = events.recv().await {
        let EventKind::Scan(event) = seen.kind else { continue };
        match event.change {
            ScanChange::Port { report } => {
                if args.json {
                    serde_json::to_writer(&mut out, &report)?;
                    out.write_all(b"\n")?;
                    out.flush()?;
                }
                results.reports.insert(report.port, report);
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
                return Ok(ScanEnd::Unconfirmed(text.checks.scan(&text.numbers, &event.change)));
            }
            ScanChange::Unresolved { .. } | ScanChange::Unconfirmed { .. } => {
                return Ok(ScanEnd::Refused(text.checks.scan(&text.numbers, &event.change)));
            }
            ScanChange::Ended { .. } => {
                results.took = seen.at.since(begun);
                break;
            }
        }
    }
    Ok(ScanEnd::Probed(results))
}

/// The table, as nmap prints it.
fn table(out: &mut impl Write, text: &Text, results: &ScanResults) -> io::Result<()> {
    let words = &text.checks;
    let numbers = &text.numbers;
    let mut counts: BTreeMap<Verdict, usize> = BTreeMap::new();
    for report in results.reports.values() {
        *counts.entry(report.verdict).or_default() += 1;
    }
    let listed = |verdict: Verdict| verdict == Verdict::Open || counts.get(&verdict).is_none_or(|many| *many <= LISTED);
    for (verdict, count) in counts.iter().filter(|(verdict, _)| !listed(**verdict)) {
        writeln!(out, "{}", (words.not_shown)(&numbers.count(*count as u64), *count, (words.verdict)(*verdict)))?;
    }
    let lines: Vec<[String; 3]> = results
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
        let first = width(0).unwrap_or(0);
        let second = width(1).unwrap_or(0);
        for [port, verdict, why] in std::iter::once(&heads).chain(&lines) {
            writeln!(out, "{port:<first$}  {verdict:<second$}  {why}")?;
        }
    }
    let count = results.reports.len();
    writeln!(out, "{}", (words.done)(&numbers.count(count as u64), count, &numbers.lapse(results.took)))
}
