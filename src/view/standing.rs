//! Where a client stands: its state and how that is known, or the words that take the place of a state.

use std::borrow::Cow;

use super::look::Look;
use crate::domain::{Evidence, Proto, TcpState};
use crate::model::Model;
use crate::model::clients::{Client, Owner, Phase};
use crate::model::table::Entry;

/// What stands in the State column.
pub(super) enum Standing {
    /// A state that was observed.
    State(TcpState, Evidence),
    /// What its own calls say, while nobody has observed a state.
    Phase(&'static str),
    /// It ended in this error.
    Failed(String),
}

/// The row of a client's own end.
pub(super) fn row<'a>(model: &'a Model, client: &Client) -> Option<&'a Entry> {
    model.world.table.of(&client.flow()?)
}

/// The state that the table shows; else the last one in the book; else what the client's own calls say.
pub(super) fn of(model: &Model, look: &Look, client: &Client) -> Standing {
    let words = &look.text.clients;
    if let Phase::Ended(Some(errno)) = client.phase {
        return Standing::Failed(errno.to_string());
    }
    if client.target.proto == Proto::Udp {
        return Standing::Phase(if client.is_live() { words.no_state } else { words.ended });
    }
    let flow = client.flow();
    let booked = flow.and_then(|flow| model.world.book.state(&flow));
    let seen = row(model, client).and_then(|entry| entry.row.state);
    match (seen, booked) {
        // The table and the book agree: the better witness of the two is named.
        (Some(seen), Some((state, evidence))) if seen == state => {
            Standing::State(seen, evidence.max(Evidence::Sampled))
        }
        (Some(seen), _) => Standing::State(seen, Evidence::Sampled),
        (None, Some((state, evidence))) => Standing::State(state, evidence),
        (None, None) => Standing::Phase(match client.phase {
            Phase::Starting => words.starting,
            Phase::Dialing => words.connecting,
            Phase::Open => words.open,
            Phase::HalfClosed => words.half_closed,
            Phase::Ended(_) => words.ended,
        }),
    }
}

/// Whether the server's end of its connection has not been accepted by any program yet.
pub(super) fn waits(model: &Model, client: &Client) -> bool {
    let other = client.flow().and_then(|flow| flow.mirror()).and_then(|mirror| model.world.table.of(&mirror));
    client.is_live() && other.is_some_and(|entry| entry.row.waits_for_accept())
}

/// Whose it is, where it is none of ours.
pub(super) fn owner<'a>(model: &'a Model, look: &Look, client: &Client) -> Option<Cow<'a, str>> {
    match client.owner {
        Owner::Ours(..) => None,
        Owner::Broadcaster => Some(Cow::Borrowed(look.text.clients.broadcaster)),
        Owner::Foreign => Some(match row(model, client).and_then(|entry| entry.row.process.as_ref()) {
            Some(process) => Cow::Owned(format!("{}/{}", process.pid, process.name)),
            None => Cow::Borrowed(look.text.clients.foreign),
        }),
    }
}
