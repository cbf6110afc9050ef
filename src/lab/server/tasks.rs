//! A task per connection: many conversations on a few threads.
//!
//! A task that waits for its client frees its thread, and the runtime asks the
//! kernel about all waiting sockets at once (epoll on Linux). A waiting client
//! costs a few hundred bytes instead of a thread.

use super::acceptor::Acceptor;
use super::conversation::AcceptedConnection;
use crate::domain::ServiceModel;

/// Accepts for ever, a new task for each connection. A connection that the
/// model before this one had `current` gets a task too.
pub(super) async fn run(acceptor: &Acceptor, current: &mut Option<AcceptedConnection>, model: ServiceModel) {
    loop {
        let mut conn = match current.take() {
            Some(conn) => conn,
            None => acceptor.accept().await,
        };
        conn.serving(model);
        let stopped = acceptor.connections().stopped();
        acceptor.connections().spawn(async move {
            // Neither blocks: whichever completes first ends the task.
            tokio::select! {
                () = conn.converse(model) => {}
                () = stopped => {}
            }
            conn.close();
        });
    }
}
