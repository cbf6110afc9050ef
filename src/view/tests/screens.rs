//! Whole screens, kept as text in `snapshots/`: read them before you accept them (`INSTA_UPDATE=always`).

use super::lab::Lab;
use super::{files, packets, scenes, screen, text};
use crate::domain::Lang;
use crate::model::Model;
use crate::model::ui::Glyphs;

/// One scene at the three sizes that every class meets, in both languages.
fn kept(name: &str, scene: fn(Lang) -> Lab, keys: &str) {
    for lang in [Lang::En, Lang::PtBr] {
        for (columns, rows) in [(80, 24), (120, 36), (160, 45)] {
            let mut lab = scene(lang);
            lab.keys(keys);
            keep(name, lang, &mut lab.model, columns, rows);
        }
    }
}

/// One screen.
pub(super) fn keep(name: &str, lang: Lang, model: &mut Model, columns: u16, rows: u16) {
    let (shown, cursor) = screen(model, columns, rows);
    let cursor = cursor.map_or_else(String::new, |at| format!("cursor {},{}\n", at.x, at.y));
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("../snapshots");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    let file = format!("{name}-{}-{columns}x{rows}", lang.name());
    settings.bind(|| insta::assert_snapshot!(file, text(&shown) + &cursor));
}

#[test]
fn the_lab_as_it_starts() {
    kept("started", scenes::started, "");
}

#[test]
fn three_clients_and_a_broadcast() {
    kept("lesson", scenes::lesson, "");
}

#[test]
fn the_queue_of_the_sequential_server() {
    kept("queue", scenes::queue, "");
}

#[test]
fn ports_taken_and_descriptors_exhausted() {
    kept("trouble", scenes::trouble, "");
}

#[test]
fn a_mistake_in_the_filter() {
    kept("typing", scenes::typing, "");
}

#[test]
fn the_newest_port_big() {
    kept("ports", scenes::arrivals, "2v");
}

#[test]
fn clients_of_every_kind() {
    kept("clients", scenes::arrivals, "\t");
}

#[test]
fn the_help() {
    kept("help", scenes::lesson, "?");
}

#[test]
fn the_page_of_an_open_connection() {
    kept("page", scenes::page, "");
}

#[test]
fn the_page_of_one_that_was_closed() {
    kept("page_closed", scenes::page_closed, "");
}

#[test]
fn the_page_of_one_from_before() {
    kept("page_before", scenes::page_before, "");
}

#[test]
fn the_page_of_a_listener() {
    kept("page_listener", scenes::page_listener, "");
}

#[test]
fn the_page_of_a_udp_client() {
    kept("page_udp", scenes::page_udp, "");
}

#[test]
fn tab_goes_through_what_a_word_can_be() {
    kept("completing", scenes::completing, "");
}

#[test]
fn in_ascii() {
    kept("ascii", scenes::queue, "A");
}

#[test]
fn held_and_a_count_typed() {
    kept("held", scenes::held, "25");
}

#[test]
fn packets_in_a_list() {
    kept("packets", packets::life, "");
}

#[test]
fn a_life_as_a_ladder() {
    kept("ladder", packets::life, "l");
}

#[test]
fn mishaps_on_the_ladder() {
    kept("mishaps", packets::mishaps, "l");
}

#[test]
fn datagrams_on_the_ladder() {
    kept("datagrams", packets::datagrams, "l");
}

#[test]
fn a_packet_looked_into() {
    kept("fields", packets::inspected, "");
}

#[test]
fn what_was_said() {
    kept("said", packets::said, "");
}

#[test]
fn a_file_in_place_of_live_packets() {
    kept("file", files::opened, "");
    kept("file_ladder", files::opened, "l");
}

#[test]
fn a_file_that_is_not_there() {
    kept("misspelt", files::misspelt, "");
}

#[test]
fn no_capture() {
    kept("nocapture", packets::forbidden, "");
}

#[test]
fn the_largest_screens_stay_the_same_picture() {
    let mut lab = scenes::lesson(Lang::PtBr);
    for (columns, rows) in [(100, 30), (200, 60)] {
        let shown = text(&screen(&mut lab.model, columns, rows).0);
        for word in ["Servidores", "Portas dos clientes", "netstat -an", "O que aconteceu", "Broadcast", "? ajuda"] {
            assert!(shown.contains(word), "{word} at {columns}×{rows}:\n{shown}");
        }
    }
    lab.model.ui.glyphs = Glyphs::Ascii;
    let shown = text(&screen(&mut lab.model, 120, 36).0);
    assert!(shown.contains("broadcast 127.0.0.1:51000 -> :65432"), "{shown}");
}
