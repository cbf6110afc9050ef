//! A thread that waits for descriptors, and can be told to stop.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use rustix::event::{EventfdFlags, PollFd, PollFlags, Timespec, eventfd, poll};

/// A request to stop, which a thread can wait for with `poll(2)`: readable once it was made.
#[derive(Debug, Clone)]
pub(super) struct StopSignal(Arc<OwnedFd>);

impl StopSignal {
    pub(super) fn new() -> io::Result<Self> {
        Ok(Self(Arc::new(eventfd(0, EventfdFlags::CLOEXEC)?)))
    }

    pub(super) fn send(&self) {
        // The write cannot fail: the eventfd's count is far from its maximum.
        let _ = rustix::io::write(&self.0, &1_u64.to_ne_bytes());
    }
}

impl StopSignal {
    /// Waits for it, but not longer than `most`.
    pub(super) fn is_sent_within(&self, most: Duration) -> bool {
        let mut stop = [PollFd::new(self, PollFlags::IN)];
        // The error is EINTR: then it waits less.
        poll(&mut stop, Timespec::try_from(most).ok().as_ref()).is_ok_and(|ready| ready > 0)
    }
}

impl AsFd for StopSignal {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

/// A running thread. Dropping it stops and joins the thread.
#[derive(Debug)]
pub(super) struct StoppableThread {
    stop: StopSignal,
    thread: Option<JoinHandle<()>>,
}

impl StoppableThread {
    /// Runs `body` until it returns, which it does once the signal is sent.
    pub(super) fn start(name: &str, body: impl FnOnce(&StopSignal) + Send + 'static) -> io::Result<Self> {
        let stop = StopSignal::new()?;
        let halt = stop.clone();
        let thread = thread::Builder::new().name(name.into()).spawn(move || body(&halt))?;
        Ok(Self { stop, thread: Some(thread) })
    }
}

impl StoppableThread {
    /// Stops and joins the thread.
    pub(super) fn end(&mut self) {
        self.stop.send();
        // The panic hook has already printed a panic of the thread.
        let _ = self.thread.take().map(JoinHandle::join);
    }
}

impl Drop for StoppableThread {
    fn drop(&mut self) {
        self.end();
    }
}
