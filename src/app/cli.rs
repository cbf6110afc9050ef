//! The command line.

pub mod network;
pub mod reach;

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::domain::{HostId, Lang, ServerKind, ServerSpec, TargetHost};
use crate::model::ui::ThemeName;
use reach::ReachArgs;

/// A socket laboratory in a terminal: start servers, spawn clients, and watch real TCP and UDP happen.
#[derive(Debug, Clone, Parser)]
#[command(name = "socklab-tui", version, max_term_width = 100, args_conflicts_with_subcommands = true)]
pub struct Cli {
    /// What to do instead of showing the laboratory
    #[command(subcommand)]
    pub command: Option<Command>,

    /// The laboratory
    #[command(flatten)]
    pub lab: LabArgs,
}

/// The commands that work without the screen.
#[derive(Debug, Clone, Subcommand)]
pub enum Command {
    /// Print the kernel's socket table, once or as it changes
    Netstat(NetstatArgs),
    /// Capture packets into a file or a pipe, or print them as a ladder, live or from a file
    Capture(CaptureArgs),
    /// Run the servers alone, with every event on standard output, until interrupted
    Serve(network::ServeArgs),
    /// Run one client that sends one message, with every event on standard output: 0 when it got an answer
    Client(network::ClientArgs),
    /// Check which ports of a host are open, closed or filtered, and show the observation behind each
    Scan(network::ScanArgs),
    /// Run scenarios without the screen: 0 when everything expected was seen, 1 when not, 2 for an invalid file
    Run(RunArgs),
    /// Start on the wire: two private hosts, and you decide about every packet between them
    Wire(LabArgs),
    /// Run a program on a host of the wire lab that is open in another terminal
    #[cfg(target_os = "linux")]
    Exec(ExecArgs),
    /// Check what works on this machine, and how to get the rest
    Doctor(DoctorArgs),
}

/// A program on one of the wire lab's hosts.
#[derive(Debug, Clone, Args)]
pub struct ExecArgs {
    /// The host: client or server
    #[arg(value_parser = host)]
    pub host: HostId,

    /// The process ID of the wire lab, when several are open
    #[arg(long, value_name = "PID")]
    pub of: Option<u32>,

    /// The language: en or pt-BR; by default that of the locale
    #[arg(long, value_parser = language)]
    pub lang: Option<Lang>,

    /// The program and its arguments
    #[arg(last = true, required = true)]
    pub argv: Vec<String>,
}

/// What works here.
#[derive(Debug, Clone, Args)]
pub struct DoctorArgs {
    /// The language: en or pt-BR; by default that of the locale
    #[arg(long, value_parser = language)]
    pub lang: Option<Lang>,
}

/// Scenarios, headless.
#[derive(Debug, Clone, Args)]
pub struct RunArgs {
    /// Files, or names of scenarios that come with the program
    #[arg(required_unless_present = "list")]
    pub files: Vec<String>,

    /// List the scenarios that come with the program
    #[arg(long)]
    pub list: bool,

    /// Send the clients to the servers of this host, on PORT or where a laboratory has them; for scenarios with world =
    /// "host"
    #[arg(long, value_name = "HOST[:PORT]", value_parser = network::target)]
    pub target: Option<TargetHost>,

    /// One JSON object a line: every event, and the result of each file
    #[arg(long)]
    pub json: bool,

    /// The language: en or pt-BR; by default that of the locale
    #[arg(long, value_parser = language)]
    pub lang: Option<Lang>,
}

/// The socket table on standard output.
#[derive(Debug, Clone, Args)]
pub struct NetstatArgs {
    /// Which sockets: a word or a number, as for grep, or fields such as 'port 65432 and state established'
    pub filter: Vec<String>,

    /// Keep printing changes until interrupted
    #[arg(long, short)]
    pub watch: bool,

    /// One JSON object a line
    #[arg(long)]
    pub json: bool,

    /// Name the processes (always named with --json)
    #[arg(long, short)]
    pub process: bool,
}

/// The ports captured by default: those of the laboratory's servers.
pub const PORTS: [u16; 4] = [65_431, 65_432, 65_433, 65_434];

/// Packets without the screen.
#[derive(Debug, Clone, Args)]
pub struct CaptureArgs {
    /// Which packets: words, or fields such as 'port 65432 and flags syn'; by default those of the laboratory's ports,
    /// and all packets of a file
    pub filter: Vec<String>,

