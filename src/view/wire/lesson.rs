//! The lesson being played: its text, its acts, and its expectations with their results.

use std::sync::Arc;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use super::pointer;
use crate::domain::keys::{Action, LessonAction};
use crate::domain::lesson::ExpectationState;
use crate::lesson::{Lesson, LessonStep};
use crate::model::Model;
use crate::model::playing::{PlayedLesson, StepProgress};
use crate::model::presenter::WirePart;
use crate::view::draw_context::{DrawContext, PaneFrame};
use crate::view::glyphs;
use crate::view::keys;
use crate::view::line_writer::{LineWriter, wrap_pieces};
use crate::view::netstat::timer_text;
use crate::view::sentences::{of_act, of_expect, of_seen};

/// A paragraph in pieces; all its lines but the first are indented by so many columns.
type Paragraph = (u16, Vec<(String, Style)>);

/// The indent of an expectation behind its mark.
const MARK: u16 = 2;

/// How many lines the panel needs inside its frame for the longest step, so that nothing moves during
/// the lesson.
pub(super) fn needs(model: &Model, ctx: &DrawContext, columns: u16) -> u16 {
    let Some((playing, lesson)) = played(model) else { return 0 };
    let columns = columns.saturating_sub(4);
    let lines = |playing: &PlayedLesson| -> usize {
        paragraphs(model, ctx, &lesson, playing).iter().map(|paragraph| indented_lines(paragraph, columns).len()).sum()
    };
    let beats = [StepProgress::Told, StepProgress::Passed];
    let steps = (0..lesson.steps.len()).flat_map(|step| beats.map(|progress| (step, progress)));
    let steps =
        steps.map(|(step, progress)| lines(&PlayedLesson { step, progress, ..PlayedLesson::of(&playing.lesson) }));
    // A step that failed says more.
    u16::try_from(steps.chain([lines(playing)]).max().unwrap_or(0)).unwrap_or(u16::MAX)
}

/// Draws the panel.
pub(super) fn render(model: &Model, ctx: &DrawContext, area: Rect, buf: &mut Buffer) {
    let Some((playing, lesson)) = played(model) else { return };
    let words = &ctx.text.lessons.playing;
    let count = (words.step)(playing.step + 1, lesson.steps.len());
    let foot = foot(model, ctx, playing);
    let title = (words.title)(lesson.title.lang(model.ui.lang));
    let focused = model.ui.wire.part == WirePart::Packets && model.ui.wire.packet.is_none();
    let frame = PaneFrame { title: &title, count: &count, foot: &foot, focused, ..PaneFrame::default() };
    let inside = ctx.pane(&frame, area, buf);
    let inside = Rect { x: inside.x + 1, width: inside.width.saturating_sub(2), ..inside };
    let paragraphs = paragraphs(model, ctx, &lesson, playing);
    let lines: Vec<_> = paragraphs.iter().flat_map(|paragraph| indented_lines(paragraph, inside.width)).collect();
    let more = lines.len() > usize::from(inside.height);
    for (row, (indent, line)) in (0..inside.height).zip(lines) {
        let mut writer = LineWriter::on(buf, inside, row);
        writer.skip(indent);
        for (text, style) in line {
            writer.write(text, style);
        }
        if more && row + 1 == inside.height {
            writer.goto(inside.right().saturating_sub(1)).write(glyphs::ELLIPSIS, ctx.theme.quiet);
        }
    }
}

/// What is being played, if this version has the lesson.
fn played(model: &Model) -> Option<(&PlayedLesson, Arc<Lesson>)> {
    let playing = model.worlds.shown().playing.as_ref()?;
    Some((playing, Lesson::kept(model, &playing.lesson)?))
}

/// What the key for the next step does now.
fn foot(model: &Model, ctx: &DrawContext, playing: &PlayedLesson) -> String {
    let words = &ctx.text.lessons.playing;
    let key = keys::first(Action::Lesson(LessonAction::GoOn), ctx.text);
    match playing.progress {
        StepProgress::Told => (words.do_it)(&key),
        StepProgress::Doing => words.waiting.into(),
        StepProgress::Passed => (words.go_on)(&key),
        StepProgress::Failed => (words.failed)(&key),
        StepProgress::Over => match model.lessons.after(&playing.lesson) {
            Some(card) => (words.over)(&key, card.title.lang(model.ui.lang)),
            None => (words.all_over)(&key),
        },
    }
}

