//! A packet's header as its RFC draws it, 32 bits a line, each line with its bytes in hex.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::domain::forge_form::ForgeRow;
use crate::domain::{EcnCodepoint, Flags, ForgedChecksum, ForgedKind, ForgedOptions, ForgedSegment};
use crate::model::forging::ForgeForm;
use crate::view::draw_context::DrawContext;
use crate::view::glyphs;
use crate::view::line_writer::LineWriter;

/// The columns of the fields, between the walls.
const FIELDS: u16 = 31;
/// All columns: the fields and their walls, a blank, four bytes.
pub(super) const COLUMNS: u16 = FIELDS + 2 + 1 + 11;
/// The length of the IP header in front.
const IP_HEADER: usize = 20;

/// One field of a line.
struct FigureCell {
    /// Its columns: half of the bits that it has, walls included.
    columns: u16,
    text: String,
    row: Option<ForgeRow>,
}

/// One line: 32 bits.
struct FigureLine(Vec<FigureCell>);

fn cell(columns: u16, text: impl Into<String>, row: Option<ForgeRow>) -> FigureCell {
    FigureCell { columns, text: text.into(), row }
}

/// A field of all 32 bits.
fn whole(text: impl Into<String>, row: Option<ForgeRow>) -> FigureLine {
    FigureLine(vec![cell(FIELDS, text, row)])
}

/// Two fields of 16 bits.
fn halves(one: (String, Option<ForgeRow>), other: (String, Option<ForgeRow>)) -> FigureLine {
    FigureLine(vec![cell(15, one.0, one.1), cell(15, other.0, other.1)])
}

/// Draws it, with the line of the IP header above it. Lines between the fields are left out where there is no room.
pub(super) fn render(ctx: &DrawContext, form: &ForgeForm, area: Rect, buf: &mut Buffer) {
    let bytes = form.packet.bytes();
    ip(ctx, form, bytes.len(), area, buf);
    let area = Rect { y: area.y + 1, height: area.height.saturating_sub(1), ..area };
    // More of the payload than there are rows is not seen.
    let lines = lines(ctx, form, &bytes, area.height.into());
    let count = u16::try_from(lines.len()).unwrap_or(u16::MAX);
    let is_roomy = count.saturating_mul(2) < area.height;
    let shown = usize::from(if is_roomy { count } else { area.height.saturating_sub(2) });
    let cut = lines.len() > shown;
    let mut row = 0;
    rule(ctx, None, lines.first(), area, row, buf);
    for (at, line) in lines.iter().enumerate().take(shown) {
        row += 1;
        if is_roomy && at > 0 {
            rule(ctx, lines.get(at - 1), Some(line), area, row, buf);
            row += 1;
        }
        let from = IP_HEADER + 4 * at;
        let hex = if form.is_known() { bytes.get(from..(from + 4).min(bytes.len())).unwrap_or_default() } else { &[] };
        draw(ctx, form, line, hex, area, row, buf);
    }
    let last = if cut { None } else { lines.last() };
    rule(ctx, last, None, area, row + 1, buf);
    if cut {
        let writer = &mut LineWriter::on(buf, area, row + 1);
        writer.skip(2).write(glyphs::ELLIPSIS, ctx.theme.quiet);
    }
}

/// What the IP header says: the addresses, what can be set in it, and the length of all.
fn ip(ctx: &DrawContext, form: &ForgeForm, len: usize, area: Rect, buf: &mut Buffer) {
    let flow = form.packet.flow();
    let to = flow.peer.map_or_else(String::new, |peer| peer.ip().to_string());
    let (theme, kept) = (&ctx.theme, form.is_kept(ForgeRow::Ttl) || form.is_kept(ForgeRow::Ecn));
    let mut writer = LineWriter::on(buf, area, 0);
    writer.write(&format!("{} {} {to}", flow.local.ip(), glyphs::ARROW), theme.text);
    if !kept {
        let style = |row| if form.row == row { theme.flash } else { theme.text };
        writer.skip(1).write(&format!("TTL {}", form.packet.ttl), style(ForgeRow::Ttl));
        writer.skip(1).write(ecn(form.packet.ecn), style(ForgeRow::Ecn));
    }
    if form.is_known() {
        writer.skip(1).write(&format!("{len} B"), theme.quiet);
    }
}

