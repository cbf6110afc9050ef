//! Every size from 1×1 on: nothing panics, nothing that matters is lost.

use crate::domain::keys::Key;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::lab::Lab;
use super::{files, lessons, networks, packets, scenes, screen, text, wires};
use crate::domain::Lang;
use crate::model::Model;
use crate::model::ui::{Glyphs, Pane};
use crate::view::{ColorDepth, render};

/// Every scene that a class could have on its screen.
fn models(lang: Lang) -> Vec<(&'static str, Model)> {
    // One after the other: each model is large, and a thread of a test has 2 MiB of stack.
    of_labs(lang).into_iter().chain(of_packets(lang)).chain(of_networks(lang)).chain(of_wires(lang)).collect()
}

fn of_labs(lang: Lang) -> Vec<(&'static str, Model)> {
    let pressed = |mut lab: Lab, keys: &str| {
        lab.keys(keys);
        lab
    };
    let zoomed = |pane: Pane| {
        let mut lab = scenes::queue(lang);
        lab.model.ui.focus = pane;
        lab.keys("z");
        lab
    };
    let mut said = scenes::wide(lang);
    said.keys("iuma mensagem que não acaba nunca, de jeito nenhum 👩‍🏫 世界 ");
    let mut ascii = scenes::wide(lang);
    ascii.model.ui.glyphs = Glyphs::Ascii;
    let labs = vec![
        ("empty", Lab::empty(lang)),
        ("lesson", scenes::lesson(lang)),
        ("crowd", scenes::crowd(lang, 1_000)),
        ("trouble", scenes::trouble(lang)),
        ("wide", scenes::wide(lang)),
        ("said", said),
        ("ascii", ascii),
        ("typing", scenes::typing(lang)),
        ("held", scenes::held(lang)),
        ("help", pressed(scenes::queue(lang), "?")),
        ("ports", pressed(scenes::queue(lang), "2v")),
        ("page", scenes::page(lang)),
        ("page of a closed one", scenes::page_closed(lang)),
        ("page of udp", scenes::page_udp(lang)),
        ("page of a listener", scenes::page_listener(lang)),
        ("wide page", pressed(scenes::wide(lang), "\t\n")),
        ("completing", scenes::completing(lang)),
        ("servers", zoomed(Pane::Servers)),
        ("clients", zoomed(Pane::Clients)),
        ("netstat", zoomed(Pane::Netstat)),
        ("lifecycle", zoomed(Pane::Lifecycle)),
        ("broadcast", zoomed(Pane::Broadcast)),
    ];
    labs.into_iter().map(|(name, lab)| (name, lab.model)).collect()
}

fn of_packets(lang: Lang) -> Vec<(&'static str, Model)> {
    let pressed = |mut lab: Lab, keys: &str| {
        lab.keys(keys);
        lab
    };
    let labs = vec![
        ("packets", packets::life(lang)),
        ("ladder", pressed(packets::life(lang), "lk")),
        ("mishaps", pressed(packets::mishaps(lang), "l")),
        ("datagrams", pressed(packets::datagrams(lang), "l")),
        ("fields", packets::inspected(lang)),
        ("said", packets::said(lang)),
        ("sifting", pressed(packets::mishaps(lang), "/flags syn and (")),
        ("forbidden", packets::forbidden(lang)),
        ("file", files::opened(lang)),
        ("misspelt", files::misspelt(lang)),
    ];
    labs.into_iter().map(|(name, lab)| (name, lab.model)).collect()
}

fn of_networks(lang: Lang) -> Vec<(&'static str, Model)> {
    let shown = |(name, scene, keys): (&'static str, fn(Lang) -> Lab, &str)| {
        let mut lab = scene(lang);
        lab.keys(keys);
        (name, lab.model)
    };
    networks::SCENES.into_iter().map(shown).collect()
}

fn of_wires(lang: Lang) -> Vec<(&'static str, Model)> {
    let wires = vec![
        ("wire held", wires::held(lang)),
        ("wire half way", wires::half_way(lang)),
        ("wire trouble", wires::trouble(lang)),
        ("wire closed", wires::closed(lang)),
        ("wire programs", wires::programs(lang)),
        ("wire settings", wires::settings(lang)),
        ("wire lacking", wires::lacking(lang)),
        ("wire ended", wires::ended(lang)),
        ("wire flood", wires::flood(lang)),
        ("lessons", lessons::list(lang)),
        ("lessons sure", lessons::chosen(lang)),
        ("lesson told", lessons::announced(lang)),
        ("lesson failed", lessons::failed(lang)),
        ("lesson over", lessons::over(lang)),
    ];
    wires.into_iter().map(|(name, bench)| (name, bench.model)).collect()
}

