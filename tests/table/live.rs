//! The table's thread: its reports, and its silence.

use std::io::{BufRead as _, BufReader, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream, UdpSocket};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use socklab::api::domain::{Cause, Delta, EventKind, Evidence, Flow, Note, Proto, Row, TableSource, TcpState};
use socklab::api::observe::{Scope, SocketTable, Source};

use super::heard::{Heard, sink};
use crate::harness::{Need::Tool, Test, test};

pub(crate) fn tests() -> Vec<Test> {
    vec![
        test(it_reports_its_source_and_the_existing_sockets, &[]),
        test(a_lookup_answers_for_both_ends_before_the_next_reading, &[]),
        test(a_connection_is_followed_to_its_end, &[]),
        test(a_reset_connection_is_gone_at_both_ends, &[]),
        test(it_is_silent_while_nothing_changes_and_a_timer_runs_down, &[]),
        test(rows_refused_by_a_full_queue_are_reported_later, &[]),
        test(sockets_leaving_the_scope_are_unwatched_and_those_entering_it_are_found, &[]),
        test(processes_are_named_on_request_and_kept, &[]),
        test(the_selected_connections_tcp_info_is_reported_whenever_it_changes, &[]),
        test(udp_sockets_connected_and_not_are_found_by_lookup, &[]),
        test(a_udp_client_is_followed_until_the_table_has_no_socket_of_it, &[]),
        test(a_udp_client_that_has_left_already_is_reported_gone, &[]),
        test(the_process_of_a_client_is_reported_though_its_row_is_not_watched, &[]),
        test(a_listener_ends_with_its_program, &[Tool("python3")]),
    ]
}

fn flow(stream: &TcpStream) -> Flow {
    Flow::tcp(stream.local_addr().unwrap(), stream.peer_addr().unwrap())
}

fn pair() -> (TcpListener, TcpStream, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let (server, _) = listener.accept().unwrap();
    (listener, client, server)
}

/// The first `Some` that `pick` returns for a change of the table.
fn delta<T>(heard: &Heard, what: &str, mut pick: impl FnMut(&Delta) -> Option<T>) -> T {
    heard.find(what, |seen| match &seen.kind {
        EventKind::Row(delta) => pick(delta),
        _ => None,
    })
}

fn row_of(heard: &Heard, wanted: Flow) -> Row {
    delta(heard, "row", |delta| match delta {
        Delta::Found(row) | Delta::Added(row) | Delta::Changed(row) if row.flow == wanted => Some(row.clone()),
        _ => None,
    })
}

/// Watches the port of `listener`, and waits for its row.
fn watch(listener: &TcpListener) -> (SocketTable, Heard) {
    let addr = listener.local_addr().unwrap();
    let (sink, heard) = sink(1000);
    let table = SocketTable::start(sink, Scope::ports([addr.port()])).unwrap();
    let row = row_of(&heard, Flow::unconnected(Proto::Tcp, addr));
    assert_eq!(row.state, Some(TcpState::Listen));
    (table, heard)
}

fn it_reports_its_source_and_the_existing_sockets() {
    let (listener, client, _server) = pair();
    let (sink, heard) = sink(100);
    let _table = SocketTable::start(sink, Scope::ports([listener.local_addr().unwrap().port()])).unwrap();
    let first = heard.next(super::heard::DEADLINE).unwrap();
    assert_eq!(first.kind, EventKind::Note(Note::TableFrom { source: TableSource::SockDiag }));
    let row = row_of(&heard, flow(&client));
    assert_eq!((row.state, row.recv_q, row.send_q), (Some(TcpState::Established), Some(0), Some(0)));
}

