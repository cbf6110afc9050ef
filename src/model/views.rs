//! What the keys of the screen do: which view is shown, which part has the focus, how it looks, how one leaves.

use super::effect::{Effect, ScreenEffect};
use super::graph::CLOSEST;
use super::held_list::ListReader;
use super::mode::Mode;
use super::press::{Acted, Press};
use super::screen::View;
use super::{Model, lessons, network, packets, presenter};
use crate::domain::keys::{self, Action, Here, Key, ListAction, Motion, Place, ScreenAction, TerminalAction, Turn};
use crate::domain::{Loss, Refusal, WorldId};

/// Does what a key means.
pub(super) fn act(model: &mut Model, action: ScreenAction, press: Press) -> Acted {
    match action {
        ScreenAction::View(view) => return go(model, view),
        ScreenAction::Views => match press.count {
            Some(number) => return go(model, View::numbered(number).ok_or(Refusal::NoView(number))?),
            None => model.ui.mode = Mode::Views,
        },
        ScreenAction::Pane(turn) => return pane(model, if turn == Turn::Next { 1 } else { -1 }),
        ScreenAction::Zoom => zoom(model)?,
        ScreenAction::Mark => model.ui.mode = Mode::Marking,
        ScreenAction::Language => model.ui.lang = model.ui.lang.other(),
        ScreenAction::Theme => model.ui.theme = model.ui.theme.next(),
        ScreenAction::Glyphs => model.ui.glyphs = model.ui.glyphs.other(),
        ScreenAction::Help => model.ui.mode = Mode::Help(0),
        // The count is undone first.
        ScreenAction::Back if press.count.is_some() => {}
        ScreenAction::Back => return back(model, press.sure),
        ScreenAction::Terminal(TerminalAction::Redraw) => return Ok(vec![Effect::Screen(ScreenEffect::Redraw)]),
        ScreenAction::Terminal(TerminalAction::Suspend) => return Ok(vec![Effect::Screen(ScreenEffect::Suspend)]),
        ScreenAction::Quit => {
            return match loss(model) {
                Some(loss) if !press.sure => Err(Refusal::Again(loss)),
                _ => Ok(vec![Effect::Screen(ScreenEffect::Quit)]),
            };
        }
    }
    Ok(vec![])
}

/// Gives a part of the view the whole of it, or gives it back. A graph that has it is looked at more closely first.
fn zoom(model: &mut Model) -> Result<(), Refusal> {
    let has_parts = match model.ui.view {
        View::Lab | View::Network => true,
        View::Packets => packets::can_zoom(model),
        View::Wire => model.ui.wire.graph.kind.is_some(),
        View::Ports | View::Lessons => false,
    };
    if model.ui.page.is_some() || !has_parts {
        return Err(Refusal::NoMore);
    }
    let (zoomed, on_wire) = (model.ui.zoomed, model.ui.view == View::Wire);
    let closer = match model.ui.view {
        View::Wire => Some(&mut model.ui.wire.graph.closer),
        View::Packets => packets::closer(model),
        _ => None,
    };
    model.ui.zoomed = match closer {
        // In the packets a graph has the whole view anyway.
        Some(closer) if (zoomed || !on_wire) && *closer < CLOSEST => {
            *closer += 1;
            zoomed
        }
        Some(closer) => {
            *closer = 0;
            on_wire && !zoomed
        }
        None => !zoomed,
    };
    Ok(())
}

/// What would be lost by quitting.
fn loss(model: &Model) -> Option<Loss> {
    let visitors = network::visitors(model);
    if visitors > 0 {
        return Some(Loss::Visitors(visitors));
    }
    model.worlds.wire().playing.is_some().then_some(Loss::Lesson)
}

/// Shows a view.
fn go(model: &mut Model, view: View) -> Acted {
    if model.ui.view == view && model.ui.page.is_none() && model.ui.mode == Mode::Command {
        return Err(Refusal::NoMore);
    }
    model.ui.mode = Mode::Command;
    model.ui.page = None;
    match view {
        View::Wire => return Ok(presenter::enter(model)),
        View::Lessons => lessons::list(model),
        View::Lab | View::Ports | View::Packets | View::Network => model.ui.view = view,
    }
    Ok(vec![])
}

