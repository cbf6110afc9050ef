//! Tests that hold for the texts of every language.

use std::time::Duration;

use super::{Text, lesson, of};
use crate::domain::guard::{GuardAction, PortCheck};
use crate::domain::need::{Lack, Need, Remedy};
use crate::domain::note::TableSource;
use crate::domain::ports::PortsErrorKind;
use crate::domain::verdict::IcmpError;
use crate::domain::{
    CaptureEvent, CapturedInterface, ChecksumStatus, ClientId, Errno, Evidence, FieldName, FieldValue, FileFault,
    FileId, FileSummary, Finding, GuardEvent, Lang, Limits, Note, PortReport, Proto, Reason, Rule, ServerId, SocketId,
    Unresolved, Verdict,
};

#[test]
fn numbers_follow_the_language() {
    let en = &of(Lang::En).numbers;
    let pt = &of(Lang::PtBr).numbers;
    assert_eq!((en.count(28_225), pt.count(28_225)), ("28,225".into(), "28.225".into()));
    assert_eq!((en.count(0), en.count(999), en.count(1_000_000)), ("0".into(), "999".into(), "1,000,000".into()));
    assert_eq!(en.clock(Duration::from_micros(1_204_900)), "1.204");
    assert_eq!(pt.millis(Duration::from_micros(212)), "0,2 ms");
    assert_eq!(en.millis(Duration::from_micros(61)), "61 µs");
    let waits = [2_300, 27_338].map(|ms| pt.millis(Duration::from_millis(ms)));
    assert_eq!(waits, ["2,3 s", "27,3 s"], "an answer that waited in the accept queue");
    let lapses = [61, 212, 3_400, 44_000, 2_300_000, 240_000_000].map(|us| pt.lapse(Duration::from_micros(us)));
    assert_eq!(lapses, ["61 µs", "212 µs", "3,4 ms", "44 ms", "2,3 s", "4 min"]);
    assert_eq!(en.left(Duration::from_millis(42_001)), "43 s");
    assert_eq!((en.span(Duration::from_secs(59)), en.span(Duration::from_mins(1))), ("59 s".into(), "1 min".into()));
    assert_eq!((en.bytes(12), en.bytes(1_250), pt.bytes(3_400_000)), ("12 B".into(), "1.2 kB".into(), "3,4 MB".into()));
    assert_eq!(en.bytes(7_000_000_000_000), "7000.0 GB");
}

#[test]
fn singular_and_plural() {
    let en = of(Lang::En);
    let pt = of(Lang::PtBr);
    assert_eq!(((en.header.clients)("0", 0), (pt.header.clients)("0", 0)), ("0 clients".into(), "0 clientes".into()));
    assert_eq!(((en.header.clients)("1", 1), (pt.header.clients)("1", 1)), ("1 client".into(), "1 cliente".into()));
    assert_eq!(((en.servers.threads)(3), (pt.servers.tasks)(2)), ("3 threads".into(), "2 tasks".into()));
}

#[test]
fn thousands_are_grouped() {
    let en = of(Lang::En);
    let pt = of(Lang::PtBr);
    let written = |text: &super::Text| {
        [
            (text.servers.threads)(1_000),
            (text.servers.tasks)(1_000),
            (text.servers.waiting)(1_000),
            (text.servers.queue)(1_000, 1_000),
            (text.clients.counts)(1_000, 1_000),
            (text.netstat.waiting)(1_000, 1_000),
            (text.keys.clients)(1_000),
            (text.keys.one_shots)(1_000),
            (text.wire.held_count)(1_000),
            (text.wire.more)(1_000),
            (text.note)(&Note::Dropped { count: 1_000 }),
            (text.note)(&Note::Descriptors { was: 1_000, now: 1_000 }),
            (text.note)(&Note::BurstCut { asked: 1_000, made: 1_000, errno: Errno::Mfile }),
            (text.packets.finding)(&Finding::LengthBeyond { missing: 1_000 }),
            (text.packets.says)(&Finding::LengthBeyond { missing: 1_000 }),
            (text.packets.finding)(&Finding::Cut { missing: 1_000 }),
            (text.packets.says)(&Finding::Cut { missing: 1_000 }),
            (text.packets.finding)(&Finding::Fragment { offset: 1_000, more: true }),
            (text.packets.finding)(&Finding::Fragment { offset: 1_000, more: false }),
        ]
    };
    for (lang, group) in [(en, "1,000"), (pt, "1.000")] {
        for sentence in written(lang) {
            assert!(sentence.contains(group) && !sentence.contains("1000"), "{sentence}");
        }
    }
}

