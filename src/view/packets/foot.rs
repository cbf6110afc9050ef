//! The texts on the frame of the upper part: its title, its count, and the state of the capture.

use super::super::draw_context::DrawContext;
use super::super::glyphs::DOT;
use super::super::keys;
use super::words;
use crate::domain::keys::{Action, ListAction, Motion, PacketsAction};
use crate::domain::{Flow, WorldId};
use crate::model::held_list::{HeldList, ListReader};
use crate::model::packets::{CaptureStatus, PacketsTab, Traffic};

/// The title.
pub(super) fn title(traffic: &Traffic<'_>, ctx: &DrawContext) -> String {
    let texts = &ctx.text.packets;
    let filter = traffic.packets.filter.to_string();
    let of =
        |flow: Option<Flow>| flow.map_or_else(String::new, |flow| format!(" {DOT} {}", words::conversation(&flow)));
    let client = || of(traffic.client());
    let shown = match traffic.packets.tab {
        PacketsTab::List if filter.trim().is_empty() => texts.title.into(),
        PacketsTab::List => format!("{} {DOT} {}", texts.title, filter.trim()),
        PacketsTab::Ladder => format!("{}{}", texts.ladder, client()),
        PacketsTab::Stream => format!("{}{}", texts.stream, client()),
        PacketsTab::Sequence { other } => {
            let end = traffic.packets.ladder.sequence(other).map(|(flow, _)| flow);
            format!("{}{}", ctx.text.graph.sequence, of(end))
        }
    };
    match traffic.file {
        Some(file) => format!("{} {} {DOT} {} {DOT} {shown}", ctx.text.files.file, file.name, ctx.text.files.not_live),
        None => shown,
    }
}

const fn list<'a>(traffic: &Traffic<'a>) -> &'a HeldList<u64> {
    match traffic.packets.tab {
        PacketsTab::List => &traffic.packets.list,
        PacketsTab::Ladder | PacketsTab::Stream | PacketsTab::Sequence { .. } => &traffic.packets.ladder.packets,
    }
}

/// How many packets are shown, and of how many.
pub(super) fn count(traffic: &Traffic<'_>, ctx: &DrawContext) -> String {
    let texts = &ctx.text.packets;
    let numbers = &ctx.text.numbers;
    let shown = list(traffic).len() as u64;
    let all = traffic.packets.seen;
    let count = match traffic.packets.tab {
        PacketsTab::List if shown != all => (texts.count)(&numbers.count(shown), &numbers.count(all)),
        _ => (texts.packets)(&numbers.count(shown), shown),
    };
    let looking = traffic.packets.is_looking() && traffic.packets.tab == PacketsTab::List;
    let count = if looking { format!("{} {DOT} {count}", texts.looking) } else { count };
    match (traffic.packets.tab, traffic.packets.only) {
        (PacketsTab::List, Some(only)) => format!("{} {DOT} {count}", (texts.only)(&words::conversation(&only))),
        _ => count,
    }
}

/// Whether packets are captured and how many were lost; whether the list follows.
pub(super) fn foot(traffic: &Traffic<'_>, ctx: &DrawContext) -> String {
    let texts = &ctx.text.packets;
    let numbers = &ctx.text.numbers;
    if traffic.file.is_some() {
        let words = &ctx.text.files;
        return format!("{} {}", keys::first(Action::Packets(PacketsAction::Open), ctx.text), words.back);
    }
    if let Some(saved) = &traffic.packets.saved
        && !ctx.rules
    {
        return (ctx.text.note)(saved);
    }
    let list = list(traffic);
    let reader = match list.reader {
        ListReader::Follows | ListReader::Points { .. } => texts.following.to_owned(),
        ListReader::Holds { .. } => {
            let new = (texts.new)(&numbers.count(list.unseen() as u64), list.unseen());
            format!(
                "{} {DOT} {new} {DOT} End {}",
                texts.held,
                keys::text(Action::List(ListAction::Move(Motion::Last)), ctx.text).hint
            )
        }
    };
    let capture = match (&traffic.packets.capturing, traffic.packets.world) {
        (_, WorldId::Wire) => texts.on_wire.to_owned(),
        (CaptureStatus::Unknown, _) => texts.unknown.to_owned(),
        // On a rule what comes last is cut last: losses.
        (CaptureStatus::On(interface), _) if traffic.packets.lost > 0 => {
            let lost = (texts.lost)(&numbers.count(traffic.packets.lost), traffic.packets.lost);
            return format!("{} {DOT} {reader} {DOT} {lost}", (texts.capturing)(interface));
        }
        (CaptureStatus::On(interface), _) => format!("{} {DOT} {}", (texts.capturing)(interface), texts.nothing_lost),
        (CaptureStatus::Lacking { lack, .. }, _) => format!("{}: {}", texts.no_capture, lack.errno),
    };
    format!("{capture} {DOT} {reader}")
}
