//! The message while it is typed, and text that is pasted into whatever line is typed.

use super::effect::Effect;
use super::mode::Mode;
use super::screen::View;
use super::{Model, destinations, filtering, forging, packets};
use crate::domain::LabOrder;
use crate::domain::keys::Key;

/// A key while a message is typed.
pub(super) fn typed(model: &mut Model, key: Key) -> Vec<Effect> {
    match key {
        Key::Esc | Key::Tab | Key::BackTab => model.ui.mode = Mode::Command,
        Key::Up => model.ui.message.recall(true),
        Key::Down => model.ui.message.recall(false),
        Key::Enter => return send(model),
        _ => model.ui.message.edit(key),
    }
    vec![]
}

fn send(model: &mut Model) -> Vec<Effect> {
    model.ui.said_back = 0;
    let to = if model.ui.view == View::Wire {
        // One conversation at a time is enough where every packet is looked at.
        destinations::hearers(model, [model.ui.server].into_iter())
    } else {
        destinations::hearers(model, model.ui.ticked.iter().copied())
    };
    // A message that no server would receive stays in the line: while the target is looked up, or with no server
    // ticked.
    let text = if to.is_empty() { String::new() } else { model.ui.message.take() };
    if text.is_empty() { vec![] } else { vec![model.order(LabOrder::Broadcast(text, to))] }
}

/// Inserts pasted text into the line being typed. Line ends become blanks, so that pasting never sends anything.
pub(super) fn paste(model: &mut Model, text: &str) -> Vec<Effect> {
    if model.ui.mode == Mode::Forging {
        forging::paste(model, text.trim_end_matches(['\r', '\n']));
        return vec![];
    }
    let line = match model.ui.mode {
        Mode::Saying => &mut model.ui.message,
        Mode::Filtering => &mut model.ui.filter,
        Mode::Running => &mut model.ui.wire.run.line,
        Mode::Choosing => &mut model.lessons.line,
        Mode::FilteringPackets => &mut model.lists().0.line,
        Mode::Opening if model.files.reading.is_some() => return vec![],
        Mode::Opening => &mut model.files.line,
        Mode::Marking => &mut model.ui.mark,
        Mode::Checking => &mut model.ui.network.asked,
        Mode::TypingTarget => &mut model.ui.network.target_line,
        Mode::Command
        | Mode::Views
        | Mode::Settings
        | Mode::Forging
        | Mode::Interfaces
        | Mode::Asking(_)
        | Mode::Help(_) => {
            return vec![];
        }
    };
    let text = text.trim_end_matches(['\r', '\n']);
    for c in text.chars().map(|c| if c.is_control() { ' ' } else { c }) {
        line.edit(Key::Char(c));
    }
    match model.ui.mode {
        Mode::Filtering => filtering::refilter(model),
        Mode::FilteringPackets => {
            packets::refilter(model);
            vec![]
        }
        _ => vec![],
    }
}
