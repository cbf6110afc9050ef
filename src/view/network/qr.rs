//! A QR code that a phone's camera can read off the wall.

use qrcode::{Color as Module, EcLevel, QrCode};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::view::draw_context::DrawContext;
use crate::view::line_writer::LineWriter;

/// How many light modules surround the code. The standard requires four (ISO/IEC 18004), but phones manage with two,
/// and a projector has few rows.
const QUIET: i32 = 2;

/// A code, and whether it is drawn in ASCII.
pub(super) struct Qr {
    code: QrCode,
    ascii: bool,
}

impl Qr {
    /// The code of a text; `None` if it is too long. With half blocks a module is one column wide and half a
    /// line high; in ASCII it is two reversed blanks.
    pub(super) fn of(text: &str, ascii: bool) -> Option<Self> {
        let code = QrCode::with_error_correction_level(text, EcLevel::L).ok()?;
        Some(Self { code, ascii })
    }

    fn side(&self) -> i32 {
        i32::try_from(self.code.width()).unwrap_or(i32::MAX - 2 * QUIET) + 2 * QUIET
    }

    /// The columns and lines it takes.
    pub(super) fn size(&self) -> (u16, u16) {
        let side = u16::try_from(self.side()).unwrap_or(u16::MAX);
        if self.ascii { (side.saturating_mul(2), side) } else { (side, side.div_ceil(2)) }
    }

    /// Draws it at the top left of an area that has room for it. Light modules are inked, as on a dark screen.
    pub(super) fn render(&self, ctx: &DrawContext, area: Rect, buf: &mut Buffer) {
        let side = self.side();
        for (row, y) in (0..area.height).zip((0..side).step_by(if self.ascii { 1 } else { 2 })) {
            let mut writer = LineWriter::on(buf, area, row);
            for x in 0..side {
                let upper = self.is_light(x, y);
                let lower = self.is_light(x, y + 1);
                match (self.ascii, upper, lower) {
                    (true, true, _) => writer.write("  ", ctx.theme.qr_light),
                    (true, false, _) => writer.write("  ", ctx.theme.qr),
                    (false, true, true) => writer.write("█", ctx.theme.qr),
                    (false, true, false) => writer.write("▀", ctx.theme.qr),
                    (false, false, true) => writer.write("▄", ctx.theme.qr),
                    (false, false, false) => writer.write(" ", ctx.theme.qr),
                };
            }
        }
    }

    /// The margin is light, except for the half line below an odd number of rows.
    fn is_light(&self, x: i32, y: i32) -> bool {
        let inside = |at: i32| usize::try_from(at - QUIET).ok().filter(|at| *at < self.code.width());
        match (inside(x), inside(y)) {
            (Some(x), Some(y)) => self.code[(x, y)] == Module::Light,
            _ => y < self.side(),
        }
    }
}
