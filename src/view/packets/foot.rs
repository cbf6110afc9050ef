//! What stands on the frame of the upper part: what it shows, how much of it, and whether packets are captured and lost.

use super::super::glyphs::DOT;
use super::super::look::Look;
use super::words;
use crate::domain::{Flow, WorldId};
use crate::model::Model;
use crate::model::packets::{Capturing, Picture, Reader, Trail};

/// What it shows.
pub(super) fn title(model: &Model, look: &Look) -> String {
    let texts = &look.text.packets;
    let filter = model.packets.filter.to_string();
    let of = |flow: Option<Flow>| flow.map_or_else(String::new, |flow| format!(" {DOT} {}", words::talk(&flow)));
    let client = || of(model.packets.ladder.client(&model.world));
    match model.packets.picture {
        Picture::List if filter.trim().is_empty() => texts.title.into(),
        Picture::List => format!("{} {DOT} {}", texts.title, filter.trim()),
        Picture::Ladder => format!("{}{}", texts.ladder, client()),
        Picture::Stream => format!("{}{}", texts.stream, client()),
    }
}

const fn trail(model: &Model) -> &Trail {
    match model.packets.picture {
        Picture::List => &model.packets.list,
        Picture::Ladder | Picture::Stream => &model.packets.ladder.trail,
    }
}

/// How many packets, and of how many.
pub(super) fn count(model: &Model, look: &Look) -> String {
    let (texts, numbers) = (&look.text.packets, &look.text.numbers);
    let (shown, all) = (trail(model).len() as u64, model.packets.seen);
    let count = match model.packets.picture {
        Picture::List if shown != all => (texts.count)(&numbers.count(shown), &numbers.count(all)),
        _ => (texts.packets)(&numbers.count(shown), shown),
    };
    let looking = model.packets.is_looking() && model.packets.picture == Picture::List;
    let count = if looking { format!("{} {DOT} {count}", texts.looking) } else { count };
    match model.packets.only.filter(|_| model.packets.picture == Picture::List) {
        Some(only) => format!("{} {DOT} {count}", (texts.only)(&words::talk(&only))),
        None => count,
    }
}

/// Whether there is a capture, and what that lost; whether the reader follows.
pub(super) fn foot(model: &Model, look: &Look) -> String {
    let (texts, numbers) = (&look.text.packets, &look.text.numbers);
    let trail = trail(model);
    let reader = match trail.reader {
        Reader::Follows => texts.following.to_owned(),
        Reader::Holds { .. } => {
            let new = (texts.new)(&numbers.count(trail.unseen() as u64), trail.unseen());
            format!("{} {DOT} {new} {DOT} End {}", texts.held, look.text.keys.last.hint)
        }
    };
    let capture = match (&model.packets.capturing, model.packets.world) {
        (_, WorldId::Wire) => texts.on_wire.to_owned(),
        (Capturing::Unknown, _) => texts.unknown.to_owned(),
        (Capturing::On(interface), _) => {
            let lost = match model.packets.lost {
                0 => texts.nothing_lost.to_owned(),
                count => (texts.lost)(&numbers.count(count), count),
            };
            format!("{} {DOT} {lost}", (texts.capturing)(interface))
        }
        (Capturing::Lacking { errno, .. }, _) => format!("{}: {errno}", texts.no_capture),
    };
    format!("{capture} {DOT} {reader}")
}
