//! How a person finds their way: every key answers, footers name the ways, and a newcomer gets everywhere by them.

use super::{graphs, lessons, networks, packets, scenes, screen, text, wires};
use crate::domain::Lang;
use crate::domain::forge_form::ForgeRow;
use crate::domain::keys::{BINDINGS, Key, View};
use crate::model::effect::Effect;
use crate::model::ui::Mode;
use crate::model::wire::test_wire::TestWire;
use crate::model::{Model, Msg, update};

/// A place, and the keys that lead there from its scene.
type Spot = (&'static str, fn(Lang) -> Model, &'static [Key]);

const SPOTS: [Spot; 17] = [
    ("servers", |lang| scenes::lesson(lang).model, &[]),
    ("empty lab", |lang| scenes::started(lang).model, &[]),
    ("clients", |lang| scenes::lesson(lang).model, &[Key::Tab]),
    ("netstat", |lang| scenes::lesson(lang).model, &[Key::Tab, Key::Tab]),
    ("what happened", |lang| scenes::lesson(lang).model, &[Key::Tab, Key::Tab, Key::Tab]),
    ("broadcast", |lang| scenes::lesson(lang).model, &[Key::BackTab]),
    ("ports", |lang| scenes::lesson(lang).model, &[Key::F(2)]),
    ("packets", |lang| packets::life(lang).model, &[]),
    ("ladder", |lang| packets::life(lang).model, &[Key::Char('l')]),
    ("no capture", |lang| packets::forbidden(lang).model, &[]),
    ("wire", |lang| wires::half_way(lang).model, &[]),
    ("a scenario", |lang| lessons::announced(lang).model, &[]),
    ("network", |lang| networks::peers(lang).model, &[]),
    ("a page", |lang| scenes::page(lang).model, &[]),
    ("curves", |lang| graphs::recovered(lang).model, &[Key::Char('V')]),
    ("curves alone", |lang| graphs::recovered(lang).model, &[Key::Char('V'), Key::Char('z')]),
    ("time–sequence", |lang| packets::life(lang).model, &[Key::Char('V')]),
];

fn at((_, scene, keys): Spot, lang: Lang) -> Model {
    let mut model = scene(lang);
    keys.iter().for_each(|key| _ = update(&mut model, Msg::Key(*key)));
    model
}

fn shown(model: &mut Model, columns: u16, rows: u16) -> String {
    text(&screen(model, columns, rows).0)
}

fn footer(model: &mut Model, columns: u16) -> String {
    shown(model, columns, 24).lines().last().unwrap_or_default().to_owned()
}

/// All keys that are bound anywhere, and some that are not.
fn keys() -> impl Iterator<Item = Key> {
    let bound = BINDINGS.iter().flat_map(|binding| binding.keys).copied();
    bound.chain([Key::Char('Q'), Key::Char('&'), Key::F(12), Key::Ctrl('y'), Key::Delete])
}

#[test]
fn every_key_answers_in_every_place() {
    let mut silent = Vec::new();
    for spot in SPOTS {
        for key in keys() {
            let mut model = at(spot, Lang::En);
            let before = screen(&mut model, 80, 24).0;
            let effects = update(&mut model, Msg::Key(key));
            let after = screen(&mut model, 80, 24).0;
            if effects.is_empty() && after == before {
                silent.push((spot.0, key));
            }
        }
    }
    assert!(silent.is_empty(), "these do nothing and say nothing: {silent:?}");
}

#[test]
fn every_key_answers_in_every_row_of_a_form() {
    let mut silent = Vec::new();
    for scene in [wires::forging, wires::changing] {
        let mut bench = scene(Lang::En);
        let form = bench.model.ui.wire.form.clone().unwrap();
        // One row of each kind.
        let rows =
            [ForgeRow::Checksum, ForgeRow::Ttl, ForgeRow::Mss, ForgeRow::Ack, ForgeRow::Flags, ForgeRow::Payload];
        for row in [form.rows()[0]].into_iter().chain(rows) {
            let mut form = form.clone();
            form.row = row;
            let prepare = |bench: &mut TestWire| {
                bench.model.ui.wire.form = Some(form.clone());
                bench.model.ui.mode = Mode::Forging;
                bench.model.ui.refused = None;
            };
            prepare(&mut bench);
            let before = screen(&mut bench.model, 80, 24).0;
            for key in keys().chain([Key::Backspace, Key::Char('7'), Key::PageUp, Key::End]) {
                prepare(&mut bench);
                let effects = bench.key(key);
                if effects.is_empty() && screen(&mut bench.model, 80, 24).0 == before {
                    silent.push((row, key));
                }
            }
        }
    }
    assert!(silent.is_empty(), "these do nothing and say nothing: {silent:?}");
}

