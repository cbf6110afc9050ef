//! The port check: how far it is, what each port is, and by which observation.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use super::{focused, hint};
use crate::domain::{AddressScope, PortReport, Verdict};
use crate::model::Model;
use crate::model::keys::Action;
use crate::model::network::Part;
use crate::model::scan::{Progress, Scan};
use crate::view::ink::{Ink, width, wrap};
use crate::view::layout::rows;
use crate::view::look::{Frame, Look};
use crate::view::{glyphs, keys};

/// Lines above the list: whose ports, how far, the columns.
const HEAD: u16 = 3;

/// The last line that the list may begin with in this pane.
pub(super) fn reach(model: &Model, area: Rect) -> usize {
    let height = usize::from(area.height.saturating_sub(2 + HEAD));
    model.worlds.shown().scans.latest().map_or(0, |scan| scan.reports().len().saturating_sub(height))
}

/// Draws the pane.
pub(super) fn render(model: &Model, look: &Look, area: Rect, buf: &mut Buffer) {
    let (words, numbers) = (&look.text.network, &look.text.numbers);
    let latest = model.worlds.shown().scans.latest().filter(|_| !model.ui.network.pending);
    let asking = latest.is_some_and(|scan| scan.progress == Progress::Asking);
    let foot = hint(look, if asking { Action::StopCheck } else { Action::Check });
    let count = latest.filter(|scan| scan.ports.is_some()).map_or_else(String::new, |scan| {
        let all = scan.ports.as_ref().map_or(0, crate::domain::PortList::count);
        (words.progress)(&numbers.count(scan.asked_ports() as u64), &numbers.count(all as u64))
    });
    let frame = Frame { title: words.check, count: &count, foot: &foot, focused: focused(model, Part::Check) };
    let inside = look.frame(&frame, area, buf);
    if let Some(plan) = model.ui.network.plan.as_ref().filter(|_| model.ui.network.pending) {
        Ink::on(buf, inside, 0).skip(1).say(&(words.looking_up)(&plan.host), look.theme.state.opening);
        return;
    }
    match latest {
        None => empty(look, inside, buf),
        Some(scan) => match scan.progress {
            Progress::Unresolved(why) => {
                paragraphs(&[((look.text.checks.unresolved)(&scan.asked, why), look.theme.alarm)], inside, buf);
            }
            Progress::Unconfirmed(scope) => unconfirmed(look, scan, scope, inside, buf),
            Progress::Asking | Progress::Done(_) | Progress::Stopped(_) => found(model, look, scan, inside, buf),
        },
    }
}

/// What to type, where nothing was.
fn empty(look: &Look, area: Rect, buf: &mut Buffer) {
    let words = &look.text.network;
    let sentence = (words.no_check)(&keys::first(Action::Check, look.text));
    let lines = wrap(&sentence, area.width.saturating_sub(2));
    let mut row = 0;
    for line in lines {
        Ink::on(buf, area, row).skip(1).say(line, look.theme.text);
        row += 1;
    }
    for example in words.examples {
        Ink::on(buf, area, row).skip(3).say(example, look.theme.quiet);
        row += 1;
    }
}

fn unconfirmed(look: &Look, scan: &Scan, scope: AddressScope, area: Rect, buf: &mut Buffer) {
    let address = scan.address.map_or_else(|| scan.asked.clone(), |address| address.to_string());
    let mut said = vec![((look.text.checks.unconfirmed)(&address, scope), look.theme.alarm)];
    if scope != AddressScope::Group {
        let key = keys::first(Action::Check, look.text);
        said.push(((look.text.network.try_again)(&key), look.theme.key));
    }
    paragraphs(&said, area, buf);
}

fn paragraphs(said: &[(String, Style)], area: Rect, buf: &mut Buffer) {
    let lines = said
        .iter()
        .flat_map(|(text, style)| wrap(text, area.width.saturating_sub(2)).into_iter().map(move |line| (line, *style)));
    for (row, (line, style)) in (0..area.height).zip(lines) {
        Ink::on(buf, area, row).skip(1).say(line, style);
    }
}

