//! A recorded session replays to the same screens: everything on them is a fold of what the record has, of the keys, and of
//! the answers about packets that are kept.

use super::{lessons, networks, packets, scenes, screen, wires};
use crate::domain::keys::Key;
use crate::domain::{Event, Lang};
use crate::model::effect::{Effect, PacketsEffect};
use crate::model::packets::{PacketDetails, PacketsAnswer, StreamText};
use crate::model::{Model, Msg, update};

/// Its name, what makes it, and the keys that are pressed afterwards, with the answers that they get.
type Scene = (&'static str, fn(Lang) -> Model, fn(&mut Model));

/// What the lines of its record amount to.
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

const fn nothing(_: &mut Model) {}

/// Presses a key of the packets' view where no bytes are kept.
fn key_without_bytes(model: &mut Model, key: Key) {
    for effect in update(model, Msg::Key(key)) {
        let answer = match effect {
            Effect::Packets(PacketsEffect::Inspect(origin, number)) => {
                PacketsAnswer::Inspected(origin, PacketDetails { number, ..PacketDetails::default() })
            }
            Effect::Packets(PacketsEffect::Follow(origin, conversation)) => {
                PacketsAnswer::Followed(origin, StreamText { conversation, turns: vec![], cut: false })
            }
            _ => continue,
        };
        update(model, Msg::Answer(answer));
    }
}

#[test]
fn a_recorded_session_replays_to_the_same_screens() {
    let scenes: [Scene; 17] = [
        ("the first minute", |lang| scenes::started(lang).model, nothing),
        ("clients", |lang| scenes::lesson(lang).model, nothing),
        ("an accept queue", |lang| scenes::queue(lang).model, nothing),
        ("trouble", |lang| scenes::trouble(lang).model, nothing),
        ("a class on the network", |lang| networks::peers(lang).model, nothing),
        ("a port check", |lang| networks::checked(lang).model, nothing),
        ("a target that was tried", |lang| networks::aimed(lang).model, nothing),
        ("held packets", |lang| wires::held(lang).model, nothing),
        ("trouble on the wire", |lang| wires::trouble(lang).model, nothing),
        ("a scenario", |lang| lessons::playing(lang).model, nothing),
        ("no capture", |lang| packets::forbidden(lang).model, nothing),
        ("a list of packets", |lang| packets::mishaps(lang).model, |model| key_without_bytes(model, Key::Up)),
        ("a packet that is kept", |lang| packets::life(lang).model, packets::inspect),
        ("a conversation that is kept", |lang| packets::life(lang).model, packets::follow),
        (
            "a packet as its event has it",
            |lang| packets::life(lang).model,
            |model| {
                [Key::Up, Key::Up, Key::Enter].into_iter().for_each(|key| key_without_bytes(model, key));
            },
        ),
        (
            "a conversation as its events have it",
            |lang| packets::life(lang).model,
            |model| {
                [Key::Char('l'); 2].into_iter().for_each(|key| key_without_bytes(model, key));
            },
        ),
        ("datagrams", |lang| packets::datagrams(lang).model, |model| key_without_bytes(model, Key::Char('l'))),
    ];
    for (name, scene, keys) in scenes {
        for lang in [Lang::En, Lang::PtBr] {
            let mut model = scene(lang);
            let mut again = replayed(&model);
            keys(&mut model);
            keys(&mut again);
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
