//! What the screen must convey, whatever it looks like.

use crate::domain::keys::Key;
use std::collections::HashSet;

use ratatui::style::{Color, Modifier, Style};

use super::lab::{Lab, at};
use super::{scenes, screen, text};
use crate::domain::keys::BINDINGS;
use crate::domain::{
    Answer, Args, Call, ConnNo, Delta, Errno, EventKind, Evidence, Flow, Lang, Note, Proto, ServerChange, ServerId,
    ServerSpec, SocketId, Stamp, Syscall, TcpState,
};
use crate::model::listing::SortColumn;
use crate::model::ui::{Glyphs, Mode, Pane, ThemeName};
use crate::model::{Msg, update};
use crate::text::of;
use crate::view::theme::{ColorDepth, Theme};
use crate::view::{glyphs, keys, visible_rows};

#[test]
fn every_action_has_a_text_and_every_binding_is_in_the_help() {
    for lang in [Lang::En, Lang::PtBr] {
        let texts = of(lang);
        let mut lab = scenes::lesson(lang);
        let mut seen = String::new();
        for from in (0..200).step_by(20) {
            lab.model.ui.mode = Mode::Help(from);
            seen += &text(&screen(&mut lab.model, 160, 45).0);
        }
        for binding in BINDINGS {
            let words = keys::text(binding.action, texts);
            assert!(!words.hint.is_empty() && !words.help.is_empty(), "{:?}", binding.action);
            let names = keys::names(binding, texts);
            let listed = |line: &str| line.contains(&format!("┃ {names} ")) && line.contains(words.help);
            assert!(seen.lines().any(listed), "{names} {} is not in the help:\n{seen}", words.help);
        }
    }
}

#[test]
fn states_and_evidence_differ_without_colour_and_unicode() {
    let mut lab = scenes::queue(Lang::En);
    lab.model.ui.theme = ThemeName::Mono;
    lab.model.ui.glyphs = Glyphs::Ascii;
    let (shown, _) = screen(&mut lab.model, 120, 36);
    let colours = shown.content.iter().filter(|cell| (cell.fg, cell.bg) != (Color::Reset, Color::Reset));
    assert_eq!(colours.count(), 0);
    let strange: Vec<_> =
        shown.content.iter().map(ratatui::buffer::Cell::symbol).filter(|symbol| !symbol.is_ascii()).collect();
    assert!(strange.iter().all(|symbol| "ôÔ".contains(symbol)), "{strange:?}");
    let twins: HashSet<_> = Evidence::ALL.iter().map(|kind| glyphs::twin_of(glyphs::evidence(*kind))).collect();
    assert_eq!(twins.len(), Evidence::ALL.len());
    let names: HashSet<_> = TcpState::ALL.iter().map(|state| state.name()).collect();
    assert_eq!(names.len(), TcpState::ALL.len());
}

#[test]
fn the_column_that_orders_the_table_is_named_whole_and_marked() {
    for (columns, lines, lang) in [(80, 24, Lang::En), (80, 24, Lang::PtBr), (100, 30, Lang::En), (120, 36, Lang::PtBr)]
    {
        let mut lab = scenes::queue(lang);
        for column in SortColumn::ALL.into_iter().skip(1) {
            lab.model.listing.column = column;
            let shown = text(&screen(&mut lab.model, columns, lines).0);
            let head = shown.lines().find(|line| line.contains("Proto")).unwrap();
            let process = column == SortColumn::Process && columns < 120;
            assert!(process || head.contains('▾'), "{column:?} on {columns}: {head}");
            assert!(!head.contains('…'), "{column:?} on {columns}: {head}");
        }
    }
}

#[test]
fn no_colour_wins_over_every_theme() {
    for name in ThemeName::ALL {
        let theme = Theme::new(name, ColorDepth::Mono);
        assert_eq!(format!("{theme:?}"), format!("{:?}", Theme::new(ThemeName::Mono, ColorDepth::True)));
    }
}

#[test]
fn nothing_is_dimmed_and_inferred_states_look_different() {
    for name in ThemeName::ALL {
        for depth in [ColorDepth::Mono, ColorDepth::Ansi16, ColorDepth::Ansi256, ColorDepth::True] {
            let theme = Theme::new(name, depth);
            assert!(!format!("{theme:?}").contains("DIM"), "{name:?}");
            assert_ne!(theme.evidence(Evidence::Inferred), theme.evidence(Evidence::Sampled));
        }
    }
}

