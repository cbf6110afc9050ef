//! What one frame costs with 1,000 clients and 10,000 rows. Wanted: less than 8 ms; a frame is drawn at most 60 times a second.

use std::net::SocketAddr;

use criterion::{Criterion, criterion_group, criterion_main};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use socklab::domain::client::ClientChange;
use socklab::domain::{
    Args, Call, ClientEvent, ClientId, ClientPlan, Delta, Evidence, Flow, Kind, Note, Observation, Proto, Row,
    SocketId, Stamp, Syscall, Target, TcpState, WorldId,
};
use socklab::model::ui::{Pane, View};
use socklab::model::{Model, Ui};
use socklab::view::{ColorDepth, render};

/// A laboratory in which 1,000 clients of ours and 4,000 of others are connected: two rows each.
fn crowd() -> Model {
    let mut model = Model::new(Ui::default());
    let mut nanos = 0;
    let mut seen = |evidence, kind| {
        nanos += 1_000;
        model.observe(Observation { at: Stamp::from_nanos(nanos), world: WorldId::Host, host: None, evidence, kind });
    };
    seen(Evidence::Called, Kind::Note(Note::PortRange { low: 32_768, high: 60_999 }));
    let server = SocketAddr::from(([127, 0, 0, 1], 65_432));
    for n in 0..5_000u16 {
        let flow = Flow::tcp(SocketAddr::from(([127, 0, 0, 1], 33_000 + 5 * n)), server);
        if n < 1_000 {
            let id = ClientId(u32::from(n) + 1);
            let target = Target { server: None, proto: Proto::Tcp, addr: server };
            let change = ClientChange::Spawned { plan: ClientPlan::Stay, target };
            seen(Evidence::Called, Kind::Client(ClientEvent { client: id, change }));
            let connect = Call::new(SocketId::Client(id), Syscall::Connect).with(Args::Addr(server)).on(flow);
            seen(Evidence::Called, Kind::Call(connect));
        }
        for (flow, cookie) in [(flow, 2 * u64::from(n) + 1), (flow.mirror().unwrap_or(flow), 2 * u64::from(n) + 2)] {
            seen(
                Evidence::Sampled,
                Kind::Row(Delta::Added(Row {
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

criterion_group!(benches, frame);
criterion_main!(benches);