fn found(model: &Model, look: &Look, scan: &Scan, area: Rect, buf: &mut Buffer) {
    let (checks, theme, numbers) = (&look.text.checks, &look.theme, &look.text.numbers);
    let ports = scan.ports.as_ref().map_or(0, crate::domain::PortList::count);
    let address = scan.address.map_or_else(String::new, |address| address.to_string());
    let proto = scan.proto.name().to_uppercase();
    let title = (checks.title)(&scan.asked, &address, &proto, &numbers.count(ports as u64), ports);
    let [head, list] = rows(area, [HEAD.min(area.height), area.height.saturating_sub(HEAD)]);
    Ink::on(buf, head, 0).skip(1).say(&title, theme.title);
    summary(model, look, scan, &mut Ink::on(buf, head, 1));
    let longest = scan.reports().map(|report| width((checks.verdict)(report.verdict))).max().unwrap_or(0);
    let columns = (9, longest.max(width(checks.columns[1])));
    let mut ink = Ink::on(buf, head, 2);
    ink.skip(1).cell(checks.columns[0], columns.0, theme.title).skip(2);
    ink.cell(checks.columns[1], columns.1, theme.title).skip(2).say(checks.columns[2], theme.title);
    let from = model.ui.network.from.min(scan.reports().len().saturating_sub(usize::from(list.height)));
    let mut row = 0;
    // What is open is what was looked for.
    let open = |wanted| scan.reports().filter(move |report| (report.verdict == Verdict::Open) == wanted);
    for report in open(true).chain(open(false)).skip(from).take(usize::from(list.height)) {
        line(look, report, columns, &mut Ink::on(buf, list, row));
        row += 1;
    }
    // What the words mean, where there is room left.
    let below = Rect { y: list.y + row, height: list.height - row, ..list };
    let means = scan.counts.keys().map(|verdict| {
        (format!("{}: {}", (checks.verdict)(*verdict), (checks.means)(*verdict)), verdict_style(look, *verdict))
    });
    let means: Vec<_> = [(String::new(), theme.text)].into_iter().chain(means).collect();
    let needed: usize = means.iter().map(|(text, _)| wrap(text, below.width.saturating_sub(2)).len()).sum();
    if needed <= usize::from(below.height) {
        paragraphs(&means, below, buf);
    }
}

/// How far it is, and how many ports are what.
fn summary(model: &Model, look: &Look, scan: &Scan, ink: &mut Ink<'_>) {
    let (checks, theme, numbers) = (&look.text.checks, &look.theme, &look.text.numbers);
    let asked = scan.asked_ports();
    let done = |end| (checks.done)(&numbers.count(asked as u64), asked, &numbers.lapse(end));
    ink.skip(1);
    match scan.progress {
        Progress::Done(at) => _ = ink.say(&done(at.since(scan.since)), theme.text),
        Progress::Stopped(_) => _ = ink.say(checks.stopped, theme.alarm),
        _ => {
            let all = scan.ports.as_ref().map_or(1, crate::domain::PortList::count).max(1);
            let part = u16::try_from(asked * 12 / all).unwrap_or(12).min(12);
            let bar = glyphs::BLOCK.repeat(usize::from(part)) + &glyphs::DOT.repeat(usize::from(12 - part));
            let span = numbers.lapse(model.now.since(scan.since));
            ink.say(&bar, theme.newest).say(&format!(" {span}"), theme.text);
        }
    }
    for (verdict, count) in &scan.counts {
        let said = format!("{} {}{}", (checks.verdict)(*verdict), glyphs::TIMES, numbers.count(*count as u64));
        ink.say(&format!(" {} ", glyphs::DOT), theme.border).say(&said, verdict_style(look, *verdict));
    }
}

fn line(look: &Look, report: &PortReport, (port, verdict): (u16, u16), ink: &mut Ink<'_>) {
    let (checks, theme) = (&look.text.checks, &look.theme);
    ink.skip(1).cell(&format!("{}/{}", report.port, report.proto), port, theme.host.server).skip(2);
    ink.cell((checks.verdict)(report.verdict), verdict, verdict_style(look, report.verdict)).skip(2);
    ink.say(&checks.why(&look.text.numbers, report), theme.text);
}

const fn verdict_style(look: &Look, verdict: Verdict) -> Style {
    let state = &look.theme.state;
    match verdict {
        Verdict::Open => state.established,
        Verdict::Closed => state.closed,
        Verdict::Filtered => state.closing,
        Verdict::OpenOrFiltered => state.time_wait,
        Verdict::Unknown => look.theme.alarm,
    }
}
