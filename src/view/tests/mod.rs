//! The screen, tested as a class sees it.

mod elsewhere;
mod files;
mod graphs;
mod interfaces;
pub(crate) mod lab;
mod layouts;
mod lessons;
mod meaning;
pub(crate) mod networks;
mod observing;
pub(crate) mod packets;
mod replay;
pub(crate) mod scenes;
mod screens;
mod sizes;
mod styles;
mod ways;
mod wires;

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use super::{ColorDepth, render};
use crate::model::{Model, Msg, update};

/// The whole screen of this size, and the cursor.
pub(crate) fn screen(model: &mut Model, columns: u16, rows: u16) -> (Buffer, Option<Position>) {
    update(model, Msg::Resize(columns, rows));
    if let Some(reach) = super::reach(model) {
        update(model, Msg::ScrollEnd(reach));
    }
    let mut buf = Buffer::empty(Rect::new(0, 0, columns, rows));
    let cursor = render(model, ColorDepth::True, &mut buf);
    (buf, cursor)
}

/// A screen as text, a line each, without blanks at the ends.
pub(crate) fn text(buf: &Buffer) -> String {
    let mut text = String::new();
    for y in buf.area.rows() {
        let mut line = String::new();
        let mut skip = 0;
        for at in y.positions() {
            let symbol = buf[at].symbol();
            if skip == 0 {
                line.push_str(symbol);
                skip = unicode_width::UnicodeWidthStr::width(symbol).max(1);
            }
            skip -= 1;
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}
