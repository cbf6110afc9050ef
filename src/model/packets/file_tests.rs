use crate::domain::keys::Key;
use crate::model::effect::PacketsEffect;
use std::net::SocketAddr;

use super::super::connection_end::ConnectionEnd;
use super::super::effect::Effect;
use super::super::lifecycle::Subject;
use super::super::ui::{Mode, View};
use super::super::{Model, Msg, Ui, update};
use super::tests::{hear, packet, tell};
use super::*;
use crate::domain::*;

fn flow(port: u16) -> Flow {
    Flow::tcp(SocketAddr::from(([10, 0, 0, 2], port)), SocketAddr::from(([10, 0, 0, 1], 80)))
}

/// This many connections, each a SYN and its answer, with the states that they show.
fn recording(connections: u16) -> Arc<Recording> {
    let mut recording = Recording::default();
    for (number, port) in (1_u64..).step_by(2).zip(1_024..).take(usize::from(connections)) {
        let (out, back) = (flow(port), flow(port).mirror().unwrap());
        let at = Stamp::from_millis(number);
        recording.packet(at, packet(number, out, Flags::SYN, ""));
        let mut change = |flow, from, to, number| {
            let cause = Some(Cause::Packet(number));
            recording.change(at, Evidence::Packet, Transition { flow, from, to, cause });
        };
        change(out, TcpState::Closed, TcpState::SynSent, number);
        change(back, TcpState::Listen, TcpState::Closed, number + 1);
        recording.packet(at, packet(number + 1, back, Flags::SYN.with(Flags::ACK), ""));
        recording.summary.read += 2;
    }
    Arc::new(recording)
}

fn live(model: &mut Model, number: u64) {
    hear(model, packet(number, tests::flow(40_000), Flags::ACK, ""));
}

fn model() -> Model {
    let mut model = Model::new(Ui { view: View::Packets, ..Ui::default() });
    (1..=5).for_each(|number| live(&mut model, number));
    model
}

fn press(model: &mut Model, key: Key) -> Vec<Effect> {
    update(model, Msg::Key(key))
}

fn types(model: &mut Model, text: &str) {
    text.chars().for_each(|c| _ = press(model, Key::Char(c)));
}

fn happens(model: &mut Model, event: CaptureEvent) {
    tell(model, 8, WorldId::Host, Evidence::Called, EventKind::Capture(event));
}

fn read(model: &mut Model, file: FileId, recording: Arc<Recording>) {
    let (name, summary) = ("~/aulas/3.pcapng".into(), recording.summary.clone());
    update(model, Msg::Answer(PacketsAnswer::Read(file, recording)));
    happens(model, CaptureEvent::FileOpened { file, name, summary });
}

fn refused(model: &mut Model, file: FileId) {
    happens(model, CaptureEvent::FileRefused { file, name: "aula 3.pcap".into(), fault: FileFault::NoFile });
}

/// Opens a file with this many connections.
fn opened(model: &mut Model, connections: u16) -> FileId {
    press(model, Key::Char('O'));
    types(model, "~/aulas/3.pcapng");
    let asked = press(model, Key::Enter);
    let id = model.files.reading.expect("it is being read");
    assert!(asked.contains(&Effect::Packets(PacketsEffect::OpenFile(id, "~/aulas/3.pcapng".into()))), "{asked:?}");
    read(model, id, recording(connections));
    id
}

fn numbers(model: &Model) -> Vec<u64> {
    let traffic = model.traffic();
    let list = &traffic.packets.list;
    list.entries().filter_map(|seq| Some(traffic.packet(seq)?.number)).collect()
}

#[test]
fn a_file_replaces_the_live_packets_without_mixing_with_them() {
    let mut model = model();
    model.ui.subject = Some(Subject::Server(ServerId(0)));
    let (events, subject) = (model.journal.last_seq(), model.ui.subject);
    let id = opened(&mut model, 3);
    assert_eq!((model.ui.mode, model.files.shown.as_ref().unwrap().name.as_str()), (Mode::Command, "3.pcapng"));
    assert_eq!(numbers(&model), [1, 2, 3, 4, 5, 6]);
    // The first packet is looked at, and its bytes are asked of the file.
    assert_eq!(
        update(&mut model, Msg::Time(Stamp::from_millis(9))),
        [Effect::Packets(PacketsEffect::Inspect(PacketOrigin::File(id), 1))]
    );
    // The keys are about it: the next connection, that one only, a filter.
    press(&mut model, Key::Right);
    press(&mut model, Key::Char('.'));
    assert_eq!(numbers(&model), [3, 4]);
    press(&mut model, Key::Char('.'));
    press(&mut model, Key::Char('/'));
    types(&mut model, "flags S.");
    press(&mut model, Key::Enter);
    assert_eq!(numbers(&model), [2, 4, 6]);
    // Packets captured meanwhile belong to live traffic. Of the file only its opening is in the journal.
    live(&mut model, 6);
    assert_eq!((numbers(&model).len(), model.packets.list.len()), (3, 6));
    assert_eq!((model.journal.last_seq(), model.ui.subject), (events + 2, subject));
    assert!(model.worlds.shown().histories.history(&flow(1_024)).is_empty());
    assert_eq!(press(&mut model, Key::Char('S')), [], "what is in a file is saved");
    assert!(press(&mut model, Key::Char('O')).contains(&Effect::Packets(PacketsEffect::CloseFile)));
    assert_eq!(numbers(&model), [1, 2, 3, 4, 5, 6]);
    assert!(model.packets.filter.to_string().is_empty() && model.files.shown.is_none());
}

