//! The cost of the wire lab: opening it, and carrying packets at full speed. Prints the times beside the budgets.
//!
//! `cargo bench --bench wire`. Needs the capability `wire`.

#[cfg(not(target_os = "linux"))]
fn main() {}

#[cfg(target_os = "linux")]
fn main() {
    linux::main();
}

#[cfg(target_os = "linux")]
mod linux {
    use std::io::{self, Read, Write};
    use std::net::{Shutdown, TcpListener, TcpStream};
    use std::os::fd::OwnedFd;
    use std::sync::atomic::{AtomicU64, Ordering};
    use std::sync::{Arc, Condvar, Mutex};
    use std::thread;
    use std::time::{Duration, Instant};

    use socklab::api::domain::{
        Clock, EventKind, EventQueue, EventSink, Flow, HostId, LinkKind, Observation, Row, TcpInfo, WireCommand,
        WireEvent, WireMode,
    };
    use socklab::api::observe::{Scope, SockDiag};
    use socklab::api::wire::{ReadTable, Wire, WireOptions};

    /// Counts the reports, and notes when the last delivery was reported.
    #[derive(Default)]
    struct Count(AtomicU64, Mutex<(u64, Option<Instant>)>, Condvar);

    impl EventQueue for Count {
        fn offer(&self, seen: Observation) -> bool {
            self.0.fetch_add(1, Ordering::Relaxed);
            if matches!(seen.kind, EventKind::Wire(WireEvent::Delivered { .. })) {
                let mut delivered = self.1.lock().unwrap();
                *delivered = (delivered.0 + 1, Some(Instant::now()));
                self.2.notify_one();
            }
            true
        }
    }

    impl Count {
        /// How long it takes until a packet is delivered that `order` asks for.
        fn delivery(&self, order: impl FnOnce()) -> Duration {
            let before = self.1.lock().unwrap().0;
            let begin = Instant::now();
            order();
            let mut delivered = self.1.lock().unwrap();
            while delivered.0 == before {
                delivered = self.2.wait(delivered).unwrap();
            }
            delivered.1.map_or(Duration::ZERO, |at| at - begin)
        }
    }

    /// Reads a host's table as the program does.
    struct HostTable;

    impl ReadTable for HostTable {
        fn dump(&self, diag: &OwnedFd) -> io::Result<Vec<Row>> {
            let mut rows = Vec::new();
            SockDiag::on(diag.try_clone()?)?.dump(&Scope::All, &mut |row| rows.push(row))?;
            Ok(rows)
        }

        fn lookup(&self, diag: &OwnedFd, flow: Flow) -> io::Result<Option<Row>> {
            SockDiag::on(diag.try_clone()?)?.lookup(&flow)
        }

        fn info(&self, diag: &OwnedFd, flow: &Flow) -> io::Result<Option<TcpInfo>> {
            SockDiag::on(diag.try_clone()?)?.info(flow)
        }
    }

    pub(super) fn main() {
        for link in [LinkKind::Tun, LinkKind::Veth] {
            measure(link);
        }
    }

    fn open(link: LinkKind, queue: &Arc<Count>) -> Wire {
        let binary = Some(env!("CARGO_BIN_EXE_socklab-tui").into());
        let options = WireOptions { link: Some(link), binary, ..WireOptions::default() };
        let sink = EventSink::new(Clock::start(), Arc::clone(queue) as Arc<dyn EventQueue>);
        Wire::open(&sink, &options, HostTable).unwrap_or_else(|error| panic!("missing: wire ({error})"))
    }

    fn measure(link: LinkKind) {
        let queue = Arc::new(Count::default());
        let mut times: Vec<Duration> = (0..11)
            .map(|_| {
                let begin = Instant::now();
                let wire = open(link, &queue);
                let took = begin.elapsed();
                drop(wire);
                took
            })
            .collect();
        times.sort_unstable();
        println!("{link}: open: median {:?}, longest {:?} (promised 30 ms)", times[5], times[10]);

        let wire = open(link, &queue);
        wire.command(WireCommand::Mode(None, WireMode::Live)).unwrap();
        let addr = (wire.host(HostId::Server).address(), 65432).into();
        let listener = wire.host(HostId::Server).stream(addr).unwrap();
        listener.bind(&addr.into()).unwrap();
        listener.listen(8).unwrap();
        let listener = TcpListener::from(listener);
        let client = || {
            let client = wire.host(HostId::Client).stream(addr).unwrap();
            client.connect(&addr.into()).unwrap();
            TcpStream::from(client)
        };
        packets(link, Pair::of(&listener, client()));

        let begin = queue.0.load(Ordering::Relaxed);
        let echo = serve(listener);
        let speed = flood(client());
        println!("{link}: echo: {speed:.0} MB/s (promised 50), {} events", queue.0.load(Ordering::Relaxed) - begin);
        drop(wire);
        echo.join().unwrap();
        step(link, &queue);
    }

