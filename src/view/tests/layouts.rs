//! How the views use their room: what stays, in which order things stand, and that every mark has a twin in ASCII.

use ratatui::layout::Rect;

use super::{lessons, networks, scenes, screen, text, wires};
use crate::domain::keys::{Key, View};
use crate::domain::{Cause, ClientPlan, Flow, Lang, Proto, Syscall, TcpState};
use crate::lesson::catalogue;
use crate::lesson::expect::Expect;
use crate::model::Model;
use crate::model::ui::{Glyphs, Pane};
use crate::model::wire::test_wire::{Server, TestWire, addr};
use crate::view::{clients, layout, netstat, screen_size};

const LANGS: [Lang; 2] = [Lang::En, Lang::PtBr];

fn shown(model: &mut Model, columns: u16, rows: u16) -> String {
    text(&screen(model, columns, rows).0)
}

/// The lines of a screen that hold this text, in order.
fn lines<'a>(shown: &'a str, with: &str) -> Vec<&'a str> {
    shown.lines().filter(|line| line.contains(with)).collect()
}

#[test]
fn the_selected_servers_socket_stays_at_the_top_and_other_listeners_come_last() {
    for lang in LANGS {
        let mut lab = scenes::lesson(lang);
        lab.keys("f");
        for (columns, rows) in [(80, 24), (120, 36)] {
            let first = |lab: &mut Model| lines(&shown(lab, columns, rows), "tcp  ")[0].to_owned();
            lab.model.ui.focus = Pane::Netstat;
            for key in [Key::Home, Key::End] {
                lab.key(key);
                let first = first(&mut lab.model);
                assert!(first.contains(":65432 ") && first.contains("LISTEN"), "{first}");
            }
            let all = shown(&mut lab.model, columns, rows);
            assert!(lines(&all, "tcp  ").last().unwrap().contains("LISTEN"), "{all}");
            lab.model.ui.focus = Pane::Servers;
            lab.keys("j");
            let first = first(&mut lab.model);
            assert!(first.contains(":65433 ") && first.contains("LISTEN"), "{first}");
            lab.keys("k");
        }
    }
}

#[test]
fn clients_of_ours_come_first_by_age_then_others_then_the_broadcaster() {
    let mut lab = scenes::arrivals(Lang::En);
    lab.broadcast(1, "oi");
    lab.model.ui.focus = Pane::Clients;
    lab.keys("z");
    let shown = shown(&mut lab.model, 80, 24);
    let names: Vec<_> = lines(&shown, "─▶").iter().map(|line| line.split_whitespace().next().unwrap()).collect();
    let names: Vec<_> = names.iter().map(|name| name.trim_start_matches('▸')).collect();
    assert_eq!(names, ["#6", "#5", "#4", "#3", "#2", "#1", "python3", "broadcast", "broadcast", "broadcast"]);
    lab.key(Key::End);
    assert!(lines(&self::shown(&mut lab.model, 80, 24), "▸")[0].contains("broadcast"), "the keys go the same way");
}

#[test]
fn a_burst_that_was_cut_short_is_in_the_title_of_the_clients() {
    for (lang, says) in [(Lang::En, "EMFILE: only 118 of 1,000"), (Lang::PtBr, "EMFILE: só 118 de 1.000")] {
        let mut lab = scenes::trouble(lang);
        for (columns, rows) in [(80, 24), (100, 30), (120, 36)] {
            let shown = shown(&mut lab.model, columns, rows);
            let title = crate::text::of(lang).clients.title;
            assert!(lines(&shown, title)[0].contains(says), "{shown}");
        }
        lab.connect(9, 2, 44_090, ClientPlan::Stay);
        assert!(!shown(&mut lab.model, 120, 36).contains(says), "another client was made");
    }
}

#[test]
fn an_empty_lab_names_keys_that_exist() {
    for (lang, says) in [(Lang::En, "connects a client to threaded"), (Lang::PtBr, "conecta um cliente a threaded")] {
        for (columns, rows) in [(60, 20), (80, 24), (100, 30), (200, 60)] {
            let shown = shown(&mut scenes::started(lang).model, columns, rows);
            assert!(lines(&shown, says)[0].contains(" c "), "{shown}");
            assert!(shown.contains(" F6  ") && shown.contains(" F5  "), "{shown}");
        }
    }
}

