//! The texts on the frame of the upper part: its title, its count, and the state of the capture.

use super::super::draw_context::DrawContext;
use super::super::glyphs::DOT;
use super::super::keys;
use super::words;
use crate::domain::keys::{Action, ListAction, Motion, PacketsAction};
use crate::domain::{Flow, WorldId};
use crate::model::packets::{Capturing, Picture, Traffic, Trail, TrailReader};

/// The title.
pub(super) fn title(traffic: &Traffic<'_>, ctx: &DrawContext) -> String {
    let texts = &ctx.text.packets;
    let filter = traffic.packets.filter.to_string();
    let of = |flow: Option<Flow>| flow.map_or_else(String::new, |flow| format!(" {DOT} {}", words::talk(&flow)));
    let client = || of(traffic.client());
    let shown = match traffic.packets.picture {
        Picture::List if filter.trim().is_empty() => texts.title.into(),
        Picture::List => format!("{} {DOT} {}", texts.title, filter.trim()),
        Picture::Ladder => format!("{}{}", texts.ladder, client()),
        Picture::Stream => format!("{}{}", texts.stream, client()),
    };
    match traffic.file {
        Some(file) => format!("{} {} {DOT} {shown}", ctx.text.files.file, file.name),
        None => shown,
    }
}

const fn trail<'a>(traffic: &Traffic<'a>) -> &'a Trail {
    match traffic.packets.picture {
        Picture::List => &traffic.packets.list,
        Picture::Ladder | Picture::Stream => &traffic.packets.ladder.trail,
    }
}

/// How many packets are shown, and of how many.
pub(super) fn count(traffic: &Traffic<'_>, ctx: &DrawContext) -> String {
    let texts = &ctx.text.packets;
    let numbers = &ctx.text.numbers;
    let shown = trail(traffic).len() as u64;
    let all = traffic.packets.seen;
    let count = match traffic.packets.picture {
        Picture::List if shown != all => (texts.count)(&numbers.count(shown), &numbers.count(all)),
        _ => (texts.packets)(&numbers.count(shown), shown),
    };
    let looking = traffic.packets.is_looking() && traffic.packets.picture == Picture::List;
    let count = if looking { format!("{} {DOT} {count}", texts.looking) } else { count };
    match (traffic.packets.picture, traffic.packets.only) {
        (Picture::List, Some(only)) => format!("{} {DOT} {count}", (texts.only)(&words::talk(&only))),
        _ => count,
    }
}

/// Whether packets are captured and how many were lost; whether the list follows.
pub(super) fn foot(traffic: &Traffic<'_>, ctx: &DrawContext) -> String {
    let texts = &ctx.text.packets;
    let numbers = &ctx.text.numbers;
    if traffic.file.is_some() {
        let words = &ctx.text.files;
        return format!(
            "{} {DOT} {} {}",
            words.not_live,
            keys::first(Action::Packets(PacketsAction::Open), ctx.text),
            words.back
        );
    }
    if let Some(saved) = &traffic.packets.saved {
        return (ctx.text.note)(saved);
    }
    let trail = trail(traffic);
    let reader = match trail.reader {
        TrailReader::Follows => texts.following.to_owned(),
        TrailReader::Holds { .. } => {
            let new = (texts.new)(&numbers.count(trail.unseen() as u64), trail.unseen());
            format!(
                "{} {DOT} {new} {DOT} End {}",
                texts.held,
                keys::text(Action::List(ListAction::Move(Motion::Last)), ctx.text).hint
            )
        }
    };
    let capture = match (&traffic.packets.capturing, traffic.packets.world) {
        (_, WorldId::Wire) => texts.on_wire.to_owned(),
        (Capturing::Unknown, _) => texts.unknown.to_owned(),
        (Capturing::On(interface), _) => {
            let lost = match traffic.packets.lost {
                0 => texts.nothing_lost.to_owned(),
                count => (texts.lost)(&numbers.count(count), count),
            };
            format!("{} {DOT} {lost}", (texts.capturing)(interface))
        }
        (Capturing::Lacking { errno, .. }, _) => format!("{}: {errno}", texts.no_capture),
    };
    format!("{capture} {DOT} {reader}")
}