/// The bits about congestion, as RFC 3168 calls them.
pub(super) const fn ecn(codepoint: EcnCodepoint) -> &'static str {
    match codepoint {
        EcnCodepoint::NotEct => "Not-ECT",
        EcnCodepoint::Ect0 => "ECT(0)",
        EcnCodepoint::Ect1 => "ECT(1)",
        EcnCodepoint::Ce => "CE",
    }
}

fn lines(ctx: &DrawContext, form: &ForgeForm, bytes: &[u8], most: usize) -> Vec<FigureLine> {
    let half = |at: usize| bytes.get(at..at + 2).map_or(0, |two| u16::from_be_bytes([two[0], two[1]]));
    let sum = |at: usize| {
        let wrong = if form.packet.checksum == ForgedChecksum::Wrong { glyphs::LACKING } else { "" };
        let known = format!("sum 0x{:04x} {wrong}", half(IP_HEADER + at));
        let text = if form.is_known() { known } else { format!("sum {}", ctx.text.forge.later) };
        (text, Some(ForgeRow::Checksum))
    };
    let ports = || {
        let port = |name: &str, row| (format!("{name} {}", form.number(row).unwrap_or(0)), Some(row));
        halves(port("src port", ForgeRow::Source), port("dst port", ForgeRow::Destination))
    };
    let mut lines = Vec::new();
    match &form.packet.kind {
        ForgedKind::Segment(segment) => {
            lines.push(ports());
            lines.push(whole(format!("seq {}", segment.seq), Some(ForgeRow::Seq)));
            lines.push(whole(format!("ack {}", segment.ack), Some(ForgeRow::Ack)));
            lines.push(controls(segment));
            lines.push(halves(sum(16), ("urgent 0".into(), None)));
            options(&segment.options, &mut lines);
        }
        ForgedKind::Datagram => {
            lines.push(ports());
            lines.push(halves((format!("length {}", half(IP_HEADER + 4)), None), sum(6)));
        }
        ForgedKind::Unreachable { code, seq, .. } => {
            let codes = cell(7, format!("code {code}"), Some(ForgeRow::Code));
            let (sum, row) = sum(2);
            lines.push(FigureLine(vec![cell(7, "type 3", None), codes, cell(15, sum, row)]));
            lines.push(whole("unused", None));
            // The header of the packet that it quotes, as the other host would have sent it.
            let (ttl, number) = (form.packet.ttl, bytes.get(IP_HEADER + 17).copied().unwrap_or(0));
            let ends = [form.packet.from.other(), form.packet.from].map(|host| host.address().to_string());
            let [from, to] = ends;
            let quoted = ["IPv4, 28 B".into(), "id 0, DF".into(), format!("TTL {ttl}, protocol {number}"), from, to];
            lines.extend(quoted.map(|text| whole(text, None)));
            let port = |row| (format!("{}", form.number(row).unwrap_or(0)), Some(row));
            lines.push(halves(port(ForgeRow::Destination), port(ForgeRow::Source)));
            lines.push(whole(format!("seq {seq}"), Some(ForgeRow::Seq)));
        }
    }
    let words = form.packet.payload.chunks(4).take(most).map(|word| {
        let text: String =
            word.iter().map(|byte| if byte.is_ascii_graphic() { char::from(*byte) } else { '.' }).collect();
        whole(format!("data {text}"), Some(ForgeRow::Payload))
    });
    if form.is_known() {
        lines.extend(words);
    }
    lines
}

