//! A random walk over the keys of the wire: whatever is pressed, the screen shows what both kernels have, every change has
//! a cause that can have caused it, and nothing is left behind.

use std::collections::{BTreeSet, HashMap};
use std::io::Read as _;
use std::os::fd::AsFd as _;
use std::time::Duration;

use socklab::api::domain::{
    BINDINGS, Cause, EventKind, Flags, Flow, HostId, Key, Observation, Proto, Stamp, TcpState, Transition, WireEvent,
    WireMode, WorldId,
};
use socklab::api::model::Model;
use socklab::api::wire::{ProgramSpec, Remote};

use super::session::Stage;
use crate::harness::{
    Need::{Tool, Wire},
    Test, async_test, on_request,
};

/// As many as several lessons have keys.
const OPERATIONS: usize = 2_000;
const LOOKS: usize = 5;

pub(crate) fn tests() -> Vec<Test> {
    vec![
        async_test(a_walk_over_all_keys_ends_with_what_both_kernels_have, &[Wire, Tool("ss")]).in_own_process(),
        on_request(other_walks, "takes minutes: SOCKLAB_SEEDS=8,9"),
    ]
}

async fn a_walk_over_all_keys_ends_with_what_both_kernels_have() {
    walk(7, OPERATIONS).await;
}

fn other_walks() {
    let seeds = std::env::var("SOCKLAB_SEEDS").unwrap_or_else(|_| "1,2,3".into());
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    for seed in seeds.split(',') {
        runtime.block_on(walk(seed.parse().unwrap(), OPERATIONS));
    }
}

/// How far the time of a change may lie before what stands before it in the journal, on a busy machine.
const BACK: Duration = Duration::from_millis(250);

/// Keys that leave the wire, leave the program, write files or speak to other machines.
const NOT_PRESSED: [Key; 17] = [
    Key::Char('w'),
    Key::Char('W'),
    Key::Char('q'),
    Key::Char('O'),
    Key::Char('S'),
    Key::Char('N'),
    Key::Char('a'),
    Key::Char('H'),
    Key::Ctrl('c'),
    Key::Ctrl('z'),
    Key::Ctrl('r'),
    // It plays a lesson, which takes hosts of its own.
    Key::F(6),
    Key::Enter,
    Key::F(8),
    // Typed lines are pressed as a whole.
    Key::Char('!'),
    Key::Char('#'),
    Key::Char('/'),
];

/// A repeatable choice: splitmix64.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((mixed ^ (mixed >> 31)) % sides as u64).unwrap()
    }

    fn of<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.roll(all.len())]
    }
}

/// Every key that is bound anywhere, but for those that are not pressed.
fn keys() -> Vec<Key> {
    let mut keys = Vec::new();
    for key in BINDINGS.iter().flat_map(|binding| binding.keys) {
        if !NOT_PRESSED.contains(key) && !keys.contains(key) {
            keys.push(*key);
        }
    }
    keys
}

async fn walk(seed: u64, operations: usize) {
    let mut dice = Dice(seed);
    let mut stage = Stage::open().await;
    let keys = keys();
    let often: Vec<Key> = "cconnnnnnxXhd+C ".chars().map(Key::Char).collect();
    let mut pressed = Vec::new();
    for operation in 1..=operations {
        let key = if dice.roll(2) == 0 { dice.of(&often) } else { dice.of(&keys) };
        if dice.roll(6) == 0 {
            let digit = char::from(b'1' + u8::try_from(dice.roll(5)).unwrap());
            stage.press(Key::Char(digit));
            pressed.push(Key::Char(digit));
        }
        stage.press(key);
        pressed.push(key);
        // Out of any dialog or line that it opened.
        if dice.roll(3) == 0 {
            stage.press(Key::Esc);
            pressed.push(Key::Esc);
        }
        stage.hear().await;
        if operation % (operations / LOOKS) == 0 {
            compare(&mut stage, &pressed).await;
        }
    }
    let wire: Vec<_> = stage.model().journal.events().map(|event| event.seen.clone()).collect();
    stage.close().await;
    causes(&wire, &pressed);
}

