//! The cost of one frame with 1,000 clients and 10,000 rows, and with a journal full of packets. The budget is 8 ms; a
//! frame is drawn at most 60 times a second.

use std::net::SocketAddr;

use criterion::{Criterion, criterion_group, criterion_main};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use socklab::api::domain::{
    Args, Call, ClientChange, ClientEvent, ClientId, ClientPlan, Delta, Destination, EventKind, Evidence, Excerpt,
    Finding, Flags, Flow, Key, Note, Observation, PacketSummary, Proto, Row, Segment, SocketId, Stamp, Syscall,
    TcpState, WorldId,
};
use socklab::api::model::{Model, Msg, PacketOrigin, PacketsAnswer, Pane, StreamText, StreamTurn, Ui, View, update};
use socklab::api::view::{ColorDepth, render};

/// A laboratory in which 1,000 clients of ours and 4,000 of others are connected: two rows each.
fn crowd() -> Model {
    let mut model = Model::new(Ui::default());
    let mut nanos = 0;
    let mut seen = |evidence, kind| {
        nanos += 1_000;
        model.observe(Observation { at: Stamp::from_nanos(nanos), world: WorldId::Host, host: None, evidence, kind });
    };
    seen(Evidence::Called, EventKind::Note(Note::PortRange { low: 32_768, high: 60_999 }));
    let server = SocketAddr::from(([127, 0, 0, 1], 65_432));
    for n in 0..5_000u16 {
        let flow = Flow::tcp(SocketAddr::from(([127, 0, 0, 1], 33_000 + 5 * n)), server);
        if n < 1_000 {
            let id = ClientId(u32::from(n) + 1);
            let destination = Destination { server: None, proto: Proto::Tcp, addr: server };
            let change = ClientChange::Spawned { plan: ClientPlan::Stay, destination };
            seen(Evidence::Called, EventKind::Client(ClientEvent { client: id, change }));
            let connect = Call::new(SocketId::Client(id), Syscall::Connect).with(Args::Addr(server)).on(flow);
            seen(Evidence::Called, EventKind::Call(connect));
        }
        for (flow, cookie) in [(flow, 2 * u64::from(n) + 1), (flow.mirror().unwrap_or(flow), 2 * u64::from(n) + 2)] {
            seen(
                Evidence::Sampled,
                EventKind::Row(Delta::Added(Row {
                    flow,
                    state: Some(TcpState::Established),
                    recv_q: Some(0),
                    send_q: Some(0),
                    timer: None,
                    uid: Some(1000),
                    inode: Some(cookie),
                    cookie,
                    process: None,
                })),
            );
        }
    }
    model
}

fn frame(bench: &mut Criterion) {
    let mut model = crowd();
    for (columns, rows) in [(80, 24), (120, 36), (200, 60)] {
        let area = Rect::new(0, 0, columns, rows);
        model.ui.size = (columns, rows);
        for (name, view) in [("lab", View::Lab), ("ports", View::Ports)] {
            model.ui.view = view;
            bench.bench_function(&format!("frame {name} {columns}x{rows}"), |bench| {
                let mut buf = Buffer::empty(area);
                bench.iter(|| {
                    buf.reset();
                    render(&model, ColorDepth::True, &mut buf)
                });
            });
        }
    }
    model.ui.view = View::Lab;
    model.ui.focus = Pane::Netstat;
    model.ui.zoomed = true;
    bench.bench_function("frame netstat zoomed 200x60", |bench| {
        let mut buf = Buffer::empty(Rect::new(0, 0, 200, 60));
        bench.iter(|| {
            buf.reset();
            render(&model, ColorDepth::True, &mut buf)
        });
    });
}

/// A journal full of packets: every other one of one conversation with 300 kB in either direction, the rest of 5,000
/// others.
fn traffic() -> Model {
    let mut model = Model::new(Ui::default());
    let server = SocketAddr::from(([127, 0, 0, 1], 65_432));
    for n in 0..65_536_u32 {
        let port = if n % 2 == 0 { 40_000 } else { 41_000 + u16::try_from(n % 5_000).unwrap_or(0) };
        let flow = Flow::tcp(SocketAddr::from(([127, 0, 0, 1], port)), server);
        let flow = if n % 4 < 2 { flow } else { flow.mirror().unwrap_or(flow) };
        let flags = if n < 4 { Flags::SYN } else { Flags::PSH.with(Flags::ACK) };
        let tcp =
            Segment { flags, seq: n, ack: n, seq_rel: Some(n), ack_rel: Some(n), window: 65_536, options: vec![] };
        let findings = [Finding::ChecksumPartial, Finding::Retransmission].into_iter().collect();
        let kind = EventKind::Packet(PacketSummary {
            number: u64::from(n) + 1,
            flow,
            tcp: Some(tcp),
            icmp: None,
            interface: None,
            payload: Excerpt::of(b"Hello, world. Hello, world."),
            retransmission_of: None,
            findings,
        });
        let at = Stamp::from_nanos(u64::from(n) * 10_000);
        let world = WorldId::Host;
        model.observe(Observation { at, world, host: None, evidence: Evidence::Packet, kind });
    }
    model.ui.view = View::Packets;
    model.ui.size = (160, 45);
    model
}

/// The text of a conversation, in one long line and in many.
fn said(conversation: Flow) -> StreamText {
    let turn = |lines| StreamTurn { from: conversation.local, packet: 1, lines, missing: 0 };
    let one = vec!["x".repeat(120); 1_100];
    let many = vec!["Hello, world".to_owned(); 10_000];
    StreamText { conversation, turns: vec![turn(one.clone()), turn(many), turn(one)], cut: false }
}

fn packets(bench: &mut Criterion) {
    let mut model = traffic();
    let mut measure = |name: &str, keys: &str, stream: bool| {
        for key in keys.chars().map(Key::Char) {
            update(&mut model, Msg::Key(key));
        }
        if let (true, Some(conversation)) = (stream, model.packets.ladder.conversation) {
            update(&mut model, Msg::Answer(PacketsAnswer::Followed(PacketOrigin::Live, said(conversation))));
        }
        let mut buf = Buffer::empty(Rect::new(0, 0, 160, 45));
        bench.bench_function(&format!("frame packets {name}"), |bench| {
            bench.iter(|| {
                buf.reset();
                update(&mut model, Msg::Time(Stamp::from_nanos(1 << 40)));
                render(&model, ColorDepth::True, &mut buf)
            });
        });
    };
    measure("list", "", false);
    measure("list held", "kkkk", false);
    measure("ladder", "l", false);
    measure("ladder held", "kkkk", false);
    measure("text", "f", true);
    measure("list again", "f", false);
    let mut odd = false;
    let mut model = traffic();
    update(&mut model, Msg::Key(Key::Char('/')));
    bench.bench_function("a key in the packets' filter", |bench| {
        bench.iter(|| {
            odd = !odd;
            update(&mut model, Msg::Key(if odd { Key::Char('7') } else { Key::Backspace }))
        });
    });
    bench.bench_function("the packets that a filter lets through, all of them", |bench| {
        bench.iter(|| {
            odd = !odd;
            update(&mut model, Msg::Key(if odd { Key::Char('7') } else { Key::Backspace }));
            while model.packets.is_looking() {
                update(&mut model, Msg::Time(Stamp::from_nanos(1 << 40)));
            }
        });
    });
}

criterion_group!(benches, frame, packets);
criterion_main!(benches);
