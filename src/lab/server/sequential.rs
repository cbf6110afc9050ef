//! One client at a time: the first accept loop that everybody writes.
//!
//! Nothing is wrong with it until a second client comes. The kernel completes
//! that client's handshake all the same (`connect()` returns, the state is
//! ESTABLISHED) and puts the connection in the accept queue, where it waits
//! until this loop comes round to `accept()` again.

use super::acceptor::Acceptor;
use super::conversation::AcceptedConnection;
use crate::domain::ServiceModel::Sequential;

/// Serves for ever, one at a time. `current` is the client being served: it
/// outlives this loop, so that another model can take it over in mid-sentence.
pub(super) async fn run(acceptor: &Acceptor, current: &mut Option<AcceptedConnection>) {
    loop {
        // The next client: the one at the head of the accept queue.
        let conn = match current {
            Some(conn) => conn,
            None => current.insert(acceptor.accept().await),
        };
        conn.serving(Sequential);

        // recv, send, recv, send ... to its end. Nobody else is served.
        conn.converse().await;

        // Only now is there time for another.
        if let Some(conn) = current.take() {
            conn.close();
        }
    }
}
