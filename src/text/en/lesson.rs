//! English: the texts around a lesson.

use super::super::lesson::{LessonListText, LessonsText, PlannedAct, PlayingText};
use crate::domain::lesson::{LessonFault, UnsayableReason};
use crate::domain::{CloseHow, Disposition, HostId, KernelAnswer};

pub(super) const LESSONS: LessonsText = LessonsText {
    step: "step",
    packet: "a packet",
    again: "sent again",
    first: "sent for the first time",
    forged: "forged",
    genuine: "not forged",
    it: "exactly this",
    nothing: "nothing",
    failed: "Not everything that was expected was seen.",
    passed: |count| format!("Everything that was expected was seen ({count})."),
    from: |host| format!("from the {host}"),
    peer: |socket| format!("the peer of {socket}"),
    by: |cause| format!(", by {cause}"),
    state: |end, state| format!("{end} is {state}"),
    sent: |packet| format!("{packet} is sent"),
    timed: |packet, ms, since| match since {
        Some(since) => format!("{packet} is sent {ms} ms after {since}"),
        None => format!("{packet} is sent {ms} ms after the one before"),
    },
    without: |option| format!("no {option}"),
    held: |packet| format!("{packet} is on the wire"),
    folded: |packet, times| format!("{packet}, while held, is sent again: {times} ×"),
    verdict,
    cause: super::verdict::brief,
    lost: |packet, why| format!("{packet} is lost: {}", (super::wire::WIRE.why_lost)(why)),
    marked: |packet| format!("{packet} is marked with CE"),
    queue: |from, number| format!("packets that wait in the queue from the {from}: {number}"),
    count: |number, state, host| match host {
        Some(host) => format!("{number} in {state} on the {host}"),
        None => format!("{number} in {state}"),
    },
    ended: |host, status| format!("the program on the {host} ends with {status}"),
    absent: |ms, what| format!("not seen for {ms} ms: {what}"),
    seen: |what| format!("seen: {what}"),
    not_done: |what| format!("could not be done in time: {what}"),
    act,
    list: LessonListText {
        title: "Scenarios",
        count: |shown, all| if shown == all { all.to_string() } else { format!("{shown} of {all}") },
        steps: |count| if count == 1 { "1 step".into() } else { format!("{count} steps") },
        prompt: "find",
        hint: "type a word to narrow the list",
        none: "No scenario has all of these words.",
        seen: "all seen",
        missed: "not all seen",
        own: "Your own files",
        fault: |fault| match fault {
            LessonFault::Invalid(what) => what.clone(),
            LessonFault::OnThisMachine => "world = \"host\" is played by socklab-tui run only".into(),
            LessonFault::TooLong(most) => format!("longer than {most} bytes"),
            LessonFault::TooMany(most) => format!("more than {most} files: the others are left out"),
            LessonFault::NotAFile => "neither a file nor a folder".into(),
            LessonFault::Unreadable(errno) => format!("cannot be read: {errno}"),
        },
        begin: |key| format!("{key} plays it on two fresh hosts; a wire that is open is taken down first."),
        sure: |connections, programs, key| {
            let lost = match (connections, programs) {
                (_, 0) => format!("{connections} open {}", if connections == 1 { "connection" } else { "connections" }),
                (0, _) => format!("{programs} running {}", if programs == 1 { "program" } else { "programs" }),
                _ => format!("{connections} open connections and {programs} running programs"),
            };
            format!("The wire has {lost}, which will be lost. {key} again takes it down and plays the scenario.")
        },
    },
    playing: PlayingText {
        title: |title| format!("Scenario · {title}"),
        step: |step, all| format!("step {step} of {all}"),
        to_do: "To do:",
        done: "Done:",
        do_it: |key| format!("{key} does it"),
        waiting: "waiting for the kernel",
        anew: |key| format!("Its timer ran out meanwhile: {key} first plays up to here again, on new hosts."),
        catching_up: "A timer had run out: played again up to here, on new hosts.",
        go_on: |key| format!("seen · {key} goes on"),
        failed: |key| format!("not everything was seen · {key} plays it again"),
        over: |key, title| format!("all seen · {key} plays the next: {title}"),
        all_over: |key| format!("all seen, and this was the last · {key} shows the list"),
    },
    on_the_wire: "--target is for scenarios with world = \"host\": this one is played on the wire, between two private hosts whose \
                  packets are held. Play it without --target.",
    not_in_packetdrill: |line, step, act, why| {
        let why = match why {
            UnsayableReason::NoWord => "packetdrill has no word for it",
            UnsayableReason::SecondConnection => "a packetdrill script is about one connection",
            UnsayableReason::Unforeseen => "which packets it brings shows only when it is played",
        };
        format!("line {line}, step {step}: {act}: {why}")
    },
    headings: [
        "The language of lessons",
        "A lesson",
        "A step",
        "Timers that a step depends on",
        "Acts",
        "Expectations",
        "Packets",
        "Options of a segment",
        "Options of a forged segment",
        "Options of a socket",
        "Keepalive",
        "Settings",
        "Which host a setting is for",
        "Links",
        "Which direction of the link",
        "Values",
    ],
    needs_here: |host| {
        format!(
            "with --target the servers are those of {host}, but these parts need them on this machine; play it without --target:"
        )
    },
};