#[test]
fn another_client_is_put_into_the_digits_and_esc_brings_the_newest_back() {
    for lang in LANGS {
        let words = &crate::text::of(lang).ports;
        for glyphs in [Glyphs::Unicode, Glyphs::Ascii] {
            let mut lab = scenes::lesson(lang);
            lab.model.ui.glyphs = glyphs;
            lab.keys("2v");
            let newest = shown(&mut lab.model, 80, 24);
            assert!(newest.contains(&format!("{}: #4, ESTABLISHED", words.newest)), "{newest}");
            lab.keys("j");
            let chosen = shown(&mut lab.model, 80, 24);
            assert!(chosen.contains(&format!("{}: #3, ESTABLISHED", words.chosen)), "{chosen}");
            let mark = if glyphs == Glyphs::Ascii { ">#3" } else { "▸#3" };
            let line = lines(&chosen, mark)[0];
            assert!(line.contains(":44082") && line.contains("+4"), "{line}");
            let drawn = words.drawn.split(" (").next().unwrap();
            assert!(lines(&chosen, "-7162")[0].contains(drawn), "{chosen}");
            lab.key(Key::Esc);
            assert!(shown(&mut lab.model, 80, 24).contains(words.newest));
            assert_eq!(lab.model.ui.view, View::Ports);
            lab.key(Key::Esc);
            assert_eq!(lab.model.ui.view, View::Lab);
        }
    }
}

#[test]
fn the_newest_client_is_the_newest_also_when_it_has_closed() {
    let mut lab = scenes::crowd(Lang::En, 2);
    lab.keys("2v");
    for (id, port) in [(7, 44_100), (8, 44_104)] {
        lab.connect(id, 0, port, ClientPlan::OneShot);
        lab.close(id);
        for (columns, rows, name) in [(120, 36, "the newest client: "), (60, 20, "")] {
            let shown = shown(&mut lab.model, columns, rows);
            let title = format!("{name}#{id}, TIME_WAIT");
            let pair = format!("( tcp, 127.0.0.1, {port}, 127.0.0.1, 65432 )");
            assert!(shown.contains(&title) && shown.contains(&pair), "{title} {pair}\n{shown}");
        }
    }
}

#[test]
fn the_caption_of_the_ports_explains_the_newest_step() {
    for (lang, rises, says) in LANGS.into_iter().flat_map(|lang| {
        let words = &crate::text::of(lang).clients;
        [(lang, true, words.chosen), (lang, false, words.redrawn)]
    }) {
        let mut lab = scenes::crowd(lang, 3);
        if !rises {
            lab.connect(9, 0, 50_001, ClientPlan::Stay);
        }
        // A step out of the range is a new draw, and the caption says that.
        assert!(shown(&mut lab.model, 120, 36).contains(says));
    }
}

#[test]
fn what_changed_is_pointed_at_and_comes_first_in_its_pane() {
    for (glyphs, pointer) in [(Glyphs::Unicode, '◀'), (Glyphs::Ascii, '<')] {
        for (columns, rows) in [(80, 24), (100, 30), (120, 36), (200, 60)] {
            let mut bench = wires::half_way(Lang::PtBr);
            bench.model.ui.glyphs = glyphs;
            let shown = shown(&mut bench.model, columns, rows);
            // Below the titles of both hosts: the client's end, whose state changed.
            let first = shown.lines().nth(2).unwrap();
            let client: String = first.chars().take(usize::from(columns / 2)).collect();
            assert!(client.contains("ESTABLISHED") && client.contains(pointer), "{shown}");
            assert!(!first.replace(&client, "").contains(pointer), "{shown}");
        }
    }
}

#[test]
fn a_lesson_points_at_the_row_that_its_step_expects_something_of() {
    let step = catalogue::lesson("open").unwrap().steps.iter();
    let step = step.enumerate().find(|(_, step)| step.expect.iter().any(|expect| matches!(expect, Expect::Row(_))));
    let step = step.unwrap().0;
    for (columns, rows) in [(80, 24), (120, 36), (160, 45)] {
        let mut bench = lessons::told_step("open", step);
        bench.established(1, 42_666);
        let shown = shown(&mut bench.model, columns, rows);
        let first = shown.lines().nth(2).unwrap();
        assert!(first.ends_with("◀") || first.ends_with("◀│"), "{shown}");
        assert!(first.contains("LISTEN"), "{shown}");
    }
}