/// The line with the length of the header, the flags and the window. A letter is a flag that is set.
fn controls(segment: &ForgedSegment) -> FigureLine {
    let letters = [
        (Flags::CWR, 'C'),
        (Flags::ECE, 'E'),
        (Flags::URG, 'U'),
        (Flags::ACK, 'A'),
        (Flags::PSH, 'P'),
        (Flags::RST, 'R'),
        (Flags::SYN, 'S'),
        (Flags::FIN, 'F'),
    ];
    let flags: String =
        letters.map(|(flag, letter)| if segment.flags.has(flag) { letter } else { '.' }).iter().collect();
    let words = 5 + segment.options.bytes() / 4;
    FigureLine(vec![
        cell(2, format!("{words:>2}"), None),
        cell(3, "0", None),
        cell(8, flags, Some(ForgeRow::Flags)),
        cell(15, format!("win {}", segment.window), Some(ForgeRow::Window)),
    ])
}

fn options(options: &ForgedOptions, lines: &mut Vec<FigureLine>) {
    lines.extend(options.mss.map(|mss| whole(format!("MSS {mss}"), Some(ForgeRow::Mss))));
    lines.extend(options.sack_ok.then(|| whole("SACK permitted", Some(ForgeRow::SackOk))));
    if let Some((clock, echo)) = options.ts {
        lines.push(whole("timestamps", Some(ForgeRow::Clock)));
        lines.push(whole(format!("value {clock}"), Some(ForgeRow::Clock)));
        lines.push(whole(format!("echo {echo}"), Some(ForgeRow::Echo)));
    }
    lines.extend(options.wscale.map(|scale| whole(format!("window scale {scale}"), Some(ForgeRow::Scale))));
}

fn draw(ctx: &DrawContext, form: &ForgeForm, line: &FigureLine, hex: &[u8], area: Rect, row: u16, buf: &mut Buffer) {
    let theme = &ctx.theme;
    let mut writer = LineWriter::on(buf, area, row);
    writer.write(glyphs::BAR, theme.border);
    let mut lit = false;
    for field in &line.0 {
        let here = field.row == Some(form.row);
        lit |= here;
        let wrong = field.row == Some(ForgeRow::Checksum) && form.packet.checksum == ForgedChecksum::Wrong;
        let style = if here {
            theme.flash
        } else if wrong {
            theme.alarm
        } else {
            theme.text
        };
        let lead = u16::from(field.columns > 8);
        writer.skip(lead).cell(&field.text, field.columns - lead, style).write(glyphs::BAR, theme.border);
    }
    let hex: Vec<String> = hex.iter().map(|byte| format!("{byte:02x}")).collect();
    writer.skip(1).write(&hex.join(" "), if lit { theme.newest } else { theme.quiet });
}

/// Draws a line between two lines of fields, with a joint at each wall.
fn rule(
    ctx: &DrawContext,
    above: Option<&FigureLine>,
    below: Option<&FigureLine>,
    area: Rect,
    row: u16,
    buf: &mut Buffer,
) {
    let walls = |line: Option<&FigureLine>| -> Vec<u16> {
        let fields = line.map_or(&[][..], |line| &line.0);
        fields
            .iter()
            .scan(0, |at, field| {
                *at += field.columns + 1;
                Some(*at)
            })
            .collect()
    };
    let (over, under) = (walls(above), walls(below));
    let [left, right] = match (above.is_some(), below.is_some()) {
        (false, _) => [glyphs::PLAIN.top_left, glyphs::PLAIN.top_right],
        (_, false) => [glyphs::PLAIN.bottom_left, glyphs::PLAIN.bottom_right],
        _ => [glyphs::RANGE_LEFT, glyphs::RANGE_RIGHT],
    };
    let mut writer = LineWriter::on(buf, area, row);
    writer.write(left, ctx.theme.border);
    for at in 1..=FIELDS {
        let joint = match (over.contains(&at), under.contains(&at)) {
            (true, true) => glyphs::RANGE_TICK,
            (true, false) => glyphs::JOINED,
            (false, true) => glyphs::DIVIDED,
            (false, false) => glyphs::RANGE_LINE,
        };
        writer.write(joint, ctx.theme.border);
    }
    writer.write(right, ctx.theme.border);
}
