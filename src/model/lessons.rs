//! The list of lessons: how it is narrowed by typing, and how a lesson is started and played.

use std::any::Any;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use tui_input::Input;

use super::effect::{Effect, LessonEffect};
use super::line::TypedLine;
use super::mode::Mode;
use super::playing::StepProgress;
use super::press::Acted;
use super::screen::View;
use super::{Model, presenter};
use crate::domain::keys::{self, Action, Key, LessonAction};
use crate::domain::lesson::LessonFault;
use crate::domain::{Event, EventKind, LessonChange, LocalizedText, Loss, Refusal, Stamp};

/// A lesson as those above the model read it. The model keeps it, and does not look inside.
#[derive(Clone)]
pub struct LessonBody(Arc<dyn Any + Send + Sync>);

impl LessonBody {
    /// Keeps this.
    pub const fn new<T: Any + Send + Sync>(lesson: Arc<T>) -> Self {
        Self(lesson)
    }

    /// What was kept, if it is of this type.
    pub fn get<T: Any + Send + Sync>(&self) -> Option<Arc<T>> {
        Arc::clone(&self.0).downcast().ok()
    }
}

impl fmt::Debug for LessonBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LessonBody")
    }
}

impl PartialEq for LessonBody {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for LessonBody {}

/// The files of one's own, after a look at them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnLessons {
    /// All of them, if one has changed since the last look.
    pub cards: Option<Vec<LessonCard>>,
    /// The one that is to be played, and the number of the run.
    pub play: Option<(String, u32)>,
}

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
    /// Whether it is a file of one's own, and not one that comes with the program.
    pub own: bool,
    /// The lesson, or why the file is none.
    pub body: Result<LessonBody, LessonFault>,
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
    /// Whether there are files of one's own to look at.
    pub watched: bool,
    /// The lesson that was begun last, as it was then.
    begun: Option<LessonCard>,
    /// When its files were last looked at.
    looked: Stamp,
    /// The view to go back to.
    from: View,
    /// How many were begun.
    runs: u32,
}

impl Lessons {
    /// Those that the typed words leave: first those that come with the program, and among them first those that have the
    /// words in the name or the title.
    pub fn listed(&self) -> impl Iterator<Item = &LessonCard> {
        let words: Vec<_> = plain(self.line.input.value()).split_whitespace().map(str::to_owned).collect();
        let (called, others): (Vec<_>, Vec<_>) =
            self.cards.iter().filter(|card| card.has(&words)).partition(|card| card.is_called(&words));
        let mut listed: Vec<_> = called.into_iter().chain(others).collect();
        listed.sort_by_key(|card| card.own);
        listed.into_iter()
    }

    /// The one that is selected.
    pub fn chosen(&self) -> Option<&LessonCard> {
        self.listed().nth(self.selected)
    }

    /// The one that comes after it and can be played.
    pub fn after(&self, name: &str) -> Option<&LessonCard> {
        let at = self.cards.iter().position(|card| card.name == name)?;
        self.cards[at + 1..].iter().find(|card| card.own == self.cards[at].own && card.body.is_ok())
    }

    /// The lesson of this name: as it was when it was begun, or else as the list has it.
    pub fn body(&self, name: &str) -> Option<&LessonBody> {
        let begun = self.begun.iter().chain(&self.cards).find(|card| card.name == name)?;
        begun.body.as_ref().ok()
    }

    /// Puts these in place of the files of one's own. What is selected stays selected.
    fn replace_own(&mut self, own: Vec<LessonCard>) {
        let chosen = self.chosen().map(|card| card.name.clone());
        self.cards.retain(|card| !card.own);
        self.cards.extend(own);
        if let Some(at) = chosen.and_then(|name| self.listed().position(|card| card.name == name)) {
            self.selected = at;
        }
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

/// While the list is shown: how soon the files are looked at again.
const AGAIN: Duration = Duration::from_secs(1);

/// Asks for a look at the files of one's own, when one is due.
pub(super) fn look(model: &mut Model) -> Vec<Effect> {
    if next_change(model).is_none_or(|due| model.now < due) {
        return vec![];
    }
    model.lessons.looked = model.now;
    vec![Effect::LookAtLessons(None)]
}

/// When the next look is due.
pub(super) fn next_change(model: &Model) -> Option<Stamp> {
    (model.lessons.watched && model.ui.view == View::Lessons).then(|| model.lessons.looked.after(AGAIN))
}

/// Takes in what a look has found, and begins what was to be played.
pub(super) fn looked(model: &mut Model, own: OwnLessons) -> Vec<Effect> {
    if let Some(cards) = own.cards {
        model.lessons.replace_own(cards);
    }
    match own.play {
        Some((name, run)) if run == model.lessons.runs => begin(model, name, run),
        _ => vec![],
    }
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
    if model.lessons.chosen().is_some_and(|card| card.body.is_err()) {
        return vec![];
    }
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

/// Begins a lesson; one of one's own after a look at its file.
fn start(model: &mut Model, lesson: String) -> Vec<Effect> {
    model.lessons.runs += 1;
    let run = model.lessons.runs;
    if model.lessons.cards.iter().any(|card| card.own && card.name == lesson) {
        return vec![Effect::LookAtLessons(Some((lesson, run)))];
    }
    begin(model, lesson, run)
}

/// Begins a lesson on a fresh wire. Where it has become unplayable, the list says why.
fn begin(model: &mut Model, lesson: String, run: u32) -> Vec<Effect> {
    let card = model.lessons.cards.iter().find(|card| card.name == lesson && card.body.is_ok());
    let Some(card) = card.cloned() else {
        list(model);
        return vec![];
    };
    model.lessons.begun = Some(card);
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
