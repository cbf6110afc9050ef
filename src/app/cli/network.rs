//! The command line of `scan`, `serve` and `client`, the commands about other machines.

use std::time::Duration;

use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};

use super::language;
use super::servers::ServersArgs;
use crate::domain::ports::{PortsError, PortsErrorKind};
use crate::domain::{Lang, PortList, Proto, ScanPlan, TargetHost};

/// A port check.
#[derive(Debug, Clone, Args)]
pub struct ScanArgs {
    /// The host, by name or address
    #[arg(value_parser = target)]
    pub host: TargetHost,

    /// The ports, as nmap takes them: 65432, 65432-65434, 22,80 or '-' for all; also threaded, echo, async, udp, lab
    /// [default: the port given with HOST, else lab, or udp with --udp]
    pub ports: Option<String>,

    /// The ports, in nmap's way: -p 65432 or -p65432
    #[arg(short, value_name = "PORTS", conflicts_with = "ports", allow_hyphen_values = true)]
    pub p: Option<String>,

    /// UDP instead of TCP
    #[arg(long, short)]
    pub udp: bool,

    /// One JSON object a line, each port as soon as it is known
    #[arg(long)]
    pub json: bool,

    /// Ports probed a second [default: 100; for UDP beyond this machine 1, after a burst of 5, because Linux answers
    /// no faster]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub rate: Option<u32>,

    /// How long to wait for each port; the probe is sent again about every second meanwhile
    #[arg(long, value_name = "SECONDS", default_value = "4", value_parser = seconds)]
    pub timeout: Duration,

    /// Check a host that is neither this machine nor in a private network: it is yours, or its owner has agreed
    #[arg(long, short)]
    pub yes: bool,

    /// The language: en or pt-BR; by default that of the locale
    #[arg(long, value_parser = language)]
    pub lang: Option<Lang>,
}

impl ScanArgs {
    /// TCP or UDP.
    pub const fn proto(&self) -> Proto {
        if self.udp { Proto::Udp } else { Proto::Tcp }
    }

    /// The ports: those listed, or the one given with the host, or the laboratory's.
    ///
    /// # Errors
    /// The text that was typed, and what is wrong with it.
    pub fn ports(&self) -> Result<PortList, (String, PortsError)> {
        let listed = self.ports.as_ref().or(self.p.as_ref());
        let usual = || Ok(PortList::usual(self.proto()));
        let ports = listed.map_or_else(usual, |typed| typed.parse().map_err(|error| (typed.clone(), error)))?;
        match (self.host.port, listed) {
            (Some(port), Some(typed)) => {
                let host = self.host.to_string();
                let at = host.len() - port.to_string().len()..host.len();
                Err((format!("{host} {typed}"), PortsError { at, kind: PortsErrorKind::Twice }))
            }
            (Some(port), None) => Ok(PortList::one(port).unwrap_or(ports)),
            (None, _) => Ok(ports),
        }
    }

    /// The check of these ports.
    pub fn plan(&self, ports: PortList) -> ScanPlan {
        ScanPlan {
            timeout: self.timeout,
            rate: self.rate,
            confirmed: self.yes,
            ..ScanPlan::new(self.host.name.clone(), ports, self.proto())
        }
    }
}

/// The servers alone.
#[derive(Debug, Clone, Args)]
pub struct ServeArgs {
    /// The servers
    #[command(flatten)]
    pub servers: ServersArgs,

    /// One JSON object a line: every event, as in the journal
    #[arg(long)]
    pub json: bool,

    /// The language: en or pt-BR; by default that of the locale
    #[arg(long, value_parser = language)]
    pub lang: Option<Lang>,
}

/// One client.
#[derive(Debug, Clone, Args)]
pub struct ClientArgs {
    /// tcp or udp
    #[arg(value_name = "KIND", value_parser = transport())]
    pub kind: Proto,

    /// The server: HOST or HOST:PORT; the default port is 65432
    #[arg(value_parser = target, value_name = "ADDR")]
    pub addr: TargetHost,

    /// The message it sends
    #[arg(default_value = crate::domain::client::GREETING)]
    pub message: String,

    /// How long to wait for each call
    #[arg(long, value_name = "SECONDS", default_value = "5", value_parser = seconds)]
    pub timeout: Duration,

    /// One JSON object a line: every event, as in the journal
    #[arg(long)]
    pub json: bool,

    /// The language: en or pt-BR; by default that of the locale
    #[arg(long, value_parser = language)]
    pub lang: Option<Lang>,
}

fn transport() -> impl TypedValueParser<Value = Proto> {
    PossibleValuesParser::new(["tcp", "udp"]).try_map(|kind| kind.parse())
}

pub(super) fn target(text: &str) -> Result<TargetHost, String> {
    text.parse().map_err(|_| "expected HOST or HOST:PORT, such as 192.168.0.7:65432 or [::1]:65432".into())
}

fn seconds(text: &str) -> Result<Duration, String> {
    let span = text.parse().ok().and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    let sensible = Duration::from_millis(50)..=Duration::from_mins(5);
    span.filter(|span| sensible.contains(span)).ok_or_else(|| "expected seconds, from 0.05 to 300".into())
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;
    use crate::app::cli::{Cli, Command};

    fn scan(words: &[&str]) -> ScanArgs {
        match Cli::try_parse_from([&["socklab-tui", "scan"], words].concat()).unwrap().command {
            Some(Command::Scan(args)) => args,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn ports_may_be_written_in_several_places() {
        for (words, ports) in [
            (&["lab"][..], "65432-65434"),
            (&["lab", "--udp"], "65432"),
            (&["lab:7"], "7"),
            (&["lab", "22,80"], "22,80"),
            (&["lab", "-p22,80"], "22,80"),
            (&["-p", "22,80", "lab"], "22,80"),
            (&["lab", "-p-"], "1-65535"),
            (&["lab", "-p", "-"], "1-65535"),
            (&["lab", "-p", "-100"], "1-100"),
            (&["lab", "-p", "echo", "--json"], "65433"),
            (&["[::1]:7"], "7"),
            (&["::1", "7"], "7"),
        ] {
            assert_eq!(scan(words).ports().unwrap().to_string(), ports, "{words:?}");
        }
        assert!(Cli::try_parse_from(["socklab-tui", "scan", "lab", "1", "-p2"]).is_err());
    }

    #[test]
    fn no_port_is_ignored() {
        for (words, typed, at) in [
            (&["lab:65432", "65433"][..], "lab:65432 65433", 4..9),
            (&["lab:65432", "lab"], "lab:65432 lab", 4..9),
            (&["[::1]:80", "-p22"], "[::1]:80 22", 6..8),
        ] {
            let error = PortsError { at, kind: PortsErrorKind::Twice };
            assert_eq!(scan(words).ports(), Err((typed.to_owned(), error)), "{words:?}");
        }
        let (typed, error) = scan(&["lab:65432", "x"]).ports().unwrap_err();
        assert_eq!((typed.as_str(), error.kind), ("x", PortsErrorKind::NotAPort));
    }
}
