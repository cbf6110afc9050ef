//! The target that clients connect to instead of the lab's servers: short for the header, in sentences elsewhere.

use ratatui::style::Style;

use super::draw_context::DrawContext;
use super::glyphs;
use super::line_writer::{head, width};
use crate::domain::Verdict;
use crate::model::Model;
use crate::model::target::TargetResolution;

/// The target in a few columns: a long name is cut, its port never.
pub(super) fn badge(model: &Model, ctx: &DrawContext, narrow: bool) -> Option<(String, Style)> {
    let columns = if narrow { 18 } else { 36 };
    let target = model.worlds.host().target.as_ref()?;
    let full = target.host.to_string();
    let port = target.host.port.map_or_else(String::new, |port| format!(":{port}"));
    let shown = if width(&full) <= columns {
        full
    } else {
        let room = columns.saturating_sub(width(&port) + 1);
        format!("{}{}{port}", head(&target.host.name, room), glyphs::ELLIPSIS)
    };
    let style = match target.resolution {
        TargetResolution::Lost(_) | TargetResolution::At { answers: false, .. } => ctx.theme.alarm,
        TargetResolution::Looking | TargetResolution::At { .. } => ctx.theme.newest,
    };
    let mark = match target.resolution {
        TargetResolution::Lost(_) => format!(" {}", glyphs::LACKING),
        TargetResolution::Looking => glyphs::ELLIPSIS.into(),
        TargetResolution::At { .. } => String::new(),
    };
    let word = if narrow { glyphs::ARROW } else { ctx.text.network.target };
    Some((format!("{word} {shown}{mark}"), style))
}

/// What is known about the target; empty if there is none.
pub(super) fn sentences(model: &Model, ctx: &DrawContext) -> Vec<(String, Style)> {
    let checks = &ctx.text.checks;
    let theme = &ctx.theme;
    let numbers = &ctx.text.numbers;
    let Some(target) = &model.worlds.shown().target else { return vec![] };
    let named = |text: String| format!("{} {}: {text}", ctx.text.network.target, target.host);
    let mut said = match target.resolution {
        TargetResolution::Looking => {
            vec![(named((ctx.text.network.looking)(&target.host.to_string())), theme.state.opening)]
        }
        TargetResolution::Lost(why) => vec![(named((checks.unresolved)(&target.host.name, why)), theme.alarm)],
        TargetResolution::At { addr, answers } => {
            let style = if answers { theme.newest } else { theme.alarm };
            vec![(named((checks.chosen)(&addr.ip().to_string(), answers)), style)]
        }
    };
    let failed = target.tried.iter().filter(|report| report.verdict != Verdict::Open);
    said.extend(failed.map(|report| {
        let why = checks.report(numbers, report);
        (format!("{} {why}. {}", report.address, (checks.means)(report.verdict)), theme.alarm)
    }));
    said
}
