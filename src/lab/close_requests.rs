//! Requests to close one socket, received by the task that owns it. The latest request counts.

use tokio::sync::watch;

use crate::domain::CloseHow;

pub(super) type CloseRequester = watch::Sender<Option<CloseHow>>;

pub(super) struct CloseRequests(watch::Receiver<Option<CloseHow>>);

impl CloseRequests {
    /// Requests sent from now on are received.
    pub(super) fn of(requester: &CloseRequester) -> Self {
        Self(requester.subscribe())
    }

    /// Waits for the next request. Cancel safe.
    pub(super) async fn next(&mut self) -> CloseHow {
        loop {
            if self.0.changed().await.is_err() {
                return CloseHow::Fin;
            }
            if let Some(how) = *self.0.borrow_and_update() {
                return how;
            }
        }
    }

    /// The request that [`CloseRequests::next`] would return at once.
    pub(super) fn pending(&self) -> Option<CloseHow> {
        if self.0.has_changed().unwrap_or(false) { *self.0.borrow() } else { None }
    }
}
