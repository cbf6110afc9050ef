//! The last line: the keys that matter here and now, as many as fit, the most important first.

use std::time::Duration;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::draw_context::DrawContext;
use super::keys;
use super::line_writer::{LineWriter, width};
use crate::domain::WorldId;
use crate::model::Model;
use crate::model::keys::{Action, Key};
use crate::model::ui::{Mode, Pane, View};

/// Draws the line.
pub(super) fn render(model: &Model, look: &DrawContext, area: Rect, buf: &mut Buffer) {
    let mut ink = LineWriter::on(buf, area, 0);
    if let Some(count) = model.ui.count.filter(|_| model.ui.mode == Mode::Command) {
        ink.skip(1).write(&format!("{count}_"), look.theme.typed).skip(1);
    }
    let mut last = Vec::new();
    let mut first = hints(model, look);
    if let Mode::Command = model.ui.mode {
        // These two are always there: who is lost looks for them.
        last = [Action::Help, Action::Quit].map(|action| plain(action, look)).to_vec();
        first.retain(|hint| !last.contains(hint));
    }
    let reserve: u16 = last.iter().map(columns).sum();
    for hint in first {
        if columns(&hint) + reserve > ink.room() {
            continue;
        }
        say(&mut ink, &hint, look);
    }
    for hint in last.iter().filter(|_| area.width > 0) {
        say(&mut ink, hint, look);
    }
}

/// A key and its word.
type Hint = (String, String);

fn columns(hint: &Hint) -> u16 {
    width(&hint.0) + width(&hint.1) + 3
}

fn say(ink: &mut LineWriter<'_>, (key, word): &Hint, look: &DrawContext) {
    ink.skip(1).write(key, look.theme.key).skip(1).write(word, look.theme.text).skip(1);
}

fn plain(action: Action, look: &DrawContext) -> Hint {
    (keys::first(action, look.text), keys::text(action, look.text).hint.into())
}

fn hints(model: &Model, look: &DrawContext) -> Vec<Hint> {
    let words = &look.text.keys;
    let key = |key: Key, word: &str| (keys::name(key, look.text), word.to_owned());
    match (model.ui.mode, model.ui.count) {
        (Mode::Saying, _) => {
            vec![key(Key::Enter, words.send), key(Key::Esc, words.leave), key(Key::Up, words.earlier)]
        }
        (Mode::Filtering | Mode::Sifting, _) => vec![
            key(Key::Enter, words.keep),
            key(Key::Esc, words.leave),
            key(Key::Tab, words.complete),
            key(Key::Up, words.earlier),
        ],
        (Mode::Running, _) => {
            vec![key(Key::Enter, words.run.hint), key(Key::Esc, words.leave), key(Key::Up, words.earlier)]
        }
        (Mode::Choosing, _) => vec![
            key(Key::Enter, words.play),
            key(Key::Up, words.up.hint),
            key(Key::Down, words.down.hint),
            key(Key::Esc, words.leave),
        ],
        (Mode::Checking, _) => {
            vec![key(Key::Enter, words.check.hint), key(Key::Esc, words.leave), key(Key::Up, words.earlier)]
        }
        (Mode::TypingTarget, _) => {
            vec![key(Key::Enter, words.target.hint), key(Key::Esc, words.leave), key(Key::Up, words.earlier)]
        }
        (Mode::Opening, _) if model.files.reading.is_some() => vec![key(Key::Esc, words.leave)],
        (Mode::Opening, _) => vec![
            key(Key::Enter, words.open_capture.hint),
            key(Key::Esc, words.leave),
            key(Key::Tab, words.complete),
            key(Key::Up, words.earlier),
        ],
        (Mode::Asking(_), _) => {
            let yes = Key::Char(crate::model::network::yes(model.ui.lang));
            vec![key(yes, look.text.network.yes), key(Key::Esc, look.text.network.no)]
        }
        (Mode::Settings, _) => vec![
            key(Key::Down, words.setting),
            key(Key::Tab, words.host),
            key(Key::Right, words.turn),
            key(Key::Esc, words.close),
        ],
        (Mode::Help(_), _) => {
            vec![key(Key::Up, words.up.hint), key(Key::Down, words.down.hint), key(Key::Esc, words.close)]
        }
        // The line is the mark's.
        (Mode::Marking, _) => vec![],
        (Mode::Command, Some(count)) if model.ui.view == View::Wire => on_wire(look, count),
        (Mode::Command, Some(count)) => {
            let of = |action| keys::first(action, look.text);
            vec![
                (of(Action::Client), (words.clients)(count)),
                (of(Action::OneShot), (words.one_shots)(count)),
                key(Key::Enter, &(words.view)(count)),
                key(Key::Esc, words.forget),
            ]
        }
        (Mode::Command, None) => {
            let mut hints: Vec<_> = ranked(model).into_iter().map(|action| plain(action, look)).collect();
            let wire = plain(Action::Wire, look);
            if let Some(back) = hints.iter_mut().find(|hint| **hint == wire && model.worlds.shown_id() == WorldId::Wire)
            {
                back.1 = words.machine.into();
            }
            let open = plain(Action::OpenCapture, look);
            if let Some(live) = hints.iter_mut().find(|hint| **hint == open && model.files.shown.is_some()) {
                live.1 = look.text.files.back.into();
            }
            hints
        }
    }
}