#[test]
fn a_ladder_of_a_file_has_its_own_states_however_many_connections_there_are() {
    let mut model = model();
    opened(&mut model, 9_000);
    press(&mut model, Key::Char('l'));
    let traffic = model.traffic();
    assert_eq!(traffic.client(), Some(flow(1_024)), "that of the first packet");
    let changes = traffic.packets.ladder.changes(traffic.world, traffic.journal);
    let told: Vec<_> = changes.iter().map(|change| (change.end, change.step.to, change.step.evidence)).collect();
    let expected = [(ConnectionEnd::Client, TcpState::SynSent), (ConnectionEnd::Server, TcpState::Closed)];
    assert_eq!(told, expected.map(|(end, to)| (end, to, Evidence::Packet)));
    assert!(changes.iter().all(|change| matches!(change.rung, ChangePlace::At(_))));
    // It is read from its beginning, and so is the next.
    assert!(matches!(traffic.packets.ladder.packets.at(), Some(0)));
    press(&mut model, Key::Right);
    assert_eq!((model.traffic().client(), model.traffic().packets.ladder.packets.at()), (Some(flow(1_025)), Some(0)));
}

#[test]
fn esc_undoes_each_step_in_the_file_and_then_closes_it() {
    let mut model = model();
    opened(&mut model, 3);
    for key in [Key::Down, Key::Char('.'), Key::Char('l'), Key::Down, Key::Enter, Key::Char('z')] {
        press(&mut model, key);
    }
    // The zoom, the packet, the ladder, the one conversation, the file, and then the view.
    for left in (0..5).rev() {
        let effects = press(&mut model, Key::Esc);
        assert_eq!(
            (effects.contains(&Effect::Packets(PacketsEffect::CloseFile)), model.files.shown.is_none()),
            (left == 0, left == 0)
        );
    }
    assert_eq!(model.ui.view, View::Packets);
    press(&mut model, Key::Esc);
    assert_eq!(model.ui.view, View::Lab);
}

#[test]
fn a_refused_name_stays_to_be_corrected() {
    let mut model = model();
    press(&mut model, Key::Char('O'));
    assert_eq!((press(&mut model, Key::Enter), model.files.fault), (vec![], Some(FileFault::NoName)));
    types(&mut model, "'aula 3.pcap'");
    let one = press(&mut model, Key::Enter);
    assert!(one.contains(&Effect::Packets(PacketsEffect::OpenFile(FileId(1), "aula 3.pcap".into()))), "{one:?}");
    // While it is read the line stands still.
    types(&mut model, "xyz");
    update(&mut model, Msg::Paste("xyz".into()));
    refused(&mut model, FileId(1));
    assert_eq!((model.ui.mode, model.files.fault), (Mode::Opening, Some(FileFault::NoFile)));
    assert_eq!(model.files.line.input.value(), "'aula 3.pcap'");
    press(&mut model, Key::Char('n'));
    assert_eq!(model.files.fault, None);
    // A name is completed unless more was typed meanwhile.
    assert_eq!(
        press(&mut model, Key::Tab)[..1],
        [Effect::Packets(PacketsEffect::CompletePath("'aula 3.pcap'n".into()))]
    );
    for (typed, becomes) in [("something else", "'aula 3.pcap'n"), ("'aula 3.pcap'n", "aula 3.pcapng")] {
        update(&mut model, Msg::Answer(PacketsAnswer::Completed { typed: typed.into(), path: "aula 3.pcapng".into() }));
        assert_eq!(model.files.line.input.value(), becomes);
    }
    // A completion that comes while a file is read is too late; one that comes after a refusal corrects the refused
    // name.
    press(&mut model, Key::Enter);
    let completed = |model: &mut Model| {
        let (typed, path) = ("aula 3.pcapng".into(), "aula 3.pcapng.1".into());
        update(model, Msg::Answer(PacketsAnswer::Completed { typed, path }));
        (model.files.line.input.value().to_owned(), model.files.fault)
    };
    assert_eq!(completed(&mut model), ("aula 3.pcapng".into(), None));
    refused(&mut model, FileId(2));
    assert_eq!(completed(&mut model), ("aula 3.pcapng.1".into(), None));
    // A cancelled file is not shown.
    press(&mut model, Key::Enter);
    let left = press(&mut model, Key::Esc);
    assert!(left.contains(&Effect::Packets(PacketsEffect::CloseFile)) && model.ui.mode == Mode::Command);
    read(&mut model, FileId(3), recording(1));
    assert!(model.files.shown.is_none());
}

