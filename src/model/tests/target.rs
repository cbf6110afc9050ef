//! Clients that go to another host.

use super::*;
use crate::domain::keys::Key;
use crate::model::effect::TableEffect;
use crate::model::waiting;

fn target(text: &str, change: TargetChange) -> Observation {
    seen(2, EventKind::Target(TargetEvent { target: text.parse().unwrap(), change }))
}

fn chosen(addr: &str) -> TargetChange {
    TargetChange::Chosen { addr: addr.parse().unwrap(), answers: true }
}

/// The destination of a client of the selected server.
fn goes(model: &mut Model) -> Vec<(Option<ServerId>, String)> {
    let effects = keys(model, "c");
    let destination = |effect| match effect {
        Effect::Lab(WorldId::Host, LabOrder::Spawn { destination, .. }) => {
            (destination.server, destination.addr.to_string())
        }
        other => panic!("{other:?}"),
    };
    effects.into_iter().map(destination).collect()
}

#[test]
fn clients_go_to_the_target_once_it_is_resolved_until_it_is_dropped() {
    let mut model = lab();
    let home = vec![(Some(ServerId(0)), "127.0.0.1:65432".to_owned())];
    assert_eq!(goes(&mut model), home);
    let asked: TargetHost = "lab".parse().unwrap();
    assert_eq!(update(&mut model, Msg::Target(Some(asked.clone()))), [host(LabOrder::Target(Some(asked)))]);
    update(&mut model, Msg::Seen(target("lab", TargetChange::Set)));
    assert_eq!(goes(&mut model), [], "nobody goes to the wrong place meanwhile");
    // Each takes the port of the server that is selected here.
    update(&mut model, Msg::Seen(target("lab", chosen("192.0.2.7:0"))));
    assert_eq!(goes(&mut model), [(None, "192.0.2.7:65432".to_owned())]);
    update(&mut model, Msg::Seen(target("other", chosen("192.0.2.8:0"))));
    assert_eq!(goes(&mut model), [(None, "192.0.2.7:65432".to_owned())], "what is told of another target is old");
    update(&mut model, Msg::Seen(target("lab", TargetChange::Dropped)));
    assert_eq!(goes(&mut model), home);
}

#[test]
fn clients_requested_while_the_target_is_resolved_start_once_it_is_known() {
    let mut model = lab();
    let asked: TargetHost = "lab".parse().unwrap();
    update(&mut model, Msg::Target(Some(asked.clone())));
    // Before the first event of it, and while it is resolved; two of one kind, three of another.
    assert_eq!(goes(&mut model), []);
    assert_eq!(waiting::looked_for(&model), Some(&asked));
    update(&mut model, Msg::Seen(target("lab", TargetChange::Set)));
    assert_eq!(goes(&mut model), []);
    assert_eq!(keys(&mut model, "3o"), []);
    assert_eq!((waiting::looked_for(&model), model.ui.waiting.count()), (Some(&asked), 5));
    let destination = Destination { server: None, proto: Proto::Tcp, addr: "192.0.2.7:65432".parse().unwrap() };
    let spawned: Vec<_> = update(&mut model, Msg::Seen(target("lab", chosen("192.0.2.7:0"))))
        .into_iter()
        .filter(|effect| matches!(effect, Effect::Lab(WorldId::Host, LabOrder::Spawn { .. })))
        .collect();
    let spawn = |count, plan| host(LabOrder::Spawn { count, plan, destination });
    assert_eq!(spawned, [spawn(2, ClientPlan::Stay), spawn(3, ClientPlan::OneShot)]);
    assert_eq!((waiting::looked_for(&model), model.ui.waiting.count()), (None, 0));
}

#[test]
fn waiting_clients_start_when_the_machine_is_shown_again() {
    let mut model = lab();
    update(&mut model, Msg::Seen(target("lab", TargetChange::Set)));
    keys(&mut model, "7c");
    let spawns = |effects: Vec<Effect>| {
        effects.iter().any(|effect| matches!(effect, Effect::Lab(WorldId::Host, LabOrder::Spawn { count: 7, .. })))
    };
    update(&mut model, Msg::Wire);
    // On the wire they would go to another host than the one that was looked for.
    assert!(!spawns(update(&mut model, Msg::Seen(target("lab", chosen("192.0.2.7:0"))))));
    assert!(spawns(keys(&mut model, "W")));
    assert_eq!(model.ui.waiting.count(), 0);
}