fn verdict(packet: &str, did: Disposition, answer: Option<KernelAnswer>) -> String {
    let did = match did {
        Disposition::Taken => "is taken",
        Disposition::Answered => "is answered by the kernel",
        Disposition::Discarded => "is thrown away",
    };
    let answer = answer.map_or_else(String::new, |answer| {
        let what = match answer {
            KernelAnswer::SynAck => "SYN+ACK",
            KernelAnswer::Ack => "ACK",
            KernelAnswer::Rst => "RST",
            KernelAnswer::Unreachable => "ICMP destination unreachable",
            KernelAnswer::EchoReply => "ICMP echo reply",
        };
        format!(", {what} goes back")
    });
    format!("{packet} {did}{answer}")
}

fn act(act: &PlannedAct<'_>) -> String {
    let way = |from: &Option<HostId>| from.map_or_else(String::new, |from| format!(" from the {from}"));
    match act {
        PlannedAct::Next => "deliver the packet held longest".into(),
        PlannedAct::Deliver(packet) => format!("deliver {packet}"),
        PlannedAct::Drop(packet) => format!("lose {packet}"),
        PlannedAct::Duplicate(packet) => format!("deliver {packet} and keep a copy"),
        PlannedAct::Swap(packet) => format!("swap {packet} with the one behind it"),
        PlannedAct::Corrupt(packet) => format!("damage {packet}"),
        PlannedAct::Delay(packet, ms) => format!("delay {packet} by {ms} ms"),
        PlannedAct::Inject(kind, from) => format!("forge {kind} in the name of the {from}"),
        PlannedAct::Change(packet) => format!("change {packet}"),
        PlannedAct::Step(from) => format!("hold every packet{}", way(from)),
        PlannedAct::Slow(from, ms) => format!("every packet{} takes {ms} ms", way(from)),
        PlannedAct::Live(from) => format!("let every packet{} pass", way(from)),
        PlannedAct::Cut(from, true) => format!("cut the wire{}", way(from)),
        PlannedAct::Cut(from, false) => format!("mend the wire{}", way(from)),
        PlannedAct::Loss(from, percent) => format!("lose {percent} % of the packets{}", way(from)),
        PlannedAct::Link(changes) => super::link::changes(changes),
        PlannedAct::Fold(true) => "fold retransmissions".into(),
        PlannedAct::Fold(false) => "list every retransmission".into(),
        PlannedAct::Set => "change settings of the hosts".into(),
        PlannedAct::Listen(socket, port) => format!("{socket} listens on {port}"),
        PlannedAct::Connect(socket) => format!("{socket} calls connect()"),
        PlannedAct::Accept(socket) => format!("accept() returns {socket}"),
        PlannedAct::Datagram(socket) => format!("create {socket}, a UDP socket"),
        PlannedAct::Send(socket, what) => format!("{socket} sends {what}"),
        PlannedAct::Recv(socket) => format!("{socket} calls recv()"),
        PlannedAct::Shutdown(socket, how) => format!("{socket} calls shutdown({how})"),
        PlannedAct::Setsockopt(socket, options) => format!("{socket} sets {options}"),
        PlannedAct::Close(socket) => format!("{socket} calls close()"),
        PlannedAct::Reset(socket) => format!("{socket} closes with RST"),
        PlannedAct::Start(server) => format!("start the server {server}"),
        PlannedAct::Stop(server) => format!("stop the server {server}"),
        PlannedAct::Switch(server, model) => format!("{server} serves {model} from now on"),
        PlannedAct::Spawn(1, server) => format!("a client of {server}"),
        PlannedAct::Spawn(count, server) => format!("{count} clients of {server}"),
        PlannedAct::End(client, CloseHow::Rst) => format!("reset client {client}"),
        PlannedAct::End(client, CloseHow::Half) => format!("half-close client {client}"),
        PlannedAct::End(client, CloseHow::Fin) => format!("close client {client}"),
        PlannedAct::CloseAll => "close all clients".into(),
        PlannedAct::Wait(ms) => format!("wait {ms} ms"),
        PlannedAct::Run(host, program) => format!("run {program} on the {host}"),
    }
}