/// What a number means to the keys of the wire.
fn on_wire(look: &DrawContext, count: u32) -> Vec<Hint> {
    let words = &look.text.keys;
    let of = |action| keys::first(action, look.text);
    let span = look.text.numbers.tenths(Duration::from_millis(100 * u64::from(count.clamp(1, 50))));
    vec![
        (of(Action::Next), (words.deliver)(count)),
        (of(Action::Client), (words.clients)(count)),
        (of(Action::Slow), (words.slowed)(&span)),
        (of(Action::Delay), (words.delayed)(&span)),
        (of(Action::Loss), (words.losing)(count.min(100))),
        (keys::name(Key::Enter, look.text), (words.view)(count)),
        (keys::name(Key::Esc, look.text), words.forget.into()),
    ]
}

/// What is useful with the present view, focus and zoom, the most useful first.
fn ranked(model: &Model) -> Vec<Action> {
    use Action::{
        Back, Block, Check, Client, CloseAll, CloseFin, CloseHalf, CloseRst, CloseWire, Corrupt, Cut, Delay, Door,
        Drop, Duplicate, Filter, GoOn, GoView, Home, Kick, Ladder, Language, Loss, Mark, Narrow, Network, Next,
        NextKinds, NextLesson, NextModel, NextOrder, NextPane, NextScope, NextServer, NextTalk, OneShot, OpenCapture,
        OpenWire, OtherEnd, Page, PrevTalk, Repeat, Reverse, Run, RunHold, SaveCapture, Say, Settings, Sift, Slow,
        StartStop, StopCheck, Stream, Swap, Target, Theme, Tick, Unfold, Wire, Zoom,
    };
    let mut actions = Vec::new();
    if let Some(page) = &model.ui.page {
        let both = [OtherEnd].into_iter().filter(|_| page.detail().is_some());
        let ends = [CloseFin, CloseRst, CloseHalf].into_iter().filter(|_| model.selected_client().is_some());
        return [Back].into_iter().chain(both).chain(ends).chain([Client, Language, Theme]).collect();
    }
    if model.ui.zoomed || model.ui.view == View::Ports {
        actions.push(Back);
    }
    actions.extend_from_slice(match (model.ui.view, model.ui.focus) {
        // What is not seen here is not offered: the lab, while a file is looked at.
        (View::Packets, _) if model.files.shown.is_some() => {
            &[OpenCapture, Ladder, Stream, Sift, Unfold, NextTalk, PrevTalk, Narrow, Language, Theme, GoView]
        }
        // Nothing can be captured: a file can be looked at.
        (View::Packets, _) if model.traffic().lacks() => &[OpenCapture, Wire, Language, Theme, GoView],
        (View::Packets, _) => {
            &[Ladder, Stream, Sift, Unfold, SaveCapture, OpenCapture, NextTalk, Narrow, Mark, Client, OneShot, CloseFin]
        }
        (View::Lessons, _) => &[],
        (View::Wire, _) if !model.worlds.shown().wire.is_open() => &[OpenWire, Wire],
        (View::Wire, _) if model.worlds.shown().playing.is_some() => &[
            GoOn,
            Repeat,
            NextLesson,
            Back,
            Action::View(View::Lessons),
            Next,
            RunHold,
            Drop,
            Client,
            Wire,
            Duplicate,
            Swap,
            Slow,
            Loss,
            Cut,
            Delay,
            Settings,
        ],
        (View::Wire, _) => &[
            Next,
            RunHold,
            Drop,
            Client,
            OneShot,
            CloseFin,
            Action::View(View::Lessons),
            CloseRst,
            Duplicate,
            Swap,
            Slow,
            Loss,
            Wire,
            Cut,
            Delay,
            Corrupt,
            Settings,
            Run,
            NextServer,
            CloseHalf,
            Say,
        ],
        (View::Network, _) => &[Door, Check, Kick, Block, StopCheck, Target, Home, NextPane, Zoom, Network, Client],
        (View::Ports, _) => &[Client, OneShot, CloseFin, CloseAll],
        (View::Lab, Pane::Servers) => &[Client, OneShot, NextModel, StartStop, Tick, Say],
        (View::Lab, Pane::Clients) => &[Client, OneShot, Page, CloseFin, CloseRst, CloseHalf, CloseAll],
        (View::Lab, Pane::Netstat) => &[Filter, NextScope, NextOrder, Page, Reverse, Client, OneShot],
        (View::Lab, Pane::Lifecycle) => &[NextKinds, Narrow, Page, Client, OneShot],
        (View::Lab, Pane::Broadcast) => &[Say, Client, OneShot],
    });
    let rest = [NextPane, Zoom, Wire, GoView, CloseFin, CloseAll, Say, Filter, Language, Theme];
    // Where there are no panes, none can be gone to, and none made larger.
    let rest = if model.ui.view == View::Lab { &rest[..] } else { &rest[2..] };
    actions.extend(rest.iter().copied().filter(|action| !actions.contains(action)).collect::<Vec<_>>());
    // Where somebody else's servers are watched, these do nothing.
    actions.retain(|action| !model.worlds.shown().observing || !matches!(action, StartStop | NextModel | Door));
    // Where no server of the lab is, no client can be made.
    let bare = model.has_no_lab() || (model.worlds.shown_id() == WorldId::Wire && !model.worlds.shown().wire.is_open());
    let of_lab =
        [Client, OneShot, CloseFin, CloseRst, CloseHalf, CloseAll, StartStop, NextModel, NextServer, Tick, Say];
    actions.retain(|action| !bare || !of_lab.contains(action));
    if model.has_no_lab() && model.ui.view == View::Wire && model.worlds.shown().playing.is_none() {
        // What the scenario left makes room for the lab's own.
        actions.insert(2, CloseWire);
    }
    actions
}
