//! The last line: the keys that matter here and now, as many as fit; or why the last key did nothing.

use std::time::Duration;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::draw_context::DrawContext;
use super::keys;
use super::line_writer::{LineWriter, head, width};
use crate::domain::keys::{
    self as bindings, Action, Key, LabAction, LinkAction, ListAction, NetworkAction, PacketFate, PacketsAction, Place,
    ScreenAction, View, WireAction,
};
use crate::domain::{ClientPlan, WireMode, WorldId};
use crate::model::forging::ForgePurpose;
use crate::model::network::PeersView;
use crate::model::packets::PacketsTab;
use crate::model::scan::ScanProgress;
use crate::model::ui::Mode;
use crate::model::{Model, Refused, network, presenter};

/// Draws the line.
pub(super) fn render(model: &Model, draw: &DrawContext, area: Rect, buf: &mut Buffer) {
    let mut line = LineWriter::on(buf, area, 0);
    if area.width == 0 {
        return;
    }
    if let Some(refused) = model.ui.refused {
        return refusal(&refused, draw, &mut line);
    }
    if let (Mode::Command, Some(count)) = (model.ui.mode, model.ui.count) {
        line.skip(1).write(&format!("{count}_"), draw.theme.typed).skip(1);
    }
    let hints = fitting(hints(model, draw), line.room());
    write(&hints, draw, &mut line);
}

/// Writes the hints. After a run of views there is one blank more.
fn write(hints: &[Hint], draw: &DrawContext, line: &mut LineWriter<'_>) {
    for (at, hint) in hints.iter().enumerate() {
        hint.write(draw, line);
        if hint.glued && hints.get(at + 1).is_some_and(|next| !next.glued) {
            line.skip(1);
        }
    }
}

/// Says why the last key did nothing, and keeps the way to the help and out.
fn refusal(refused: &Refused, draw: &DrawContext, line: &mut LineWriter<'_>) {
    let last = fitting(last(draw), line.room());
    let reserved: u16 = last.iter().map(Hint::columns).sum();
    let key = keys::name(refused.key, draw.text);
    let sentence = (draw.text.keys.refusal)(refused.why);
    let room = usize::from(line.room().saturating_sub(reserved + width(&key) + 5));
    line.skip(1).write(&key, draw.theme.key).write(": ", draw.theme.text);
    line.write(head(&sentence, room.try_into().unwrap_or(u16::MAX)), draw.theme.alarm).skip(1);
    write(&last, draw, line);
}

/// A key, or several, and what it is for.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Hint {
    keys: String,
    word: String,
    /// How soon it is needed: 1 before 2; 0 always.
    rank: u8,
    /// Whether key and word stand together, as those of the views do.
    glued: bool,
}

impl Hint {
    fn new(keys: impl Into<String>, word: impl Into<String>) -> Self {
        Self { keys: keys.into(), word: word.into(), rank: 1, glued: false }
    }

    /// How many columns it takes with the blanks around it.
    fn columns(&self) -> u16 {
        let (keys, word) = (width(&self.keys), width(&self.word));
        match (self.glued, word) {
            (true, _) => keys + word + 1,
            (false, 0) => keys + 2,
            (false, _) => keys + word + 3,
        }
    }

    fn write(&self, draw: &DrawContext, line: &mut LineWriter<'_>) {
        line.skip(1).write(&self.keys, draw.theme.key);
        if self.glued {
            line.write(&self.word, draw.theme.text);
            return;
        }
        if !self.word.is_empty() {
            line.skip(1).write(&self.word, draw.theme.text);
        }
        line.skip(1);
    }
}

/// As many as fit, the most important first; the last one gives up its word before any other goes.
fn fitting(mut hints: Vec<Hint>, room: u16) -> Vec<Hint> {
    let runs = |hints: &[Hint]| hints.windows(2).filter(|pair| pair[0].glued && !pair[1].glued).count();
    let total = |hints: &[Hint]| usize::from(hints.iter().map(Hint::columns).sum::<u16>()) + runs(hints);
    let room = usize::from(room);
    if total(&hints) <= room {
        return hints;
    }
    let word = hints.last_mut().map(|last| std::mem::take(&mut last.word));
    while total(&hints) > room {
        let least =
            hints.iter().enumerate().filter(|(_, hint)| hint.rank > 0).max_by_key(|(at, hint)| (hint.rank, *at));
        let Some((at, _)) = least else { break };
        hints.remove(at);
    }
    if let (Some(word), Some(last)) = (word, hints.last_mut()) {
        last.word = word;
    }
    if total(&hints) > room
        && let Some(last) = hints.last_mut()
    {
        last.word.clear();
    }
    hints
}

