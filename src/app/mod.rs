//! The imperative shell: the command line, the one `select!`, effects, the terminal.

mod addresses;
mod capture;
#[cfg(target_os = "linux")]
mod capture_keeper;
#[cfg(target_os = "linux")]
mod capturer;
pub mod cli;
mod client;
mod doctor;
pub mod environment;
#[cfg(target_os = "linux")]
mod exec;
mod headless;
mod input;
pub mod laboratory;
mod lesson_files;
mod locale;
mod netstat;
mod on_workers;
mod opener;
mod packet_lines;
mod packet_views;
mod paths;
#[cfg(target_os = "linux")]
mod programs;
pub mod pump;
pub mod queue;
pub mod recorder;
mod run;
pub mod runner;
mod scan;
mod serve;
pub mod session;
mod signals;
mod target;
pub mod terminal;
#[cfg(target_os = "linux")]
mod tracer;
mod transcript;
pub mod tui;
#[cfg(target_os = "linux")]
pub mod wire_lab;
#[cfg(target_os = "linux")]
mod wire_world;

use std::io;
use std::ops::Range;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser as _;

use crate::domain::excerpt::sanitise_lines;
use cli::{Cli, Command};

/// Runs the program: 0 done, 1 failed, 2 wrong usage.
pub fn main() -> ExitCode {
    let cli = Cli::try_parse().unwrap_or_else(|error| {
        // A usage error quotes the command line, which may come from anywhere; help and the version do not.
        if error.use_stderr() {
            eprintln!("{}", sanitise_lines(error.to_string().trim_end()));
            std::process::exit(error.exit_code());
        }
        error.exit()
    });
    // Before any other thread exists. The commands that capture drop the privilege themselves, just as early.
    #[cfg(target_os = "linux")]
    if !captures(&cli) {
        crate::observe::capture::give_up();
    }
    let done = match &cli.command {
        None => tui::run(&cli.lab, cli.lab.wire),
        Some(Command::Wire(lab)) => tui::run(lab, true),
        Some(Command::Netstat(args)) => netstat::run(args),
        Some(Command::Serve(args)) => return code(serve::run(args)),
        Some(Command::Client(args)) => return code(client::run(args)),
        Some(Command::Scan(args)) => return code(scan::run(args)),
        Some(Command::Run(args)) => return code(run::run(args)),
        #[cfg(target_os = "linux")]
        Some(Command::Exec(args)) => return code(exec::run(args)),
        Some(Command::Doctor(args)) => return code(doctor::run(args)),
        Some(Command::Capture(args)) => capture::run(args),
    };
    code(done.map(|()| ExitCode::SUCCESS))
}

/// Whether this command opens a packet socket itself.
#[cfg(target_os = "linux")]
const fn captures(cli: &Cli) -> bool {
    match &cli.command {
        None | Some(Command::Wire(_) | Command::Doctor(_)) => true,
        Some(Command::Capture(args)) => args.read.is_none(),
        Some(_) => false,
    }
}

/// Prints a line on standard error. It may contain names of files and hosts, so it is sanitised.
fn tell(what: &str) {
    eprintln!("socklab-tui: {}", sanitise_lines(what));
}

/// The file of this program, to name in a command.
fn program() -> PathBuf {
    std::env::current_exe().unwrap_or_else(|_| "socklab-tui".into())
}

/// A sentence about a typed text, the text, and a mark under the part of it that is wrong.
fn pointed(why: &str, typed: &str, at: &Range<usize>) -> String {
    let before = typed.get(..at.start).unwrap_or(typed).chars().count();
    let under = typed.get(at.clone()).map_or(1, |wrong| wrong.chars().count().max(1));
    format!("{why}\n  {typed}\n  {}{}", " ".repeat(before), "^".repeat(under))
}

fn runtime() -> io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()
}

const fn status(done: bool) -> ExitCode {
    if done { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// The result, or `closed` if the reader of standard output closed the pipe, as in `socklab-tui netstat | head`.
fn piped<T>(done: io::Result<T>, closed: T) -> io::Result<T> {
    match done {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(closed),
        other => other,
    }
}

/// The exit code, after printing the error if there is one.
fn code(done: anyhow::Result<ExitCode>) -> ExitCode {
    match done {
        Ok(code) => code,
        Err(error) => {
            tell(&format!("{error:#}"));
            ExitCode::FAILURE
        }
    }
}