fn paragraphs(model: &Model, ctx: &DrawContext, lesson: &Lesson, playing: &PlayedLesson) -> Vec<Paragraph> {
    let Some(step) = lesson.steps.get(playing.step) else { return vec![] };
    let words = &ctx.text.lessons;
    let theme = &ctx.theme;
    let passed = matches!(playing.progress, StepProgress::Passed | StepProgress::Over);
    let said = step.after.as_ref().filter(|_| passed).or(step.say.as_ref()).map(|said| said.lang(ctx.lang));
    let mut all: Vec<Paragraph> = said.map(|said| (0, vec![(said.into(), theme.text)])).into_iter().collect();
    if !step.acts.is_empty() {
        all.push((MARK, acts(ctx, step, playing)));
    }
    for (at, expect) in step.expect.iter().enumerate() {
        let (mark, style) = match playing.tick(at) {
            ExpectationState::Open => (glyphs::UNTICKED, theme.text),
            ExpectationState::Met => (glyphs::TICKED, theme.key),
            ExpectationState::Missed(_) => (glyphs::LACKING, theme.alarm),
        };
        let mut pieces = vec![(format!("{mark} "), style), (of_expect(words, expect), theme.text)];
        if let ExpectationState::Missed(seen) = playing.tick(at) {
            pieces.push((format!("; {}", of_seen(words, seen)), theme.alarm));
        }
        all.push((MARK, pieces));
    }
    all.extend(timers(model, ctx, lesson, playing));
    all
}

/// The timers that the next step to be done depends on, with the time they have left; or that one has run out.
fn timers(model: &Model, ctx: &DrawContext, lesson: &Lesson, playing: &PlayedLesson) -> Vec<Paragraph> {
    let words = &ctx.text.lessons.playing;
    let theme = &ctx.theme;
    let next = match playing.progress {
        StepProgress::Told => playing.step,
        StepProgress::Passed => playing.step + 1,
        StepProgress::Doing if playing.anew.is_some() => {
            return vec![(0, vec![(words.catching_up.into(), theme.title)])];
        }
        StepProgress::Doing | StepProgress::Failed | StepProgress::Over => return vec![],
    };
    let world = model.worlds.shown();
    let timers = lesson.steps.get(next).map_or(&[][..], |step| &step.timers);
    let mut lines = Vec::new();
    for need in timers {
        let of = need.of.get_ref();
        let flow = pointer::end(world, lesson, playing, of).map(|(_, flow)| flow);
        let met = flow.is_some_and(|flow| need.is_met(world, &flow, model.now));
        if !met {
            let key = keys::first(Action::Lesson(LessonAction::GoOn), ctx.text);
            return vec![(0, vec![((words.anew)(&key), theme.title)])];
        }
        let running = flow.and_then(|flow| {
            let left = need.left(world, &flow, model.now)?;
            Some(timer_text(ctx, world.table.of(&flow)?.row.timer?, left))
        });
        lines.extend(running.map(|running| (0, vec![(format!("{of}: {running}"), theme.quiet)])));
    }
    lines
}

/// The acts of a step, as one line if it fits.
fn acts(ctx: &DrawContext, step: &LessonStep, playing: &PlayedLesson) -> Vec<(String, Style)> {
    let words = &ctx.text.lessons;
    let theme = &ctx.theme;
    let head = if playing.progress == StepProgress::Told { words.playing.to_do } else { words.playing.done };
    let mut pieces = vec![(format!("{head} "), theme.title)];
    let mut at = 0;
    while let Some(act) = step.acts.get(at) {
        // Repeated acts are listed once, with their number.
        let same = step.acts[at..].iter().take_while(|other| *other == act).count();
        let through = at + same;
        let failed = playing.not_done.is_some_and(|stuck| (at..through).contains(&stuck));
        let text = of_act(words, act);
        let text = if same > 1 { format!("{text} {}{same}", glyphs::TIMES) } else { text };
        let text = if failed { (words.not_done)(&text) } else { text };
        let end = if through == step.acts.len() { "" } else { glyphs::SEPARATOR };
        let style = match () {
            () if failed => theme.alarm,
            () if playing.progress == StepProgress::Told || at < playing.acts => theme.text,
            () => theme.quiet,
        };
        pieces.push((format!("{text}{end}"), style));
        at = through;
    }
    pieces
}

/// A line with its indent.
type IndentedLine<'a> = (u16, Vec<(&'a str, Style)>);

fn indented_lines((indent, pieces): &Paragraph, columns: u16) -> Vec<IndentedLine<'_>> {
    let lines = wrap_pieces(pieces, columns.saturating_sub(*indent));
    lines.into_iter().enumerate().map(|(at, line)| (if at == 0 { 0 } else { *indent }, line)).collect()
}