/// The way to the help and the way out, which are always there.
fn last(draw: &DrawContext) -> Vec<Hint> {
    [ScreenAction::Help, ScreenAction::Quit].map(|action| always(Action::Screen(action), draw)).into()
}

fn always(action: Action, draw: &DrawContext) -> Hint {
    let key = match action {
        Action::Screen(ScreenAction::Help) => "?".into(),
        action => keys::first(action, draw.text),
    };
    Hint { rank: 0, ..Hint::new(key, keys::text(action, draw.text).hint) }
}

fn hints(model: &Model, draw: &DrawContext) -> Vec<Hint> {
    let words = &draw.text.keys;
    let key = |key: Key, word: &str| Hint::new(keys::name(key, draw.text), word);
    let typing = |enter: &str, tab: bool| {
        let mut hints = vec![key(Key::Enter, enter), key(Key::Esc, words.leave), Hint::new("↑ ↓", words.earlier)];
        if tab {
            hints.push(key(Key::Tab, words.complete));
        }
        hints
    };
    match (model.ui.mode, model.ui.count) {
        (Mode::Saying, _) => typing(words.send, false),
        (Mode::Filtering | Mode::FilteringPackets, _) => typing(words.keep, true),
        (Mode::Running, _) => typing(keys::text(Action::Wire(WireAction::Run), draw.text).hint, false),
        (Mode::Checking, _) => typing(keys::text(Action::Network(NetworkAction::Check), draw.text).hint, false),
        (Mode::TypingTarget, _) => typing(keys::text(Action::Lab(LabAction::Target), draw.text).hint, false),
        (Mode::Opening, _) if model.files.reading.is_some() => vec![key(Key::Esc, words.leave)],
        (Mode::Opening, _) => typing(words.open, true),
        (Mode::Choosing, _) => {
            let mut hints = vec![Hint::new("↑ ↓", ""), key(Key::Enter, words.play), key(Key::Esc, words.leave)];
            hints.push(always(Action::Screen(ScreenAction::Help), draw));
            hints[3].keys = "F1".into();
            hints
        }
        (Mode::Asking(_), _) => {
            let yes = Key::Char(network::yes(model.ui.lang));
            vec![key(yes, draw.text.network.yes), key(Key::Esc, draw.text.network.no)]
        }
        (Mode::Settings, _) => vec![
            Hint::new("↑ ↓", words.setting),
            key(Key::Tab, words.host),
            Hint::new("← →", words.value),
            key(Key::Esc, words.close),
        ],
        (Mode::Forging, _) => {
            let purpose = model.ui.wire.form.as_ref().map(|form| form.purpose);
            let is_own = purpose == Some(ForgePurpose::Inject);
            let mut hints = vec![Hint::new("↑ ↓", words.field), Hint::new("← →", words.value)];
            hints.push(key(Key::Enter, if is_own { words.send_packet } else { words.change_packet }));
            hints.extend(is_own.then(|| key(Key::Tab, words.preset)));
            hints.push(key(Key::Esc, words.leave));
            hints
        }
        (Mode::Interfaces, _) => {
            vec![Hint::new("↑ ↓", ""), key(Key::Char(' '), words.choose), key(Key::Esc, words.close)]
        }
        (Mode::Help(_), _) => vec![Hint::new("↑ ↓", words.scroll), key(Key::Esc, words.close)],
        // The line is the mark's.
        (Mode::Marking, _) => vec![],
        (Mode::Views, _) => views(draw),
        (Mode::Command, Some(count)) => counted(model, draw, count),
        (Mode::Command, None) => offered(model, draw),
    }
}

/// The views by their digits.
fn views(draw: &DrawContext) -> Vec<Hint> {
    let hint = |view: View| {
        let word = keys::text(Action::Screen(ScreenAction::View(view)), draw.text).hint;
        Hint { glued: true, ..Hint::new(view.number().to_string(), word) }
    };
    let mut hints: Vec<_> = View::ALL.map(hint).into();
    hints.push(Hint::new(keys::name(Key::Esc, draw.text), ""));
    hints
}

