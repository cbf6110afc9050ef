//! The name of a client, the same in every pane: ours by its number, others by their program.

use std::borrow::Cow;

use super::draw_context::DrawContext;
use crate::model::clients::{Client, ClientOwner};

/// In a list: `#3`, `broadcast`, `python3`, `other`.
pub(super) fn short<'a>(ctx: &DrawContext, client: &'a Client) -> Cow<'a, str> {
    match client.owner {
        ClientOwner::Ours(id, _) => format!("#{}", id.0).into(),
        ClientOwner::Broadcaster => ctx.text.clients.broadcaster.into(),
        ClientOwner::Foreign => {
            client.process.as_ref().map_or(ctx.text.clients.other.into(), |process| Cow::from(&process.name))
        }
    }
}

/// In a history: `client #3`, `broadcast`, `python3`, `:44086`.
pub(super) fn long<'a>(ctx: &DrawContext, client: &'a Client) -> Cow<'a, str> {
    match (client.owner, &client.process, client.local) {
        (ClientOwner::Ours(id, _), ..) => (ctx.text.lifecycle.client)(id.0).into(),
        (ClientOwner::Foreign, None, Some(local)) => format!(":{}", local.port()).into(),
        _ => short(ctx, client),
    }
}
