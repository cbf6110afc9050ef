//! One client at a time: the simplest accept loop.
//!
//! It works well until a second client connects. The kernel completes that
//! client's handshake anyway (`connect()` returns, the state is ESTABLISHED)
//! and puts the connection in the accept queue, where it waits until this loop
//! calls `accept()` again.

use super::acceptor::Acceptor;
use super::conversation::AcceptedConnection;
use crate::domain::ServiceModel::Sequential;

/// Serves for ever, one client at a time. `current` is the client being served:
/// it outlives this loop, so that another model can take it over.
pub(super) async fn run(acceptor: &Acceptor, current: &mut Option<AcceptedConnection>) {
    loop {
        // The next client: the one at the head of the accept queue.
        let conn = match current {
            Some(conn) => conn,
            None => current.insert(acceptor.accept().await),
        };
        conn.serving(Sequential);

        // recv, send, recv, send ... until it ends. No other client is served.
        conn.converse(Sequential).await;

        // Only now can another client be served.
        if let Some(conn) = current.take() {
            conn.close();
        }
    }
}