/// Two languages that share a whole sentence share it by mistake.
#[test]
fn every_sentence_is_translated() {
    let en = of(Lang::En);
    let pt = of(Lang::PtBr);
    let errors = (1..=20).map(|n| Errno::from(std::io::Error::from_raw_os_error(n)));
    let named = [Errno::AddrInUse, Errno::Mfile, Errno::ConnRefused, Errno::ConnReset, Errno::Pipe, Errno::TimedOut];
    for errno in errors.chain(named).chain([Errno::Other(7)]) {
        let one = (en.errno)(errno);
        let other = (pt.errno)(errno);
        assert!(one.what != other.what && !one.remedy.is_empty() && !other.remedy.is_empty(), "{errno}");
    }
    for &evidence in Evidence::ALL {
        assert_ne!((en.evidence)(evidence).means, (pt.evidence)(evidence).means);
    }
    let notes = [
        Note::Dropped { count: 1 },
        Note::Descriptors { was: 1_024, now: 524_288 },
        Note::Descriptors { was: 256, now: 256 },
        Note::BurstCut { asked: 1_000, made: 118, errno: Errno::Mfile },
        Note::Has { what: Evidence::Sampled },
        Note::Lacks { what: Evidence::Traced, errno: Errno::Perm },
        Note::TableFrom { source: TableSource::SockDiag },
        Note::TableFrom { source: TableSource::ProcNet },
        Note::TableFrom { source: TableSource::Netstat2 },
        Note::TableFailed { errno: Errno::Mfile },
        Note::PortRange { low: 32_768, high: 60_999 },
        Note::Addresses { addresses: vec![] },
        Note::Addresses { addresses: vec![std::net::Ipv4Addr::LOCALHOST.into()] },
        Note::Observing { servers: vec![] },
        Note::NoThread { errno: Errno::Again },
        Note::Unasked {
            socket: SocketId::Client(ClientId(7)),
            server: ([192, 0, 2, 1], 65_432).into(),
            from: ([192, 0, 2, 9], 53).into(),
        },
        Note::TraceLost { count: 1 },
        Note::TraceForeign { count: 2 },
        Note::CaptureLost { count: 2 },
        Note::Mark { text: "2. SYN".into() },
        Note::CaptureSaved { file: "a.pcapng".into(), packets: 1, dropped: 2 },
        Note::CaptureNotSaved { errno: Errno::Access },
    ];
    for note in notes {
        let one = (en.note)(&note);
        let other = (pt.note)(&note);
        assert!(one != other && one.ends_with('.') && other.ends_with('.'), "{one} / {other}");
    }
    let (file, name) = (FileId(1), String::from("x.pcap"));
    let fault = FileFault::NoFile;
    let lack = Lack { need: Need::Interface, errno: Errno::Perm, remedy: Remedy::Unknown };
    for event in [
        CaptureEvent::Started { interfaces: vec![CapturedInterface::up("lo")] },
        CaptureEvent::failed(lack, "x".as_ref()),
        CaptureEvent::FileOpened { file, name: name.clone(), summary: FileSummary::default() },
        CaptureEvent::FileRefused { file, name, fault },
        CaptureEvent::FileCounted { file, packets: 200_000 },
    ] {
        assert_ne!((en.capture)(&event), (pt.capture)(&event));
    }

    let server = ServerId(0);
    let address = Some(std::net::Ipv4Addr::LOCALHOST.into());
    let acted = |rule, action| GuardEvent::Acted { server, address, rule, limit: Some(64), action, count: 2 };
    let rules = Rule::ALL.iter().map(|rule| acted(*rule, GuardAction::Refused));
    let actions = GuardAction::ALL.iter().map(|action| acted(Rule::Idle, *action));
    let checks = PortCheck::ALL.iter().map(|&check| GuardEvent::Checked { server, address: None, check, count: 1 });
    let limits = [Limits::default(), Limits::none()].map(|limits| GuardEvent::Limits { limits });
    let address = std::net::Ipv4Addr::LOCALHOST.into();
    let orders =
        [GuardEvent::Kicked { address, count: 1 }, GuardEvent::Blocked { address }, GuardEvent::Unblocked { address }];
    for event in rules.chain(actions).chain(checks).chain(limits).chain(orders) {
        let one = (en.guard)(&event);
        let other = (pt.guard)(&event);
        assert!(one != other && one.ends_with('.') && other.ends_with('.'), "{one} / {other}");
    }
}

