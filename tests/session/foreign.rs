//! Other programs' clients work with the servers.
#![cfg(unix)]

use std::process::{Command, Stdio};

use crate::harness::{Need::Tool, Test, async_test};
use crate::stage::{ASYNC, ECHO, Shown, Stage, THREADED, UDP};

pub(crate) fn tests() -> Vec<Test> {
    vec![
        async_test(a_first_python_client_is_answered, &[Tool("python3")]),
        async_test(a_line_at_a_time_through_a_file_as_socketserver_tutorials_do, &[Tool("python3")]),
        async_test(one_program_talks_to_three_servers_in_turn, &[Tool("python3")]),
        async_test(python_sends_a_datagram, &[Tool("python3")]),
        async_test(nc_is_answered, &[Tool("nc")]),
        async_test(a_port_check_breaks_no_server, &[]),
    ]
}

/// The output of a program, which has timeouts of its own.
async fn printed(program: &'static str, args: Vec<String>, input: &'static str) -> String {
    let run = move || {
        let mut child =
            Command::new(program).args(args).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("it starts");
        std::io::Write::write_all(&mut child.stdin.take().unwrap(), input.as_bytes()).unwrap();
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "{:?}", output.status);
        String::from_utf8(output.stdout).unwrap()
    };
    tokio::task::spawn_blocking(run).await.unwrap()
}

/// Ports of the four servers.
fn ports(shown: &Shown) -> [String; 4] {
    [THREADED, ECHO, ASYNC, UDP].map(|id| shown.server(id).addr().port().to_string())
}

async fn python(script: &str, args: &[String]) -> String {
    let args = ["-c".to_owned(), script.to_owned()].into_iter().chain(args.iter().cloned()).collect();
    printed("python3", args, "").await
}

async fn a_first_python_client_is_answered() {
    const CLIENT: &str = "
import socket, sys
with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as s:
    s.settimeout(20)
    s.connect(('127.0.0.1', int(sys.argv[1])))
    s.sendall(b'Hello, world')
    print(s.getsockname()[1], s.recv(1024).decode())
";
    let mut stage = Stage::lab().await;
    let ports = ports(&stage.now());
    for (port, expected) in ports.iter().zip(["HELLO, WORLD", "Hello, world", "HELLO, WORLD"]) {
        let said = python(CLIENT, std::slice::from_ref(port)).await;
        let (own, answer) = said.trim_end().split_once(' ').unwrap();
        assert_eq!(answer, expected);
        let own: u16 = own.parse().unwrap();
        stage.when("its port on the screen", |shown| shown.client_ports().contains(&own)).await;
    }
    stage.quits().await;
}

async fn a_line_at_a_time_through_a_file_as_socketserver_tutorials_do() {
    const CLIENT: &str = r"
import socket, sys
with socket.create_connection(('localhost' if False else '127.0.0.1', int(sys.argv[1])), timeout=20) as sock:
    with sock.makefile('rwb') as f:
        for line in ['bom dia', 'até amanhã', 'x' * 10000]:
            f.write(line.encode() + b'\n'); f.flush()
            print(f.readline().decode().strip())
";
    let stage = Stage::lab().await;
    let said = python(CLIENT, &ports(&stage.now())[..1]).await;
    let lines: Vec<_> = said.lines().collect();
    assert_eq!(lines, ["BOM DIA", "ATÉ AMANHÃ", &"X".repeat(10_000)]);
    stage.quits().await;
}

async fn one_program_talks_to_three_servers_in_turn() {
    const CLIENT: &str = "
import socket, sys
socks = []
for port in sys.argv[1:4]:
    s = socket.socket(socket.AF_INET, socket.SOCK_STREAM); s.settimeout(20)
    s.connect(('127.0.0.1', int(port))); socks.append(s)
for s in socks: s.sendall(b'the same line\\n')
for s in socks: print(s.recv(1024).decode().strip())
for s in socks: s.close()
";
    let mut stage = Stage::lab().await;
    let said = python(CLIENT, &ports(&stage.now())[..3]).await;
    assert_eq!(said.lines().collect::<Vec<_>>(), ["THE SAME LINE", "the same line", "THE SAME LINE"]);
    stage
        .until("three clients came and went", |shown| {
            (shown.clients().len() == 3 && shown.world.clients.live() == 0).then_some(())
        })
        .await;
    stage.quits().await;
}

async fn python_sends_a_datagram() {
    const CLIENT: &str = "
import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.settimeout(20)
s.sendto(b'oi', ('127.0.0.1', int(sys.argv[4])))
print(s.recvfrom(1024)[0].decode())
";
    let mut stage = Stage::lab().await;
    assert_eq!(python(CLIENT, &ports(&stage.now())).await, "OI\n");
    let gone = |shown: &Shown| (shown.clients().len() == 1 && shown.world.clients.live() == 0).then_some(());
    stage.until("its socket is gone from the table", gone).await;
    stage.quits().await;
}

async fn nc_is_answered() {
    let stage = Stage::lab().await;
    let ports = ports(&stage.now());
    for (port, expected) in ports.iter().zip(["OLÁ\n", "olá\n", "OLÁ\n"]) {
        // -N: send a FIN when the input ends; -w: never longer than this.
        let args = ["-N", "-w", "20", "127.0.0.1", port].map(str::to_owned).to_vec();
        assert_eq!(printed("nc", args, "olá\n").await, expected);
    }
    stage.quits().await;
}

async fn a_port_check_breaks_no_server() {
    let mut stage = Stage::lab().await;
    let shown = stage.now();
    for id in [THREADED, ECHO, ASYNC] {
        for _ in 0..5 {
            let socket = std::net::TcpStream::connect(shown.server(id).addr()).unwrap();
            // Closed with a reset, as a connect scan does.
            let _ = rustix::net::sockopt::set_socket_linger(&socket, Some(std::time::Duration::ZERO));
        }
    }
    stage.types("cjcjc");
    stage.when("all of them answer", |shown| shown.answered() == 3).await;
    stage.quits().await;
}
