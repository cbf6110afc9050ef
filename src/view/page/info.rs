//! The kernel's `TCP_INFO` for one end, and what each value means; or why there is none.

use std::time::Duration;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use crate::domain::keys::{Action, ListAction};
use crate::domain::note::TableSource;
use crate::domain::{Proto, TcpInfo, TcpState};
use crate::model::Model;
use crate::model::connection_end::ConnectionEnd;
use crate::model::page::ConnectionPage;
use crate::text::Meaning;
use crate::view::draw_context::DrawContext;
use crate::view::line_writer::{LineWriter, paragraphs, width, wrap};
use crate::view::{glyphs, keys};

/// From this width on, two columns of values usually have room for their meanings.
const WIDE: u16 = 112;

/// The content below the history.
enum InfoContent<'a> {
    /// The values, and whether they are current.
    Values(&'a TcpInfo, bool),
    /// Sentences.
    Said(Vec<String>),
}

fn shown<'a>(model: &'a Model, ctx: &DrawContext, page: &ConnectionPage) -> InfoContent<'a> {
    let words = &ctx.text.page;
    let said = |text: &str| InfoContent::Said(vec![text.to_owned()]);
    let proto = page.flow.proto;
    let asked = page.end(page.asked);
    if proto == Proto::Udp {
        return InfoContent::Said(words.udp.iter().map(|text| (*text).to_owned()).collect());
    }
    let Some(flow) = asked.filter(|flow| flow.peer.is_some()) else {
        let row = model.worlds.shown().table.of(&page.flow).map(|entry| (entry.row.recv_q, entry.row.send_q));
        let listens = row.and_then(|(waiting, limit)| Some((words.listens)(waiting?, limit?)));
        return InfoContent::Said(listens.into_iter().chain([words.listens_note.to_owned()]).collect());
    };
    let state = model.worlds.shown().table.state(&flow);
    let known = model.worlds.shown().info.as_ref().filter(|info| info.flow == flow);
    match (state, known) {
        (Some(TcpState::TimeWait), _) => said(words.time_wait),
        (Some(_), Some(info)) => InfoContent::Values(info, true),
        (None, Some(info)) => InfoContent::Values(info, false),
        (None, None) => said(words.gone),
        (Some(_), None) if model.worlds.shown().table_source.is_some_and(|source| source != TableSource::SockDiag) => {
            said(words.lacking)
        }
        (Some(_), None) => said(words.asking),
    }
}

/// How many lines this takes in an area like `inside`. Room is reserved for the values, so that the history does not
/// move.
pub(super) fn height(model: &Model, ctx: &DrawContext, page: &ConnectionPage, inside: Rect) -> u16 {
    let lines = |count: usize| u16::try_from(count).unwrap_or(u16::MAX);
    let asking = ctx.text.page.asking;
    match shown(model, ctx, page) {
        InfoContent::Said(said) if said != [asking] => {
            lines(said.iter().map(|text| wrap(text, inside.width.saturating_sub(2)).len()).sum())
        }
        _ if one_column(inside) => lines(COUNT),
        _ => lines(COUNT.div_ceil(2)),
    }
}

/// Whether each value has a line of its own, with its meaning.
const fn one_column(inside: Rect) -> bool {
    inside.width < WIDE && inside.height >= 36
}

/// Draws the heading on the rule, and the values or sentences below it.
pub(super) fn render(
    model: &Model,
    ctx: &DrawContext,
    page: &ConnectionPage,
    rule: Rect,
    area: Rect,
    buf: &mut Buffer,
) {
    let words = &ctx.text.page;
    let theme = &ctx.theme;
    if page.flow.proto == Proto::Tcp && page.flow.peer.is_some() {
        let end = match page.asked {
            ConnectionEnd::Client => words.info_client,
            ConnectionEnd::Server => words.info_server,
        };
        let stale = matches!(shown(model, ctx, page), InfoContent::Values(_, false));
        let last = if stale { format!(" {} {}", glyphs::DOT, words.last) } else { String::new() };
        let key = keys::text(Action::List(ListAction::OtherEnd), ctx.text).hint;
        LineWriter::on(buf, rule, 0)
            .skip(1)
            .write(&format!(" TCP_INFO {end}{last} "), theme.title)
            .skip(1)
            .write_whole(" Tab", theme.key)
            .write_whole(&format!(" {key} "), theme.text);
    }
    match shown(model, ctx, page) {
        InfoContent::Said(said) => {
            let said: Vec<_> = said.iter().map(|text| (text, theme.text)).collect();
            paragraphs(&said, area, buf);
        }
        InfoContent::Values(info, now) => {
            values(ctx, info, if now { theme.text } else { theme.quiet }, area, buf);
        }
    }
}