    /// How long the oldest of many held packets takes to its delivery, with all that is looked up for it.
    fn step(link: LinkKind, queue: &Arc<Count>) {
        const CONNECTIONS: usize = 2_000;
        const STEPS: usize = 500;
        let wire = open(link, queue);
        let addr = (wire.host(HostId::Server).address(), 65432).into();
        let listener = wire.host(HostId::Server).stream(addr).unwrap();
        listener.bind(&addr.into()).unwrap();
        listener.listen(4_096).unwrap();
        let clients: Vec<_> = (0..CONNECTIONS)
            .map(|_| {
                let client = wire.host(HostId::Client).stream(addr).unwrap();
                client.set_nonblocking(true).unwrap();
                let _ = client.connect(&addr.into());
                client
            })
            .collect();
        let mut took: Vec<Duration> =
            (0..STEPS).map(|_| queue.delivery(|| wire.command(WireCommand::Next).unwrap())).collect();
        took.sort_unstable();
        println!(
            "{link}: a step among {} connections: median {:?}, p99 {:?} (promised 5 ms)",
            clients.len(),
            took[STEPS / 2],
            took[STEPS * 99 / 100]
        );
    }

    /// The time that the wire adds to a packet's way, there or back: one byte from a thread's `write` to the `read` of
    /// another. The same on loopback, in turns: what else the machine does is in both.
    fn packets(link: LinkKind, mut wire: Pair) {
        const TURNS: usize = 50;
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let mut local = Pair::of(&listener, TcpStream::connect(listener.local_addr().unwrap()).unwrap());
        for _ in 0..TURNS {
            wire.ping(200);
            local.ping(200);
        }
        let wire = wire.end();
        let local = local.end();
        let at = |times: &[Duration], percent: usize| times[times.len() * percent / 100];
        let added = |percent| at(&wire, percent).saturating_sub(at(&local, percent));
        println!(
            "{link}: a packet: median {:?}, p99 {:?} more than on loopback (promised 100 µs); {:?} and {:?}, there {:?} and {:?}",
            added(50),
            added(99),
            at(&wire, 50),
            at(&wire, 99),
            at(&local, 50),
            at(&local, 99),
        );
    }

    /// Two ends of a connection, the other one held by a thread that echoes.
    struct Pair {
        client: TcpStream,
        /// When a byte was written, and when it was back.
        times: Vec<(Instant, Instant)>,
        /// Returns when each byte arrived.
        answers: thread::JoinHandle<Vec<Instant>>,
    }

    impl Pair {
        fn of(listener: &TcpListener, client: TcpStream) -> Self {
            let (mut server, _) = listener.accept().unwrap();
            client.set_nodelay(true).unwrap();
            server.set_nodelay(true).unwrap();
            let answers = thread::spawn(move || {
                let mut byte = [0];
                let mut times = Vec::with_capacity(1 << 15);
                while server.read(&mut byte).is_ok_and(|length| length > 0) {
                    times.push(Instant::now());
                    server.write_all(&byte).unwrap();
                }
                times
            });
            Self { client, times: Vec::with_capacity(1 << 15), answers }
        }

        fn ping(&mut self, count: usize) {
            for _ in 0..count {
                let begin = Instant::now();
                self.client.write_all(b"x").unwrap();
                self.client.read_exact(&mut [0]).unwrap();
                self.times.push((begin, Instant::now()));
            }
        }

        /// How long each packet took, sorted.
        fn end(self) -> Vec<Duration> {
            drop(self.client);
            let answers = self.answers.join().unwrap();
            assert_eq!(answers.len(), self.times.len());
            let ways = self.times.iter().zip(answers).flat_map(|((sent, back), there)| [there - *sent, *back - there]);
            let mut ways: Vec<_> = ways.collect();
            ways.sort_unstable();
            ways
        }
    }

    /// An echo server for one connection.
    fn serve(listener: TcpListener) -> thread::JoinHandle<()> {
        thread::spawn(move || {
            let (mut connection, _) = listener.accept().unwrap();
            connection.set_nodelay(true).unwrap();
            let mut buffer = vec![0; 1 << 16];
            while let Ok(length @ 1..) = connection.read(&mut buffer) {
                if connection.write_all(&buffer[..length]).is_err() {
                    break;
                }
            }
        })
    }

    /// Megabytes a second that come back.
    fn flood(client: TcpStream) -> f64 {
        const BYTES: u32 = 256 << 20;
        let mut out = client.try_clone().unwrap();
        let mut back = client;
        let begin = Instant::now();
        let writer = thread::spawn(move || {
            let block = vec![7; 1 << 16];
            for _ in 0..BYTES >> 16 {
                out.write_all(&block).unwrap();
            }
            out.shutdown(Shutdown::Write).unwrap();
        });
        let mut buffer = vec![0; 1 << 16];
        let mut got = 0_u64;
        while let Ok(length @ 1..) = back.read(&mut buffer) {
            got += length as u64;
        }
        writer.join().unwrap();
        assert_eq!(got, u64::from(BYTES));
        f64::from(BYTES) / 1e6 / begin.elapsed().as_secs_f64()
    }
}
