//! What the kernels say of a connection at each packet, beside what `ss` says in the host's namespace at that moment.

use socklab::api::domain::{Flow, HostId, Key, TcpInfo};
use socklab::api::model::{EndMark, EndTrace, Model, WirePacketFate, presenter};
use socklab::api::wire::Setting;

use super::session::Stage;
use crate::fixtures::ScenarioFile;
use crate::harness::{
    Need::{Tool, Wire},
    Test, async_test,
};

pub(crate) fn tests() -> Vec<Test> {
    vec![
        async_test(over_slow_start_and_a_loss_the_readings_are_those_of_ss, &[Wire, Tool("python3"), Tool("ss")]),
        async_test(after_a_timeout_the_window_is_one_segment, &[Wire, Tool("python3"), Tool("ss")]),
    ]
}

/// Takes all that comes and says nothing.
const SINK: &str = "
import socket
with socket.create_server(('', 5000)) as listener:
    conn, peer = listener.accept()
    while conn.recv(65536):
        pass
";

/// Prints a word and what `ss` says of the client's end.
const PRINT: &str = "echo $1 $(ss -tinH dport = 5000 | grep -oE '\\b(cwnd|ssthresh|rto|rtt):[^ ]+')";

/// Sends so many bytes and stays.
fn source(bytes: usize) -> String {
    format!(
        "
import socket, time
with socket.create_connection(('192.0.2.1', 5000)) as conn:
    conn.sendall(b'x' * {bytes})
    time.sleep(1000)
"
    )
}

/// What `ss -tin` prints of the client's end.
#[derive(Debug)]
struct Printed {
    cwnd: u32,
    ssthresh: Option<u32>,
    rtt_ms: f64,
    rto_ms: f64,
}

impl Printed {
    fn of(line: &str) -> Self {
        let word = |name: &str| line.split_whitespace().find_map(|word| word.strip_prefix(name)?.strip_prefix(':'));
        let number = |name: &str| word(name).map(|text| text.parse().unwrap());
        let rtt = word("rtt").unwrap().split('/').next().unwrap();
        Self {
            cwnd: number("cwnd").unwrap(),
            ssthresh: number("ssthresh"),
            rtt_ms: rtt.parse().unwrap(),
            rto_ms: word("rto").unwrap().parse().unwrap(),
        }
    }

    /// Whether these are the same values. `ss` prints six digits of a time.
    fn is(&self, info: &TcpInfo) -> bool {
        let same = |printed: f64, micros: u32| {
            let read = f64::from(micros) / 1e3;
            (printed - read).abs() <= read * 1e-5
        };
        (self.cwnd, self.ssthresh) == (info.cwnd, info.ssthresh)
            && same(self.rtt_ms, info.rtt_us)
            && same(self.rto_ms, info.rto_us)
    }
}

fn client_end(model: &Model) -> Option<Flow> {
    presenter::conversation(model)
}

fn info(model: &Model) -> Option<&TcpInfo> {
    model.worlds.shown().wire.info(HostId::Client, &client_end(model)?)
}

fn trace(model: &Model) -> Option<&EndTrace> {
    model.worlds.shown().wire.ends.of(HostId::Client, &client_end(model)?)
}

/// Waits for a held packet, and delivers it or loses it, as `drops` decides of the data segments of the client, counted
/// from 1 in `sent`. Returns its number if it was one that the server sent after its SYN+ACK.
async fn pass(stage: &mut Stage, sent: &mut usize, drops: impl Fn(usize) -> bool) -> Option<u64> {
    let held = |model: &Model| {
        let wire = &model.worlds.shown().wire;
        wire.open().find(|on| on.fate == WirePacketFate::Held).map(|on| (on.packet.clone(), on.from))
    };
    stage.until("a packet is held", |model| held(model).is_some()).await;
    let (packet, from) = held(stage.model()).unwrap();
    let data = from == HostId::Client && packet.payload.len > 0 && packet.retransmission_of.is_none();
    *sent += usize::from(data);
    stage.select(packet.number);
    stage.key(if data && drops(*sent) { 'd' } else { 'n' });
    let gone = |model: &Model| model.worlds.shown().wire.packet(packet.number).is_some_and(|on| !on.fate.is_open());
    stage.until("it is gone", gone).await;
    (from == HostId::Server && !packet.label().contains("SYN")).then_some(packet.number)
}