    /// Write pcapng to this file; '-' is standard output: socklab-tui capture -w - | wireshark -k -i -
    #[arg(long, short, value_name = "FILE")]
    pub write: Option<PathBuf>,

    /// Read this capture file, pcap or pcapng, instead of capturing; '-' is standard input
    #[arg(long, short, value_name = "FILE")]
    pub read: Option<PathBuf>,

    /// Capture on this interface; 'any' means all [default: loopback]
    #[arg(long, short, value_name = "NAME", conflicts_with = "read")]
    pub interface: Option<String>,

    /// One JSON object a line, with the journal's keys for packets; times since the first packet
    #[arg(long, conflicts_with = "write")]
    pub json: bool,
}

/// The laboratory on the screen.
#[derive(Debug, Clone, Args)]
pub struct LabArgs {
    /// Start no server: watch another program's servers on the same ports
    #[arg(long)]
    pub observe: bool,

    /// Start this server instead of the usual four: KIND is threaded, echo, async or udp; ADDR a port or an address with a
    /// port. Can be given several times
    #[arg(long, value_name = "KIND=ADDR", value_parser = server)]
    pub server: Vec<(ServerKind, SocketAddr)>,

    /// From where the servers can be reached, and the limits for other machines
    #[command(flatten)]
    pub reach: ReachArgs,

    /// Start a preset of servers
    #[arg(long, value_enum, conflicts_with = "server")]
    pub preset: Option<Preset>,

    /// Send clients and broadcasts to this host instead of this machine, on PORT or on the ports of the servers here
    #[arg(long, value_name = "HOST[:PORT]", value_parser = network::target)]
    pub target: Option<TargetHost>,

    /// Start on the wire: two private hosts, and you decide about every packet between them
    #[arg(long)]
    pub wire: bool,

    /// Start with this capture file (pcap or pcapng) in the packets view; the laboratory runs meanwhile
    #[arg(long, value_name = "FILE")]
    pub open: Option<String>,

    /// The language of the screen: en or pt-BR; by default that of the locale
    #[arg(long, value_parser = language)]
    pub lang: Option<Lang>,

    /// The colours
    #[arg(long, value_enum)]
    pub theme: Option<ThemeArg>,

    /// Draw with ASCII characters only
    #[arg(long)]
    pub ascii: bool,

    /// Write every event to this file as it happens, one JSON object a line
    #[arg(long, value_name = "FILE")]
    pub record: Option<PathBuf>,
}

/// A preset of servers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Preset {
    /// The course's own scripts: echo on 65432/tcp, udp on 65431/udp, threaded on 65433/tcp
    Class,
}

/// The colour themes, by their names on the command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ThemeArg {
    Dark,
    Light,
    Contrast,
    Mono,
}

impl From<ThemeArg> for ThemeName {
    fn from(theme: ThemeArg) -> Self {
        match theme {
            ThemeArg::Dark => Self::Dark,
            ThemeArg::Light => Self::Light,
            ThemeArg::Contrast => Self::Contrast,
            ThemeArg::Mono => Self::Mono,
        }
    }
}

impl LabArgs {
    /// The servers to start, or to watch.
    pub fn servers(&self) -> Vec<ServerSpec> {
        self.reach.of(servers(&self.server, self.preset))
    }
}

/// The servers given one by one, or those of the preset, or the usual four.
fn servers(asked: &[(ServerKind, SocketAddr)], preset: Option<Preset>) -> Vec<ServerSpec> {
    let local = |port| SocketAddr::new(Ipv4Addr::LOCALHOST.into(), port);
    let chosen = match preset {
        _ if !asked.is_empty() => asked.to_vec(),
        Some(Preset::Class) => {
            vec![
                (ServerKind::Echo, local(65432)),
                (ServerKind::Threaded, local(65433)),
                (ServerKind::Udp, local(65431)),
            ]
        }
        None => vec![
            (ServerKind::Threaded, local(65432)),
            (ServerKind::Echo, local(65433)),
            (ServerKind::Async, local(65434)),
            (ServerKind::Udp, local(65432)),
        ],
    };
    let named = |(place, (kind, addr)): (usize, &(ServerKind, SocketAddr))| {
        let before = chosen[..place].iter().filter(|(other, _)| other == kind).count();
        kind.spec(*addr, before)
    };
    chosen.iter().enumerate().map(named).collect()
}