/// A key while the footer lists the views: a digit goes to its view, the same key to the next one.
pub(super) fn chosen(model: &mut Model, key: Key) -> Acted {
    model.ui.mode = Mode::Command;
    match key {
        Key::Char('v') => go(model, model.ui.view.next()),
        Key::Char(digit) if digit.is_ascii_digit() => {
            let number = digit.to_digit(10).unwrap_or(0);
            go(model, View::numbered(number).ok_or(Refusal::NoView(number))?)
        }
        _ => Ok(vec![]),
    }
}

/// A key while the help is shown from this line on: it scrolls, or closes the help.
pub(super) fn scroll_help(model: &mut Model, key: Key, from: usize) -> Vec<Effect> {
    let nowhere = Here { place: Place::Anywhere, world: WorldId::Host };
    model.ui.mode = match keys::lookup(key, nowhere) {
        Some(Action::List(ListAction::Move(motion))) => {
            let steps = match motion {
                Motion::PageUp => -10,
                Motion::PageDown => 10,
                _ => motion.stride(0),
            };
            let reach = model.ui.scroll_end;
            Mode::Help(from.min(reach).saturating_add_signed(steps).min(reach))
        }
        Some(Action::Screen(ScreenAction::Language)) => {
            model.ui.lang = model.ui.lang.other();
            Mode::Help(from)
        }
        Some(Action::Screen(ScreenAction::Help | ScreenAction::Back | ScreenAction::Quit)) => Mode::Command,
        // Keys do not reach the views behind the help.
        _ => Mode::Help(from),
    };
    vec![]
}

/// Gives the focus to the next part of the view, or to the one before.
fn pane(model: &mut Model, steps: isize) -> Acted {
    match model.ui.view {
        View::Lab => model.ui.focus = model.ui.focus.step(steps),
        View::Packets => packets::tab(model, steps),
        View::Network => model.ui.network.part = model.ui.network.part.step(steps),
        View::Wire => presenter::part(model, steps)?,
        View::Ports | View::Lessons => return Err(Refusal::NoMore),
    }
    Ok(vec![])
}

/// Undoes one step, the innermost first; with nothing to undo, goes home.
fn back(model: &mut Model, sure: bool) -> Acted {
    if model.ui.page.take().is_some() {
        return Ok(vec![]);
    }
    if model.ui.view == View::Packets
        && let Some(effects) = packets::back(model)
    {
        return Ok(effects);
    }
    if model.ui.zoomed {
        model.ui.zoomed = false;
        model.ui.wire.graph.closer = 0;
    } else if model.ui.view == View::Wire && presenter::let_go(model) {
        // The selection was what could be undone.
    } else if model.ui.view == View::Wire && model.ui.wire.graph.kind.is_some() {
        model.ui.wire.graph.kind = None;
    } else if model.here().place == Place::Playing {
        return lessons::leave(sure);
    } else if model.ui.view == View::Lab && matches!(model.lifecycle.list.reader, ListReader::Holds { .. }) {
        model.lifecycle.list.reader = ListReader::Follows;
    } else if model.ui.view == View::Lab && model.lifecycle.subject.is_some() {
        model.lifecycle.choose(model.lifecycle.kinds, None, &model.journal);
    } else if model.ui.view == View::Ports && model.ui.client.is_some() && model.ui.deselect() {
        // The newest is in the digits again.
    } else if model.ui.view != home(model) {
        model.ui.view = home(model);
    } else if !model.ui.deselect() {
        return Err(Refusal::AtHome(model.worlds.shown_id() == WorldId::Wire));
    }
    Ok(vec![])
}

/// Where Esc leads: the lab on this machine, the wire's view in the wire's world.
fn home(model: &Model) -> View {
    match model.worlds.shown_id() {
        WorldId::Host => View::Lab,
        WorldId::Wire => View::Wire,
    }
}