#[test]
fn waiting_clients_are_dropped_when_the_target_is_lost_or_changed() {
    let ends: [fn(&mut Model); 4] = [
        |model| _ = update(model, Msg::Seen(target("lab", TargetChange::Lost { why: Unresolved::NoSuchHost }))),
        |model| assert_eq!(keys(model, "K"), [host(LabOrder::CloseAll)]),
        |model| assert_eq!(keys(model, "H"), [host(LabOrder::Target(None))]),
        |model| _ = update(model, Msg::Target(Some("other".parse().unwrap()))),
    ];
    for end in ends {
        let mut model = lab();
        update(&mut model, Msg::Seen(target("lab", TargetChange::Set)));
        keys(&mut model, "7c");
        end(&mut model);
        assert_eq!(model.ui.waiting.count(), 0);
        let effects = update(&mut model, Msg::Seen(target("lab", chosen("192.0.2.7:0"))));
        assert!(
            !effects.iter().any(|effect| matches!(effect, Effect::Lab(WorldId::Host, LabOrder::Spawn { .. }))),
            "{effects:?}"
        );
    }
}

#[test]
fn a_message_without_a_destination_stays_in_the_line() {
    let mut model = lab();
    model.ui.ticked = [ServerId(0)].into();
    update(&mut model, Msg::Seen(target("lab", TargetChange::Set)));
    keys(&mut model, "ioi");
    assert_eq!(update(&mut model, Msg::Key(Key::Enter)), []);
    assert_eq!(model.ui.message.input.value(), "oi");
    update(&mut model, Msg::Seen(target("lab", chosen("192.0.2.7:0"))));
    assert_eq!(update(&mut model, Msg::Key(Key::Enter)), [host(LabOrder::Broadcast("oi".into(), vec![ServerId(0)]))]);
}

#[test]
fn with_an_unresolved_target_no_client_is_spawned() {
    let mut model = lab();
    update(&mut model, Msg::Seen(target("lab", TargetChange::Set)));
    update(&mut model, Msg::Seen(target("lab", TargetChange::Lost { why: Unresolved::NoSuchHost })));
    assert_eq!(goes(&mut model), []);
}

#[test]
fn the_targets_port_is_watched_and_receives_a_broadcast_once() {
    let mut model = lab();
    let watched = |effects: Vec<Effect>| {
        effects.into_iter().find_map(|effect| match effect {
            Effect::Table(TableEffect::Watch(ports)) => ports,
            _ => None,
        })
    };
    update(&mut model, Msg::Seen(target("lab:7000", TargetChange::Set)));
    let effects = update(&mut model, Msg::Seen(target("lab:7000", chosen("192.0.2.7:7000"))));
    assert!(watched(effects).is_some_and(|ports| ports.contains(&7000)));
    model.ui.ticked = [ServerId(0), ServerId(1)].into();
    keys(&mut model, "ioi");
    let effects = update(&mut model, Msg::Key(Key::Enter));
    assert_eq!(effects, [host(LabOrder::Broadcast("oi".into(), vec![ServerId(0)]))]);
}

#[test]
fn the_labs_ports_are_those_of_its_servers_in_both_worlds() {
    let mut model = lab();
    model.show_world(WorldId::Wire);
    keys(&mut model, "f");
    assert_eq!((model.ui.scope, &model.listing.error), (crate::model::ui::TableScope::Lab, &None));
    let of_lab = model.listing.filter.to_string();
    assert!(of_lab.contains("65432"), "{of_lab}");
    // A server here that comes meanwhile is watched too.
    let effects = update(&mut model, Msg::Seen(seen(3, added(7, 7777))));
    let watched = |effect: &Effect| matches!(effect, Effect::Table(TableEffect::Watch(Some(ports))) if ports.contains(&7777) && ports.contains(&65432));
    assert!(effects.iter().any(watched), "{effects:?}");
}