#[test]
fn a_record_without_the_packets_still_shows_that_a_file_was_opened() {
    let mut model = model();
    press(&mut model, Key::Char('O'));
    types(&mut model, "3.pcapng");
    press(&mut model, Key::Enter);
    let (file, summary) = (model.files.reading.unwrap(), recording(3).summary.clone());
    happens(&mut model, CaptureEvent::FileOpened { file, name: "3.pcapng".into(), summary });
    assert_eq!((model.files.shown.as_ref().unwrap().recording.summary.read, numbers(&model)), (6, vec![]));
}

#[test]
fn without_bytes_packets_are_shown_from_their_events() {
    let mut model = Model::new(Ui { view: View::Packets, ..Ui::default() });
    let flow = tests::flow(40_000);
    hear(&mut model, packet(7, flow, Flags::ACK, "oi"));
    let asked = update(&mut model, Msg::Time(Stamp::from_millis(8)));
    assert_eq!(asked, [Effect::Packets(PacketsEffect::Inspect(PacketOrigin::Live, 7))]);
    let nothing = PacketDetails { number: 7, ..PacketDetails::default() };
    update(&mut model, Msg::Answer(PacketsAnswer::Inspected(PacketOrigin::Live, nothing)));
    let names: Vec<_> = model.packets.detail.branches().iter().map(|line| line.name).collect();
    assert!(names.contains(&FieldName::SequenceNumber) && names.contains(&FieldName::Text), "{names:?}");
    press(&mut model, Key::Char('l'));
    let asked = press(&mut model, Key::Char('l'));
    assert!(asked.contains(&Effect::Packets(PacketsEffect::Follow(PacketOrigin::Live, flow))), "{asked:?}");
    let nothing = StreamText { conversation: flow, turns: vec![], cut: false };
    update(&mut model, Msg::Answer(PacketsAnswer::Followed(PacketOrigin::Live, nothing)));
    assert_eq!(model.packets.stream.as_ref().unwrap().turns[0].lines, ["oi"]);
}

#[test]
fn an_answer_about_other_packets_does_not_reach_the_file() {
    let mut model = model();
    let first = opened(&mut model, 1);
    press(&mut model, Key::Char('O'));
    let second = opened(&mut model, 2);
    assert_ne!(first, second);
    let told = |model: &mut Model, origin| {
        let inspected = PacketDetails { number: 1, ..PacketDetails::default() };
        update(model, Msg::Answer(PacketsAnswer::Inspected(origin, inspected)));
        (model.traffic().packets.detail.shown.is_some(), model.packets.detail.shown.is_some())
    };
    model.packets.detail.shown = None;
    assert_eq!(told(&mut model, PacketOrigin::File(first)), (false, false));
    assert_eq!(told(&mut model, PacketOrigin::Live), (false, true));
    assert_eq!(told(&mut model, PacketOrigin::File(second)), (true, true));
    happens(&mut model, CaptureEvent::FileCounted { file: first, packets: 9 });
    assert_eq!(model.files.shown.as_ref().unwrap().all, None);
}

#[test]
fn a_saved_capture_is_offered_first() {
    let mut model = model();
    let kind = EventKind::Note(Note::CaptureSaved { file: "socklab-1.pcapng".into(), packets: 5, dropped: 0 });
    tell(&mut model, 10, WorldId::Host, Evidence::Called, kind);
    press(&mut model, Key::Char('O'));
    press(&mut model, Key::Up);
    assert_eq!(model.files.line.input.value(), "socklab-1.pcapng");
    // From the command line it is the same.
    let mut model = Model::default();
    assert_eq!(
        update(&mut model, Msg::Open("x.pcap".into())),
        [Effect::Packets(PacketsEffect::OpenFile(FileId(1), "x.pcap".into()))]
    );
    assert_eq!((model.ui.view, model.ui.mode), (View::Packets, Mode::Opening));
}
