//! The pane of what happened: every call and every state change, in order.

use std::ops::Range;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::glyphs;
use super::ink::{Ink, width, wrap};
use super::look::{Frame, Look};
use super::story;
use crate::domain::{Event, Stamp};
use crate::model::Model;
use crate::model::lifecycle::{Kinds, Reader, Subject};
use crate::model::ui::{Mode, Pane};
use crate::model::window::{tail, window};

/// Draws the pane.
pub(super) fn render(model: &Model, look: &Look, area: Rect, buf: &mut Buffer) {
    let list = &model.lifecycle;
    let words = &look.text.lifecycle;
    let (count, foot) = (kinds(model, look), foot(model, look));
    let frame = Frame {
        title: words.title,
        count: &count,
        foot: &foot,
        focused: model.ui.focus == Pane::Lifecycle && model.ui.mode == Mode::Command,
    };
    let inside = look.frame(&frame, area, buf);
    if list.is_empty() {
        let filtered = list.kinds != Kinds::All || list.subject.is_some();
        let sentence = if filtered { words.none_listed } else { words.none };
        for (row, line) in (0..inside.height).zip(wrap(sentence, inside.width.saturating_sub(2))) {
            Ink::on(buf, inside, row).skip(1).say(line, look.theme.quiet);
        }
        return;
    }
    let shown =
        places(model, inside.height).filter_map(|place| list.seq(place)).filter_map(|seq| model.journal.get(seq));
    for (row, event) in (0..inside.height).zip(shown) {
        line(model, look, event, &mut Ink::on(buf, inside, row));
    }
}

fn places(model: &Model, height: u16) -> Range<usize> {
    let list = &model.lifecycle;
    match list.reader {
        Reader::Follows => tail(list.len(), usize::from(height)),
        Reader::Holds { at, .. } => window(Some(list.place(at)), list.held_len(), usize::from(height)),
    }
}

fn line(model: &Model, look: &Look, event: &Event, ink: &mut Ink<'_>) {
    let (start, theme) = (ink.x(), &look.theme);
    let held = matches!(model.lifecycle.reader, Reader::Holds { at, .. } if at == event.seq);
    ink.cell(if held { glyphs::SELECTED } else { " " }, 1, theme.newest);
    let clock = |at: Stamp| look.text.numbers.clock(at.since(Stamp::ZERO));
    // As wide as the latest time is.
    let columns = width(&clock(model.now)).max(7);
    ink.right(&clock(event.seen.at), columns, theme.quiet).skip(1);
    let narrow = ink.room() < 84;
    let who = story::who(model, look, &event.seen.kind, narrow);
    ink.cell(&who.name, if narrow { 11 } else { 14 }, who.style).skip(1);
    look.evidence(ink, event.seen.evidence);
    ink.skip(1);
    story::tell(model, look, event, ink);
    let about = model.ui.subject.is_some_and(|subject| subject.concerns(&event.seen.kind));
    if held {
        ink.restyle(start, theme.selected);
    } else if about && matches!(model.ui.subject, Some(Subject::Connection(_))) {
        ink.restyle(start + 9, theme.related);
    }
}

/// Which kinds are listed, and what the list is narrowed to; nothing when all is.
fn kinds(model: &Model, look: &Look) -> String {
    let words = &look.text.lifecycle;
    let kinds = match model.lifecycle.kinds {
        Kinds::All => None,
        Kinds::Calls => Some(words.calls.to_owned()),
        Kinds::States => Some(words.states.to_owned()),
    };
    let subject = model.lifecycle.subject.map(|subject| {
        (words.only)(&match subject {
            Subject::Server(id) => model.world.servers.get(id).map_or_else(|| id.to_string(), |s| s.spec.name.clone()),
            Subject::Connection(flow) => match model.world.clients.by_flow(&flow) {
                Some(client) => (words.client)(client.no),
                None => format!(":{}", flow.local.port()),
            },
        })
    });
    kinds.into_iter().chain(subject).collect::<Vec<_>>().join(&format!(" {} ", glyphs::DOT))
}

/// Whether the list follows, and how much there is.
fn foot(model: &Model, look: &Look) -> String {
    let (list, words, numbers) = (&model.lifecycle, &look.text.lifecycle, &look.text.numbers);
    let dot = glyphs::DOT;
    match list.reader {
        Reader::Follows => {
            format!("{} {dot} {}", words.following, (words.events)(&numbers.count(list.len() as u64), list.len()))
        }
        Reader::Holds { .. } => {
            let new = (words.new)(&numbers.count(list.unseen() as u64), list.unseen());
            let follow = look.text.keys.last.hint;
            format!("{} {dot} {new} {dot} End {follow}", words.held)
        }
    }
}
