//! Prompts and questions in a box over the screen: ports to check, a target, a capture file, opening to the network.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::style::Style;
use ratatui::widgets::{Clear, Widget};

use super::draw_context::{DrawContext, PaneFrame};
use super::glyphs;
use super::input_line;
use super::line_writer::{LineWriter, wrap, wrap_all};
use crate::model::Model;
use crate::model::line::TypedLine;
use crate::model::mode::Question;
use crate::model::network::{LineFault, yes};
use crate::model::ui::Mode;

/// Draws the box, if one is open; returns where the cursor is while something is typed.
pub(super) fn render(model: &Model, ctx: &DrawContext, buf: &mut Buffer) -> Option<Position> {
    let words = &ctx.text.network;
    let network = &model.ui.network;
    match model.ui.mode {
        Mode::Checking => {
            let target = model.worlds.shown().target.as_ref();
            let hint = target
                .map_or_else(|| words.check_hint.into(), |target| (words.check_hint_at_target)(&target.host.name));
            prompt(ctx, words.check_prompt, &network.asked, said(ctx, &hint, network.fault), buf)
        }
        Mode::TypingTarget => {
            let hint = if model.worlds.shown().target.is_some() { words.target_hint_home } else { words.target_hint };
            prompt(ctx, words.target_prompt, &network.target_line, said(ctx, hint, network.fault), buf)
        }
        Mode::Opening => {
            let said = opening(model, ctx);
            prompt(ctx, ctx.text.files.prompt, &model.files.line, (&said.0, said.1), buf)
        }
        Mode::Asking(question) => {
            self::question(model, ctx, question, buf);
            None
        }
        _ => None,
    }
}

const COLUMNS: u16 = 84;

/// The columns inside of the box, between blanks.
fn room(screen: Rect) -> u16 {
    screen.width.saturating_sub(8).min(COLUMNS - 4)
}

/// Draws an empty box for so many lines in the middle of the screen, and returns its inside.
fn space(ctx: &DrawContext, title: &str, lines: usize, buf: &mut Buffer) -> Rect {
    let screen = buf.area;
    let lines = u16::try_from(lines).unwrap_or(u16::MAX).saturating_add(2).min(screen.height.saturating_sub(2));
    let columns = room(screen) + 4;
    let area = Rect {
        x: screen.x + screen.width.saturating_sub(columns) / 2,
        y: screen.y + 1 + screen.height.saturating_sub(lines + 2) / 2,
        width: columns,
        height: lines,
    };
    Clear.render(area, buf);
    buf.set_style(area, ctx.theme.paper);
    let inside = ctx.frame(&PaneFrame { title, focused: true, ..PaneFrame::default() }, area, buf);
    Rect { x: inside.x + 1, width: inside.width.saturating_sub(2), ..inside }
}

fn prompt(ctx: &DrawContext, title: &str, line: &TypedLine, said: (&str, Style), buf: &mut Buffer) -> Option<Position> {
    let below = wrap(said.0, room(buf.area));
    let inside = space(ctx, title, below.len() + 2, buf);
    let (_, cursor) = input_line::typed("> ", line, ctx, inside, buf);
    lines(&below.into_iter().map(|line| (line, said.1)).collect::<Vec<_>>(), 2, inside, buf);
    (!inside.is_empty()).then_some(cursor)
}

fn said<'a>(ctx: &DrawContext, hint: &'a str, fault: Option<LineFault>) -> (&'a str, Style) {
    fault.map_or((hint, ctx.theme.quiet), |fault| (wrong(ctx, fault), ctx.theme.alarm))
}

/// The sentence below the name of a file while it is typed or read.
fn opening(model: &Model, ctx: &DrawContext) -> (String, Style) {
    let words = &ctx.text.files;
    let Some(fault) = model.files.fault else {
        let reading = model.files.reading.is_some();
        return if reading { (words.reading.into(), ctx.theme.newest) } else { (words.hint.into(), ctx.theme.quiet) };
    };
    (words.fault(fault), ctx.theme.alarm)
}

fn wrong(ctx: &DrawContext, fault: LineFault) -> &'static str {
    match fault {
        LineFault::NoHost => ctx.text.network.no_host,
        LineFault::NotAHost => ctx.text.network.not_a_host,
        LineFault::NotAPort => ctx.text.network.not_a_port,
        LineFault::Ports(kind) => (ctx.text.checks.ports)(kind),
    }
}

fn lines(said: &[(&str, Style)], from: u16, area: Rect, buf: &mut Buffer) {
    for (row, (line, style)) in (from..area.height).zip(said) {
        LineWriter::on(buf, area, row).write(line, *style);
    }
}

fn question(model: &Model, ctx: &DrawContext, question: Question, buf: &mut Buffer) {
    let words = &ctx.text.network;
    let theme = &ctx.theme;
    let (title, said) = match question {
        Question::Open => {
            let mut said = vec![((words.open_question)(&everywhere(model)), theme.alarm)];
            said.extend(words.open_means.iter().map(|means| ((*means).to_owned(), theme.text)));
            (words.open_title, said)
        }
        Question::Beyond => {
            let scan = model.worlds.shown().scans.latest();
            let address = scan.and_then(|scan| scan.address).map_or_else(String::new, |address| address.to_string());
            let why = (ctx.text.checks.unconfirmed)(&address, crate::domain::AddressScope::Public);
            (words.beyond_title, vec![(why, theme.alarm), (words.beyond_means.to_owned(), theme.text)])
        }
    };
    let answer = (words.answer)(yes(model.ui.lang));
    let room = room(buf.area);
    let mut all = wrap_all(&said, room);
    all.push(("", theme.text));
    all.push((&answer, theme.key));
    let inside = space(ctx, title, all.len(), buf);
    lines(&all, 0, inside, buf);
}

/// The wildcard address that servers would listen on, and an address that the class could connect to.
fn everywhere(model: &Model) -> String {
    let all = crate::model::network::everywhere(model.worlds.shown());
    let mut addresses = model.worlds.shown().addresses.iter().filter(|ip| all.is_ipv6() || ip.is_ipv4());
    let best = addresses.next();
    let more = if addresses.next().is_some() { glyphs::ELLIPSIS } else { "" };
    best.map_or_else(|| all.to_string(), |best| format!("{all} ({best}{more})"))
}
