//! A recorded session replays to the same screens: everything on them is a fold of what the record has.

use super::{lessons, networks, scenes, screen, wires};
use crate::domain::{Event, Lang};
use crate::model::{Model, Msg, update};

/// Its name, and what makes it.
type Scene = (&'static str, fn(Lang) -> Model);

/// What the lines of its record amount to, with the same keys pressed.
fn replayed(model: &Model) -> Model {
    let mut again = Model::new(model.ui.clone());
    again.lessons.cards.clone_from(&model.lessons.cards);
    for event in model.journal.events() {
        let line = serde_json::to_string(event).unwrap();
        let read: Event = serde_json::from_str(&line).unwrap();
        again.replay(read.seen);
    }
    again.show_world(model.worlds.shown_id());
    again.ui = model.ui.clone();
    update(&mut again, Msg::Time(model.now));
    again
}

#[test]
fn a_recorded_session_replays_to_the_same_screens() {
    let scenes: [Scene; 8] = [
        ("the first minute", |lang| scenes::started(lang).model),
        ("clients", |lang| scenes::lesson(lang).model),
        ("an accept queue", |lang| scenes::queue(lang).model),
        ("trouble", |lang| scenes::trouble(lang).model),
        ("a class on the network", |lang| networks::peers(lang).model),
        ("held packets", |lang| wires::held(lang).model),
        ("trouble on the wire", |lang| wires::trouble(lang).model),
        ("a scenario", |lang| lessons::playing(lang).model),
    ];
    for (name, scene) in scenes {
        for lang in [Lang::En, Lang::PtBr] {
            let mut model = scene(lang);
            let mut again = replayed(&model);
            for (columns, rows) in [(80, 24), (120, 36), (160, 45)] {
                let [before, after] = [&mut model, &mut again].map(|model| screen(model, columns, rows).0);
                assert!(
                    before == after,
                    "{name} at {columns}×{rows}:\n{}{}",
                    super::text(&before),
                    super::text(&after)
                );
            }
        }
    }
}
