//! `socklab-tui serve`: only the servers, with their events on standard output.

use std::io;
use std::process::ExitCode;

use super::cli::network::ServeArgs;
use super::headless::{Headless, stopped};
use super::laboratory::Laboratory;
use super::{piped, runtime};
use crate::domain::EventSink;

/// Serves until it is stopped. The exit status is 0 then, and 1 if no server could be started.
pub(super) fn run(args: &ServeArgs) -> anyhow::Result<ExitCode> {
    Ok(piped(runtime()?.block_on(serve(args)), ExitCode::SUCCESS)?)
}

async fn serve(args: &ServeArgs) -> io::Result<ExitCode> {
    let open = |sink: &EventSink| Laboratory::open_guarded(args.servers.specs(), false, &args.servers.limits(), sink);
    let mut headless = Headless::open(args.json, args.lang, open)?;
    let mut stop = std::pin::pin!(stopped());
    let ended = loop {
        tokio::select! {
            biased;
            stop = &mut stop => break stop.map(|()| ExitCode::SUCCESS),
            stepped = headless.step(None) => match stepped {
                Ok(()) if none_left(&headless) => break Ok(ExitCode::FAILURE),
                Ok(()) => {}
                Err(error) => break Err(error),
            },
        }
    };
    let (laboratory, mut rest) = headless.split();
    laboratory.close().await;
    rest.finish()?;
    ended
}

/// Whether every server has failed.
fn none_left(headless: &Headless<Laboratory>) -> bool {
    use crate::model::servers::ServerStatus;
    let servers = headless.pump.model.worlds.shown().servers.all();
    !servers.is_empty() && servers.iter().all(|server| matches!(server.status, ServerStatus::Failed { .. }))
}
