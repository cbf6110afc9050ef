//! Destinations of clients and broadcasts: a server here, or the target in its place.

use super::Model;
use super::servers::Server;
use crate::domain::{Destination, ServerId};

/// The destination of a client of this server; `None` while the target's address is not known.
pub(super) fn destination(model: &Model, server: &Server) -> Option<Destination> {
    let (id, addr) = match &model.worlds.shown().target {
        Some(target) => (None, target.at(server.addr().port())?),
        None => (Some(server.id), server.reach()),
    };
    Some(Destination { server: id, proto: server.spec.proto, addr })
}

/// Which of these servers receive a broadcast: each whose destination is known, and one of those that share a
/// destination.
pub(super) fn hearers(model: &Model, ticked: impl Iterator<Item = ServerId>) -> Vec<ServerId> {
    let mut places = Vec::new();
    let mut is_new = |server: &Server| match destination(model, server) {
        Some(Destination { proto, addr, server: None }) if places.contains(&(proto, addr)) => false,
        Some(Destination { proto, addr, .. }) => {
            places.push((proto, addr));
            true
        }
        None => false,
    };
    ticked.filter(|id| model.worlds.shown().servers.get(*id).is_some_and(&mut is_new)).collect()
}