impl Stage {
    /// Takes in what has been reported, until for a moment nothing comes.
    async fn hear(&mut self) {
        while let Some(seen) = self.next_within(Duration::from_millis(3)).await {
            self.take(seen);
        }
    }
}

/// What the screen and a host have: protocol, state, both addresses, and both queues of a connection.
type Sockets = BTreeSet<String>;

/// Holds everything, and waits until the screen has what `ss` prints on both hosts.
async fn compare(stage: &mut Stage, pressed: &[Key]) {
    (0..4).for_each(|_| stage.press(Key::Esc));
    stage.press(Key::F(5));
    // The wire holds everything again: nothing moves but timers. The keys may be about one direction only.
    let modes =
        |model: &Model| [HostId::Client, HostId::Server].map(|host| model.worlds.shown().wire.direction(host).mode);
    let is_step = |model: &Model| modes(model) == [WireMode::Step; 2];
    for host in [HostId::Client, HostId::Server] {
        if modes(stage.model())[host as usize] == WireMode::Step {
            continue;
        }
        // About this host's direction only.
        if stage.model().ui.wire.from != Some(host) {
            stage.press(Key::Char(if host == HostId::Client { '>' } else { '<' }));
        }
        stage.press(Key::Char(' '));
        stage.until("the host's packets are held", |model| modes(model)[host as usize] == WireMode::Step).await;
    }
    assert!(is_step(stage.model()), "{:?} after {pressed:?}", modes(stage.model()));
    let deadline = tokio::time::Instant::now() + crate::fixtures::DEADLINE;
    loop {
        stage.hear().await;
        let mut differences = Vec::new();
        for host in HostId::ALL.iter().copied() {
            let (theirs, ours) = (of_kernel(host).await, on_screen(stage.model(), host));
            if theirs != ours {
                differences.push(format!(
                    "{host}: only the kernel has {:#?}, only the screen {:#?}",
                    theirs.difference(&ours).collect::<Vec<_>>(),
                    ours.difference(&theirs).collect::<Vec<_>>()
                ));
            }
        }
        if differences.is_empty() {
            return;
        }
        assert!(tokio::time::Instant::now() < deadline, "{}\nafter {pressed:?}", differences.join("\n"));
    }
}

/// What `ss` prints on a host.
async fn of_kernel(host: HostId) -> Sockets {
    let printed = tokio::task::spawn_blocking(move || {
        let (mut take, taken) = std::io::pipe().unwrap();
        let null = std::fs::File::options().read(true).write(true).open("/dev/null").unwrap();
        let argv = ["ss", "-tuanH"].map(String::from).into();
        let env = vec![("PATH".into(), "/usr/sbin:/sbin:/usr/bin:/bin".into())];
        let spec = ProgramSpec { argv, env, cwd: "/".into() };
        let standard = [null.as_fd(), taken.as_fd(), null.as_fd()];
        let remote = Remote::start(host, &spec, standard, Some(std::process::id())).unwrap();
        drop(taken);
        let mut printed = String::new();
        take.read_to_string(&mut printed).unwrap();
        remote.wait();
        printed
    });
    printed.await.unwrap().lines().filter_map(line).collect()
}

/// A line of `ss`, in the words of the screen.
fn line(line: &str) -> Option<String> {
    let fields: Vec<&str> = line.split_whitespace().collect();
    let [proto, state, recv, send, local, peer, ..] = fields[..] else { return None };
    let state = match state {
        "ESTAB" => "ESTABLISHED",
        "FIN-WAIT-1" => "FIN_WAIT1",
        "FIN-WAIT-2" => "FIN_WAIT2",
        other => other,
    };
    let state = state.replace('-', "_");
    match proto {
        // The table of the screen does not say whose these are.
        "udp" if local.starts_with("0.0.0.0:") => None,
        // The kernel has no state for an unconnected one, and ss another word than netstat.
        "udp" => Some(format!("udp {local} {peer}")),
        _ => Some(format!("{proto} {state} {recv} {send} {local} {peer}")),
    }
}

