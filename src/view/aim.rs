//! Where clients go when it is not to the servers here: in a few words for the header, in sentences elsewhere.

use ratatui::style::Style;

use super::glyphs;
use super::ink::{head, width};
use super::look::Look;
use crate::domain::Verdict;
use crate::model::Model;
use crate::model::goal::Way;

/// The goal in a few columns: of a long name the beginning, and always its port.
pub(super) fn badge(model: &Model, look: &Look, narrow: bool) -> Option<(String, Style)> {
    let columns = if narrow { 18 } else { 36 };
    let aim = model.world.get(crate::domain::WorldId::Host).aim.as_ref()?;
    let full = aim.goal.to_string();
    let port = aim.goal.port.map_or_else(String::new, |port| format!(":{port}"));
    let goal = if width(&full) <= columns {
        full
    } else {
        let room = columns.saturating_sub(width(&port) + 1);
        format!("{}{}{port}", head(&aim.goal.host, room), glyphs::ELLIPSIS)
    };
    let style = match aim.way {
        Way::Lost(_) | Way::At { answers: false, .. } => look.theme.alarm,
        Way::Looking | Way::At { .. } => look.theme.newest,
    };
    let mark = match aim.way {
        Way::Lost(_) => format!(" {}", glyphs::LACKING),
        Way::Looking => glyphs::ELLIPSIS.into(),
        Way::At { .. } => String::new(),
    };
    let word = if narrow { glyphs::ARROW } else { look.text.network.target };
    Some((format!("{word} {goal}{mark}"), style))
}

/// What is known of the goal; nothing where there is none.
pub(super) fn sentences(model: &Model, look: &Look) -> Vec<(String, Style)> {
    let (checks, theme, numbers) = (&look.text.checks, &look.theme, &look.text.numbers);
    let Some(aim) = &model.world.aim else { return vec![] };
    let named = |text: String| format!("{} {}: {text}", look.text.network.target, aim.goal);
    let mut said = match aim.way {
        Way::Looking => vec![(named((look.text.network.looking)(&aim.goal.to_string())), theme.state.opening)],
        Way::Lost(why) => vec![(named((checks.unresolved)(&aim.goal.host, why)), theme.alarm)],
        Way::At { addr, answers } => {
            let style = if answers { theme.newest } else { theme.alarm };
            vec![(named((checks.chosen)(&addr.ip().to_string(), answers)), style)]
        }
    };
    let failed = aim.tried.iter().filter(|report| report.verdict != Verdict::Open);
    said.extend(failed.map(|report| {
        let why = checks.report(numbers, report);
        (format!("{} {why}. {}", report.address, (checks.means)(report.verdict)), theme.alarm)
    }));
    said
}
