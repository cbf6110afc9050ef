//! The imperative shell: the command line, the one `select!`, effects, the terminal.

pub mod cli;
mod input;
pub mod laboratory;
mod locale;
mod netstat;
pub mod queue;
pub mod recorder;
pub mod session;
mod signals;
mod terminal;
#[cfg(target_os = "linux")]
mod tracer;
pub mod tui;
#[cfg(target_os = "linux")]
pub mod wire_lab;

use std::process::ExitCode;

use clap::Parser as _;

use cli::{Cli, Command};

/// Runs the program: 0 done, 1 failed, 2 wrong usage.
pub fn main() -> ExitCode {
    // Usage errors end the program in here, with 2.
    let cli = Cli::parse();
    let done = match &cli.command {
        None => tui::run(&cli.lab),
        Some(Command::Netstat(args)) => netstat::run(args),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("socklab-tui: {error:#}");
            ExitCode::FAILURE
        }
    }
}