/// Every size from 1×1 to 200×60, each with one of the models and one of the languages in turn, like the fields of a
/// chessboard: neighbouring sizes show different ones, so that each meets hundreds of sizes of every shape.
fn sweep(lang: Lang, colour: u16) {
    let mut models = models(lang);
    let len = models.len();
    for columns in 1..=200u16 {
        for rows in (1..=60u16).filter(|rows| (rows + columns) % 2 == colour) {
            let model = &mut models[usize::from(columns * 7 + rows / 2) % len].1;
            model.ui.size = (columns, rows);
            let mut buf = Buffer::empty(Rect::new(0, 0, columns, rows));
            let cursor = render(model, ColorDepth::True, &mut buf);
            assert!(cursor.is_none_or(|at| buf.area.contains(at)), "{cursor:?} at {columns}×{rows}");
            crate::view::visible_rows(model);
            crate::view::reach(model);
        }
    }
}

#[test]
fn no_size_panics_in_english() {
    sweep(Lang::En, 0);
}

#[test]
fn no_size_panics_in_portuguese() {
    sweep(Lang::PtBr, 1);
}

#[test]
fn every_model_meets_the_smallest_sizes_of_each_layout() {
    for (name, mut model) in models(Lang::PtBr) {
        for (columns, rows) in [(60, 20), (61, 20), (60, 21), (99, 30), (100, 29), (100, 30), (80, 24), (120, 36)] {
            let shown = text(&screen(&mut model, columns, rows).0);
            let said = ["evento", "inferência", "FIO", "ARQUIVO", "faltam"].iter().any(|word| shown.contains(word));
            assert!(said, "{name} at {columns}×{rows}:\n{shown}");
        }
    }
}

#[test]
fn drawing_stays_inside_a_buffer_with_an_offset() {
    let lab = scenes::lesson(Lang::En);
    let mut buf = Buffer::empty(Rect::new(7, 3, 90, 31));
    render(&lab.model, ColorDepth::True, &mut buf);
    let mut origin = Buffer::empty(Rect::new(0, 0, 90, 31));
    render(&lab.model, ColorDepth::True, &mut origin);
    assert_eq!(text(&buf), text(&origin));
}

#[test]
fn state_and_both_ports_are_shown_at_every_size() {
    for lang in [Lang::En, Lang::PtBr] {
        for scene in [scenes::lesson, scenes::wide] {
            let mut lab = scene(lang);
            lab.model.ui.focus = Pane::Netstat;
            // The last connection.
            lab.key(Key::End);
            while lab.model.ui.row.unwrap().flow.peer.is_none() {
                lab.key(Key::Up);
            }
            let key = lab.model.ui.row.unwrap();
            for columns in 60..=200u16 {
                let rows = [20, 24, 30, 45][usize::from(columns) % 4];
                let shown = text(&screen(&mut lab.model, columns, rows).0);
                assert!(crate::view::visible_rows(&lab.model).contains(&key));
                let row = &lab.model.worlds.shown().table.get(&key).unwrap().row;
                let ends = [format!(":{} ", key.flow.local.port()), format!(":{} ", key.flow.peer.unwrap().port())];
                let state = row.state.unwrap().name();
                let whole = |line: &str| ends.iter().all(|port| line.contains(port)) && line.contains(state);
                assert!(shown.lines().any(whole), "{ends:?} {state} at {columns}×{rows}:\n{shown}");
            }
        }
    }
}

#[test]
fn a_screen_that_is_too_small_says_what_is_needed() {
    let mut lab = scenes::lesson(Lang::PtBr);
    let shown = text(&screen(&mut lab.model, 59, 19).0);
    assert!(shown.contains("Desculpe") && shown.contains("60×20") && shown.contains("59×19"), "{shown}");
    assert_eq!(text(&screen(&mut lab.model, 1, 1).0).trim().chars().count(), 1);
    let enough = text(&screen(&mut lab.model, 60, 20).0);
    assert!(enough.contains("netstat 65432") && !enough.contains("Desculpe"), "{enough}");
}
