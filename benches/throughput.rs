//! What watching costs: uploads and round trips of each server on the screen, against the same server without
//! instrumentation in a process of its own. Median of fifteen pairs, one after the other; at least 0.95 as an ordinary user,
//! 0.85 as root, whose laboratory captures and traces.
//!
//! `cargo bench --bench throughput`, on a machine that has nothing else to do.

#[cfg(not(target_os = "linux"))]
fn main() {}

#[cfg(target_os = "linux")]
fn main() -> std::io::Result<()> {
    linux::main()
}

#[cfg(target_os = "linux")]
mod linux {
    use std::io::{self, BufRead, BufReader, Read, Write};
    use std::net::{Shutdown, TcpListener, TcpStream, UdpSocket};
    use std::process::{Child, Command, Stdio};
    use std::thread;
    use std::time::Instant;

    use portable_pty::{CommandBuilder, PtySize, native_pty_system};
    use socklab::api::domain::Answer;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    const PAIRS: usize = 15;
    /// Of [`CHUNK`] bytes each: about 60 MB.
    const CHUNKS: u32 = 3_662;
    const CHUNK: usize = 16_384;
    const TRIPS: u32 = 20_000;
    /// The buffer of the laboratory's servers.
    const BUFFER: usize = 4096;

    /// The ports of the four servers: threaded, echo, async, UDP.
    type Ports = [u16; 4];

    pub(super) fn main() -> io::Result<()> {
        if std::env::args().any(|argument| argument == "--bare") {
            return tokio::runtime::Builder::new_multi_thread()
                .worker_threads(2)
                .enable_all()
                .build()?
                .block_on(bare());
        }
        let mut bare = Command::new(std::env::current_exe()?).arg("--bare").stdout(Stdio::piped()).spawn()?;
        let result = compare(&mut bare);
        bare.kill()?;
        bare.wait()?;
        result
    }

    fn compare(bare: &mut Child) -> io::Result<()> {
        let mut line = String::new();
        BufReader::new(bare.stdout.take().expect("it is piped")).read_line(&mut line)?;
        let ports: Vec<u16> = line.split_whitespace().filter_map(|port| port.parse().ok()).collect();
        let bare = Ports::try_from(ports).expect("four servers");
        let watched = free_ports()?;
        let size = PtySize { rows: 36, cols: 120, pixel_width: 0, pixel_height: 0 };
        let pair = native_pty_system().openpty(size).expect("there are pseudoterminals");
        let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_socklab-tui"));
        for (kind, port) in ["threaded", "echo", "async", "udp"].into_iter().zip(watched) {
            command.args(["--server".into(), format!("{kind}={port}")]);
        }
        command.env("TERM", "xterm-256color");
        // The default is the home directory.
        command.cwd(std::env::current_dir()?);
        let mut program = pair.slave.spawn_command(command).expect("the program was built");
        let mut screen = pair.master.try_clone_reader().expect("it can be read");
        thread::spawn(move || while screen.read(&mut [0; CHUNK]).is_ok_and(|len| len > 0) {});
        for port in &watched[..3] {
            while TcpStream::connect(("127.0.0.1", *port)).is_err() {
                assert!(program.try_wait()?.is_none(), "the laboratory has ended");
                thread::yield_now();
            }
        }
        for (at, name) in ["threaded", "echo", "async"].into_iter().enumerate() {
            report(&format!("{name}, upload in MB/s"), || upload(watched[at]), || upload(bare[at]))?;
            report(&format!("{name}, round trips a second"), || trips(watched[at]), || trips(bare[at]))?;
        }
        report("udp, round trips a second", || datagrams(watched[3]), || datagrams(bare[3]))?;
        program.kill()?;
        program.wait()?;
        Ok(())
    }

    /// Ports that were free a moment ago, the last one of UDP.
    fn free_ports() -> io::Result<Ports> {
        let tcp = [0; 3].map(|port| TcpListener::bind(("127.0.0.1", port)));
        let [threaded, echo, tasks] = tcp;
        let udp = UdpSocket::bind("127.0.0.1:0")?;
        Ok([
            threaded?.local_addr()?.port(),
            echo?.local_addr()?.port(),
            tasks?.local_addr()?.port(),
            udp.local_addr()?.port(),
        ])
    }