/// A reading finds another connection of the same port as well; a lookup finds the one that was asked for.
fn a_lookup_answers_for_both_ends_before_the_next_reading() {
    const TIMES: usize = 20;
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let (table, heard) = watch(&listener);
    let connect = || TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let ends = |stream: &TcpStream| [flow(stream), flow(stream).mirror().unwrap()];
    let mut before_a_reading = 0;
    for _ in 0..TIMES {
        let (other, client) = (connect(), connect());
        table.lookup([flow(&client)]);
        // Either end may come first.
        let mut rows = std::collections::BTreeMap::new();
        let mut was_read = false;
        while rows.len() < 2 {
            let row = delta(&heard, "both ends", |delta| match delta {
                Delta::Added(row) => Some(row.clone()),
                _ => None,
            });
            was_read |= ends(&other).contains(&row.flow);
            if ends(&client).contains(&row.flow) {
                rows.insert(row.flow, row);
            }
        }
        assert_eq!(rows[&flow(&client)].state, Some(TcpState::Established));
        let waiting = &rows[&flow(&client).mirror().unwrap()];
        assert!(waiting.waits_for_accept(), "{waiting:?}");
        before_a_reading += usize::from(!was_read);
        (0..2).for_each(|_| drop(listener.accept().unwrap()));
    }
    // By chance, of two pairs of rows in one reading, one comes whole before the other one time in six.
    assert!(before_a_reading > TIMES / 2, "{before_a_reading} of {TIMES}");
}

fn a_connection_is_followed_to_its_end() {
    let (listener, client, mut server) = pair();
    let (table, heard) = watch(&listener);
    let ours = flow(&client);
    client.shutdown(Shutdown::Write).unwrap();
    table.lookup([ours]);
    let mut states = std::collections::BTreeMap::new();
    while states.get(&ours) != Some(&TcpState::FinWait2) {
        let row = delta(&heard, "state", |delta| match delta {
            Delta::Found(row) | Delta::Added(row) | Delta::Changed(row) => Some(row.clone()),
            Delta::Gone(_) | Delta::Unwatched(_) => None,
        });
        states.insert(row.flow, row.state.unwrap());
    }
    server.read_to_end(&mut Vec::new()).unwrap();
    drop(server);
    drop(client);
    // No lookup is requested: the kernel's announcement of the destroyed sockets triggers it.
    let tombstone = delta(&heard, "TIME_WAIT", |delta| match delta {
        Delta::Changed(row) if row.state == Some(TcpState::TimeWait) => Some(row.clone()),
        _ => None,
    });
    assert_eq!((tombstone.flow, tombstone.inode), (ours, Some(0)));
    let left = tombstone.timer.unwrap().left();
    assert!(left > Duration::from_secs(50) && left <= Duration::from_secs(61), "{left:?}");
}

fn a_reset_connection_is_gone_at_both_ends() {
    let (listener, client, server) = pair();
    let (_table, heard) = watch(&listener);
    row_of(&heard, flow(&client));
    let ends = [flow(&client), flow(&server)];
    socket2::SockRef::from(&client).set_linger(Some(Duration::ZERO)).unwrap();
    drop(client);
    drop(server);
    let mut gone = std::collections::BTreeSet::new();
    while gone.len() < 2 {
        gone.insert(delta(&heard, "end", |delta| match delta {
            Delta::Gone(key) if ends.contains(&key.flow) => Some(key.flow),
            _ => None,
        }));
    }
}

fn it_is_silent_while_nothing_changes_and_a_timer_runs_down() {
    let (listener, client, server) = pair();
    drop(client);
    drop(server);
    let (_table, heard) = watch(&listener);
    // Skip the rest of the first reading; then expect silence for some ten readings.
    while heard.next(Duration::from_millis(300)).is_some() {}
    assert_eq!(heard.next(Duration::from_millis(1500)), None);
}

fn rows_refused_by_a_full_queue_are_reported_later() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let clients: Vec<TcpStream> =
        (0..50).map(|_| TcpStream::connect(listener.local_addr().unwrap()).unwrap()).collect();
    let (sink, heard) = sink(8);
    let _table = SocketTable::start(sink.clone(), Scope::ports([listener.local_addr().unwrap().port()])).unwrap();
    let end = Instant::now() + super::heard::DEADLINE;
    while sink.take_lost() == 0 {
        assert!(Instant::now() < end, "the queue was never full");
        std::thread::yield_now();
    }
    let mut known = std::collections::BTreeSet::new();
    while known.len() < 101 {
        let added = delta(&heard, "rows", |delta| match delta {
            Delta::Found(row) | Delta::Added(row) => Some(row.flow),
            other => panic!("{other:?}"),
        });
        assert!(known.insert(added), "{added} was said twice");
    }
    assert!(clients.iter().all(|client| known.contains(&flow(client))));
}