fn server(text: &str) -> Result<(ServerKind, SocketAddr), String> {
    let (kind, addr) = text.split_once('=').ok_or("expected KIND=ADDR, such as echo=65433")?;
    let kind: ServerKind =
        kind.parse().map_err(|_| format!("{kind:?} is not a kind of server: threaded, echo, async or udp"))?;
    let (ip, port) = match addr.rsplit_once(':') {
        _ if addr.parse::<SocketAddr>().is_ok() => return Ok((kind, addr.parse().map_err(|_| "")?)),
        Some(("", port)) => ("127.0.0.1", port),
        Some((ip, port)) => (ip, port),
        None => ("127.0.0.1", addr),
    };
    let ip: IpAddr = ip.parse().map_err(|_| format!("{ip:?} is not an address: give a number such as 127.0.0.1"))?;
    let port = port.parse().map_err(|_| format!("{port:?} is not a port: give a number from 0 to 65535"))?;
    Ok((kind, SocketAddr::new(ip, port)))
}

fn host(text: &str) -> Result<HostId, String> {
    text.parse().map_err(|_| "expected client or server".into())
}

fn language(text: &str) -> Result<Lang, String> {
    match text.to_ascii_lowercase().as_str() {
        "en" | "en-us" | "en_us" => Ok(Lang::En),
        "pt" | "pt-br" | "pt_br" => Ok(Lang::PtBr),
        _ => Err("expected en or pt-BR".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Proto;

    fn specs(args: &[&str]) -> Vec<(String, Proto, String)> {
        let cli = Cli::try_parse_from([&["socklab-tui"], args].concat()).unwrap();
        cli.lab.servers().into_iter().map(|spec| (spec.name, spec.proto, spec.addr.to_string())).collect()
    }

    #[test]
    fn the_definition_is_sound() {
        use clap::CommandFactory as _;
        Cli::command().debug_assert();
    }

    #[test]
    fn tcp_and_udp_share_a_number_by_default() {
        let all = specs(&[]);
        assert_eq!(all.len(), 4);
        assert_eq!((&all[0].2, &all[3].2), (&"127.0.0.1:65432".to_string(), &"127.0.0.1:65432".to_string()));
        assert_eq!((all[0].1, all[3].1), (Proto::Tcp, Proto::Udp));
    }

    #[test]
    fn servers_are_named_by_kind_and_counted() {
        let all = specs(&["--server", "echo=7001", "--server", "echo=127.0.0.1:7002", "--server", "udp=[::1]:7001"]);
        let named: Vec<_> = all.iter().map(|(name, _, addr)| format!("{name} {addr}")).collect();
        assert_eq!(named, ["echo 127.0.0.1:7001", "echo2 127.0.0.1:7002", "udp [::1]:7001"]);
    }

    #[test]
    fn the_preset_is_the_class_scripts() {
        let named: Vec<_> = specs(&["--preset", "class"]).iter().map(|s| format!("{} {} {}", s.0, s.1, s.2)).collect();
        assert_eq!(named, ["echo tcp 127.0.0.1:65432", "threaded tcp 127.0.0.1:65433", "udp udp 127.0.0.1:65431"]);
    }

    #[test]
    fn the_network_is_opened_by_asking_for_it_only() {
        let addrs = |args: &[&str]| specs(args).into_iter().map(|spec| spec.2).collect::<Vec<_>>();
        assert!(addrs(&[]).iter().all(|addr| addr.starts_with("127.0.0.1:")));
        assert!(addrs(&["--lan"]).iter().all(|addr| addr.starts_with("0.0.0.0:")));
        assert!(addrs(&["--bind", "::"]).iter().all(|addr| addr.starts_with("[::]:")));
        let mixed = addrs(&["--lan", "--server", "echo=7001", "--server", "udp=192.0.2.1:7002"]);
        assert_eq!(mixed, ["0.0.0.0:7001", "192.0.2.1:7002"]);
        assert!(Cli::try_parse_from(["socklab-tui", "--lan", "--bind", "::"]).is_err());
    }

    #[test]
    fn wrong_words_are_named() {
        for (arg, says) in [("ech=1", "not a kind of server"), ("echo", "KIND=ADDR"), ("echo=99999", "not a port")] {
            let error = Cli::try_parse_from(["socklab-tui", "--server", arg]).unwrap_err().to_string();
            assert!(error.contains(says), "{error}");
        }
    }
}