/// WCAG's contrast of every ink that text is written with, against the paper: at least 4.5 to 1, frames 3 to 1.
#[test]
fn every_ink_can_be_read_on_its_paper() {
    let luminance = |style: Style, of: fn(Style) -> Option<Color>| {
        let Some(Color::Rgb(r, g, b)) = of(style) else { panic!("{style:?}") };
        let linear = |c: u8| {
            let c = f64::from(c) / 255.0;
            if c <= 0.040_45 { c / 12.92 } else { ((c + 0.055) / 1.055).powf(2.4) }
        };
        0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b)
    };
    for name in [ThemeName::Dark, ThemeName::Light, ThemeName::Contrast] {
        let theme = Theme::new(name, ColorDepth::True);
        let state = theme.state;
        let papers = [theme.paper, theme.selected].map(|style| luminance(style, |style| style.bg));
        let contrast = |style: Style, paper: f64| {
            let ink = luminance(style, |style| style.fg) + 0.05;
            let paper = paper + 0.05;
            ink.max(paper) / ink.min(paper)
        };
        let states = TcpState::ALL.iter().map(|state| theme.state(*state));
        let inks =
            [theme.text, theme.quiet, theme.key, theme.alarm, theme.newest, theme.evidence.inferred, state.listen];
        for ink in inks.into_iter().chain(states).chain([theme.host.client, theme.host.server, theme.ghost]) {
            for paper in papers {
                assert!(contrast(ink, paper) >= 4.5, "{name:?} {ink:?}: {:.1}", contrast(ink, paper));
            }
        }
        assert!(contrast(theme.border, papers[0]) >= 3.0, "{name:?}");
    }
}

#[test]
fn a_row_that_changed_flashes_and_one_that_left_fades() {
    let mut lab = scenes::lesson(Lang::En);
    let find = |lab: &mut super::lab::Lab, word: &str| {
        let (shown, _) = screen(&mut lab.model, 120, 36);
        let lines = text(&shown);
        let y = lines.lines().position(|line| line.contains(word) && line.contains("tcp  "))?;
        let x = lines.lines().nth(y)?.chars().take_while(|c| *c != 'E').count();
        Some(shown[(u16::try_from(x).unwrap(), u16::try_from(y).unwrap())].modifier)
    };
    assert!(find(&mut lab, "44086 ").unwrap().contains(Modifier::REVERSED));
    lab.close(4);
    let gone = "127.0.0.1:65432        127.0.0.1:44086        ESTABLISHED";
    assert!(find(&mut lab, gone).unwrap().contains(Modifier::CROSSED_OUT));
    lab.wait(std::time::Duration::from_secs(2));
    assert_eq!(find(&mut lab, gone), None);
    assert!(!find(&mut lab, "44082 ").unwrap().contains(Modifier::REVERSED));
}

#[test]
fn a_client_without_a_row_is_closed_or_unknown_and_never_established_from_memory() {
    let mut lab = scenes::lesson(Lang::En);
    let flow = Flow::tcp(at(44_086), at(65_432));
    let line = |lab: &mut super::lab::Lab| {
        let shown = text(&screen(&mut lab.model, 160, 45).0);
        shown.lines().find(|line| line.contains("#4 ")).unwrap().to_owned()
    };
    assert!(line(&mut lab).contains("ESTABLISHED"));
    let key = lab.model.worlds.shown().table.of(&flow).unwrap().row.key();
    lab.seen(Evidence::Sampled, EventKind::Row(Delta::Gone(key)));
    let at_once = line(&mut lab);
    assert!(!at_once.contains("ESTABLISHED") && at_once.contains(" open "), "{at_once}");
    lab.wait(std::time::Duration::from_secs(1));
    assert!(line(&mut lab).contains("CLOSED"), "{}", line(&mut lab));
}