/// What a number means to the keys that take one here.
fn counted(model: &Model, draw: &DrawContext, count: u32) -> Vec<Hint> {
    let words = &draw.text.keys;
    let here = model.here();
    let span = || draw.text.numbers.tenths(Duration::from_millis(100 * u64::from(count.clamp(1, 50))));
    let word = |action| match action {
        Action::Wire(WireAction::Next) => Some((words.deliver)(count)),
        Action::Lab(LabAction::Spawn(ClientPlan::Stay)) => Some((words.clients)(count)),
        Action::Lab(LabAction::Spawn(ClientPlan::OneShot)) => Some((words.one_shots)(count)),
        Action::Lab(LabAction::Bulk) => Some((words.bulk)(&draw.text.numbers.bytes(1_000 * u64::from(count.max(1))))),
        Action::Wire(WireAction::Slow) => Some((words.slowed)(&span())),
        Action::Wire(WireAction::Packet(PacketFate::Delay)) => Some((words.delayed)(&span())),
        Action::Wire(WireAction::Link(LinkAction::Loss)) => Some((words.losing)(count.min(100))),
        Action::Screen(ScreenAction::Views) => Some((words.view)(count, View::numbered(count).is_some())),
        _ => None,
    };
    let named =
        |binding: &bindings::Binding| Some(Hint::new(keys::first(binding.action, draw.text), word(binding.action)?));
    let mut hints: Vec<_> = bindings::holding(here).filter_map(named).collect();
    hints.push(Hint::new(keys::name(Key::Esc, draw.text), words.forget));
    hints
}

/// The keys that do something now, in the order of the table; neighbours with the same word share it.
fn offered(model: &Model, draw: &DrawContext) -> Vec<Hint> {
    let here = model.here();
    let mut hints: Vec<Hint> = Vec::new();
    for binding in bindings::holding(here).filter(|binding| binding.rank > 0 && is_offered(model, binding.action)) {
        if matches!(binding.action, Action::Screen(ScreenAction::Help | ScreenAction::Quit)) {
            continue;
        }
        let glued = matches!(binding.action, Action::Screen(ScreenAction::View(_)));
        let keys = keys::name(binding.keys[0], draw.text);
        let word = word(model, draw, binding.action);
        if let Some(before) = hints.last_mut().filter(|before| before.word == word && !glued) {
            before.keys = format!("{} {keys}", before.keys);
            continue;
        }
        hints.push(Hint { keys, word: word.into(), rank: rank(model, binding, here.place), glued });
    }
    hints.extend(last(draw));
    hints
}

/// How soon a key is needed: in the lab the views come before what can be done besides making a client.
/// Where there are no live packets, the ways to others come first.
fn rank(model: &Model, binding: &bindings::Binding, place: Place) -> u8 {
    let live = model.traffic();
    match (binding.action, place) {
        (Action::Screen(ScreenAction::View(_)), Place::In(_)) => 6,
        (Action::Screen(ScreenAction::Views), Place::In(_)) => 11,
        (Action::Packets(PacketsAction::Open), Place::View(View::Packets)) if live.file.is_some() || live.lacks() => 1,
        (Action::Wire(WireAction::Toggle), Place::View(View::Packets)) if live.lacks() => 1,
        _ => binding.rank,
    }
}

