//! Programs on the hosts, and their latest output.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::domain::CloseHow;
use crate::domain::HostId;
use crate::domain::keys::{Action, LabAction};
use crate::model::Model;
use crate::model::presenter::WirePart;
use crate::model::wire::ProgramLine;
use crate::view::draw_context::{DrawContext, PaneFrame};
use crate::view::glyphs;
use crate::view::line_writer::{LineWriter, width};

/// Draws the pane.
pub(super) fn render(model: &Model, ctx: &DrawContext, area: Rect, buf: &mut Buffer) {
    let words = &ctx.text.wire;
    let theme = &ctx.theme;
    let programs = &model.worlds.shown().wire.programs;
    let kill = ctx.hint(Action::Lab(LabAction::Close(CloseHow::Fin)));
    let selected = model.selected_program();
    let mark = |pid: u32| if selected == Some(pid) { glyphs::SELECTED } else { "" };
    let running = programs.running().iter();
    let mut running: Vec<_> = running.map(|p| format!("{}{} {}", mark(p.pid), (words.host)(p.host), p.name)).collect();
    // The selected one has to be seen: what is before it makes room.
    let room = area.width.saturating_sub(width(words.programs) + width(&kill) + 10);
    let chosen = programs.running().iter().position(|program| selected == Some(program.pid)).unwrap_or(0);
    let first = (0..=chosen).find(|first| width(&running[*first..].join(", ")) <= room).unwrap_or(chosen);
    if first > 0 {
        running.splice(..first, [glyphs::ELLIPSIS.to_owned()]);
    }
    let count = running.join(", ");
    let keys = if running.is_empty() { "" } else { &kill };
    let focused = model.ui.wire.part == WirePart::Programs;
    let frame = PaneFrame { title: words.programs, count: &count, keys, focused, ..PaneFrame::default() };
    let inside = ctx.pane(&frame, area, buf);
    let lines = programs.lines();
    let first = lines.len().saturating_sub(usize::from(inside.height));
    for (row, line) in (0..inside.height).zip(lines.range(first..)) {
        let mut writer = LineWriter::on(buf, inside, row);
        let mut who = |host: HostId, pid: u32| {
            let style = if host == HostId::Client { theme.host.client } else { theme.host.server };
            let number = if pid > 0 { format!(" {pid}") } else { String::new() };
            writer.cell(mark(pid), 1, theme.newest).write(&format!("{}{number}", (words.host)(host)), style).skip(1);
        };
        match line {
            ProgramLine::Began(program) => {
                who(program.host, program.pid);
                let how = match program.parent {
                    Some(parent) => (words.child_began)(program.pid, parent),
                    None => (words.began)(program.pid),
                };
                writer.write(&format!("{}: {how}", program.name), theme.quiet);
            }
            ProgramLine::Ended(program, status, signal) => {
                who(program.host, program.pid);
                writer.write(&format!("{}: {}", program.name, (words.ended)(*status, *signal)), theme.quiet);
            }
            ProgramLine::Failed(host, name, errno) => {
                who(*host, 0);
                let why = format!("{errno}, {}", (ctx.text.errno)(*errno).what);
                writer.write(&(words.not_started)(name, &why), theme.alarm);
            }
            ProgramLine::Said { host, pid, line, error, skipped } => {
                who(*host, *pid);
                if *skipped > 0 {
                    writer.write(&(words.skipped)(*skipped), theme.quiet).skip(1);
                }
                writer.write(line, if *error { theme.alarm } else { theme.typed });
            }
        }
    }
}
