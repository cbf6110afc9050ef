//! From where the servers can be reached, and the limits for other machines: the same in every command with servers.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use clap::Args;

use crate::domain::{Limits, Rule, ServerSpec};

/// The options for reach and limits.
#[derive(Debug, Clone, Args)]
pub struct ReachArgs {
    /// Open the servers to the network: they listen on every IPv4 address of this machine (0.0.0.0), not on loopback
    /// only
    #[arg(long)]
    pub lan: bool,

    /// Let the servers listen on this address of the machine instead of loopback; '::' is every address, on Linux those
    /// of IPv4 too
    #[arg(long, value_name = "ADDR", conflicts_with = "lan")]
    pub bind: Option<IpAddr>,

    /// Change what other machines may do to the servers, or take a limit away: RULE is connections, total, arrivals,
    /// idle, line, bytes, messages, datagrams or backlog. Can be given several times
    #[arg(long, value_name = "RULE=NUMBER|off", value_parser = limit)]
    pub limit: Vec<(Rule, Option<u64>)>,
}

impl ReachArgs {
    /// These servers at the requested address. One that was given an address beyond loopback keeps it.
    pub fn of(&self, servers: Vec<ServerSpec>) -> Vec<ServerSpec> {
        let asked = self.bind.or_else(|| self.lan.then_some(Ipv4Addr::UNSPECIFIED.into()));
        let moved = |spec: ServerSpec| match asked {
            Some(ip) if spec.addr.ip().is_loopback() => {
                ServerSpec { addr: SocketAddr::new(ip, spec.addr.port()), ..spec }
            }
            _ => spec,
        };
        servers.into_iter().map(moved).collect()
    }

    /// The limits for other machines.
    pub fn limits(&self) -> Limits {
        self.limit.iter().fold(Limits::default(), |limits, (rule, number)| limits.with(*rule, *number))
    }
}

fn limit(text: &str) -> Result<(Rule, Option<u64>), String> {
    let (rule, number) = text.split_once('=').ok_or("expected RULE=NUMBER, such as idle=60")?;
    let known = || Rule::ALL.iter().filter(|rule| rule.usual().is_some());
    let rule = known().find(|known| known.name() == rule).ok_or_else(|| {
        let names: Vec<_> = known().map(|rule| rule.name()).collect();
        format!("{rule:?} is not a rule: {}", names.join(", "))
    })?;
    match number {
        "off" => Ok((*rule, None)),
        number => match number.parse() {
            Ok(number @ 1..) => Ok((*rule, Some(number))),
            _ => Err(format!("{number:?}: give a number from 1, or off")),
        },
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;
    use crate::app::cli::Cli;

    #[test]
    fn limits_are_set_and_taken_away() {
        let limits = |args: &[&str]| {
            Cli::try_parse_from([&["socklab-tui"], args].concat())
                .map(|cli| cli.lab.reach.limits())
                .map_err(|e| e.to_string())
        };
        assert_eq!(limits(&[]), Ok(Limits::default()));
        let changed = limits(&["--limit", "idle=off", "--limit", "connections=5"]).unwrap();
        assert_eq!((changed.of(Rule::Idle), changed.of(Rule::Connections)), (None, Some(5)));
        assert!(limits(&["--limit", "reflector=1"]).unwrap_err().contains("not a rule"));
        assert!(limits(&["--limit", "idle=0"]).unwrap_err().contains("from 1"));
    }
}
