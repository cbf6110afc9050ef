//! An event: what happened, when, where, and how it is known.

use serde::{Deserialize, Serialize};

use super::broadcast::BroadcastEvent;
use super::bulk::BulkEvent;
use super::call::Call;
use super::capture::CaptureEvent;
use super::client::ClientEvent;
use super::evidence::Evidence;
use super::guard::GuardEvent;
use super::id::HostId;
use super::info::TcpInfo;
use super::lesson::LessonEvent;
use super::note::Note;
use super::packet::PacketSummary;
use super::pending_call::PendingCall;
use super::row::Delta;
use super::scan::ScanEvent;
use super::server::ServerEvent;
use super::socket_holder::SocketHolder;
use super::stamp::Stamp;
use super::target::TargetEvent;
use super::text_enum::text_enum;
use super::transition::Transition;
use super::wire::WireEvent;

text_enum! {
    /// Which of the two worlds something happened in.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
    pub enum WorldId {
        /// The machine itself.
        #[default]
        Host = "host",
        /// The wire lab's two private hosts.
        Wire = "wire",
    }
}

/// An event that is not in the journal yet, as its producer saw it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Observation {
    /// When it was seen.
    #[serde(rename = "t_ms")]
    pub at: Stamp,
    /// In which world.
    pub world: WorldId,
    /// On which of the wire's hosts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host: Option<HostId>,
    /// How it is known.
    pub evidence: Evidence,
    /// The kind of event, with its details.
    #[serde(flatten, deserialize_with = "read_kind")]
    pub kind: EventKind,
}

/// One entry of the journal. Written as one line of JSON.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// Its number in the journal, from 1, without gaps.
    pub seq: u64,
    /// The observation.
    #[serde(flatten)]
    pub seen: Observation,
}

/// The kinds of events.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum EventKind {
    /// Our own code made a system call.
    Call(Call),
    /// A call of our own code waits. Written as a call, too, with its phase in place of a result.
    #[serde(rename(serialize = "call", deserialize = "pending call"))]
    Waits(PendingCall),
    /// One end of a connection changed its state.
    State(Transition),
    /// Better evidence for a transition that is already in the journal.
    Confirmed(Transition),
    /// The socket table changed.
    Row(Delta),
    /// The process that holds a socket was found.
    Holder(SocketHolder),
    /// The `TCP_INFO` of one connection.
    Info(TcpInfo),
    /// A packet was seen.
    Packet(PacketSummary),
    /// Something happened on the wire between the two private hosts.
    Wire(WireEvent),
    /// Something happened in the running lesson.
    Lesson(LessonEvent),
    /// Something happened to a server.
    Server(ServerEvent),
    /// Something happened to a client.
    Client(ClientEvent),
    /// Something happened to a broadcast message.
    Broadcast(BroadcastEvent),
    /// One end of a connection of ours begins to send many bytes.
    Bulk(BulkEvent),
    /// The servers' guard did something, or noticed something.
    Guard(GuardEvent),
    /// Something happened to the clients' target, the host they go to instead of this one.
    Target(TargetEvent),
    /// Something happened in a port check.
    Scan(ScanEvent),
    /// Something happened to the capture of packets, or to a capture file.
    Capture(CaptureEvent),
    /// Something about the laboratory itself.
    Note(Note),
}

impl EventKind {
    /// Whether it stands in the list of what happened, and is counted there.
    pub const fn is_listed(&self) -> bool {
        match self {
            Self::Call(_)
            | Self::Waits(_)
            | Self::State(_)
            | Self::Server(_)
            | Self::Guard(_)
            | Self::Target(_)
            | Self::Scan(_)
            | Self::Capture(_)
            | Self::Note(_) => true,
            Self::Confirmed(_)
            | Self::Row(_)
            | Self::Holder(_)
            | Self::Info(_)
            | Self::Packet(_)
            | Self::Wire(_)
            | Self::Lesson(_)
            | Self::Client(_)
            | Self::Broadcast(_)
            | Self::Bulk(_) => false,
        }
    }

    /// Whether it may be left out of the journal when there are too many: it changes nothing that exists, and no number is
    /// the sum of such events. That is a captured packet, which the capture keeps, and a measurement, which is made again.
    pub fn is_optional(&self, world: WorldId) -> bool {
        match self {
            // On the wire each packet has a fate that others refer to.
            Self::Packet(_) => world == WorldId::Host,
            Self::Info(_) => true,
            _ => false,
        }
    }
}