/// What a key is called now.
pub(super) fn word<'a>(model: &Model, draw: &DrawContext, action: Action) -> &'a str
where
    'static: 'a,
{
    let now = &draw.text.keys.now;
    let traffic = model.traffic();
    match action {
        Action::Screen(ScreenAction::Back) if model.here().place == Place::Page => draw.text.keys.leave,
        Action::Screen(ScreenAction::Back)
            if model.ui.view == View::Packets && traffic.packets.tab != PacketsTab::List =>
        {
            now.list
        }
        Action::Screen(ScreenAction::Back) if model.worlds.shown_id() == WorldId::Wire => {
            keys::text(Action::Screen(ScreenAction::View(View::Wire)), draw.text).hint
        }
        Action::Packets(PacketsAction::NextTab) => match traffic.packets.tab {
            PacketsTab::List => now.ladder,
            PacketsTab::Ladder => now.said,
            PacketsTab::Stream | PacketsTab::Sequence { .. } => now.list,
        },
        Action::Packets(PacketsAction::Open) if traffic.file.is_some() => now.live,
        Action::Wire(WireAction::Toggle) if model.worlds.shown_id() == WorldId::Wire => now.machine,
        Action::Wire(WireAction::Open) if presenter::offers_scenario(model) => now.scenario,
        Action::Wire(WireAction::RunHold) => match presenter::mode(model) {
            WireMode::Step => now.run,
            WireMode::Slow { .. } | WireMode::Live => now.hold,
        },
        Action::Network(NetworkAction::Listed) if model.ui.network.peers == PeersView::List => now.wall,
        Action::Network(NetworkAction::Door) if model.worlds.host().servers.are_open() => now.close_door,
        Action::Network(NetworkAction::Door) => now.open_door,
        action => keys::text(action, draw.text).hint,
    }
}

/// Whether a key is worth its place in the footer: what it is about is there.
fn is_offered(model: &Model, action: Action) -> bool {
    let world = model.worlds.shown();
    let wire = model.worlds.wire();
    let traffic = model.traffic();
    match action {
        Action::Screen(ScreenAction::View(view)) => view != model.ui.view || model.ui.page.is_some(),
        Action::Screen(ScreenAction::Pane(_)) => !matches!(model.ui.view, View::Ports),
        Action::Screen(ScreenAction::Zoom) => match model.ui.view {
            View::Lab | View::Network => true,
            View::Wire => model.ui.wire.graph.kind.is_some(),
            View::Packets => matches!(traffic.packets.tab, PacketsTab::Sequence { .. }),
            View::Ports | View::Lessons => false,
        },
        Action::Lab(LabAction::StartStop | LabAction::NextModel) => !world.observing && !world.servers.all().is_empty(),
        Action::Lab(LabAction::Spawn(_) | LabAction::Say | LabAction::Tick) => {
            !world.servers.all().is_empty() && lives(model)
        }
        Action::Lab(LabAction::Close(_)) => model.selected_client().is_some() || model.selected_program().is_some(),
        Action::Lab(LabAction::CloseAll | LabAction::Bulk) => world.clients.closable() > 0,
        Action::Lab(LabAction::Target) => !model.worlds.host().observing || model.ui.view == View::Network,
        Action::Lab(LabAction::Home) => model.worlds.host().target.is_some(),
        Action::List(ListAction::Page) => !world.clients.all().is_empty() || model.ui.subject.is_some(),
        Action::List(ListAction::OtherEnd) => model.ui.page.as_ref().is_some_and(|page| page.detail().is_some()),
        Action::Packets(PacketsAction::Save | PacketsAction::Interfaces) => {
            traffic.file.is_none() && !traffic.lacks() && model.worlds.shown_id() == WorldId::Host
        }
        Action::Packets(PacketsAction::Open) => true,
        Action::Packets(_) => !traffic.lacks() || traffic.file.is_some(),
        Action::Wire(WireAction::Open) => !wire.wire.is_open() || presenter::offers_scenario(model),
        // Nothing has been sent yet.
        Action::Wire(WireAction::Next | WireAction::RunHold | WireAction::Packet(_))
            if presenter::offers_scenario(model) =>
        {
            false
        }
        Action::Wire(WireAction::Toggle) => true,
        Action::Wire(WireAction::Close) => model.has_no_lab() && wire.playing.is_none(),
        Action::Wire(_) => wire.wire.is_open(),
        Action::Network(NetworkAction::Door) => !model.worlds.host().observing,
        Action::Network(NetworkAction::StopCheck) => {
            model.worlds.host().scans.latest().is_some_and(|scan| scan.progress == ScanProgress::Asking)
        }
        Action::Network(NetworkAction::Kick | NetworkAction::Block | NetworkAction::Listed) => {
            model.worlds.host().peers.all().next().is_some()
        }
        Action::List(_) | Action::Network(_) | Action::Lesson(_) | Action::Screen(_) => true,
    }
}

/// Whether what is shown is live: no file is looked at.
fn lives(model: &Model) -> bool {
    model.ui.view != View::Packets || model.files.shown.is_none()
}
