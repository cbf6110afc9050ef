//! `socklab-tui capture`: packets into a file or a pipe, and packets as a ladder, live or from a file.

use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Write};
use std::path::Path;

use anyhow::anyhow;

use super::cli::CaptureArgs;
use super::locale;
use super::netstat::filter;
use super::packet_lines::PacketLines;
use super::piped;
use crate::domain::Errno;
use crate::domain::filter::Filter;
#[cfg(target_os = "linux")]
use crate::domain::interface::{CapturePlan, CapturedInterface, InterfaceName, InterfaceState};
use crate::model::ui::Glyphs;
use crate::observe::capture::LadderStyle;
use crate::observe::capture::command::{self, FilePrintError, FilePrinted};
#[cfg(target_os = "linux")]
use crate::observe::{self, capture::CaptureInterface};
use crate::text::Text;

/// Runs the command.
pub(super) fn run(args: &CaptureArgs) -> anyhow::Result<()> {
    let filter = filter(&args.filter, args.lang)?;
    match &args.read {
        Some(file) => read(args, file, &filter),
        None => live(args, &filter),
    }
}

fn is_dash(path: &Path) -> bool {
    path == Path::new("-")
}

fn style() -> LadderStyle {
    LadderStyle { ascii: locale::glyphs(false) == Glyphs::Ascii, ..LadderStyle::default() }
}

/// Where packets are written: a file, or standard output.
fn output(path: &Path, text: &Text) -> anyhow::Result<Box<dyn Write>> {
    if is_dash(path) {
        return Ok(Box::new(io::stdout().lock()));
    }
    Ok(Box::new(created(path, text)?))
}

fn created(path: &Path, text: &Text) -> anyhow::Result<File> {
    File::create(path).map_err(|error| anyhow!("{}: {}", path.display(), not_written(text, &error)))
}

fn not_written(text: &Text, error: &io::Error) -> String {
    let errno = Errno::from(error);
    (text.files.not_written)(&errno.to_string(), (text.errno)(errno).what)
}

/// Prints the packets of a file that pass the filter, or writes them to another file.
fn read(args: &CaptureArgs, path: &Path, filter: &Filter) -> anyhow::Result<()> {
    let text = locale::text(args.lang);
    let about = |why: String| anyhow!("{}: {why}", path.display());
    let input: Box<dyn Read> = if is_dash(path) {
        Box::new(io::stdin().lock())
    } else {
        let file = File::open(path).map_err(|error| about(text.files.fault((&error).into())))?;
        Box::new(BufReader::new(file))
    };
    let printed = match &args.write {
        Some(to) => command::copy(input, filter, &mut output(to, text)?),
        None if args.json => {
            let mut lines = PacketLines::new(BufWriter::new(io::stdout().lock()));
            let printed = command::each(input, filter, |packet, since, seen| lines.write(packet, since, seen));
            piped(lines.flush(), ())?;
            printed
        }
        None => command::print_ladder(input, filter, style(), &mut BufWriter::new(io::stdout().lock())),
    };
    let FilePrinted { packets, damage, unread, skipped, .. } = printed.map_err(|error| match error {
        FilePrintError::Input(error) => about(text.files.piped_fault(error.fault())),
        FilePrintError::Output(error) => anyhow!(not_written(text, &error)),
    })?;
    let left_out: u64 = unread.values().sum();
    for (unread, count) in unread {
        super::tell(&(text.files.unread)(&text.numbers.count(count), count, unread));
    }
    if args.write.is_some() {
        let packets = (left_out > 0).then(|| (text.packets.packets)(&text.numbers.count(left_out), left_out));
        let skipped = skipped.iter().map(|(name, count)| format!("{} × {name}", text.numbers.count(*count)));
        let left_out: Vec<String> = packets.into_iter().chain(skipped).collect();
        if !left_out.is_empty() {
            super::tell(&(text.files.left_out)(&left_out.join(", ")));
        }
    }
    // All readable packets were printed, but a damaged file is still a failure.
    let Some(damage) = damage else { return Ok(()) };
    let packets = (text.packets.packets)(&text.numbers.count(packets), packets);
    Err(about(text.files.damage(&text.numbers, damage.damage(), &packets)))
}

