//! The port check: its progress, each port's verdict, and the observation behind it.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use super::focused;
use crate::domain::keys::{Action, NetworkAction};
use crate::domain::{AddressScope, PortReport, Verdict};
use crate::model::Model;
use crate::model::network::NetworkPart;
use crate::model::scan::{Scan, ScanProgress};
use crate::view::ColorDepth;
use crate::view::areas::rows;
use crate::view::draw_context::{DrawContext, PaneFrame};
use crate::view::line_writer::{LineWriter, paragraph, paragraphs, width, wrap_all};
use crate::view::{glyphs, keys};

/// The lines above the list: title, progress, column headings.
const HEAD: u16 = 3;

/// The last line that the list may begin with in this pane.
pub(super) fn reach(model: &Model, area: Rect) -> usize {
    let inside = DrawContext::of(model, ColorDepth::Mono).inside(area);
    let height = usize::from(inside.height.saturating_sub(HEAD));
    model.worlds.shown().scans.latest().map_or(0, |scan| scan.reports().len().saturating_sub(height))
}

/// Draws the pane.
pub(super) fn render(model: &Model, ctx: &DrawContext, area: Rect, buf: &mut Buffer) {
    let words = &ctx.text.network;
    let numbers = &ctx.text.numbers;
    let pending = model.ui.network.pending;
    let latest = if pending { None } else { model.worlds.shown().scans.latest() };
    let asking = latest.is_some_and(|scan| scan.progress == ScanProgress::Asking);
    let keys = ctx.hint(if asking {
        Action::Network(NetworkAction::StopCheck)
    } else {
        Action::Network(NetworkAction::Check)
    });
    let count = latest.filter(|scan| scan.ports.is_some()).map_or_else(String::new, |scan| {
        let all = scan.ports.as_ref().map_or(0, crate::domain::PortList::count);
        (words.progress)(&numbers.count(scan.asked_ports() as u64), &numbers.count(all as u64))
    });
    let frame = PaneFrame {
        title: words.check,
        count: &count,
        keys: &keys,
        focused: focused(model, NetworkPart::Check),
        ..PaneFrame::default()
    };
    let inside = ctx.pane(&frame, area, buf);
    if pending && let Some(plan) = &model.ui.network.plan {
        LineWriter::on(buf, inside, 0).skip(1).write(&(words.looking_up)(&plan.host), ctx.theme.state.opening);
        return;
    }
    match latest {
        None => empty(ctx, inside, buf),
        Some(scan) => match scan.progress {
            ScanProgress::Unresolved(why) => {
                paragraphs(&[((ctx.text.checks.unresolved)(&scan.asked, why), ctx.theme.alarm)], inside, buf);
            }
            ScanProgress::Unconfirmed(scope) => unconfirmed(ctx, scan, scope, inside, buf),
            ScanProgress::Asking | ScanProgress::Done(_) | ScanProgress::Stopped(_) => {
                found(model, ctx, scan, inside, buf);
            }
        },
    }
}

/// Says what to type before the first check.
fn empty(ctx: &DrawContext, area: Rect, buf: &mut Buffer) {
    let words = &ctx.text.network;
    let sentence = (words.no_check)(&keys::first(Action::Network(NetworkAction::Check), ctx.text));
    let first = paragraph(&sentence, ctx.theme.text, area, buf);
    for (row, example) in (first..).zip(words.examples) {
        LineWriter::on(buf, area, row).skip(3).write(example, ctx.theme.quiet);
    }
}

fn unconfirmed(ctx: &DrawContext, scan: &Scan, scope: AddressScope, area: Rect, buf: &mut Buffer) {
    let address = scan.address.map_or_else(|| scan.asked.clone(), |address| address.to_string());
    let mut said = vec![((ctx.text.checks.unconfirmed)(&address, scope), ctx.theme.alarm)];
    if scope != AddressScope::Group {
        let key = keys::first(Action::Network(NetworkAction::Check), ctx.text);
        said.push(((ctx.text.network.try_again)(&key), ctx.theme.key));
    }
    paragraphs(&said, area, buf);
}