/// Delivers packet by packet; at each that the server sent, the model says what `ss` says. Ends when all `bytes` are
/// acknowledged.
async fn compare(stage: &mut Stage, bytes: u64, drops: impl Fn(usize) -> bool, mut each: impl FnMut(&TcpInfo)) {
    let script = ScenarioFile::new(&format!("ss-{bytes}"), PRINT);
    let (mut printed, mut sent) = (0, 0);
    loop {
        let Some(number) = pass(stage, &mut sent, &drops).await else { continue };
        let reads = |model: &Model| trace(model).map(|trace| trace.curves.read());
        loop {
            let before = reads(stage.model());
            printed += 1;
            let word = format!("n{printed}");
            let line = stage.ask(&format!("client sh {} {word}", script.path()), &word).await;
            // A timer may have sent something meanwhile.
            if reads(stage.model()) != before {
                continue;
            }
            let (printed, read) = (Printed::of(&line), info(stage.model()).unwrap());
            if printed.is(read) {
                each(read);
                break;
            }
            // The delivery is reported before what was read after it: that must be on its way.
            let late = format!("what was read at #{number}: {printed:?} printed, {read:?} read");
            stage.until(&late, |model| reads(model) != before).await;
        }
        // The SYN counts as one.
        if info(stage.model()).unwrap().bytes_acked == Some(bytes + 1) {
            return;
        }
    }
}

async fn connected(bytes: usize, patience: bool) -> (Stage, [ScenarioFile; 2]) {
    let files = [("sink", SINK.to_owned()), ("source", source(bytes))]
        .map(|(name, text)| ScenarioFile::new(&format!("{name}-{bytes}"), &text));
    let mut stage = Stage::open().await;
    if !patience {
        // A connection keeps the route that it was made with.
        stage.turn(HostId::Client, Key::Right, Setting::Patience(false)).await;
    }
    let [server, client] = files.each_ref().map(ScenarioFile::path);
    stage.run(&format!("server python3 {server}"));
    let listens = |model: &Model| {
        let mut rows = model.worlds.shown().table.rows();
        rows.any(|(_, entry)| entry.row.flow.local.port() == 5_000)
    };
    stage.until("it listens", listens).await;
    stage.run(&format!("client python3 {client}"));
    stage.until("a packet is on the wire", |model| client_end(model).is_some()).await;
    (stage, files)
}

async fn over_slow_start_and_a_loss_the_readings_are_those_of_ss() {
    const BYTES: usize = 90_000;
    let (mut stage, _files) = connected(BYTES, true).await;
    let mut windows = Vec::new();
    compare(&mut stage, BYTES as u64, |nth| nth == 25, |info| windows.push((info.cwnd, info.ssthresh))).await;
    // Slow start: one segment more for each segment acknowledged, no threshold.
    assert!(windows.iter().any(|(cwnd, ssthresh)| *cwnd >= 20 && ssthresh.is_none()), "{windows:?}");
    // The loss: half the window (RFC 5681 §3.2).
    let highest = windows.iter().filter(|(_, ssthresh)| ssthresh.is_none()).map(|(cwnd, _)| *cwnd).max().unwrap();
    let threshold = windows.iter().find_map(|(_, ssthresh)| *ssthresh).unwrap();
    assert!(threshold >= 2 && threshold <= highest / 2 + 1, "{windows:?}");
    let trace = trace(stage.model()).unwrap();
    let count = |mark: EndMark| trace.counts[mark as usize];
    let counts = [EndMark::Lost, EndMark::Retransmission, EndMark::FastRetransmission, EndMark::Timeout].map(count);
    assert_eq!(counts, [1, 1, 1, 0]);
    assert_eq!((trace.sequence.counts.bytes, trace.sequence.counts.acked), (BYTES as u64, BYTES as u64));
    windows.dedup();
    assert!(trace.curves.read() >= windows.len() as u64, "each change was read");
    stage.close().await;
}

async fn after_a_timeout_the_window_is_one_segment() {
    const BYTES: usize = 4_000;
    let (mut stage, _files) = connected(BYTES, false).await;
    let mut sent = 0;
    // All three segments get lost: no acknowledgement can tell of it.
    while sent < 3 {
        pass(&mut stage, &mut sent, |_| true).await;
    }
    let count = |model: &Model| trace(model).map_or(0, |trace| trace.counts[EndMark::Timeout as usize]);
    stage.until("the timer expires", |model| count(model) == 1).await;
    let read = info(stage.model()).unwrap();
    assert_eq!((read.cwnd, read.retransmits, read.in_flight), (1, 1, Some(4_000)), "{read:?}");
    assert_eq!(read.ssthresh, Some(5), "half of the ten that the window had");
    compare(&mut stage, BYTES as u64, |_| false, |_| ()).await;
    stage.close().await;
}