/// The error for a capture that cannot start, with the command that helps, in the words of the screen.
#[cfg(target_os = "linux")]
fn lacks(text: &Text, lack: &crate::domain::need::Lack) -> anyhow::Error {
    let advice = (text.remedy)(lack.remedy);
    let mut lines = vec![(text.packets.lacking)(&lack.errno.to_string(), (text.errno)(lack.errno).what)];
    lines.push(advice.sentence.into());
    lines.extend(advice.command(&super::program()).map(|command| format!("  {command}")));
    anyhow!(lines.join("\n"))
}

#[cfg(target_os = "linux")]
fn live(args: &CaptureArgs, filter: &Filter) -> anyhow::Result<()> {
    use std::os::fd::AsFd as _;

    use super::signals;
    use crate::domain::PacketSummary;
    use crate::observe::Scope;
    use crate::observe::capture::CaptureAccess;
    use crate::observe::capture::file::{CaptureClock, Packet};
    use crate::observe::capture::live::{
        self,
        command::{CaptureOutput, CaptureStop, LiveError},
    };

    let text = locale::text(args.lang);
    // Before any other thread exists: the privilege to capture is dropped with the key.
    let key = CaptureAccess::take().map_err(|error| lacks(text, &error))?;
    let on = match args.interface.as_slice() {
        [] => CaptureInterface::Loopback,
        names if names.iter().any(|name| name == CapturePlan::ANY) => CaptureInterface::Any,
        [name] => CaptureInterface::Named(name.clone()),
        names => CaptureInterface::Several(names.iter().cloned().collect()),
    };
    let scope = if args.filter.is_empty() {
        Scope::ports(super::cli::PORTS)
    } else {
        filter.ports().map_or(Scope::All, Scope::Ports)
    };
    let out = match args.write.as_deref().filter(|path| !is_dash(path)) {
        Some(path) => created(path, text)?,
        None => File::from(io::stdout().as_fd().try_clone_to_owned()?),
    };
    let stop = CaptureStop::with(&out)?;
    let mut out = BufWriter::new(out);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    let mut arrivals = runtime.block_on(async { signals::listen() })?;
    let stopped = stop.clone();
    runtime.spawn(async move {
        arrivals.recv().await;
        stopped.stop();
    });
    let (mut lines, mut line);
    let into = match &args.write {
        None if args.json => {
            lines = PacketLines::new(&mut out);
            let mut clock = CaptureClock::default();
            line = move |packet: &Packet, seen: &PacketSummary| {
                lines.write(packet, clock.since(packet.at), seen).and_then(|()| lines.flush())
            };
            CaptureOutput::Each(&mut line)
        }
        None => CaptureOutput::Ladder(&mut out, style()),
        Some(_) => CaptureOutput::Pcapng(&mut out),
    };
    let ready = || super::tell(&(text.packets.capturing)(&captured(&on)));
    let summary =
        live::command::live(&key, &on, (&scope, filter), into, &stop, ready).map_err(|error| match error {
            LiveError::Lack(lack) => lacks(text, &lack),
            LiveError::Io(error) => anyhow::Error::new(error).context("capture"),
        })?;
    let words = &text.packets;
    let numbers = &text.numbers;
    let lost = match summary.lost {
        0 => words.nothing_lost.to_owned(),
        count => (words.lost)(&numbers.count(count), count),
    };
    let written = (words.packets)(&numbers.count(summary.written), summary.written);
    super::tell(&format!("{written}, {lost}"));
    Ok(())
}

/// The interfaces of a capture, as they are now.
#[cfg(target_os = "linux")]
fn captured(on: &CaptureInterface) -> Vec<CapturedInterface> {
    let all = observe::interfaces().unwrap_or_default();
    let state = |name: &InterfaceName| all.iter().find(|found| found.name == *name).map(|found| found.state);
    let one = |name: InterfaceName| CapturedInterface { state: state(&name).unwrap_or(InterfaceState::Up), name };
    match on {
        CaptureInterface::Several(names) => names.iter().map(|name| one(name.as_str().into())).collect(),
        // `any` is always there.
        other => vec![one(other.name().as_str().into())],
    }
}

#[cfg(not(target_os = "linux"))]
fn live(args: &CaptureArgs, _filter: &Filter) -> anyhow::Result<()> {
    Err(anyhow!((locale::text(args.lang).remedy)(crate::domain::need::Remedy::OtherSystem).sentence))
}