#[test]
fn every_need_and_every_remedy_is_translated() {
    let (en, pt) = (of(Lang::En), of(Lang::PtBr));
    for &need in Need::ALL {
        assert_ne!((en.need)(need), (pt.need)(need));
    }
    for &remedy in Remedy::ALL {
        let one = (en.remedy)(remedy);
        let other = (pt.remedy)(remedy);
        assert!(one.sentence != other.sentence && one.command == other.command, "{remedy}");
    }
}

#[test]
fn what_a_call_waits_for_is_said_in_both_languages() {
    use crate::domain::Syscall;
    for call in [Syscall::Accept, Syscall::Connect, Syscall::Recv, Syscall::Recvfrom] {
        let [en, pt] = [Lang::En, Lang::PtBr].map(|lang| (of(lang).lifecycle.waits)(call));
        assert!(en.starts_with("waits for") && pt.starts_with("espera"), "{en} {pt}");
    }
}

#[test]
fn every_sentence_of_the_wire_is_translated() {
    use crate::domain::wire::{CloseReason, LossReason};
    use crate::domain::{EDGES, Flags, HostId, SentAgain, Setting, Syscall, TcpInput, TcpState};
    use crate::text::Resent;

    let en = &of(Lang::En).wire;
    let pt = &of(Lang::PtBr).wire;
    for &why in CloseReason::ALL {
        assert_ne!((en.closed)(why), (pt.closed)(why));
    }
    for &why in LossReason::ALL {
        assert_ne!(((en.lost)(why), (en.was_lost)("#1", why)), ((pt.lost)(why), (pt.was_lost)("#1", why)));
    }
    for resent in [Resent::ByTimer, Resent::Ack, Resent::Rst, Resent::Never] {
        assert_ne!((en.resent)(resent), (pt.resent)(resent));
    }
    // Every edge that Linux can take has its meaning; so has a reset from anywhere.
    for (from, to) in EDGES.into_iter().filter(|edge| *edge != (TcpState::Listen, TcpState::SynSent)) {
        let one = (en.edge)(from, to, None);
        let other = (pt.edge)(from, to, None);
        assert!(one.is_some() && other.is_some() && one != other, "{from} {to}");
    }
    assert!((en.edge)(TcpState::Established, TcpState::Closed, None).is_some());
    for text in [en, pt] {
        let gone = [None, Some(TcpInput::Rst), Some(TcpInput::DataAfterClose)]
            .map(|by| (text.edge)(TcpState::FinWait2, TcpState::Closed, by));
        let apart: std::collections::HashSet<_> = gone.iter().collect();
        assert_eq!(apart.len(), 3, "{gone:?}");
        let killed = [TcpInput::Rst, TcpInput::Abort]
            .map(|by| (text.edge)(TcpState::Established, TcpState::Closed, Some(by)).unwrap());
        assert!(killed.iter().all(|says| says.contains("RST")), "{killed:?}");
    }
    // Why something was sent again, and what it waits for.
    let [syn, syn_ack, fin] =
        [Flags::SYN, Flags::SYN.with(Flags::ACK), Flags::FIN.with(Flags::ACK)].map(|flags| (SentAgain::Timer, flags));
    let others = [SentAgain::DuplicateAcks(1), SentAgain::DuplicateAcks(3), SentAgain::RepeatedSyn, SentAgain::Probe];
    let mut said = std::collections::HashSet::new();
    for why in
        [syn, syn_ack, fin, (SentAgain::Timer, Flags::ACK)].into_iter().chain(others.map(|why| (why, Flags::ACK)))
    {
        for text in [en, pt] {
            let anew = (text.sent_anew)("#3", HostId::Client, 1, why);
            let folded = (text.folded)("#3", HostId::Client, (2, "1 s"), why);
            assert!(said.insert(anew.clone()) && said.insert(folded), "said twice: {anew}");
        }
    }
    assert_ne!((en.probed)("#3", HostId::Client), (pt.probed)("#3", HostId::Client));
    for host in [HostId::Client, HostId::Server] {
        for call in [Syscall::Connect, Syscall::Accept, Syscall::Send, Syscall::Recv, Syscall::Close, Syscall::Shutdown]
        {
            for errno in [None, Some(Errno::ConnReset)] {
                let one = (en.called)(host, call, Some(12), errno);
                let other = (pt.called)(host, call, Some(12), errno);
                assert!(one.is_some() && one != other, "{call} {one:?}");
            }
        }
    }
    let settings =
        [Setting::Timestamps(true), Setting::EphemeralRange(1, 2), Setting::ReceiveBuffer(1), Setting::SendBuffer(1)];
    for setting in settings {
        assert_ne!((en.setting)(&setting), (pt.setting)(&setting));
    }
}