/// How many values there are.
const COUNT: usize = 11;

/// Draws the values in one column or two, with their meanings where all of them have room.
fn values(ctx: &DrawContext, info: &TcpInfo, style: Style, area: Rect, buf: &mut Buffer) {
    let all = entries(ctx, info);
    let rows = if usize::from(area.height) >= COUNT { COUNT } else { COUNT.div_ceil(2) };
    let columns: Vec<ValueWidths> = all.chunks(rows).map(ValueWidths::of).collect();
    let explained = columns.iter().map(ValueWidths::explained).sum::<u16>() <= area.width;
    let mut x = area.x;
    for (entries, widths) in all.chunks(rows).zip(&columns) {
        let width = if explained { widths.explained() } else { area.width / 2 };
        let column = Rect { x, width, ..area }.intersection(area);
        for (row, (meaning, value)) in (0..).zip(entries) {
            let mut writer = LineWriter::on(buf, column, row);
            writer.skip(1).cell(meaning.name, widths.name, ctx.theme.quiet);
            if explained {
                writer.cell(value, widths.value, style).write(meaning.means, ctx.theme.quiet);
            } else {
                writer.write(value, style);
            }
        }
        x = column.right();
    }
}

/// The widths of a column's parts, each with the blanks behind it.
struct ValueWidths {
    name: u16,
    value: u16,
    means: u16,
}

impl ValueWidths {
    fn of(entries: &[(&Meaning, String)]) -> Self {
        let widest = |of: fn(&(&Meaning, String)) -> u16| entries.iter().map(of).max().unwrap_or(0);
        Self {
            name: widest(|entry| width(entry.0.name)) + 2,
            value: widest(|entry| width(&entry.1)) + 2,
            means: widest(|entry| width(entry.0.means)) + 1,
        }
    }

    const fn explained(&self) -> u16 {
        1 + self.name + self.value + self.means
    }
}

fn entries<'a>(ctx: &'a DrawContext, info: &TcpInfo) -> [(&'a Meaning, String); COUNT] {
    let words = &ctx.text.page;
    let numbers = &ctx.text.numbers;
    let names = &words.info;
    let time = |micros: u32| numbers.lapse(Duration::from_micros(u64::from(micros)));
    let bytes =
        |bytes: Option<u64>| bytes.map_or_else(|| glyphs::DASH.into(), |bytes| format!("{} B", numbers.count(bytes)));
    let count = |bytes: u32| numbers.count(u64::from(bytes));
    let window = |window: Option<u32>| window.map_or_else(|| glyphs::DASH.into(), count);
    [
        (&names.rtt, format!("{} {} {}", time(info.rtt_us), glyphs::ABOUT, time(info.rttvar_us))),
        (&names.rto, time(info.rto_us)),
        (&names.cwnd, (words.segments)(info.cwnd)),
        (&names.ssthresh, info.ssthresh.map_or_else(|| glyphs::DASH.into(), words.segments)),
        (&names.retrans, (words.retransmitted)(info.retransmits, info.retransmitted)),
        (&names.control, info.congestion.clone().unwrap_or_else(|| glyphs::DASH.into())),
        (&names.sent, bytes(info.bytes_sent)),
        (&names.acked, bytes(info.bytes_acked)),
        (&names.received, bytes(info.bytes_received)),
        (&names.mss, (words.out_in)(&count(info.snd_mss), &count(info.rcv_mss))),
        (&names.window, (words.out_in)(&window(info.snd_wnd), &window(info.rcv_wnd))),
    ]
}
