//! `socklab-tui exec`: a program on a host of the wire lab that is open in another terminal.

use std::process::ExitCode;

use super::cli::ExecArgs;
use super::locale;
use crate::wire::{ExecError, exec_in_open_wire};

/// Runs the program and returns its exit status.
pub(super) fn run(args: &ExecArgs) -> anyhow::Result<ExitCode> {
    let text = &locale::text(args.lang).doctor;
    match exec_in_open_wire(args.host, args.argv.clone(), args.of) {
        Ok(code) => Ok(ExitCode::from(code)),
        Err(ExecError::NoWire) => anyhow::bail!("{}", text.no_wire),
        Err(ExecError::Several(processes)) => {
            let processes: Vec<_> = processes.iter().map(ToString::to_string).collect();
            anyhow::bail!("{}", (text.several)(&processes.join(", ")))
        }
        Err(ExecError::Program(error)) => anyhow::bail!("{}", (text.not_started)(&error.to_string())),
        Err(error @ ExecError::Wire(_)) => Err(error.into()),
    }
}
