//! A fake kernel for tests: it sends whatever answers the test wants, over a socket pair.

use std::net::SocketAddr;
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::sync::mpsc::sync_channel;
use std::thread;
use std::time::Duration;

use proptest::prelude::*;
use rustix::net::{AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, recv, send, socketpair};

use super::message::{DiagMessages, MessageContent, attributes};
use super::{SockDiag, info, row};
use crate::domain::{Clock, Delta, Errno, EventKind, EventSink, Flow, Note, Observation, Proto, TcpState};
use crate::observe::completeness::Completeness;
use crate::observe::source::Source;
use crate::observe::{Scope, SocketTable};

const INTERRUPTED: u16 = 0x10;
const ENOENT: i32 = -2;

fn message(kind: u16, flags: u16, seq: u32, body: &[u8]) -> Vec<u8> {
    let len = u32::try_from(16 + body.len()).unwrap();
    let mut bytes = [len.to_ne_bytes(), [0; 4], seq.to_ne_bytes(), [0; 4]].concat();
    bytes[4..6].copy_from_slice(&kind.to_ne_bytes());
    bytes[6..8].copy_from_slice(&flags.to_ne_bytes());
    bytes.extend(body);
    bytes
}

fn done(seq: u32) -> Vec<u8> {
    message(3, 0, seq, &[0; 4])
}

fn error(seq: u32, code: i32) -> Vec<u8> {
    message(2, 0, seq, &code.to_ne_bytes())
}

/// A socket on 127.0.0.1 with these ports, and an unknown attribute.
fn socket(flags: u16, seq: u32, state: u8, local: u16, peer: u16) -> Vec<u8> {
    let mut body = vec![0; row::FIXED];
    (body[0], body[1]) = (2, state);
    body[4..6].copy_from_slice(&local.to_be_bytes());
    body[6..8].copy_from_slice(&peer.to_be_bytes());
    body[8..12].copy_from_slice(&[127, 0, 0, 1]);
    if peer != 0 {
        body[24..28].copy_from_slice(&[127, 0, 0, 1]);
    }
    body[44] = u8::try_from(local % 251).unwrap();
    body.extend([7_u16.to_ne_bytes(), 999_u16.to_ne_bytes(), [1, 2], [3, 0]].concat());
    message(20, flags, seq, &body)
}

/// The kind of request: a dump of TCP, a dump of UDP, or one socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Query {
    Tcp,
    Udp,
    One,
}

/// A `SockDiag` whose other end answers each request with these datagrams.
fn kernel(mut answer: impl FnMut(Query, u32) -> Vec<Vec<u8>> + Send + 'static) -> SockDiag {
    let (near, far): (OwnedFd, OwnedFd) =
        socketpair(AddressFamily::UNIX, SocketType::SEQPACKET, SocketFlags::CLOEXEC, None).unwrap();
    thread::spawn(move || {
        let mut buffer = vec![0; 65_536];
        while let Ok((_, len @ 1..)) = recv(&far, buffer.as_mut_slice(), RecvFlags::empty()) {
            let question = &buffer[..len];
            let dump = question[7] & 3 == 3;
            let asked = match question[4] {
                18 => Query::Tcp,
                _ if dump => Query::Udp,
                _ => Query::One,
            };
            let seq = u32::from_ne_bytes(question[8..12].try_into().unwrap());
            for datagram in answer(asked, seq) {
                if send(&far, &datagram, SendFlags::NOSIGNAL).is_err() {
                    return;
                }
            }
        }
    });
    SockDiag::on(near).unwrap()
}

fn read(diag: &mut SockDiag) -> (std::io::Result<Completeness>, Vec<u16>) {
    let mut ports = Vec::new();
    let reading = diag.dump(&Scope::All, &mut |row| ports.push(row.flow.local.port()));
    (reading, ports)
}

#[test]
fn unknown_attributes_are_skipped() {
    let mut diag = kernel(|asked, seq| match asked {
        Query::Tcp => vec![[socket(0, seq, 10, 1, 0), socket(0, seq, 1, 2, 3)].concat(), done(seq)],
        _ => vec![done(seq)],
    });
    let (reading, ports) = read(&mut diag);
    assert_eq!((reading.unwrap(), ports), (Completeness::Complete, vec![1, 2]));
}

#[test]
fn an_answer_cut_at_any_byte_is_an_error_and_the_next_one_is_read_again() {
    let whole = |seq| [socket(0, seq, 1, 1, 2), socket(0, seq, 1, 3, 4), done(seq)].concat();
    for cut in 1..whole(1).len() {
        let mut first = true;
        let mut diag = kernel(move |asked, seq| match asked {
            Query::Tcp if std::mem::take(&mut first) => {
                // The rest comes late, and must not be taken for an answer to the next request.
                vec![whole(seq)[..cut].to_vec(), [socket(0, seq, 1, 99, 2), done(seq)].concat()]
            }
            Query::Tcp => vec![whole(seq)],
            _ => vec![done(seq)],
        });
        let boundary = cut % socket(0, 1, 1, 1, 2).len() == 0;
        let (reading, ports) = read(&mut diag);
        assert!(boundary || reading.is_err(), "cut at {cut}: {ports:?}");
        let (reading, ports) = read(&mut diag);
        assert_eq!((reading.unwrap(), ports), (Completeness::Complete, vec![1, 3]), "after a cut at {cut}");
    }
}