    fn report(what: &str, watched: impl Fn() -> io::Result<f64>, bare: impl Fn() -> io::Result<f64>) -> io::Result<()> {
        let mut ratios = Vec::new();
        let (mut with, mut without) = (Vec::new(), Vec::new());
        for pair in 0..PAIRS {
            // Whichever is first in one pair is second in the next.
            let (watched, bare) = if pair % 2 == 0 {
                let watched = watched()?;
                (watched, bare()?)
            } else {
                let bare = bare()?;
                (watched()?, bare)
            };
            ratios.push(watched / bare);
            with.push(watched);
            without.push(bare);
        }
        let [ratio, with, without] = [&mut ratios, &mut with, &mut without].map(|all| {
            all.sort_by(f64::total_cmp);
            all[PAIRS / 2]
        });
        let (least, most) = (ratios[0], ratios[PAIRS - 1]);
        println!("{what}: {with:.0} watched, {without:.0} bare, ratio {ratio:.3} ({least:.2} to {most:.2})");
        Ok(())
    }

    /// Sends as much as fits while another thread reads the answers. In megabytes a second.
    fn upload(port: u16) -> io::Result<f64> {
        let mut stream = TcpStream::connect(("127.0.0.1", port))?;
        let mut answers = stream.try_clone()?;
        let reader = thread::spawn(move || {
            let mut buffer = [0; CHUNK];
            while answers.read(&mut buffer).is_ok_and(|len| len > 0) {}
        });
        let chunk = [b'a'; CHUNK];
        let begun = Instant::now();
        for _ in 0..CHUNKS {
            stream.write_all(&chunk)?;
        }
        stream.shutdown(Shutdown::Write)?;
        reader.join().expect("it only reads");
        let megabytes = f64::from(CHUNKS) * 0.016_384;
        Ok(megabytes / begun.elapsed().as_secs_f64())
    }

    fn trips(port: u16) -> io::Result<f64> {
        let mut stream = TcpStream::connect(("127.0.0.1", port))?;
        stream.set_nodelay(true)?;
        let begun = Instant::now();
        for _ in 0..TRIPS {
            stream.write_all(b"x")?;
            stream.read_exact(&mut [0])?;
        }
        Ok(f64::from(TRIPS) / begun.elapsed().as_secs_f64())
    }

    fn datagrams(port: u16) -> io::Result<f64> {
        let socket = UdpSocket::bind("127.0.0.1:0")?;
        socket.connect(("127.0.0.1", port))?;
        let begun = Instant::now();
        for _ in 0..TRIPS {
            socket.send(b"x")?;
            socket.recv(&mut [0; 16])?;
        }
        Ok(f64::from(TRIPS) / begun.elapsed().as_secs_f64())
    }

    /// The same four servers, and nobody who watches.
    async fn bare() -> io::Result<()> {
        let threaded = TcpListener::bind("127.0.0.1:0")?;
        let [echo, tasks] =
            [tokio::net::TcpListener::bind("127.0.0.1:0").await?, tokio::net::TcpListener::bind("127.0.0.1:0").await?];
        let udp = tokio::net::UdpSocket::bind("127.0.0.1:0").await?;
        let ports = [threaded.local_addr()?, echo.local_addr()?, tasks.local_addr()?, udp.local_addr()?];
        println!("{}", ports.map(|addr| addr.port().to_string()).join(" "));
        thread::spawn(move || {
            for stream in threaded.incoming().map_while(Result::ok) {
                thread::spawn(move || converse(stream));
            }
        });
        tokio::spawn(async move {
            while let Ok((stream, _)) = echo.accept().await {
                talk(stream, Answer::Same).await;
            }
        });
        tokio::spawn(async move {
            let mut buffer = vec![0; 65_535];
            while let Ok((len, from)) = udp.recv_from(&mut buffer).await {
                let _ = udp.send_to(&Answer::Upper.to(&buffer[..len]), from).await;
            }
        });
        loop {
            let (stream, _) = tasks.accept().await?;
            tokio::spawn(talk(stream, Answer::Upper));
        }
    }

    fn converse(mut stream: TcpStream) {
        let mut buffer = [0; BUFFER];
        while let Ok(len @ 1..) = stream.read(&mut buffer) {
            if stream.write_all(&Answer::Upper.to(&buffer[..len])).is_err() {
                return;
            }
        }
    }

    async fn talk(mut stream: tokio::net::TcpStream, answer: Answer) {
        let mut buffer = [0; BUFFER];
        while let Ok(len @ 1..) = stream.read(&mut buffer).await {
            if stream.write_all(&answer.to(&buffer[..len])).await.is_err() {
                return;
            }
        }
    }
}