fn sockets_leaving_the_scope_are_unwatched_and_those_entering_it_are_found() {
    let (one, other) = (TcpListener::bind("127.0.0.1:0").unwrap(), TcpListener::bind("127.0.0.1:0").unwrap());
    let (table, heard) = watch(&one);
    table.scope(Scope::ports([other.local_addr().unwrap().port()]));
    let gone = delta(&heard, "end", |delta| match delta {
        Delta::Unwatched(key) => Some(key.flow.local),
        _ => None,
    });
    assert_eq!(gone, one.local_addr().unwrap());
    row_of(&heard, Flow::unconnected(Proto::Tcp, other.local_addr().unwrap()));
}

fn processes_are_named_on_request_and_kept() {
    let (listener, client, _server) = pair();
    let (table, heard) = watch(&listener);
    let row = row_of(&heard, flow(&client));
    assert_eq!(row.process, None);
    table.name([row.inode.unwrap()]);
    let named = row_of(&heard, row.flow).process.expect("a process");
    assert_eq!(named.pid, std::process::id());
    assert!(!named.name.is_empty());
    (&client).write_all(b"not read").unwrap();
    table.lookup([row.flow]);
    let later = delta(&heard, "bytes", |delta| match delta {
        Delta::Changed(row) if row.recv_q == Some(8) => Some(row.flow),
        Delta::Changed(row) if row.flow == flow(&client) => {
            assert_eq!(row.process.as_ref(), Some(&named));
            None
        }
        _ => None,
    });
    assert_eq!(Some(later), row.flow.mirror());
}

fn the_selected_connections_tcp_info_is_reported_whenever_it_changes() {
    let (listener, mut client, mut server) = pair();
    let (table, heard) = watch(&listener);
    let info = |heard: &Heard| {
        heard.find("TCP_INFO", |seen| match &seen.kind {
            EventKind::Info(info) => {
                assert_eq!(seen.evidence, Evidence::Sampled);
                Some(info.clone())
            }
            _ => None,
        })
    };
    table.detail(Some(flow(&client)));
    let before = info(&heard);
    assert_eq!(before.flow, flow(&client));
    assert_eq!((before.bytes_sent, before.ssthresh), (Some(0), None));
    assert!(before.cwnd > 0 && before.snd_mss > 0 && before.rto_us >= 200_000, "{before:?}");
    assert!(before.congestion.is_some_and(|name| !name.is_empty()));
    client.write_all(b"Hello, world").unwrap();
    server.read_exact(&mut [0; 12]).unwrap();
    let after = info(&heard);
    assert_eq!(after.bytes_sent, Some(12));
}

fn udp_sockets_connected_and_not_are_found_by_lookup() {
    let server = UdpSocket::bind("127.0.0.1:0").unwrap();
    let addr = server.local_addr().unwrap();
    let (sink, heard) = sink(100);
    let table = SocketTable::start(sink, Scope::ports([addr.port()])).unwrap();
    assert_eq!(row_of(&heard, Flow::unconnected(Proto::Udp, addr)).state, None);
    let client = UdpSocket::bind("127.0.0.1:0").unwrap();
    client.connect(addr).unwrap();
    let flow = Flow { proto: Proto::Udp, local: client.local_addr().unwrap(), peer: Some(addr) };
    table.lookup([flow]);
    assert_eq!(row_of(&heard, flow).state, None);
    drop(client);
    delta(&heard, "end", |delta| matches!(delta, Delta::Gone(key) if key.flow == flow).then_some(()));
}

/// Whether or not the source can look one socket up.
fn a_udp_client_is_followed_until_the_table_has_no_socket_of_it() {
    followed_to_its_end(Source::best());
    followed_to_its_end(Source::ProcNet);
}