#[test]
fn the_header_says_who_can_reach_us() {
    let says = |addr: &str, up: bool, observing: bool| {
        let mut lab = super::lab::Lab::empty(Lang::En);
        let addr: std::net::SocketAddr = addr.parse().unwrap();
        let spec = ServerSpec { addr, ..lab.model.worlds.shown().servers.all()[0].spec.clone() };
        lab.server(0, ServerChange::Added { spec });
        if up {
            lab.server(0, ServerChange::Started { addr, backlog: 1 });
        }
        if observing {
            lab.note(Note::Observing { servers: vec![] });
        }
        let shown = text(&screen(&mut lab.model, 60, 20).0).lines().next().unwrap().to_owned();
        let wide = text(&screen(&mut lab.model, 160, 45).0).lines().next().unwrap().to_owned();
        (shown.contains("OPEN TO THE NETWORK"), wide.contains("loopback only"), wide.contains("watching"))
    };
    assert_eq!(says("127.0.0.1:65432", true, false), (false, true, false));
    assert_eq!(says("[::ffff:127.0.0.1]:65432", true, false), (false, true, false));
    for open in ["0.0.0.0:65432", "[::]:65432", "192.0.2.7:65432"] {
        assert_eq!(says(open, true, false), (true, false, false), "{open}");
        assert_eq!(says(open, false, false), (false, false, false), "{open}, and not started");
    }
    assert_eq!(says("127.0.0.1:65432", false, true), (false, false, true));
}

#[test]
fn every_client_is_named_by_its_number_or_its_program() {
    let mut lab = scenes::arrivals(Lang::En);
    let shown = text(&screen(&mut lab.model, 160, 45).0);
    for name in ["#6 ", "#5 ", "#4 ", "#3 ", "python3 "] {
        assert!(shown.contains(name), "{name}:\n{shown}");
    }
    assert!(!shown.contains("#7"), "the stranger has no number:\n{shown}");
    lab.broadcast(1, "oi");
    lab.model.ui.focus = Pane::Clients;
    lab.keys("z");
    lab.stranger(0, 50_003);
    let shown = text(&screen(&mut lab.model, 160, 45).0);
    assert!(shown.contains("broadcast 127.0.0.1:51004") && shown.contains("python3   127.0.0.1:50003"), "{shown}");
}

#[test]
fn the_page_shows_every_value_and_says_what_it_means_where_there_is_room() {
    for (lang, means) in [(Lang::En, "round trip, smoothed"), (Lang::PtBr, "ida e volta, suavizado")] {
        let mut lab = scenes::page(lang);
        for (columns, rows) in [(80, 24), (120, 36), (160, 45)] {
            let shown = text(&screen(&mut lab.model, columns, rows).0);
            for value in ["61 µs ± 12 µs", "204 ms", "10 segment", "7 segment", "1.234.567 B", "536", "65.536", "cubic"]
            {
                let value = if lang == Lang::En { value.replace('.', ",") } else { value.to_owned() };
                assert!(shown.contains(&value), "{value} at {columns}×{rows}:\n{shown}");
            }
            assert_eq!(shown.contains(means), columns >= 120, "{columns}×{rows}:\n{shown}");
        }
    }
}

#[test]
fn tcp_info_of_a_gone_end_is_marked_as_old() {
    let mut lab = scenes::page(Lang::En);
    let key = lab.model.worlds.shown().table.of(&Flow::tcp(at(44_086), at(65_432))).unwrap().row.key();
    assert!(!text(&screen(&mut lab.model, 120, 36).0).contains("last known values"));
    lab.seen(Evidence::Sampled, EventKind::Row(Delta::Gone(key)));
    assert!(text(&screen(&mut lab.model, 120, 36).0).contains("last known values"));
}

#[test]
fn the_visible_rows_are_reported() {
    let mut lab = scenes::crowd(Lang::En, 200);
    let (shown, _) = screen(&mut lab.model, 120, 36);
    let shown = text(&shown);
    let rows = visible_rows(&lab.model);
    let lines = shown.lines().filter(|line| line.starts_with("│ tcp ") || line.starts_with("│ udp ")).count();
    assert_eq!(rows.len(), lines, "{shown}");
    lab.model.ui.focus = Pane::Clients;
    lab.keys("z");
    assert!(visible_rows(&lab.model).is_empty());
}

