//! Bulk transfers by their key, and what is read of them at full speed.

use socklab::api::domain::{HostId, Key, Refusal, ServiceModel};
use socklab::api::model::{BulkTransfer, Client, InfoCurve, Model, presenter};

use super::session::Stage;
use crate::harness::{Need::Wire, Test, async_test};

pub(crate) fn tests() -> Vec<Test> {
    vec![
        async_test(at_full_speed_a_connection_is_read_while_its_curves_are_drawn, &[Wire]),
        async_test(a_server_sends_in_bulk_by_the_model_that_keeps_open, &[Wire]),
        async_test(a_transfer_is_stopped_by_closing, &[Wire]),
    ]
}

/// What the newest client has sent and received.
fn moved(model: &Model) -> (u64, u64) {
    model.worlds.shown().clients.all().last().map_or((0, 0), |client| (client.bytes.sent, client.bytes.received))
}

fn reads(model: &Model) -> u64 {
    model.end_trace(HostId::Client).map_or(0, |end| end.curves.read())
}

/// Types a number and the key.
fn bulk(stage: &mut Stage, kilobytes: u32) {
    format!("{kilobytes}b").chars().for_each(|key| stage.key(key));
}

/// A client on a wire at full speed that the server has answered.
async fn answered() -> Stage {
    let mut stage = Stage::open().await;
    stage.key(' ');
    stage.key('c');
    stage.until("the client is answered", |model| moved(model).1 > 0).await;
    stage
}

async fn at_full_speed_a_connection_is_read_while_its_curves_are_drawn() {
    let mut stage = answered().await;
    let greeting = moved(stage.model()).0;
    let all = |kilobytes: u64| (greeting + 1_000 * kilobytes, greeting + 1_000 * kilobytes);
    // No curve is drawn: only a glance now and then.
    let before = reads(stage.model());
    bulk(&mut stage, 300);
    stage.until("all is sent and answered", |model| moved(model) == all(300)).await;
    let unwatched = reads(stage.model()) - before;
    stage.key('V');
    let before = reads(stage.model());
    bulk(&mut stage, 300);
    stage.until("all is sent and answered once more", |model| moved(model) == all(600)).await;
    let watched = reads(stage.model()) - before;
    assert!(watched > 40 && watched > 4 * unwatched, "{watched} watched, {unwatched} not");
    let end = stage.model().end_trace(HostId::Client).unwrap();
    let in_flight = end.curves.extent(InfoCurve::InFlight as usize, 0..end.curves.len());
    assert!(in_flight.is_some_and(|(_, most)| most > 1_460), "{in_flight:?}");
    assert!(stage.model().worlds.shown().bulks.running(&end.flow).is_none());
    stage.close().await;
}

async fn a_server_sends_in_bulk_by_the_model_that_keeps_open() {
    let mut stage = answered().await;
    // From the packets to the client host, and on to the server host.
    (0..2).for_each(|_| stage.press(Key::Tab));
    bulk(&mut stage, 200);
    assert_eq!(stage.model().ui.refused.map(|refused| refused.why), Some(Refusal::OnlyAnswers));
    let model_of = |model: &Model| model.worlds.shown().servers.all()[0].model;
    while model_of(stage.model()) != Some(ServiceModel::KeepsOpen) {
        let before = model_of(stage.model());
        stage.key('m');
        stage.until("the model changes", |model| model_of(model) != before).await;
    }
    stage.key('c');
    stage.until("another client is there", |model| model.worlds.shown().clients.all().len() == 2).await;
    stage.until("it is answered", |model| moved(model).1 > 0).await;
    let flow = |model: &Model| model.worlds.shown().clients.all().last().and_then(Client::flow);
    assert_eq!(presenter::conversation(stage.model()), flow(stage.model()));
    let greeting = moved(stage.model());
    bulk(&mut stage, 200);
    stage.until("all arrives", |model| moved(model) == (greeting.0, greeting.1 + 200_000)).await;
    stage.close().await;
}

async fn a_transfer_is_stopped_by_closing() {
    let mut stage = answered().await;
    stage.key(' ');
    let flow = presenter::conversation(stage.model()).unwrap();
    bulk(&mut stage, 5_000);
    // Packets are held: it gets as far as the send buffer.
    let percent = |model: &Model| model.worlds.shown().bulks.running(&flow).map(BulkTransfer::percent);
    stage.until("it has begun", |model| percent(model).is_some()).await;
    bulk(&mut stage, 1);
    let again = stage.model().ui.refused.map(|refused| refused.why);
    assert!(matches!(again, Some(Refusal::StillSends(_))), "{again:?}");
    stage.key('x');
    stage.until("it goes on no more", |model| percent(model).is_none()).await;
    assert!(moved(stage.model()).0 < 5_000_000);
    stage.close().await;
}
