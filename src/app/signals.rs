//! The signals that matter to a terminal program, as messages for the event loop.

use tokio::sync::mpsc;

use super::session::Signal;

/// Listens for signals until the receiver is dropped.
#[cfg(unix)]
pub(super) fn listen() -> std::io::Result<mpsc::Receiver<Signal>> {
    use tokio::signal::unix::{SignalKind, signal};

    let (near, far) = mpsc::channel(8);
    let tstp = SignalKind::from_raw(rustix::process::Signal::TSTP.as_raw());
    let cont = SignalKind::from_raw(rustix::process::Signal::CONT.as_raw());
    let listened = [
        (SignalKind::terminate(), Signal::Stop),
        (SignalKind::interrupt(), Signal::Stop),
        (SignalKind::quit(), Signal::Stop),
        (SignalKind::hangup(), Signal::Hangup),
        (tstp, Signal::Suspend),
        (cont, Signal::Continued),
    ];
    for (kind, message) in listened {
        let mut arrivals = signal(kind)?;
        let near = near.clone();
        tokio::spawn(async move { while arrivals.recv().await.is_some() && near.send(message).await.is_ok() {} });
    }
    Ok(far)
}

/// Listens for Ctrl-C until the receiver is dropped.
#[cfg(not(unix))]
pub(super) fn listen() -> std::io::Result<mpsc::Receiver<Signal>> {
    let (near, far) = mpsc::channel(8);
    tokio::spawn(
        async move { while tokio::signal::ctrl_c().await.is_ok() && near.send(Signal::Stop).await.is_ok() {} },
    );
    Ok(far)
}
