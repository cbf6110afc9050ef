//! The command line.

pub mod network;
pub mod servers;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::domain::{HostId, Lang, TargetHost};
use crate::model::ui::ThemeName;
use servers::ServersArgs;

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
    #[arg(required_unless_present_any = ["list", "help_language"])]
    pub files: Vec<String>,

    /// List the scenarios that come with the program
    #[arg(long)]
    pub list: bool,

    /// Lessons of your own, found by name and listed: a file, or a folder of .toml files; may be given several times
    #[arg(long, value_name = "PATH")]
    pub lessons: Vec<PathBuf>,

    /// Print the reference of the language in which scenarios are written, as Markdown
    #[arg(long)]
    pub help_language: bool,

    /// Print each scenario as a script for packetdrill instead of playing it: HOST's part, of the client or of the server
    #[arg(long, value_name = "HOST", num_args = 0..=1, require_equals = true, default_missing_value = "client",
        value_parser = host, conflicts_with_all = ["target", "json"])]
    pub pkt: Option<HostId>,

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

    /// The language: en or pt-BR; by default that of the locale
    #[arg(long, value_parser = language)]
    pub lang: Option<Lang>,
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

    /// Read this capture file instead of capturing: pcap or pcapng, also compressed with gzip or zstd, of Ethernet, Linux
    /// cooked, loopback, PPP, C-HDLC, Frame Relay, 802.11, raw IP and a few more; '-' is standard input. What is not read
    /// is counted by name
    #[arg(long, short, value_name = "FILE")]
    pub read: Option<PathBuf>,

    /// Capture on this interface; may be given several times; 'any' means all [default: loopback]
    #[arg(long, short, value_name = "NAME", conflicts_with = "read")]
    pub interface: Vec<String>,

    /// One JSON object a line, with the journal's keys for packets; times since the first packet
    #[arg(long, conflicts_with = "write")]
    pub json: bool,

    /// The language: en or pt-BR; by default that of the locale
    #[arg(long, value_parser = language)]
    pub lang: Option<Lang>,
}

/// The laboratory on the screen.
#[derive(Debug, Clone, Args)]
pub struct LabArgs {
    /// Start no server: watch another program's servers on the same ports
    #[arg(long)]
    pub observe: bool,

    /// The servers
    #[command(flatten)]
    pub servers: ServersArgs,

    /// Send clients and broadcasts to this host instead of this machine, on PORT or on the ports of the servers here
    #[arg(long, value_name = "HOST[:PORT]", value_parser = network::target)]
    pub target: Option<TargetHost>,

    /// Capture packets on this interface; may be given several times; 'any' means all [default: loopback, and whatever
    /// the laboratory's traffic takes]
    #[arg(long, value_name = "NAME")]
    pub interface: Vec<String>,

    /// Start on the wire: two private hosts, and you decide about every packet between them
    #[arg(long)]
    pub wire: bool,

    /// Start with this capture file in the packets view: pcap or pcapng, also compressed with gzip or zstd; the laboratory
    /// runs meanwhile
    #[arg(long, value_name = "FILE")]
    pub open: Option<String>,

    /// Lessons of your own: a file, or a folder of .toml files; may be given several times. F6 lists them, and reads them
    /// again when they change
    #[arg(long, value_name = "PATH")]
    pub lessons: Vec<PathBuf>,

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

fn host(text: &str) -> Result<HostId, String> {
    text.parse().map_err(|_| "expected client or server".into())
}

fn language(text: &str) -> Result<Lang, String> {
    let asked = text.to_ascii_lowercase().replace('_', "-");
    let is_asked = |lang: &Lang| asked == lang.code() || asked == lang.name().to_ascii_lowercase();
    let known = Lang::ALL.iter().copied().find(is_asked).or((asked == "en-us").then_some(Lang::En));
    known.ok_or_else(|| {
        format!("expected {}", Lang::ALL.iter().map(|lang| lang.name()).collect::<Vec<_>>().join(" or "))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_definition_is_sound() {
        use clap::CommandFactory as _;
        Cli::command().debug_assert();
    }

    #[test]
    fn every_command_takes_a_language() {
        use clap::CommandFactory as _;
        let cli = Cli::command();
        let speaks = |command: &clap::Command| command.get_arguments().any(|arg| arg.get_long() == Some("lang"));
        let silent: Vec<_> =
            cli.get_subcommands().filter(|command| !command.is_hide_set() && !speaks(command)).collect();
        assert!(silent.is_empty() && speaks(&cli), "{silent:?}");
    }

    #[test]
    fn a_language_by_its_name_or_its_two_letters() {
        for (texts, lang) in [(["en", "en-US", "en_us"], Lang::En), (["pt", "pt-BR", "PT_br"], Lang::PtBr)] {
            assert!(texts.into_iter().all(|text| language(text) == Ok(lang)), "{lang}");
        }
        assert_eq!(language("fr"), Err("expected en or pt-BR".into()));
    }
}