#[test]
fn every_condition_of_a_link_is_translated_and_told_apart() {
    use crate::domain::{HostId, LinkChange, LinkCondition, PerHost};
    let [en, pt] = [Lang::En, Lang::PtBr].map(of);
    for text in [en, pt] {
        let names: std::collections::HashSet<_> =
            LinkCondition::ALL.iter().map(|condition| (text.link.condition)(*condition)).collect();
        assert_eq!(names.len(), LinkCondition::ALL.len());
        for &condition in LinkCondition::ALL {
            let values = [0, 2].map(|value| (text.link.value)(condition, value));
            assert_ne!(values[0], values[1], "{condition}");
        }
    }
    assert_eq!((en.link.value)(LinkCondition::Rate, 1_500), "1.5 Mbit/s");
    assert_eq!((pt.link.value)(LinkCondition::Rate, 1_500), "1,5 Mbit/s");
    assert_eq!((pt.link.value)(LinkCondition::Rate, 1_234), "1,234 Mbit/s");
    assert_eq!((en.link.value)(LinkCondition::Rate, 10_000_000), "10 Gbit/s");
    let says = ["2nd", "3rd", "11th", "21st", "112th"];
    assert_eq!([2, 3, 11, 21, 112].map(|every| (en.link.value)(LinkCondition::LossEvery, every)), says);
    let narrow = LinkChange::of(LinkCondition::Rate, 1_000).and(LinkCondition::Queue, Some(8));
    let act = |text: &Text, changes| (text.lessons.act)(&lesson::PlannedAct::Link(changes));
    let one = PerHost::new(narrow, LinkChange::default());
    assert_eq!(act(en, one), "the link from the client: 1 Mbit/s, queue 8");
    assert_eq!(act(pt, PerHost::new(narrow, narrow)), "o enlace: 1 Mbit/s, fila 8");
    let message = [(en.link.was_told)("#3", "#2"), (pt.link.was_told)("#3", "#2")];
    assert_ne!(message[0], message[1]);
    assert_ne!((en.link.from)(HostId::Client), (en.link.from)(HostId::Server));
}