#[test]
fn wide_characters_keep_the_frame_straight() {
    for lang in [Lang::En, Lang::PtBr] {
        let mut lab = scenes::wide(lang);
        for (columns, rows) in [(80u16, 24u16), (120, 36), (160, 45)] {
            let (shown, _) = screen(&mut lab.model, columns, rows);
            if columns < 100 {
                // Rules above the panes, no walls.
                let rules = (1..rows - 1).filter(|y| "─━".contains(shown[(0, *y)].symbol()));
                let ends = |y: &u16| shown[(0, *y)].symbol() == shown[(columns - 1, *y)].symbol();
                assert_eq!(rules.filter(ends).count(), 4, "{}", text(&shown));
                continue;
            }
            for y in 3..rows - 2 {
                let last = shown[(columns - 1, y)].symbol();
                assert!("│┃┐┘┓┛".contains(last), "line {y} ends in {last:?}:\n{}", text(&shown));
            }
        }
    }
}

#[test]
fn the_cursor_stands_where_the_next_letter_goes() {
    let mut lab = scenes::lesson(Lang::En);
    lab.keys("iolá 世");
    let (shown, cursor) = screen(&mut lab.model, 120, 36);
    let cursor = cursor.unwrap();
    assert_eq!(shown[(cursor.x - 2, cursor.y)].symbol(), "世");
    lab.keys(&"x".repeat(300));
    for columns in 60..140 {
        let (shown, cursor) = screen(&mut lab.model, columns, 36);
        let cursor = cursor.unwrap();
        assert_eq!(shown[(cursor.x - 1, cursor.y)].symbol(), "x", "{columns}");
        assert_eq!(shown[(cursor.x, cursor.y)].symbol(), " ", "{columns}");
    }
}

#[test]
fn hostile_paste_is_shown_safely() {
    let mut lab = scenes::lesson(Lang::En);
    lab.keys("i");
    update(&mut lab.model, Msg::Paste("a\u{202e}b\u{200b}".into()));
    let shown = text(&screen(&mut lab.model, 120, 36).0);
    assert!(shown.contains(r"a\u{202e}b\u{200b}"), "{shown}");
}

#[test]
fn a_count_explains_itself_in_the_footer() {
    let mut lab = scenes::lesson(Lang::En);
    lab.keys("25");
    let shown = text(&screen(&mut lab.model, 80, 24).0);
    let footer = shown.lines().last().unwrap();
    for part in ["25_", "c 25 clients", "o 25 one-shots", "v view 25: none", "Esc forget"] {
        assert!(footer.contains(part), "{part}: {footer}");
    }
}

#[test]
fn time_is_what_the_model_says_it_is() {
    let mut lab = scenes::lesson(Lang::En);
    let later = lab.model.now.after(std::time::Duration::from_secs(13));
    assert!(text(&screen(&mut lab.model, 160, 45).0).contains("gone in 43 s"));
    update(&mut lab.model, Msg::Time(later));
    assert!(text(&screen(&mut lab.model, 160, 45).0).contains("gone in 30 s"));
    assert!(lab.model.now > Stamp::ZERO);
    lab.key(Key::Esc);
}

#[test]
fn a_tcp_socket_that_only_listens_counts_no_datagrams() {
    let mut lab = Lab::new(Lang::En);
    let spec =
        ServerSpec { name: "listener".into(), proto: Proto::Tcp, addr: at(7_000), answer: Answer::Same, model: None };
    lab.server(4, ServerChange::Added { spec });
    lab.start(4);
    for (columns, rows) in [(100, 30), (120, 36), (160, 45)] {
        let shown = text(&screen(&mut lab.model, columns, rows).0);
        let line = shown.lines().find(|line| line.contains("listener")).unwrap();
        assert!(line.contains("LISTEN") && !line.contains("datagram"), "{line}");
    }
}

/// The count before this word in the first line.
fn header_count(shown: &str, word: &str) -> usize {
    let words: Vec<&str> = shown.lines().next().unwrap().split_whitespace().collect();
    let at = words.iter().position(|other| other.starts_with(word)).unwrap();
    words[at - 1].parse().unwrap()
}

#[test]
fn one_thing_has_one_number_in_the_header_and_its_pane() {
    let mut lab = scenes::arrivals(Lang::En);
    lab.broadcast(1, "oi");
    let shown = text(&screen(&mut lab.model, 160, 45).0);
    let clients = header_count(&shown, "client");
    assert!(shown.contains(&format!(" {clients} open of 7 · 3 broadcast ")), "{shown}");
    let events = header_count(&shown, "event");
    assert!(shown.contains(&format!(" following · {events} events ")), "{shown}");
    let live = lab.model.worlds.shown().clients.live();
    assert_eq!(live, clients + 3);
}