#[test]
fn an_interrupted_dump_is_retried_and_reported_if_it_never_completes() {
    let mut times = 0;
    let mut diag = kernel(move |asked, seq| {
        times += usize::from(asked == Query::Tcp);
        let flags = if times < 3 { INTERRUPTED } else { 0 };
        vec![socket(flags, seq, 1, 1, 2), done(seq)]
    });
    assert_eq!(read(&mut diag).0.unwrap(), Completeness::Complete);
    let mut diag = kernel(|_, seq| vec![socket(INTERRUPTED, seq, 1, 1, 2), done(seq)]);
    assert_eq!(read(&mut diag).0.unwrap(), Completeness::Interrupted);
}

#[test]
fn an_error_at_the_end_of_a_dump_is_an_error_too() {
    let mut diag = kernel(|_, seq| vec![error(seq, -22)]);
    assert_eq!(read(&mut diag).0.unwrap_err().raw_os_error(), Some(22));
    let mut diag = kernel(|_, seq| vec![socket(0, seq, 1, 1, 2), message(3, 0, seq, &(-105_i32).to_ne_bytes())]);
    assert_eq!(read(&mut diag).0.unwrap_err().raw_os_error(), Some(105));
}

#[test]
fn a_listener_is_not_mistaken_for_the_requested_connection() {
    let mut diag = kernel(|_, seq| vec![socket(0, seq, 10, 1, 0)]);
    let addr = |port| SocketAddr::from(([127, 0, 0, 1], port));
    assert_eq!(diag.lookup(&Flow::tcp(addr(1), addr(2))).unwrap(), None);
    let found = diag.lookup(&Flow::unconnected(Proto::Tcp, addr(1))).unwrap().unwrap();
    assert_eq!(found.state, Some(TcpState::Listen));
}

/// The reports of a table that reads from this kernel, in short form. The table stops with the first of the two.
fn watched(diag: SockDiag) -> (SocketTable, impl Iterator<Item = String>) {
    let (tx, heard) = sync_channel::<Observation>(100);
    let sink = EventSink::new(Clock::start(), Arc::new(move |seen| tx.try_send(seen).is_ok()));
    let table = SocketTable::start_on(sink, Scope::All, Source::Diag(diag)).unwrap();
    let observations = std::iter::from_fn(move || heard.recv_timeout(Duration::from_secs(10)).ok());
    let reports = observations.filter_map(|seen| match seen.kind {
        EventKind::Row(Delta::Found(row) | Delta::Added(row)) => Some(format!("+{}", row.flow.local.port())),
        EventKind::Row(Delta::Changed(row)) => Some(format!("~{}", row.flow.local.port())),
        EventKind::Row(Delta::Gone(key)) => Some(format!("-{}", key.flow.local.port())),
        EventKind::Note(Note::TableFailed { errno }) => Some(errno.to_string()),
        _ => None,
    });
    (table, reports)
}

#[test]
fn no_broken_reading_takes_a_row_away() {
    let mut dumps = 0;
    let diag = kernel(move |asked, seq| {
        dumps += u32::from(asked == Query::Tcp);
        match (asked, dumps) {
            (Query::Udp, _) => vec![done(seq)],
            (Query::One, _) => vec![error(seq, ENOENT)],
            (Query::Tcp, 1) => vec![[socket(0, seq, 10, 1, 0), socket(0, seq, 10, 3, 0), done(seq)].concat()],
            // Interrupted three times, cut short, refused: each shows that 3 exists and says nothing about 1.
            (Query::Tcp, 2..=4) => vec![socket(INTERRUPTED, seq, 10, 3, 0), done(seq)],
            (Query::Tcp, 5) => vec![socket(0, seq, 10, 3, 0)[..40].to_vec(), done(seq)],
            (Query::Tcp, 6) => vec![error(seq, -105)],
            (Query::Tcp, _) => vec![socket(0, seq, 10, 3, 0), done(seq)],
        }
    });
    let (_table, reports) = watched(diag);
    let cut = Errno::from(std::io::Error::from(std::io::ErrorKind::InvalidData)).to_string();
    let story: Vec<String> = reports.take(5).collect();
    assert_eq!(story, ["+1", "+3", &cut, "ENOBUFS", "-1"]);
}

#[test]
fn a_connection_missing_from_a_reading_is_looked_up_before_it_is_gone() {
    let mut dumps = 0;
    let diag = kernel(move |asked, seq| {
        dumps += u32::from(asked == Query::Tcp);
        match (asked, dumps) {
            (Query::Tcp, 1) => vec![[socket(0, seq, 1, 1, 2), done(seq)].concat()],
            (Query::One, 2..=4) => vec![socket(0, seq, 1, 1, 2)],
            (Query::One, _) => vec![error(seq, ENOENT)],
            // A new row each time keeps the table active and shows that it has been read.
            (Query::Tcp, dumps @ 2..=6) => {
                vec![socket(0, seq, 10, 100 + u16::try_from(dumps).unwrap(), 0), done(seq)]
            }
            _ => vec![done(seq)],
        }
    });
    let (_table, reports) = watched(diag);
    let story: Vec<String> = reports.take_while(|report| report != "-1").collect();
    assert!(story.contains(&"+104".into()), "gone too early: {story:?}");
}

proptest! {
    #[test]
    fn no_bytes_make_a_decoder_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        for message in DiagMessages::of(&bytes).flatten() {
            if let MessageContent::Socket(body) = message.content {
                let _ = row::decode(body, Proto::Tcp);
            }
        }
        prop_assert!(attributes(&bytes).count() <= bytes.len() / 4 + 1);
        let flow = Flow::unconnected(Proto::Tcp, "127.0.0.1:1".parse().unwrap());
        let _ = row::decode(&bytes, Proto::Udp);
        let _ = info::decode(&crate::domain::Row::new(flow), &bytes);
    }
}
