//! A task per connection: many conversations on a few threads.
//!
//! A task that waits for its client gives the thread back, and the runtime
//! asks the kernel about all waiting sockets at once (epoll on Linux). A
//! waiting client costs a few hundred bytes instead of a thread.

use super::conn::Conn;
use super::door::Door;
use crate::domain::ServiceModel::Async;

/// Accepts for ever, a new task for each connection. A connection that the
/// model before this one had `at_hand` gets a task too.
pub(super) async fn run(door: &Door, at_hand: &mut Option<Conn>) {
    loop {
        let mut conn = match at_hand.take() {
            Some(conn) => conn,
            None => door.accept().await,
        };
        conn.serving(Async);
        let stopped = door.guests().stopped();
        door.guests().spawn(async move {
            // Both wait without blocking: whichever is first ends the task.
            tokio::select! {
                () = conn.converse() => {}
                () = stopped => {}
            }
            conn.close();
        });
    }
}