fn found(model: &Model, ctx: &DrawContext, scan: &Scan, area: Rect, buf: &mut Buffer) {
    let checks = &ctx.text.checks;
    let theme = &ctx.theme;
    let numbers = &ctx.text.numbers;
    let ports = scan.ports.as_ref().map_or(0, crate::domain::PortList::count);
    let address = scan.address.map_or_else(String::new, |address| address.to_string());
    let proto = scan.proto.name().to_uppercase();
    let title = (checks.title)(&scan.asked, &address, &proto, &numbers.count(ports as u64), ports);
    let [head, list] = rows(area, [HEAD.min(area.height), area.height.saturating_sub(HEAD)]);
    LineWriter::on(buf, head, 0).skip(1).write(&title, theme.title);
    summary(model, ctx, scan, &mut LineWriter::on(buf, head, 1));
    let longest = scan.reports().map(|report| width((checks.verdict)(report.verdict))).max().unwrap_or(0);
    let columns = (9, longest.max(width(checks.columns[1])));
    let mut writer = LineWriter::on(buf, head, 2);
    writer.skip(1).cell(checks.columns[0], columns.0, theme.title).skip(2);
    writer.cell(checks.columns[1], columns.1, theme.title).skip(2).write(checks.columns[2], theme.title);
    let from = model.ui.network.from.min(scan.reports().len().saturating_sub(usize::from(list.height)));
    let mut row = 0;
    // Open ports come first.
    let open = |wanted| scan.reports().filter(move |report| (report.verdict == Verdict::Open) == wanted);
    for report in open(true).chain(open(false)).skip(from).take(usize::from(list.height)) {
        line(ctx, report, columns, &mut LineWriter::on(buf, list, row));
        row += 1;
    }
    // The meanings of the verdicts, if there is room.
    let below = Rect { y: list.y + row, height: list.height - row, ..list };
    let means = scan.counts.keys().map(|verdict| {
        (format!("{}: {}", (checks.verdict)(*verdict), (checks.means)(*verdict)), verdict_style(ctx, *verdict))
    });
    let means: Vec<_> = [(String::new(), theme.text)].into_iter().chain(means).collect();
    let needed = wrap_all(&means, below.width.saturating_sub(2)).len();
    if needed <= usize::from(below.height) {
        paragraphs(&means, below, buf);
    }
}

/// Writes the progress, and the number of ports per verdict.
fn summary(model: &Model, ctx: &DrawContext, scan: &Scan, writer: &mut LineWriter<'_>) {
    let checks = &ctx.text.checks;
    let theme = &ctx.theme;
    let numbers = &ctx.text.numbers;
    let asked = scan.asked_ports();
    let done = |end| (checks.done)(&numbers.count(asked as u64), asked, &numbers.lapse(end));
    writer.skip(1);
    match scan.progress {
        ScanProgress::Done(at) => _ = writer.write(&done(at.since(scan.since)), theme.text),
        ScanProgress::Stopped(_) => _ = writer.write(checks.stopped, theme.alarm),
        _ => {
            let all = scan.ports.as_ref().map_or(1, crate::domain::PortList::count).max(1);
            let part = u16::try_from(asked * 12 / all).unwrap_or(12).min(12);
            let bar = glyphs::BLOCK.repeat(usize::from(part)) + &glyphs::DOT.repeat(usize::from(12 - part));
            let span = numbers.lapse(model.now.since(scan.since));
            writer.write(&bar, theme.newest).write(&format!(" {span}"), theme.text);
        }
    }
    for (verdict, count) in &scan.counts {
        let said = format!("{} {}{}", (checks.verdict)(*verdict), glyphs::TIMES, numbers.count(*count as u64));
        writer.write(glyphs::SEPARATOR, theme.border).write(&said, verdict_style(ctx, *verdict));
    }
}

fn line(ctx: &DrawContext, report: &PortReport, (port, verdict): (u16, u16), writer: &mut LineWriter<'_>) {
    let checks = &ctx.text.checks;
    let theme = &ctx.theme;
    writer.skip(1).cell(&format!("{}/{}", report.port, report.proto), port, theme.host.server).skip(2);
    writer.cell((checks.verdict)(report.verdict), verdict, verdict_style(ctx, report.verdict)).skip(2);
    writer.write(&checks.why(&ctx.text.numbers, report), theme.text);
}

const fn verdict_style(ctx: &DrawContext, verdict: Verdict) -> Style {
    let state = &ctx.theme.state;
    match verdict {
        Verdict::Open => state.established,
        Verdict::Closed => state.closed,
        Verdict::Filtered => state.closing,
        Verdict::OpenOrFiltered => state.time_wait,
        Verdict::Unknown => ctx.theme.alarm,
    }
}
