//! Tests of the file format and of the engine, without any I/O.

mod acts;
mod expectations;
mod file;
mod player;
mod remote;

use super::act::Act;
use super::file::LessonError;
use super::*;
use crate::domain::client::ClientChange;
use crate::domain::{
    Args, Call, Cause, ClientEvent, ClientId, CongestionState, Disposition, Errno, Event, EventKind, Evidence, Excerpt,
    Findings, Flags, Flow, ForgedKind, ForgedPacket, HostId, KernelCause, KernelVerdict, Lang, LessonChange,
    LessonEvent, MovedCounters, Note, Observation, PacketSummary, ScriptedCall, Segment, Setting, Shut, SocketId,
    SocketOp, Stamp, Syscall, TcpInfo, TcpOption, TcpState, Transition, WireCommand, WireEvent, WorldId,
};
use crate::model::Worlds;
use crate::model::playing::StepProgress;

const HEAD: &str = "title = { en = \"t\", pt = \"t\" }\nabout = { en = \"a\", pt = \"a\" }\n";

fn lesson(steps: &str) -> Result<Lesson, LessonError> {
    Lesson::parse(&format!("{HEAD}{steps}"))
}

/// An engine and the world that it observes.
struct EngineTest {
    engine: Engine,
    worlds: Worlds,
    seq: u64,
}

fn client() -> Flow {
    Flow::tcp("192.0.2.2:40000".parse().unwrap(), "192.0.2.1:65432".parse().unwrap())
}

impl EngineTest {
    fn new(steps: &str) -> Self {
        let addresses = HostAddresses::new([192, 0, 2, 2], [192, 0, 2, 1]);
        Self { engine: Engine::new(lesson(steps).unwrap(), addresses), worlds: Worlds::default(), seq: 0 }
    }

    fn begin(&mut self) -> Vec<LessonOrder> {
        self.engine.begin(self.worlds.wire(), Stamp::ZERO)
    }

    fn observe(&mut self, ms: u64, host: HostId, kind: EventKind) -> Vec<LessonOrder> {
        self.observe_as(Evidence::Sampled, ms, host, kind)
    }

    fn observe_as(&mut self, evidence: Evidence, ms: u64, host: HostId, kind: EventKind) -> Vec<LessonOrder> {
        self.seq += 1;
        let at = Stamp::from_millis(ms);
        let seen = Observation { at, world: WorldId::Wire, host: Some(host), evidence, kind };
        let event = Event { seq: self.seq, seen };
        self.worlds.apply(&event);
        self.engine.observe(self.worlds.wire(), &event)
    }

    fn syn(&mut self, ms: u64, number: u64) -> Vec<LessonOrder> {
        let segment =
            Segment { flags: Flags::SYN, seq: 7, ack: 0, seq_rel: Some(0), ack_rel: None, window: 1, options: vec![] };
        let packet = PacketSummary {
            number,
            flow: client(),
            tcp: Some(segment),
            icmp: None,
            interface: None,
            payload: Excerpt::of(b""),
            retransmission_of: None,
            findings: Findings::default(),
        };
        self.observe(ms, HostId::Client, EventKind::Packet(packet))
    }

    fn dial(&mut self, ms: u64) {
        let change = ClientChange::Dialing { flow: client() };
        self.observe(ms, HostId::Client, EventKind::Client(ClientEvent { client: ClientId(1), change }));
    }

    fn advance(&mut self, ms: u64) {
        self.engine.advance(self.worlds.wire(), Stamp::from_millis(ms));
    }
}

fn is_listen(orders: &[LessonOrder]) -> bool {
    matches!(orders, [LessonOrder::Script(HostId::Server, SocketOp { call: ScriptedCall::Listen { .. }, .. })])
}

/// An engine whose client is connecting.
fn connecting(expect: &str) -> EngineTest {
    let mut test = EngineTest::new(&format!(
        "[[step]]\ndo = [{{ connect = {{ socket = \"a\", port = 65432 }} }}]\nexpect = [{expect}]\nwithin_ms = 1000"
    ));
    test.begin();
    test.dial(0);
    test
}

fn edge(from: TcpState, to: TcpState, cause: Option<Cause>) -> EventKind {
    EventKind::State(Transition { flow: client(), from, to, cause })
}

impl EngineTest {
    /// A packet with these contents, from a host; `number` is its own.
    fn packet(&mut self, ms: u64, from: HostId, number: u64, segment: Segment, payload: &[u8]) -> Vec<LessonOrder> {
        let flow = if from == HostId::Client { client() } else { client().mirror().unwrap() };
        let payload = Excerpt::of(payload);
        let (icmp, interface, findings) = (None, None, Findings::default());
        let packet = PacketSummary {
            number,
            flow,
            tcp: Some(segment),
            icmp,
            interface,
            payload,
            retransmission_of: None,
            findings,
        };
        self.observe(ms, from, EventKind::Packet(packet))
    }
}

fn segment(flags: Flags, seq_rel: u32, ack_rel: u32, options: Vec<TcpOption>) -> Segment {
    let [seq, ack] = [seq_rel + 1_000, ack_rel + 9_000];
    Segment { flags, seq, ack, seq_rel: Some(seq_rel), ack_rel: Some(ack_rel), window: 100, options }
}

const DELIVERED: &str = "[[step]]\ndo = [{ listen = { socket = \"l\" } }, { deliver = { flags = \"SYN\" } }]
    expect = [{ packet = { flags = \"SYN\", from = \"client\" } }]\nwithin_ms = 1000";