fn on_screen(model: &Model, host: HostId) -> Sockets {
    let here = |address: std::net::IpAddr| address == std::net::IpAddr::V4(host.address());
    let rows = model.worlds.shown().table.rows().filter(|(_, entry)| here(entry.row.flow.local.ip()));
    let rows = rows.map(|(_, entry)| {
        let row = &entry.row;
        let peer = row.flow.peer.map_or("0.0.0.0:*".into(), |peer| peer.to_string());
        match row.flow.proto {
            Proto::Udp | Proto::Icmp => format!("{} {} {peer}", row.flow.proto, row.flow.local),
            Proto::Tcp => {
                let state = row.state.map_or_else(String::new, |state| state.to_string());
                let number = |queue: Option<u32>| queue.map_or("?".into(), |queue| queue.to_string());
                format!("tcp {state} {} {} {} {peer}", number(row.recv_q), number(row.send_q), row.flow.local)
            }
        }
    });
    rows.collect()
}

/// Every change of a state has a cause, and each packet that is one had arrived and can have been it.
fn causes(seen: &[Observation], pressed: &[Key]) {
    let mut flags: HashMap<u64, Flags> = HashMap::new();
    let mut arrived: HashMap<u64, HostId> = HashMap::new();
    let (mut changes, mut without) = (0, Vec::new());
    let mut latest = Stamp::ZERO;
    for event in seen.iter().filter(|event| event.world == WorldId::Wire) {
        if let EventKind::State(change) = &event.kind {
            let story = || story(seen, change);
            assert!(event.at.after(BACK) >= latest, "at {latest:?}: {change:?}\n{}\nafter {pressed:?}", story());
        }
        latest = latest.max(event.at);
        match &event.kind {
            EventKind::Packet(packet) => {
                flags.insert(packet.number, packet.tcp.as_ref().map_or(Flags::default(), |tcp| tcp.flags));
            }
            EventKind::Wire(WireEvent::Delivered { packet }) => {
                arrived.insert(*packet, event.host.unwrap().other());
            }
            EventKind::State(change) => {
                changes += 1;
                match change.cause {
                    None => without.push(change),
                    Some(Cause::Packet(number)) => {
                        let needs = match change.to {
                            TcpState::CloseWait | TcpState::Closing => Flags::FIN,
                            TcpState::SynRecv => Flags::SYN,
                            TcpState::FinWait2 => Flags::ACK,
                            _ => Flags::default(),
                        };
                        if let Some(flags) = flags.get(&number) {
                            assert!(flags.has(needs), "{change:?} by {flags}\nafter {pressed:?}");
                            assert_eq!(arrived.get(&number).copied(), event.host, "{change:?}\nafter {pressed:?}");
                        }
                    }
                    Some(_) => {}
                }
            }
            _ => {}
        }
    }
    assert!(changes > 50, "{changes} changes");
    if let Some(first) = without.first() {
        let story = story(seen, first);
        panic!("{} of {changes} changes have no cause, the first:\n{story}\nafter {pressed:?}", without.len());
    }
}

/// What happened to the connection of a change, line by line.
fn story(seen: &[Observation], change: &Transition) -> String {
    let is_own = |flow: &Flow| *flow == change.flow || Some(*flow) == change.flow.mirror();
    let mut packets = BTreeSet::new();
    let concerns = |event: &&Observation| match &event.kind {
        EventKind::Packet(packet) => is_own(&packet.flow) && packets.insert(packet.number),
        EventKind::State(other) => is_own(&other.flow),
        EventKind::Call(call) => call.flow.is_some_and(|flow| is_own(&flow)),
        EventKind::Wire(
            WireEvent::Delivered { packet } | WireEvent::Dropped { packet, .. } | WireEvent::Folded { packet, .. },
        ) => packets.contains(packet),
        EventKind::Wire(WireEvent::Duplicated { packet, copy }) => packets.contains(packet) && packets.insert(*copy),
        _ => false,
    };
    let lines = seen.iter().filter(concerns).map(|event| serde_json::to_string(event).unwrap());
    lines.collect::<Vec<_>>().join("\n")
}
