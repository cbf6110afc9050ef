//! Which servers there are, from where they can be reached, and the limits for other machines: the same in every command
//! with servers.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use clap::{Args, ValueEnum};

use crate::domain::{Limits, Rule, ServerKind, ServerSpec};

/// The options for servers.
#[derive(Debug, Clone, Args)]
pub struct ServersArgs {
    /// Start this server instead of the usual four, or besides those of a preset: KIND is threaded, echo, async or udp; ADDR a port or an address with a
    /// port, such as 0.0.0.0:65432 for the whole network. Can be given several times
    #[arg(long, value_name = "KIND=ADDR", value_parser = server)]
    pub server: Vec<(ServerKind, SocketAddr)>,

    /// Start a preset of servers
    #[arg(long, value_enum)]
    pub preset: Option<Preset>,

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

/// A preset of servers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Preset {
    /// The course's own scripts: echo on 65432/tcp, threaded on 65433/tcp, async on 65434/tcp, udp on 65431/udp
    Class,
}

impl ServersArgs {
    /// The servers to start, or to watch: those of the preset and those given one by one, or else the usual four. One that
    /// was given an address beyond loopback keeps it.
    pub fn specs(&self) -> Vec<ServerSpec> {
        let local = |port| SocketAddr::new(Ipv4Addr::LOCALHOST.into(), port);
        let mut chosen = match self.preset {
            Some(Preset::Class) => vec![
                (ServerKind::Echo, local(65432)),
                (ServerKind::Threaded, local(65433)),
                (ServerKind::Async, local(65434)),
                (ServerKind::Udp, local(65431)),
            ],
            None if self.server.is_empty() => {
                ServerKind::ALL.iter().map(|kind| (*kind, local(kind.usual_port()))).collect()
            }
            None => vec![],
        };
        // A port of the preset that is asked for is the asked one's.
        let taken = |(kind, addr): &(ServerKind, SocketAddr)| {
            self.server.iter().any(|(other, asked)| asked.port() == addr.port() && other.proto() == kind.proto())
        };
        chosen.retain(|server| !taken(server));
        chosen.extend(&self.server);
        let asked = self.bind.or_else(|| self.lan.then_some(Ipv4Addr::UNSPECIFIED.into()));
        let spec = |(place, (kind, addr)): (usize, &(ServerKind, SocketAddr))| {
            let before = chosen[..place].iter().filter(|(other, _)| other == kind).count();
            let ip = if addr.ip().is_loopback() { asked.unwrap_or(addr.ip()) } else { addr.ip() };
            kind.spec(SocketAddr::new(ip, addr.port()), before)
        };
        chosen.iter().enumerate().map(spec).collect()
    }

    /// The limits for other machines.
    pub fn limits(&self) -> Limits {
        self.limit.iter().fold(Limits::default(), |limits, (rule, number)| limits.with(*rule, *number))
    }
}

fn server(text: &str) -> Result<(ServerKind, SocketAddr), String> {
    let (kind, addr) = text.split_once('=').ok_or("expected KIND=ADDR, such as echo=65433")?;
    let kind: ServerKind = kind.parse().map_err(|_| {
        let names: Vec<_> = ServerKind::ALL.iter().map(|kind| kind.name()).collect();
        format!("{kind:?} is not a kind of server: {}", names.join(", "))
    })?;
    if let Ok(addr) = addr.parse() {
        return Ok((kind, addr));
    }
    let (ip, port) = addr.rsplit_once(':').unwrap_or(("", addr));
    let ip = if ip.is_empty() { "127.0.0.1" } else { ip };
    let ip: IpAddr = ip.parse().map_err(|_| format!("{ip:?} is not an address: give a number such as 127.0.0.1"))?;
    let port = port.parse().map_err(|_| format!("{port:?} is not a port: give a number from 0 to 65535"))?;
    Ok((kind, SocketAddr::new(ip, port)))
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
    use crate::domain::Proto;

    #[test]
    fn limits_are_set_and_taken_away() {
        let limits = |args: &[&str]| {
            Cli::try_parse_from([&["socklab-tui"], args].concat())
                .map(|cli| cli.lab.servers.limits())
                .map_err(|e| e.to_string())
        };
        assert_eq!(limits(&[]), Ok(Limits::default()));
        let changed = limits(&["--limit", "idle=off", "--limit", "connections=5"]).unwrap();
        assert_eq!((changed.of(Rule::Idle), changed.of(Rule::Connections)), (None, Some(5)));
        assert!(limits(&["--limit", "reflector=1"]).unwrap_err().contains("not a rule"));
        assert!(limits(&["--limit", "idle=0"]).unwrap_err().contains("from 1"));
    }

    fn specs(args: &[&str]) -> Vec<(String, Proto, String)> {
        let cli = Cli::try_parse_from([&["socklab-tui"], args].concat()).unwrap();
        cli.lab.servers.specs().into_iter().map(|spec| (spec.name, spec.proto, spec.addr.to_string())).collect()
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
        let class = [
            "echo tcp 127.0.0.1:65432",
            "threaded tcp 127.0.0.1:65433",
            "async tcp 127.0.0.1:65434",
            "udp udp 127.0.0.1:65431",
        ];
        assert_eq!(named, class);
        let more = specs(&["--server", "echo=7001", "--preset", "class"]);
        let more: Vec<_> = more.iter().map(|s| format!("{} {}", s.0, s.2)).collect();
        assert_eq!((more.len(), more[4].as_str()), (5, "echo2 127.0.0.1:7001"));
        let other = specs(&["--preset", "class", "--server", "async=65432", "--server", "udp=65432"]);
        let other: Vec<_> = other.iter().map(|s| format!("{} {}", s.0, s.2)).collect();
        assert_eq!(other[0], "threaded 127.0.0.1:65433");
        assert_eq!(other[3..], ["async2 127.0.0.1:65432", "udp2 127.0.0.1:65432"]);
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
