//! The name of a client, the same in every pane: ours by its number, others by their program.

use std::borrow::Cow;

use super::draw_context::DrawContext;
use crate::model::clients::{Client, Owner};

/// In a list: `#3`, `broadcast`, `python3`, `other`.
pub(super) fn short<'a>(ctx: &DrawContext, client: &'a Client) -> Cow<'a, str> {
    match client.owner {
        Owner::Ours(id, _) => format!("#{}", id.0).into(),
        Owner::Broadcaster => ctx.text.clients.broadcaster.into(),
        Owner::Foreign => {
            client.process.as_ref().map_or(ctx.text.clients.other.into(), |process| Cow::from(&process.name))
        }
    }
}

/// In a history: `client #3`, `broadcast`, `python3`, `:44086`.
pub(super) fn long<'a>(ctx: &DrawContext, client: &'a Client) -> Cow<'a, str> {
    match (client.owner, &client.process, client.local) {
        (Owner::Ours(id, _), ..) => (ctx.text.lifecycle.client)(id.0).into(),
        (Owner::Foreign, None, Some(local)) => format!(":{}", local.port()).into(),
        _ => short(ctx, client),
    }
}
