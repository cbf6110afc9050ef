//! Whole screens, kept as text and styles in `snapshots/`: read them before you accept them (`INSTA_UPDATE=always`).

use super::lab::Lab;
use super::styles::styles;
use super::{files, networks, packets, scenes, screen, text};
use crate::domain::Lang;
use crate::model::Model;
use crate::model::ui::Glyphs;
use crate::view::theme::{ColorDepth, Theme};

/// One scene at the three sizes that every class meets, in both languages.
pub(super) fn keep(name: &str, scene: impl Fn(Lang) -> Model) {
    for lang in [Lang::En, Lang::PtBr] {
        for (columns, rows) in [(80, 24), (120, 36), (160, 45)] {
            keep_screen(name, lang, &mut scene(lang), columns, rows);
        }
    }
}

/// One scene of the lab at the other sizes that the layouts distinguish.
fn keep_lab_larger(name: &str, scene: fn(Lang) -> Lab, keys: &str) {
    for lang in [Lang::En, Lang::PtBr] {
        for (columns, rows) in [(100, 30), (200, 60)] {
            let mut lab = scene(lang);
            lab.keys(keys);
            keep_screen(name, lang, &mut lab.model, columns, rows);
        }
    }
}

/// One scene of the lab, after some keys.
pub(super) fn keep_lab(name: &str, scene: fn(Lang) -> Lab, keys: &str) {
    keep(name, |lang| {
        let mut lab = scene(lang);
        lab.keys(keys);
        lab.model
    });
}

/// One screen: its text, the cursor, and the styles.
fn keep_screen(name: &str, lang: Lang, model: &mut Model, columns: u16, rows: u16) {
    let (shown, cursor) = screen(model, columns, rows);
    let cursor = cursor.map_or_else(String::new, |at| format!("cursor {},{}\n", at.x, at.y));
    let styles = styles(&Theme::new(model.ui.theme, ColorDepth::True), &shown);
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("../snapshots");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    let file = format!("{name}-{}-{columns}x{rows}", lang.name());
    settings.bind(|| insta::assert_snapshot!(file, text(&shown) + &cursor + &styles));
}

#[test]
fn the_lab_as_it_starts() {
    keep_lab("started", scenes::started, "");
}

#[test]
fn three_clients_and_a_broadcast() {
    keep_lab("lesson", scenes::lesson, "");
    keep_lab_larger("lesson", scenes::lesson, "");
}

#[test]
fn the_queue_of_the_sequential_server() {
    keep_lab("queue", scenes::queue, "");
}

#[test]
fn ports_taken_and_descriptors_exhausted() {
    keep_lab("trouble", scenes::trouble, "");
}

#[test]
fn a_mistake_in_the_filter() {
    keep_lab("typing", scenes::typing, "");
}

#[test]
fn the_newest_port_big() {
    keep_lab("ports", scenes::arrivals, "2v");
    keep_lab("ports_newest", scenes::lesson, "2v");
    keep_lab_larger("ports_newest", scenes::lesson, "2v");
    keep_lab_larger("network_wall", networks::class, "jjj");
}

#[test]
fn clients_of_every_kind() {
    keep_lab("clients", scenes::arrivals, "\t");
}

#[test]
fn the_help() {
    keep_lab("help", scenes::lesson, "?");
}

#[test]
fn the_page_of_an_open_connection() {
    keep_lab("page", scenes::page, "");
}

#[test]
fn the_page_of_a_closed_connection() {
    keep_lab("page_closed", scenes::page_closed, "");
}

#[test]
fn the_page_of_an_earlier_connection() {
    keep_lab("page_before", scenes::page_before, "");
}

#[test]
fn the_page_of_a_listener() {
    keep_lab("page_listener", scenes::page_listener, "");
}

#[test]
fn the_page_of_a_udp_client() {
    keep_lab("page_udp", scenes::page_udp, "");
}

#[test]
fn tab_cycles_through_completions() {
    keep_lab("completing", scenes::completing, "");
}

#[test]
fn in_ascii() {
    keep_lab("ascii", scenes::queue, "A");
}

#[test]
fn a_held_list_and_a_typed_count() {
    keep_lab("held", scenes::held, "25");
}

#[test]
fn the_packet_list() {
    keep_lab("packets", packets::life, "");
}

#[test]
fn a_connection_as_a_ladder() {
    keep_lab("ladder", packets::life, "l");
}

#[test]
fn mishaps_on_the_ladder() {
    keep_lab("mishaps", packets::mishaps, "l");
}

#[test]
fn datagrams_on_the_ladder() {
    keep_lab("datagrams", packets::datagrams, "l");
}

#[test]
fn the_fields_of_a_packet() {
    keep_lab("fields", packets::inspected, "");
}

#[test]
fn the_stream_of_a_connection() {
    keep_lab("said", packets::said, "");
}

#[test]
fn a_file_in_place_of_live_packets() {
    keep_lab("file", files::opened, "");
    keep_lab("file_ladder", files::opened, "l");
}

#[test]
fn a_missing_file() {
    keep_lab("misspelt", files::misspelt, "");
}

#[test]
fn capture_is_not_permitted() {
    keep_lab("nocapture", packets::forbidden, "");
}

#[test]
fn the_largest_screens_show_the_same_panes() {
    let mut lab = scenes::lesson(Lang::PtBr);
    for (columns, rows) in [(100, 30), (200, 60)] {
        let shown = text(&screen(&mut lab.model, columns, rows).0);
        for word in ["Servidores", "Portas dos clientes", "netstat 65432", "O que aconteceu", "Broadcast", "? ajuda"] {
            assert!(shown.contains(word), "{word} at {columns}×{rows}:\n{shown}");
        }
    }
    lab.model.ui.glyphs = Glyphs::Ascii;
    let shown = text(&screen(&mut lab.model, 120, 36).0);
    assert!(shown.contains("broadcast 127.0.0.1:51004 -> :65434"), "{shown}");
}
