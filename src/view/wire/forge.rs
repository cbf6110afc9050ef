//! The form for a packet of one's own, drawn over the screen: its fields, and the header that they make.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::figure;
use crate::domain::excerpt::sanitise;
use crate::domain::forge_form::{FieldInput, ForgeRow};
use crate::domain::{ForgedKind, Proto, Refusal};
use crate::model::Model;
use crate::model::forging::{ForgeForm, ForgePurpose};
use crate::model::window::window;
use crate::view::draw_context::{DrawContext, PaneFrame};
use crate::view::glyphs;
use crate::view::line_writer::{LineWriter, wrap};

/// The columns of the selection's mark, and of a row's name.
const MARK: u16 = 2;
const NAME: u16 = 13;
/// The least columns of the rows, and the most.
const ROWS: u16 = 30;
const MOST: u16 = 44;
/// The most lines of the box: all rows, or a header with all options and lines between its fields.
const TALLEST: u16 = 30;
/// The lines below the rows.
const NOTE: u16 = 2;

/// Draws it.
pub(in crate::view) fn render(model: &Model, ctx: &DrawContext, buf: &mut Buffer) {
    let Some(form) = &model.ui.wire.form else { return };
    let words = &ctx.text.forge;
    let title = match form.purpose {
        ForgePurpose::Inject => words.inject.to_owned(),
        ForgePurpose::Change(number) => (words.change)(number),
    };
    let screen = buf.area;
    let columns = screen.width.saturating_sub(2).min(MOST + 1 + figure::COLUMNS + 4);
    let rows = screen.height.saturating_sub(2).min(TALLEST);
    let frame = PaneFrame { title: &title, focused: true, ..PaneFrame::default() };
    let inside = ctx.frame_over(&frame, columns, rows, buf);
    // Where there is room, a blank at both sides.
    let blank = u16::from(inside.width > ROWS + 1 + figure::COLUMNS + 2);
    let inside = Rect { x: inside.x + blank, width: inside.width.saturating_sub(2 * blank), ..inside };
    let beside = inside.width > ROWS + figure::COLUMNS;
    let left = if beside { inside.width - figure::COLUMNS - 1 } else { inside.width };
    let above = inside.height.saturating_sub(NOTE);
    fields(ctx, form, Rect { width: left, height: above, ..inside }, buf);
    if beside {
        let place = Rect { x: inside.x + left + 1, width: figure::COLUMNS, height: above, ..inside };
        figure::render(ctx, form, place, buf);
    }
    let below = Rect { y: inside.y + above, height: inside.height - above, ..inside };
    note(ctx, form, below, buf);
}

/// The rows, one below the other, so many that the selected one is among them.
fn fields(ctx: &DrawContext, form: &ForgeForm, area: Rect, buf: &mut Buffer) {
    let theme = &ctx.theme;
    let rows = form.rows();
    let at = rows.iter().position(|row| *row == form.row);
    let seen = window(at, rows.len(), usize::from(area.height));
    for (line, row) in (0..area.height).zip(rows.get(seen).unwrap_or_default()) {
        let here = *row == form.row;
        let mut writer = LineWriter::on(buf, area, line);
        writer.cell(if here { glyphs::SELECTED } else { " " }, MARK, theme.newest);
        if *row != ForgeRow::Preset {
            writer.cell((ctx.text.forge.row)(*row), NAME, theme.quiet);
        }
        let value = value(ctx, form, *row);
        let text = if here { format!("{} {value} {}", glyphs::LEFT, glyphs::RIGHT) } else { format!("  {value}") };
        let style = match row {
            _ if here => theme.selected,
            ForgeRow::Preset => theme.title,
            ForgeRow::From => theme.text,
            _ => theme.typed,
        };
        writer.write(&text, style);
    }
}

/// The value of a row.
fn value(ctx: &DrawContext, form: &ForgeForm, row: ForgeRow) -> String {
    let words = &ctx.text.forge;
    if form.is_kept(row) {
        return words.kept.into();
    }
    if row == form.row
        && let Some(unfinished) = form.unfinished()
    {
        return unfinished.into();
    }
    match row {
        ForgeRow::Preset => (words.preset)(form.preset).into(),
        ForgeRow::From => (ctx.text.wire.host)(form.packet.from).into(),
        ForgeRow::Protocol => match form.packet.kind {
            ForgedKind::Segment(_) => "TCP",
            ForgedKind::Datagram => "UDP",
            ForgedKind::Unreachable { .. } => "ICMP",
        }
        .into(),
        ForgeRow::About => match form.packet.kind {
            ForgedKind::Unreachable { about: Proto::Udp, .. } => "UDP",
            _ => "TCP",
        }
        .into(),
        ForgeRow::Flags => form.segment().map_or_else(String::new, |segment| segment.flags.to_string()),
        ForgeRow::SackOk => {
            let is_there = form.segment().is_some_and(|segment| segment.options.sack_ok);
            if is_there { words.permitted.into() } else { glyphs::DASH.into() }
        }
        ForgeRow::Payload if form.text.is_empty() => glyphs::DASH.into(),
        ForgeRow::Payload => sanitise(form.text.as_bytes()),
        ForgeRow::Ecn => figure::ecn(form.packet.ecn).into(),
        ForgeRow::Checksum => (words.checksum)(form.packet.checksum).into(),
        row => form.number(row).map_or_else(
            || glyphs::DASH.into(),
            |number| relative(number.wrapping_sub(form.base(row)), form.is_relative(row)),
        ),
    }
}

/// A number; a sequence number a little before the one that it is counted from is negative.
fn relative(number: u32, is_sequence: bool) -> String {
    const BEFORE: u32 = 1 << 20;
    if is_sequence && number.wrapping_neg() < BEFORE && number != 0 {
        return format!("-{}", number.wrapping_neg());
    }
    number.to_string()
}

/// What is wrong with the packet, or what the selected row is about.
fn note(ctx: &DrawContext, form: &ForgeForm, area: Rect, buf: &mut Buffer) {
    let words = &ctx.text.forge;
    let theme = &ctx.theme;
    let (text, style) = match (form.packet.check(), form.row) {
        (Err(fault), _) => ((words.fault)(fault), theme.alarm),
        (Ok(()), ForgeRow::Preset) => ((words.about)(form.preset).to_owned(), theme.quiet),
        (Ok(()), row) if form.is_relative(row) => ((words.relative)(form.number(row).unwrap_or(0)), theme.quiet),
        (Ok(()), row) if row.input() == FieldInput::Sequence => (words.absolute.to_owned(), theme.quiet),
        (Ok(()), row) => ((ctx.text.keys.refusal)(Refusal::Takes(row.input())), theme.quiet),
    };
    for (row, line) in (0..area.height).zip(wrap(&text, area.width)) {
        LineWriter::on(buf, area, row).write(line, style);
    }
}