#[test]
fn servers_that_begin_to_listen_share_a_line() {
    for (lang, says) in
        [(Lang::En, "3 servers listen: CLOSED → LISTEN"), (Lang::PtBr, "3 servidores escutam: CLOSED → LISTEN")]
    {
        let mut bench = TestWire::open(lang);
        for port in 65_432..65_435 {
            let flow = Flow::unconnected(Proto::Tcp, addr(Server, port));
            bench.state(Server, flow, TcpState::Closed, TcpState::Listen, Some(Cause::Call(Syscall::Listen)));
        }
        bench.dials(1, 42_666);
        for (columns, rows) in [(80, 24), (160, 45)] {
            let shown = shown(&mut bench.model, columns, rows);
            assert_eq!(lines(&shown, "CLOSED → LISTEN").len(), 1, "{shown}");
            assert!(shown.contains(says), "{shown}");
        }
    }
}

#[test]
fn an_arrow_is_at_most_a_hundred_columns_long() {
    for columns in [100, 140, 159, 160, 200] {
        let mut bench = wires::half_way(Lang::En);
        let shown = shown(&mut bench.model, columns, 45);
        let line = lines(&shown, "#1 SYN ")[0];
        let from = line.chars().position(|c| c == '─').unwrap();
        let to = line.chars().position(|c| c == '▶').unwrap();
        assert!((60..=100).contains(&(to + 1 - from)), "{columns}: {line}");
    }
}

#[test]
fn visitors_that_do_not_fit_are_counted() {
    for (glyphs, marks) in
        [(Glyphs::Unicode, ["+20 ↓", "+20 ↑", "▸192.168.0.44"]), (Glyphs::Ascii, ["+20 v", "+20 ^", ">192.168.0.44"])]
    {
        let mut lab = networks::class(Lang::PtBr);
        lab.model.ui.glyphs = glyphs;
        let first = shown(&mut lab.model, 60, 20);
        assert!(first.contains(marks[0]) && first.contains("192.168.0.21"), "{first}");
        lab.key(Key::End);
        let last = shown(&mut lab.model, 60, 20);
        assert!(last.contains(marks[1]) && last.contains(marks[2]) && !last.contains("192.168.0.21 "), "{last}");
    }
}

#[test]
fn no_pane_of_the_lab_has_empty_lines_beside_one_that_cuts() {
    for scene in [scenes::started, scenes::lesson, scenes::queue, scenes::arrivals] {
        for (columns, rows) in [(60, 20), (80, 24), (100, 30), (120, 36), (160, 45), (200, 60)] {
            let mut model = scene(Lang::En).model;
            shown(&mut model, columns, rows);
            let parts = layout::parts(&model, Rect::new(0, 0, columns, rows)).unwrap();
            let edge = if screen_size::is_roomy((columns, rows)) { 2 } else { 1 };
            let events = u16::try_from(model.lifecycle.list.len()).unwrap_or(u16::MAX);
            let has = [parts.clients, parts.netstat, parts.lifecycle].map(|pane| pane.height - edge);
            let needs = [clients::needs(&model), netstat::needs(&model), events];
            let cuts = (0..3).any(|at| has[at] < needs[at]);
            // On a large screen the servers beside the clients need their lines too.
            let spare = (usize::from(edge == 2)..3).any(|at| has[at] > needs[at]);
            assert!(!cuts || !spare, "{columns}×{rows}: {has:?} {needs:?}");
        }
    }
}

#[test]
fn f_shows_the_visitors_as_a_list_and_as_a_wall() {
    for lang in LANGS {
        let words = &crate::text::of(lang).network;
        let mut lab = networks::peers(lang);
        for has_columns in [false, true, false] {
            assert_eq!(shown(&mut lab.model, 120, 36).contains(words.rate), has_columns);
            lab.keys("f");
        }
        // Whoever came first stays first.
        networks::came(&mut lab, 30, "192.168.0.2:40000", b"oi");
        let shown = shown(&mut lab.model, 120, 36);
        assert!(shown.find("192.168.0.21 ").unwrap() < shown.find("192.168.0.2 ").unwrap(), "{shown}");
    }
}

#[test]
fn small_screens_have_rules_in_every_view_and_no_walls() {
    for lang in LANGS {
        for model in [
            &mut super::packets::inspected(lang).model,
            &mut super::packets::said(lang).model,
            &mut scenes::page(lang).model,
            &mut lessons::list(lang).model,
            &mut wires::lacking(lang).model,
            &mut networks::class(lang).model,
        ] {
            let shown = shown(model, 80, 24);
            assert!(shown.lines().nth(1).unwrap().starts_with(['━', '─']), "{shown}");
            assert!(!shown.contains(['┌', '┏', '┃', '┛']), "{shown}");
        }
    }
}