/// Connected or not, and bound to all addresses or to one.
fn followed_to_its_end(source: Source) {
    let server = UdpSocket::bind("127.0.0.1:0").unwrap();
    let addr = server.local_addr().unwrap();
    let (sink, heard) = sink(1000);
    let table = SocketTable::start_on(sink, Scope::ports([addr.port()]), source).unwrap();
    for (bind, connects) in [("0.0.0.0:0", false), ("127.0.0.1:0", false), ("127.0.0.1:0", true)] {
        let client = UdpSocket::bind(bind).unwrap();
        if connects {
            client.connect(addr).unwrap();
        }
        client.send_to(b"x", addr).ok().or_else(|| client.send(b"x").ok()).unwrap();
        let (_, from) = server.recv_from(&mut [0; 9]).unwrap();
        let end = Flow { proto: Proto::Udp, local: from, peer: Some(addr) };
        table.follow([end]);
        let is_gone = |delta: &Delta| matches!(delta, Delta::Gone(key) if key.flow == end);
        // It is there as long as it is open: the reading that is asked for now shows it.
        let marker = UdpSocket::bind("127.0.0.1:0").unwrap();
        let marked = Flow { proto: Proto::Udp, local: marker.local_addr().unwrap(), peer: Some(addr) };
        drop(marker);
        table.refresh();
        table.follow([marked]);
        delta(&heard, "end of the other", |delta| {
            assert!(!is_gone(delta), "{end}");
            matches!(delta, Delta::Gone(key) if key.flow == marked).then_some(())
        });
        drop(client);
        delta(&heard, "end", |delta| is_gone(delta).then_some(()));
    }
}

fn a_udp_client_that_has_left_already_is_reported_gone() {
    let server = UdpSocket::bind("127.0.0.1:0").unwrap();
    let addr = server.local_addr().unwrap();
    let (sink, heard) = sink(100);
    let table = SocketTable::start(sink, Scope::ports([addr.port()])).unwrap();
    let client = UdpSocket::bind("127.0.0.1:0").unwrap();
    let end = Flow { proto: Proto::Udp, local: client.local_addr().unwrap(), peer: Some(addr) };
    drop(client);
    table.follow([end]);
    delta(&heard, "end", |delta| matches!(delta, Delta::Gone(key) if key.flow == end).then_some(()));
}

fn the_process_of_a_client_is_reported_though_its_row_is_not_watched() {
    let server = UdpSocket::bind("127.0.0.1:0").unwrap();
    let addr = server.local_addr().unwrap();
    let (sink, heard) = sink(100);
    let table = SocketTable::start(sink, Scope::ports([addr.port()])).unwrap();
    let client = UdpSocket::bind("127.0.0.1:0").unwrap();
    let end = Flow { proto: Proto::Udp, local: client.local_addr().unwrap(), peer: Some(addr) };
    table.follow([end]);
    let process = heard.find("process", |seen| match &seen.kind {
        EventKind::Holder(holder) if holder.flow == end => Some(holder.process.pid),
        _ => None,
    });
    assert_eq!(process, std::process::id());
}

fn a_listener_ends_with_its_program() {
    const LISTENS: &str = "import socket\ns = socket.create_server(('127.0.0.1', 0))\n\
                           print(s.getsockname()[1], flush=True)\ninput()\ns.close()\nprint(0, flush=True)\ninput()";
    for is_killed in [true, false] {
        let mut python = Command::new("python3");
        python.args(["-c", LISTENS]).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut program = python.spawn().unwrap();
        let mut said = BufReader::new(program.stdout.take().unwrap()).lines();
        let port: u16 = said.next().unwrap().unwrap().parse().unwrap();
        let (sink, heard) = sink(100);
        let table = SocketTable::start(sink, Scope::ports([port])).unwrap();
        let flow = Flow::unconnected(Proto::Tcp, ([127, 0, 0, 1], port).into());
        table.name(row_of(&heard, flow).inode);
        delta(&heard, "process", |delta| {
            matches!(delta, Delta::Changed(row) if row.flow == flow && row.process.is_some()).then_some(())
        });
        if is_killed {
            program.kill().unwrap();
        } else {
            writeln!(program.stdin.as_mut().unwrap()).unwrap();
        }
        let mut causes = Vec::new();
        heard.find("end", |seen| match &seen.kind {
            EventKind::State(change) => {
                causes.push(change.cause);
                None
            }
            EventKind::Row(Delta::Gone(key)) if key.flow == flow => Some(()),
            _ => None,
        });
        // One that closed its socket and runs on has said nothing of why.
        assert_eq!(causes, if is_killed { vec![Some(Cause::Exit)] } else { vec![] });
        program.kill().unwrap();
        program.wait().unwrap();
    }
}
