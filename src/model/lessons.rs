//! The list of lessons: how it is narrowed by typing, and how a lesson is started and played.

use std::collections::BTreeMap;

use tui_input::Input;

use super::effect::{Effect, LessonEffect};
use super::line::TypedLine;
use super::mode::Mode;
use super::playing::StepProgress;
use super::press::Acted;
use super::screen::View;
use super::{Model, presenter};
use crate::domain::keys::{self, Action, Key, LessonAction};
use crate::domain::{Event, EventKind, LessonChange, LocalizedText, Loss, Refusal};

/// A lesson in the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LessonCard {
    /// Its name.
    pub name: String,
    /// Its title.
    pub title: LocalizedText,
    /// Its description.
    pub about: LocalizedText,
    /// How many steps it has.
    pub steps: usize,
}

impl LessonCard {
    /// Whether it has all these words, in any language.
    fn has(&self, words: &[String]) -> bool {
        let text = plain(&format!("{} {} {}", self.name, self.title.in_all(), self.about.in_all()));
        words.iter().all(|word| text.contains(word))
    }

    /// Whether all these words are in its name or its title.
    fn is_called(&self, words: &[String]) -> bool {
        let text = plain(&format!("{} {}", self.name, self.title.in_all()));
        words.iter().all(|word| text.contains(word))
    }
}

/// See the module's head.
#[derive(Debug, Clone, Default)]
pub struct Lessons {
    /// All of them, in the order in which a class meets them.
    pub cards: Vec<LessonCard>,
    /// The typed words that narrow the list.
    pub line: TypedLine,
    /// The place in the narrowed list of the one that is selected.
    pub selected: usize,
    /// Whether the key that would close the present wire was pressed once, and has to be pressed again.
    pub sure: bool,
    /// How those ended that were played: `true` when all was seen.
    pub played: BTreeMap<String, bool>,
    /// The view to go back to.
    from: View,
    /// How many were begun.
    runs: u32,
}

impl Lessons {
    /// Those that the typed words leave: first those that have them in the name or the title.
    pub fn listed(&self) -> impl Iterator<Item = &LessonCard> {
        let words: Vec<_> = plain(self.line.input.value()).split_whitespace().map(str::to_owned).collect();
        let (called, others): (Vec<_>, Vec<_>) =
            self.cards.iter().filter(|card| card.has(&words)).partition(|card| card.is_called(&words));
        called.into_iter().chain(others)
    }

    /// The one that is selected.
    pub fn chosen(&self) -> Option<&LessonCard> {
        self.listed().nth(self.selected)
    }

    /// The one that comes after it.
    pub fn after(&self, name: &str) -> Option<&LessonCard> {
        self.cards.get(self.cards.iter().position(|card| card.name == name)? + 1)
    }

    /// Remembers how a lesson ended.
    pub(super) fn follow(&mut self, event: &Event) {
        if let EventKind::Lesson(lesson) = &event.seen.kind
            && let Some(passed) = match lesson.change {
                LessonChange::Over => Some(true),
                LessonChange::Failed { .. } => Some(false),
                _ => None,
            }
        {
            self.played.insert(lesson.lesson.clone(), passed);
        }
    }
}

/// Lower case without accents, so that both can be left out when typing.
fn plain(text: &str) -> String {
    let base = |c: char| match c {
        'á' | 'à' | 'â' | 'ã' => 'a',
        'é' | 'ê' => 'e',
        'í' => 'i',
        'ó' | 'ô' | 'õ' => 'o',
        'ú' | 'ü' => 'u',
        'ç' => 'c',
        c => c,
    };
    text.chars().flat_map(char::to_lowercase).map(base).collect()
}

/// Does what a key means while a lesson is played.
pub(super) fn act(model: &mut Model, action: LessonAction) -> Acted {
    let Some(playing) = &model.worlds.wire().playing else { return Err(Refusal::NothingSelected) };
    match (action, playing.progress) {
        (LessonAction::GoOn, StepProgress::Told | StepProgress::Passed) => Ok(vec![Effect::Lesson(LessonEffect::GoOn)]),
        (LessonAction::GoOn, StepProgress::Doing) => Err(Refusal::StepRuns),
        (LessonAction::GoOn, StepProgress::Over) => Ok(next(model)),
        (LessonAction::Repeat, _) | (LessonAction::GoOn, StepProgress::Failed) => Ok(again(model)),
    }
}