/// Reads a kind: a call with a phase is one that waits.
fn read_kind<'de, D: serde::Deserializer<'de>>(from: D) -> Result<EventKind, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum WrittenKind {
        Waits(PendingCall),
        Other(EventKind),
    }
    Ok(match WrittenKind::deserialize(from)? {
        WrittenKind::Waits(call) => EventKind::Waits(call),
        WrittenKind::Other(kind) => kind,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::*;

    fn flow() -> Flow {
        Flow::tcp("127.0.0.1:44086".parse().unwrap(), "127.0.0.1:65432".parse().unwrap())
    }

    fn event(kind: EventKind) -> Event {
        let seen = Observation {
            at: Stamp::from_nanos(12_345_000),
            world: WorldId::Host,
            host: None,
            evidence: Evidence::Called,
            kind,
        };
        Event { seq: 41, seen }
    }

    fn packet(flags: Option<Flags>, payload: &[u8]) -> PacketSummary {
        let proto = if flags.is_some() { Proto::Tcp } else { Proto::Udp };
        let segment = |flags| Segment {
            flags,
            seq: 77,
            ack: 78,
            seq_rel: Some(1),
            ack_rel: Some(1),
            window: 64240,
            options: vec![],
        };
        PacketSummary {
            number: 3,
            flow: Flow { proto, ..flow() },
            tcp: flags.map(segment),
            icmp: None,
            interface: None,
            payload: Excerpt::of(payload),
            retransmission_of: None,
            findings: Findings::default(),
        }
    }

    #[test]
    fn a_packet_is_written_with_the_stable_keys() {
        let line = serde_json::to_string(&event(EventKind::Packet(packet(Some(Flags::ACK), b"")))).unwrap();
        let keys = r#""kind":"packet","packet":3,"proto":"tcp","local":"127.0.0.1:44086","peer":"127.0.0.1:65432","flags":"ACK","seq_raw":77,"ack_raw":78,"seq_rel":1,"ack_rel":1,"win":64240,"len":0}"#;
        assert!(line.ends_with(keys), "{line}");
    }

    #[test]
    fn a_call_is_written_with_the_stable_keys() {
        let call = Call::new(SocketId::Client(ClientId(7)), Syscall::Connect)
            .with(Args::Addr("127.0.0.1:65432".parse().unwrap()));
        assert_eq!(
            serde_json::to_string(&event(EventKind::Call(call))).unwrap(),
            r#"{"seq":41,"t_ms":12.345,"world":"host","evidence":"called","kind":"call","socket":"c7","call":"connect","args":"127.0.0.1:65432","result":"ok"}"#
        );
    }

    #[test]
    fn a_call_that_waits_is_written_as_a_call_with_a_phase_and_without_a_result() {
        let call = PendingCall::new(SocketId::Server(ServerId(0)), Syscall::Accept, None);
        assert_eq!(
            serde_json::to_string(&event(EventKind::Waits(call))).unwrap(),
            r#"{"seq":41,"t_ms":12.345,"world":"host","evidence":"called","kind":"call","socket":"s0","call":"accept","phase":"waits"}"#
        );
    }

    fn scan_and_target_events() -> Vec<EventKind> {
        let address = flow().local.ip();
        let took = std::time::Duration::from_micros(312);
        let report = PortReport {
            host: "lab".into(),
            address,
            port: 65432,
            proto: Proto::Tcp,
            verdict: Verdict::Filtered,
            reason: Reason::Prohibited,
            took,
            sent: Some(1),
            errno: Some(Errno::HostUnreach),
            icmp: Some(verdict::IcmpError { kind: 3, code: 13, from: address }),
        };
        let ports: PortList = "65432-65434,80".parse().unwrap();
        let target: TargetHost = "[::1]:65432".parse().unwrap();
        let no_answer = Unresolved::NoAnswer { errno: Some(Errno::TimedOut) };
        let scans = [
            ScanChange::Begun { asked: "lab".into(), address, others: vec![address], proto: Proto::Udp, ports },
            ScanChange::Unresolved { asked: "lab".into(), why: no_answer },
            ScanChange::Unconfirmed { asked: "lab".into(), address, scope: AddressScope::Public },
            ScanChange::Port { report: report.clone() },
            ScanChange::Port { report: PortReport { sent: None, errno: None, icmp: None, ..report.clone() } },
            ScanChange::Ended { stopped: true },
        ];
        let targets = [
            TargetChange::Set,
            TargetChange::Found { addresses: vec![address], took },
            TargetChange::Lost { why: Unresolved::NoSuchHost },
            TargetChange::Tried { report },
            TargetChange::Chosen { addr: flow().local, answers: true },
            TargetChange::Dropped,
        ];
        let scans = scans.into_iter().map(|change| EventKind::Scan(ScanEvent { scan: 2, change }));
        scans
            .chain(targets.into_iter().map(|change| EventKind::Target(TargetEvent { target: target.clone(), change })))
            .collect()
    }

    fn guard_events() -> Vec<EventKind> {
        vec![
            EventKind::Guard(GuardEvent::Limits { limits: Limits::default() }),
            EventKind::Guard(GuardEvent::Acted {
                server: ServerId(0),
                address: Some("192.0.2.2".parse().unwrap()),
                rule: Rule::Connections,
                limit: Some(64),
                action: guard::GuardAction::Refused,
                count: 10_000,
            }),
            EventKind::Guard(GuardEvent::Checked {
                server: ServerId(3),
                address: None,
                check: guard::PortCheck::EmptyDatagram,
                count: 1,
            }),
            EventKind::Guard(GuardEvent::HalfOpen {
                listener: Some("0.0.0.0:65432".parse().unwrap()),
                limit: Some(128),
                action: guard::GuardAction::Cookie,
                count: 4_872,
            }),
            EventKind::Guard(GuardEvent::HandshakesReset { count: 4 }),
            EventKind::Guard(GuardEvent::Kicked { address: "2001:db8::1".parse().unwrap(), count: 3 }),
        ]
    }

    fn capture_events() -> Vec<EventKind> {
        let file = FileId(2);
        let name = String::from("aula.pcapng");
        let lack = need::Lack { need: need::Need::Interface, errno: Errno::Perm, remedy: need::Remedy::OtherInterface };
        let refused = |fault| CaptureEvent::FileRefused { file, name: name.clone(), fault };
        let opened = |damage: Option<FileDamage>| {
            let lasted = std::time::Duration::from_micros(3_500);
            let unread = vec![(Unread::EtherType(0x0806), 2), (Unread::LinkType(104), 1)];
            let summary = FileSummary { read: 13, others: 3, unread, lasted, more: damage.is_none(), damage };
            CaptureEvent::FileOpened { file, name: name.clone(), summary }
        };
        let changes = [
            CaptureEvent::Started { interfaces: vec![CapturedInterface::up("lo")] },
            CaptureEvent::failed(lack, "/usr/bin/socklab-tui".as_ref()),
            opened(None),
            opened(Some(FileDamage::Damaged { at: 99, what: FileFlaw::BlockLength })),
            opened(Some(FileDamage::Io { errno: Errno::Other(5) })),
            refused(FileFault::NoFile),
            refused(FileFault::Io { errno: Errno::Other(5) }),
            CaptureEvent::FileCounted { file, packets: 200_000 },
        ];
        changes.into_iter().map(EventKind::Capture).collect()
    }

    fn lesson_events() -> Vec<EventKind> {
        let lesson = |change| LessonEvent { lesson: "lost-syn".into(), change };
        vec![
            EventKind::Lesson(lesson(LessonChange::Staged { run: 3 })),
            EventKind::Lesson(lesson(LessonChange::Missed { step: 1, expect: 2, seen: lesson::SeenInstead::Nothing })),
            EventKind::Lesson(lesson(LessonChange::Missed {
                step: 1,
                expect: 0,
                seen: lesson::SeenInstead::State(TcpState::SynSent, Some(Cause::Timer)),
            })),
            EventKind::Lesson(lesson(LessonChange::Over)),
        ]
    }

    #[test]
    fn every_kind_survives_a_round_trip_through_json() {
        let row = Row {
            flow: flow(),
            state: Some(TcpState::TimeWait),
            recv_q: Some(0),
            send_q: Some(1),
            timer: Some(Timer { kind: TimerKind::TimeWait, left_ms: 43_000, count: 0 }),
            uid: Some(1000),
            inode: Some(0),
            cookie: 77,
            process: Some(Process { pid: 4121, name: "python3".into() }),
        };
        let bare = Row { timer: None, process: None, state: None, uid: None, inode: None, ..row.clone() };
        let kinds = [
            EventKind::Call(
                Call::new(SocketId::Conn(ServerId(0), ConnNo(3)), Syscall::Send).on(flow()).carrying(b"oi\n"),
            ),
            EventKind::Waits(PendingCall::new(SocketId::Server(ServerId(0)), Syscall::Accept, None)),
            EventKind::Waits(PendingCall::new(SocketId::Client(ClientId(7)), Syscall::Recv, Some(flow()))),
            EventKind::State(Transition {
                flow: flow(),
                from: TcpState::SynSent,
                to: TcpState::Established,
                cause: Some(Cause::Packet(2)),
            }),
            EventKind::Row(Delta::Added(row.clone())),
            EventKind::Row(Delta::Changed(bare)),
            EventKind::Row(Delta::Gone(row.key())),
            EventKind::Info(TcpInfo {
                flow: flow(),
                rtt_us: 31,
                rttvar_us: 12,
                rto_us: 201_000,
                cwnd: 10,
                ssthresh: None,
                state: Some(CongestionState::Recovery),
                in_flight: Some(1448),
                retransmits: 0,
                retransmitted: 2,
                bytes_sent: Some(12),
                bytes_acked: Some(13),
                bytes_received: None,
                snd_mss: 32_768,
                rcv_mss: 536,
                snd_wnd: Some(65_536),
                rcv_wnd: Some(0),
                congestion: Some("cubic".into()),
                at_packet: Some(7),
            }),
            EventKind::Server(ServerEvent {
                server: ServerId(1),
                change: ServerChange::Failed { errno: Errno::AddrInUse, holder: row.process },
            }),
            EventKind::Client(ClientEvent {
                client: ClientId(9),
                change: client::ClientChange::Spawned {
                    plan: ClientPlan::OneShot,
                    destination: Destination { server: Some(ServerId(0)), proto: Proto::Tcp, addr: flow().local },
                },
            }),
            EventKind::Bulk(BulkEvent { socket: SocketId::Client(ClientId(9)), flow: flow(), bytes: 500_000 }),
            EventKind::Broadcast(BroadcastEvent {
                message: 2,
                change: broadcast::BroadcastChange::Reply {
                    server: ServerId(3),
                    reply: Reply::Answer { text: Excerpt::of(b"BOM DIA"), rtt: std::time::Duration::from_micros(212) },
                },
            }),
            EventKind::Packet(packet(Some(Flags::SYN), b"")),
            EventKind::Packet(packet(None, b"oi")),
            EventKind::Packet(PacketSummary {
                findings: [Finding::DuplicateAck { nth: 1, of: 2 }, Finding::ChecksumPartial].into_iter().collect(),
                ..packet(Some(Flags::ACK), b"")
            }),
            EventKind::Packet(PacketSummary { icmp: Some(Icmp::PortUnreachable), ..packet(None, b"") }),
            EventKind::Wire(WireEvent::Folded { packet: 1, count: 3, after: std::time::Duration::from_secs(4) }),
            EventKind::Wire(WireEvent::Mode(WireMode::Slow { hop: std::time::Duration::from_millis(500) })),
            EventKind::Wire(WireEvent::Verdict(KernelVerdict {
                packet: 4,
                by: HostId::Server,
                did: Disposition::Discarded,
                why: Some(KernelCause::Paws),
                answer: Some(KernelAnswer::Ack),
                counters: [("TcpExtPAWSEstab".to_owned(), 1)].into(),
            })),
            EventKind::Wire(WireEvent::ProgramEnded { pid: 7, status: None, signal: Some(9), parent: None }),
            EventKind::Note(Note::Mark { text: "2. the SYN is lost".into() }),
            EventKind::Note(Note::BurstCut { asked: 1000, made: 118, errno: Errno::Mfile }),
        ];
        let kinds = kinds
            .into_iter()
            .chain(scan_and_target_events())
            .chain(guard_events())
            .chain(lesson_events())
            .chain(capture_events());
        for kind in kinds {
            let event = event(kind);
            let line = serde_json::to_string(&event).unwrap();
            let back: Event = serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line}"));
            assert_eq!(back, event, "{line}");
        }
    }
}