#[test]
fn the_names_of_fields_are_translated_unless_they_are_abbreviations_or_names() {
    const NAMES: [&str; 15] = [
        "Ethernet",
        "Linux cooked v1",
        "Linux cooked v2",
        "Loopback",
        "PPPoE",
        "Frame Relay",
        "Radiotap",
        "Prism",
        "IPv4",
        "IPv6",
        "ICMPv6",
        "Flags",
        "Checksum",
        "Multipath TCP",
        "Accurate ECN",
    ];
    let (en, pt) = (&of(Lang::En).packets, &of(Lang::PtBr).packets);
    for &name in FieldName::ALL {
        let (en, pt) = ((en.field)(name), (pt.field)(name));
        let is_name = NAMES.contains(&en) || !en.contains(char::is_lowercase);
        assert_eq!(en == pt, is_name, "{en} {pt}");
    }
    let value = |value: FieldValue| [(en.field_value)(&value), (pt.field_value)(&value)];
    assert_eq!(value(FieldValue::Checksum(ChecksumStatus::Right)), ["right", "correto"]);
    assert_eq!(value(FieldValue::PacketType(4)), ["4 from us", "4 de nós"]);
    assert_eq!(value(FieldValue::PacketType(9)), ["9", "9"]);
    let option = FieldValue::Option { kind: 34, len: 4, data: "01:02".into() };
    assert_eq!(value(option), ["kind 34, 4 bytes: 01:02", "tipo 34, 4 bytes: 01:02"]);
    let empty = FieldValue::Option { kind: 253, len: 2, data: String::new() };
    assert_eq!(value(empty), ["kind 253, 2 bytes", "tipo 253, 2 bytes"]);
}

#[test]
fn every_word_of_a_port_check_is_translated() {
    let en = &of(Lang::En).checks;
    let pt = &of(Lang::PtBr).checks;
    for &verdict in Verdict::ALL {
        assert_ne!((en.verdict)(verdict), (pt.verdict)(verdict));
        assert_ne!((en.means)(verdict), (pt.means)(verdict));
    }
    // A segment's name is the same in every language.
    let segments = [Reason::SynAck, Reason::Rst];
    for &reason in Reason::ALL.iter().filter(|reason| !segments.contains(reason)) {
        assert_ne!((en.reason)(reason), (pt.reason)(reason));
    }
    let wrong = [PortsErrorKind::Missing, PortsErrorKind::NotAPort, PortsErrorKind::Backwards, PortsErrorKind::Twice];
    for kind in wrong {
        assert_ne!((en.ports)(kind), (pt.ports)(kind));
    }
    let late = Unresolved::NoAnswer { errno: Some(Errno::TimedOut) };
    for why in [Unresolved::NoSuchHost, Unresolved::NoAnswer { errno: None }, late, Unresolved::NoZone] {
        assert_ne!((en.unresolved)("lab", why), (pt.unresolved)("lab", why));
    }
    for text in [en, pt] {
        let said = |host, why| (text.unresolved)(host, why);
        assert!(said("lab", late).contains("/etc/hosts"));
        assert!(said("lab", Unresolved::NoAnswer { errno: None }).contains("/etc/hosts"));
        // The advice repeats what was typed, with an interface.
        assert!(said("fe80::1", Unresolved::NoZone).ends_with("fe80::1%eth0"));
        assert!(said("fe80::1%eth9", Unresolved::NoZone).ends_with("fe80::1%eth0"));
    }
}

#[test]
fn a_port_report_names_the_whole_observation() {
    let text = of(Lang::En);
    let silent = PortReport {
        host: "lab".into(),
        address: "10.0.0.2".parse().unwrap(),
        port: 65_432,
        proto: Proto::Tcp,
        verdict: Verdict::Filtered,
        reason: Reason::NoResponse,
        took: Duration::from_millis(4_001),
        sent: Some(4),
        errno: None,
        icmp: None,
    };
    let said = |report: &PortReport| text.checks.report(&text.numbers, report);
    assert_eq!(said(&silent), "65432/tcp filtered: no answer to 4 SYNs, after 4.0 s");
    let icmp = Some(IcmpError { kind: 3, code: 13, from: "10.0.0.254".parse().unwrap() });
    let refused = PortReport { reason: Reason::Prohibited, icmp, took: Duration::from_micros(212), ..silent.clone() };
    assert_eq!(said(&refused), "65432/tcp filtered: ICMP prohibited from 10.0.0.254, after 212 µs");
    let errno = Some(Errno::NetUnreach);
    let unasked = PortReport { verdict: Verdict::Unknown, reason: Reason::NoRoute, errno, ..silent };
    assert_eq!(said(&unasked), "65432/tcp unknown: no route from here (ENETUNREACH), after 4.0 s");
}