/// Leaves the lesson that is played, when asked for twice.
pub(super) fn leave(sure: bool) -> Acted {
    if sure { Ok(vec![Effect::Lesson(LessonEffect::Leave)]) } else { Err(Refusal::Again(Loss::Lesson)) }
}

/// Shows the list.
pub(super) fn list(model: &mut Model) {
    if model.ui.view != View::Lessons {
        model.lessons.from = model.ui.view;
    }
    let playing = model.worlds.wire().playing.as_ref();
    if let Some(at) = playing.and_then(|on| model.lessons.cards.iter().position(|card| card.name == on.lesson)) {
        model.lessons.selected = at;
        model.lessons.line.input = Input::default();
    }
    model.lessons.sure = false;
    model.ui.page = None;
    model.ui.zoomed = false;
    model.ui.view = View::Lessons;
    model.ui.mode = Mode::Choosing;
}

/// The action of a key that means the same everywhere, while the list is shown.
pub(super) fn command(model: &mut Model, key: Key) -> Option<Action> {
    if !is_command(key) {
        return None;
    }
    model.lessons.sure = false;
    keys::lookup(key, model.here())
}

/// Whether a key is no letter and leads to another view, or to none.
const fn is_command(key: Key) -> bool {
    matches!(key, Key::F(_) | Key::Ctrl('l' | 'z'))
}

/// Any other key while the list is shown: letters narrow it.
pub(super) fn pressed(model: &mut Model, key: Key) -> Vec<Effect> {
    let sure = std::mem::take(&mut model.lessons.sure);
    let last = model.lessons.listed().count().saturating_sub(1);
    let page = usize::from(model.ui.size.1 / 2).max(1);
    let at = model.lessons.selected.min(last);
    let to = match key {
        Key::Up => at.saturating_sub(1),
        Key::Down => (at + 1).min(last),
        Key::PageUp => at.saturating_sub(page),
        Key::PageDown => (at + page).min(last),
        Key::Home => 0,
        Key::End => last,
        Key::Enter => return choose(model, sure),
        Key::Esc if !model.lessons.line.input.value().is_empty() => {
            model.lessons.line.input = Input::default();
            0
        }
        Key::Esc => {
            model.ui.mode = Mode::Command;
            model.ui.view = model.lessons.from;
            return vec![];
        }
        key if is_command(key) => return vec![],
        key => {
            model.lessons.line.edit(key);
            0
        }
    };
    model.lessons.selected = to;
    vec![]
}

/// Starts the selected lesson. If connections on the wire would be lost, the key is needed twice.
fn choose(model: &mut Model, sure: bool) -> Vec<Effect> {
    let Some(name) = model.lessons.chosen().map(|card| card.name.clone()) else { return vec![] };
    if model.loses().is_some() && !sure {
        model.lessons.sure = true;
        return vec![];
    }
    start(model, name)
}

impl Model {
    /// How many connections and programs would be lost if the wire were closed. Those of a lesson do not count.
    pub fn loses(&self) -> Option<(usize, usize)> {
        let world = self.worlds.wire();
        let live = world.clients.live();
        let programs = world.wire.programs.running().len();
        let own = world.wire.is_open() && world.playing.is_none();
        (own && live + programs > 0).then_some((live, programs))
    }
}

/// Begins a lesson on a fresh wire.
fn start(model: &mut Model, lesson: String) -> Vec<Effect> {
    model.lessons.runs += 1;
    let run = model.lessons.runs;
    presenter::show_wire(model);
    model.ui.mode = Mode::Command;
    vec![Effect::Lesson(LessonEffect::Play { lesson, run })]
}

/// Begins the first lesson of the list.
pub(super) fn start_first(model: &mut Model) -> Vec<Effect> {
    let first = model.lessons.cards.first().map(|card| card.name.clone());
    first.map_or_else(Vec::new, |name| start(model, name))
}

fn again(model: &mut Model) -> Vec<Effect> {
    let name = model.worlds.shown().playing.as_ref().map(|playing| playing.lesson.clone());
    name.map_or_else(Vec::new, |name| start(model, name))
}

/// Begins the one after the one that is played; after the last the list is shown.
fn next(model: &mut Model) -> Vec<Effect> {
    let playing = model.worlds.shown().playing.as_ref();
    match playing.and_then(|playing| model.lessons.after(&playing.lesson)).map(|card| card.name.clone()) {
        Some(name) => start(model, name),
        None => {
            list(model);
            vec![]
        }
    }
}