#[test]
fn a_refused_key_says_why_until_the_next_one_or_for_a_while() {
    for lang in [Lang::En, Lang::PtBr] {
        let mut model = at(SPOTS[7], lang);
        let asked = update(&mut model, Msg::Key(Key::Char('s')));
        assert!(!asked.iter().any(|effect| matches!(effect, Effect::Lab(..))), "no server is seen here: {asked:?}");
        let said = footer(&mut model, 80);
        let place = if lang == Lang::En { "s: not here: view 1 (lab)" } else { "s: não aqui: tela 1 (lab)" };
        assert!(said.contains(place) && said.contains("? "), "{said}");
        let later = model.now.after(std::time::Duration::from_secs(5));
        update(&mut model, Msg::Time(later));
        assert!(!footer(&mut model, 80).contains(place));
    }
}

#[test]
fn footers_name_what_the_view_is_about_and_the_ways_out() {
    let lines: [(usize, &str, &str); 6] = [
        (0, " c cliente  o ida e volta  F2portas F3pacotes F5fio F6lições F8rede  ? ajuda  q", "c client  o one-shot"),
        (6, " Esc lab  c cliente  o ida e volta  x X h fecha  F3pacotes  v telas  ? ajuda  q", "Esc lab  c client"),
        (7, " l escada  ← → conversa  / filtro  Enter campos  S salva  v telas  ? ajuda  q", "l ladder  ← → talk"),
        (10, " n próximo  espaço solta  d descarta  c cliente", "n next  space run  d drop  c client"),
        (12, " Esc lab  O fecha a entrada  p portas  a alvo  x expulsa  v telas", "Esc lab  O close the door"),
        (13, " Esc sai  Tab outra ponta  ← → conexão  x X h fecha", "Esc leave  Tab other end"),
    ];
    for (spot, pt, en) in lines {
        let portuguese = footer(&mut at(SPOTS[spot], Lang::PtBr), 80);
        let english = footer(&mut at(SPOTS[spot], Lang::En), 80);
        assert!(portuguese.starts_with(pt), "{}: {portuguese}", SPOTS[spot].0);
        assert!(english.trim_start().starts_with(en), "{}: {english}", SPOTS[spot].0);
    }
}

#[test]
fn help_and_the_way_out_are_in_every_footer() {
    for spot in SPOTS {
        for lang in [Lang::En, Lang::PtBr] {
            for columns in [60, 80, 100, 120, 160, 200] {
                let line = footer(&mut at(spot, lang), columns);
                assert!(line.contains(" ? ") && line.contains(" q"), "{} at {columns}: {line}", spot.0);
            }
        }
    }
}

#[test]
fn v_shows_the_views_and_a_digit_goes_there() {
    let mut model = at(SPOTS[0], Lang::PtBr);
    update(&mut model, Msg::Key(Key::Char('v')));
    assert_eq!(footer(&mut model, 80), " 1lab 2portas 3pacotes 5fio 6lições 8rede  Esc");
    update(&mut model, Msg::Key(Key::Char('4')));
    assert!(footer(&mut model, 80).contains("não há tela 4"));
    for digit in ['v', '8'] {
        update(&mut model, Msg::Key(Key::Char(digit)));
    }
    assert_eq!(model.ui.view, View::Network);
}

/// Only keys whose names are on the screen at that moment, at 80×24: a client, and every view.
#[test]
fn a_newcomer_gets_everywhere_by_the_keys_on_the_screen() {
    let walk: [(Key, &str); 11] = [
        (Key::Char('c'), " c "),
        (Key::F(2), " F2"),
        (Key::Char('v'), " v "),
        (Key::Char('3'), " 3"),
        (Key::Char('v'), " v "),
        (Key::Char('5'), " 5"),
        (Key::Char('v'), " v "),
        (Key::Char('6'), " 6"),
        (Key::Esc, " Esc "),
        (Key::Char('v'), " v "),
        (Key::Char('8'), " 8"),
    ];
    for lang in [Lang::En, Lang::PtBr] {
        let mut lab = packets::life(lang);
        lab.key(Key::Esc);
        let mut visited = vec![];
        for (key, name) in walk {
            let line = footer(&mut lab.model, 80);
            assert!(line.contains(name), "{key:?} is not on the screen: {line}");
            update(&mut lab.model, Msg::Key(key));
            visited.push(lab.model.ui.view);
        }
        let views = [View::Lab, View::Ports, View::Packets, View::Wire, View::Lessons, View::Network];
        assert!(views.iter().all(|view| visited.contains(view)), "{visited:?}");
    }
}