#[test]
fn events_that_are_no_longer_kept_are_still_counted() {
    let mut lab = Lab::new(Lang::En);
    for _ in 0..70_000 {
        lab.note(Note::Mark { text: "one more".into() });
    }
    let shown = text(&screen(&mut lab.model, 160, 45).0);
    let all = lab.model.worlds.shown().events;
    assert!(all > 70_000);
    let count = format!("the latest 65,536 of {},{:03} events", all / 1_000, all % 1_000);
    assert!(shown.contains(&count), "{count}:\n{shown}");
}

#[test]
fn a_queue_that_counts_a_fin_says_so() {
    for (lang, said) in
        [(Lang::En, "Recv-Q 13 = 12 B + FIN, which counts one"), (Lang::PtBr, "Recv-Q 13 = 12 B + FIN, que conta um")]
    {
        let mut lab = Lab::new(lang);
        let end = Flow::tcp(at(65_432), at(40_000));
        lab.row(end, Some(TcpState::CloseWait), |row| row.recv_q = Some(13));
        lab.model.ui.focus = Pane::Netstat;
        lab.keys("jj");
        for (columns, rows) in [(80, 24), (120, 36)] {
            let shown = text(&screen(&mut lab.model, columns, rows).0);
            assert!(shown.contains(said), "{shown}");
        }
        lab.key(Key::Enter);
        let shown = text(&screen(&mut lab.model, 120, 36).0);
        assert!(shown.contains(said), "{shown}");
    }
}

#[test]
fn a_call_that_waits_is_said_in_the_pane_and_on_the_page() {
    use crate::domain::{ClientId, PendingCall};
    for (lang, said) in [(Lang::En, "recv() waits for data"), (Lang::PtBr, "recv() espera dados")] {
        let mut lab = scenes::lesson(lang);
        let flow = Flow::tcp(super::lab::at(44_086), super::lab::at(65_432));
        let recv = PendingCall::new(SocketId::Client(ClientId(4)), Syscall::Recv, Some(flow));
        lab.seen(Evidence::Called, EventKind::Waits(recv));
        let pane = text(&screen(&mut lab.model, 120, 36).0);
        assert!(pane.contains(said), "{pane}");
        lab.model.ui.focus = crate::model::ui::Pane::Clients;
        lab.keys("j\n");
        let page = text(&screen(&mut lab.model, 120, 36).0);
        assert!(page.contains(said), "{page}");
    }
}

#[test]
fn a_recv_that_its_own_side_woke_says_so() {
    let words = [
        (Lang::En, "recv(4096) → 0 bytes: this side called shutdown()"),
        (Lang::PtBr, "recv(4096) → 0 bytes: este lado chamou shutdown()"),
    ];
    for (lang, said) in words {
        let mut lab = Lab::new(lang);
        let server = SocketId::Conn(ServerId(0), ConnNo(1));
        let call = Call::new(server, Syscall::Recv).with(Args::Number(4096)).on(Flow::tcp(at(65_432), at(40_000)));
        lab.call(Call { shut_down: true, ..call.carrying(b"") });
        let shown = text(&screen(&mut lab.model, 120, 36).0);
        assert!(shown.contains(said), "{shown}");
    }
}

#[test]
fn where_the_header_is_narrow_what_is_missing_stays_longer_than_counts() {
    for lang in [Lang::En, Lang::PtBr] {
        let mut lab = super::packets::forbidden(lang);
        lab.model.ui.view = crate::model::ui::View::Lab;
        lab.note(Note::Lacks { what: Evidence::Traced, errno: Errno::Perm });
        let words = crate::text::of(lang);
        let lacking = format!("× {}", (words.evidence)(Evidence::Traced).name);
        for columns in 60..160 {
            let shown = text(&screen(&mut lab.model, columns, 30).0);
            let header = shown.lines().next().unwrap();
            let comfort = header.contains(words.header.dark) || header.contains("client") || header.contains("event");
            assert!(!comfort || header.contains(&lacking), "{columns}: {header}");
        }
    }
}
