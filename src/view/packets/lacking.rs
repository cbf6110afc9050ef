//! What is missing for a capture, and the one command that grants it.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::super::ink::{Ink, wrap};
use super::super::keys;
use super::super::look::Look;
use crate::model::Action;
use crate::model::packets::{Capturing, Help, Traffic};

/// Draws the note.
pub(super) fn render(traffic: &Traffic<'_>, look: &Look, area: Rect, buf: &mut Buffer) {
    let Capturing::Lacking { errno, help } = &traffic.packets.capturing else { return };
    let (texts, theme) = (&look.text.packets, &look.theme);
    let why = (texts.lacking)(&errno.to_string(), (look.text.errno)(*errno).what);
    let mut lines = vec![(why.as_str(), theme.alarm), ("", theme.text)];
    match help {
        Help::Command(command) => {
            lines.extend([(texts.needs, theme.text), ("", theme.text), (command, theme.typed), ("", theme.text)]);
            lines.push((texts.then, theme.text));
        }
        Help::Container => lines.push((texts.container, theme.text)),
        Help::Interface => lines.push((texts.interface, theme.text)),
        Help::System => lines.push((texts.system, theme.text)),
        Help::Unknown => {}
    }
    let instead = (look.text.files.instead)(&keys::first(Action::OpenCapture, look.text));
    lines.extend([("", theme.text), (instead.as_str(), theme.title), (texts.wire_lab, theme.title)]);
    let width = area.width.saturating_sub(4);
    let lines =
        lines.into_iter().flat_map(|(text, style)| wrap(text, width).into_iter().map(move |line| (line, style)));
    for (row, (line, style)) in (1..area.height).zip(lines) {
        Ink::on(buf, area, row).skip(2).say(line, style);
    }
}
