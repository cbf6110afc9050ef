//! What the wire lab costs: opening it, and carrying packets at full speed. Prints; compares with what was promised.
//!
//! `cargo bench --bench wire`. Needs the capability `wire`.

#[cfg(target_os = "linux")]
#[path = "../tests/wire/diag.rs"]
mod diag;

#[cfg(not(target_os = "linux"))]
fn main() {}

#[cfg(target_os = "linux")]
fn main() {
    linux::main();
}

#[cfg(target_os = "linux")]
mod linux {
    use std::io::{Read, Write};
    use std::net::{Shutdown, TcpListener, TcpStream};
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU64, Ordering};
    use std::thread;
    use std::time::{Duration, Instant};

    use socklab::domain::{Clock, HostId, LinkKind, Mode, Observation, Probe, Sink, WireCommand};
    use socklab::wire::{Options, Wire};

    /// Counts what is reported.
    #[derive(Default)]
    struct Count(AtomicU64);

    impl Sink for Count {
        fn offer(&self, _: Observation) -> bool {
            self.0.fetch_add(1, Ordering::Relaxed);
            true
        }
    }

    pub(super) fn main() {
        for link in [LinkKind::Tun, LinkKind::Veth] {
            measure(link);
        }
    }

    fn open(link: LinkKind, sink: &Arc<Count>) -> Wire {
        let binary = Some(env!("CARGO_BIN_EXE_socklab-tui").into());
        let options = Options { link: Some(link), binary, ..Options::default() };
        let probe = Probe::new(Clock::start(), Arc::clone(sink) as Arc<dyn Sink>);
        Wire::open(&probe, &options, super::diag::dump).unwrap_or_else(|error| panic!("missing: wire ({error})"))
    }

    fn measure(link: LinkKind) {
        let sink = Arc::new(Count::default());
        let mut times: Vec<Duration> = (0..11)
            .map(|_| {
                let begin = Instant::now();
                let wire = open(link, &sink);
                let took = begin.elapsed();
                drop(wire);
                took
            })
            .collect();
        times.sort_unstable();
        println!("{link}: open: median {:?}, longest {:?} (promised 30 ms)", times[5], times[10]);

        let wire = open(link, &sink);
        wire.command(WireCommand::Mode(None, Mode::Live)).unwrap();
        let addr = (wire.host(HostId::Server).address(), 65432).into();
        let listener = wire.host(HostId::Server).stream(addr).unwrap();
        listener.bind(&addr.into()).unwrap();
        listener.listen(8).unwrap();
        let echo = serve(listener.into());
        let client = wire.host(HostId::Client).stream(addr).unwrap();
        client.connect(&addr.into()).unwrap();
        let wired = ping(client.into());
        let begin = sink.0.load(Ordering::Relaxed);
        let client = wire.host(HostId::Client).stream(addr).unwrap();
        client.connect(&addr.into()).unwrap();
        let speed = flood(client.into());
        println!("{link}: echo: {speed:.0} MB/s (promised 50), {} events", sink.0.load(Ordering::Relaxed) - begin);
        drop(wire);
        echo.join().unwrap();

        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let addr = listener.local_addr().unwrap();
        let echo = serve(listener);
        let local = ping(TcpStream::connect(addr).unwrap());
        flood(TcpStream::connect(addr).unwrap());
        echo.join().unwrap();
        let added = |at: usize| (wired[at].saturating_sub(local[at])) / 2;
        let (half, most) = (wired.len() / 2, wired.len() * 99 / 100);
        println!(
            "{link}: a packet: median {:?}, p99 {:?} more than on loopback (promised 100 µs); there and back {:?} and {:?}",
            added(half),
            added(most),
            wired[half],
            wired[most],
        );
    }

    /// An echo server for two connections, one after the other.
    fn serve(listener: TcpListener) -> thread::JoinHandle<()> {
        thread::spawn(move || {
            for _ in 0..2 {
                let (mut connection, _) = listener.accept().unwrap();
                connection.set_nodelay(true).unwrap();
                let mut buffer = vec![0; 1 << 16];
                while let Ok(length @ 1..) = connection.read(&mut buffer) {
                    if connection.write_all(&buffer[..length]).is_err() {
                        break;
                    }
                }
            }
        })
    }

    /// How long one byte takes there and back, sorted.
    fn ping(mut client: TcpStream) -> Vec<Duration> {
        client.set_nodelay(true).unwrap();
        let mut times: Vec<Duration> = (0..20_000)
            .map(|_| {
                let begin = Instant::now();
                client.write_all(b"x").unwrap();
                client.read_exact(&mut [0]).unwrap();
                begin.elapsed()
            })
            .collect();
        times.sort_unstable();
        times
    }

    /// Megabytes a second that come back.
    fn flood(client: TcpStream) -> f64 {
        const BYTES: u32 = 256 << 20;
        let (mut out, mut back) = (client.try_clone().unwrap(), client);
        let begin = Instant::now();
        let writer = thread::spawn(move || {
            let block = vec![7; 1 << 16];
            for _ in 0..BYTES >> 16 {
                out.write_all(&block).unwrap();
            }
            out.shutdown(Shutdown::Write).unwrap();
        });
        let (mut buffer, mut got) = (vec![0; 1 << 16], 0_u64);
        while let Ok(length @ 1..) = back.read(&mut buffer) {
            got += length as u64;
        }
        writer.join().unwrap();
        assert_eq!(got, u64::from(BYTES));
        f64::from(BYTES) / 1e6 / begin.elapsed().as_secs_f64()
    }
}
