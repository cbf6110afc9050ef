//! The network interfaces of this machine: their names, what they can carry now, and on which of them packets are captured.

use std::borrow::Borrow;
use std::collections::BTreeSet;
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::excerpt::sanitise;
use super::text_enum::{UnknownText, serde_as_text, text_enum};

/// The name of an interface, safe to show; cheap to clone, since each packet carries one.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct InterfaceName(Arc<str>);

impl InterfaceName {
    /// The longest name that is kept, in bytes. Linux allows 15; a file from elsewhere may say `\Device\NPF_{…}`.
    const LONGEST: usize = 255;

    /// A name as the system or a file has it.
    pub fn of(bytes: &[u8]) -> Self {
        Self(sanitise(&bytes[..bytes.len().min(Self::LONGEST)]).into())
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Borrow<str> for InterfaceName {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl From<&str> for InterfaceName {
    fn from(name: &str) -> Self {
        Self::of(name.as_bytes())
    }
}

impl fmt::Display for InterfaceName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl FromStr for InterfaceName {
    type Err = UnknownText;
    fn from_str(text: &str) -> Result<Self, UnknownText> {
        Ok(text.into())
    }
}

serde_as_text!(InterfaceName);

text_enum! {
    /// Whether packets can cross an interface (`netdevice(7)`).
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub enum InterfaceState {
        /// It is up, and its link works (`IFF_UP`, `IFF_RUNNING`).
        Up = "up",
        /// It is up, but its cable is not plugged in, or its other end is down.
        NoLink = "no_link",
        /// It was taken down, or never brought up.
        Down = "down",
        /// There is none of this name, or no more.
        Missing = "missing",
    }
}

/// An interface of this machine, as it is now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NetInterface {
    /// Its name.
    pub name: InterfaceName,
    /// Its number in its network namespace.
    pub index: u32,
    /// Whether packets can cross it.
    pub state: InterfaceState,
    /// Whether it is the loopback.
    pub loopback: bool,
    /// Its addresses.
    pub addresses: Vec<IpAddr>,
}

/// An interface on which packets are captured as far as its state allows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CapturedInterface {
    /// Its name.
    pub name: InterfaceName,
    /// Whether packets can cross it.
    pub state: InterfaceState,
}

impl CapturedInterface {
    /// One that packets can cross.
    pub fn up(name: &str) -> Self {
        Self { name: name.into(), state: InterfaceState::Up }
    }
}

/// Which interfaces packets are to be captured on: those that were chosen, or else the loopback and those that the
/// laboratory's traffic takes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CapturePlan {
    /// The names that were chosen; [`CapturePlan::ANY`] stands for all.
    pub chosen: Option<BTreeSet<InterfaceName>>,
    /// Where the clients go.
    pub targets: BTreeSet<SocketAddr>,
    /// Where the servers listen.
    pub servers: BTreeSet<IpAddr>,
}

impl CapturePlan {
    /// The name that stands for every interface, as `tcpdump` has it.
    pub const ANY: &str = "any";

    /// How many addresses of targets are remembered.
    pub const MOST_TARGETS: usize = 64;

    /// The interfaces to capture on, of all that there are now, and those of a chosen name that are missing. `source` is
    /// the address of ours from which a packet to another is sent.
    pub fn wanted(
        &self,
        all: &[NetInterface],
        source: impl Fn(SocketAddr) -> Option<IpAddr>,
    ) -> Vec<CapturedInterface> {
        let captured = |found: &NetInterface| CapturedInterface { name: found.name.clone(), state: found.state };
        let Some(chosen) = &self.chosen else {
            let routed = self.routed(all, source);
            return all.iter().filter(|found| routed.contains(&found.index)).map(captured).collect();
        };
        let any = chosen.iter().any(|name| name.as_str() == Self::ANY);
        let there = all.iter().filter(|found| any || chosen.contains(&found.name)).map(captured);
        let is_missing = |name: &&InterfaceName| name.as_str() != Self::ANY && all.iter().all(|at| at.name != **name);
        let missing = chosen.iter().filter(is_missing);
        let missing = missing.map(|name| CapturedInterface { name: name.clone(), state: InterfaceState::Missing });
        there.chain(missing).collect()
    }

    /// The numbers of the interfaces that the laboratory's traffic takes.
    fn routed(&self, all: &[NetInterface], source: impl Fn(SocketAddr) -> Option<IpAddr>) -> BTreeSet<u32> {
        let mut found: BTreeSet<u32> = all.iter().filter(|at| at.loopback).map(|at| at.index).collect();
        let mut with = |wants: &dyn Fn(&NetInterface) -> bool| {
            found.extend(all.iter().filter(|at| wants(at)).map(|at| at.index));
        };
        for target in &self.targets {
            match (target, source(*target)) {
                // To ourselves packets go by the loopback, whatever address they have.
                (_, Some(from)) if from == target.ip() => {}
                (SocketAddr::V6(there), _) if there.scope_id() > 0 => with(&|at| at.index == there.scope_id()),
                (_, Some(from)) => with(&|at| at.addresses.contains(&from)),
                (_, None) => {}
            }
        }
        for server in &self.servers {
            let is_up = |at: &NetInterface| at.state == InterfaceState::Up;
            match server {
                IpAddr::V4(any) if any.is_unspecified() => {
                    with(&|at| is_up(at) && at.addresses.iter().any(IpAddr::is_ipv4));
                }
                // On Linux such a socket takes IPv4 too (`ipv6(7)`, `bindv6only`).
                IpAddr::V6(any) if any.is_unspecified() => with(&|at| is_up(at) && !at.addresses.is_empty()),
                one => with(&|at| at.addresses.contains(one)),
            }
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn machine() -> Vec<NetInterface> {
        use InterfaceState::{Down, NoLink, Up};
        let lines = [
            (1, "lo", Up, "127.0.0.1 ::1"),
            (2, "eth0", Up, "192.168.0.10 fe80::10"),
            (3, "wlan0", Down, "10.0.0.7"),
            (4, "docker0", NoLink, "172.17.0.1"),
            (5, "veth1", Up, ""),
        ];
        let made = lines.map(|(index, name, state, addresses)| NetInterface {
            name: name.into(),
            index,
            state,
            loopback: index == 1,
            addresses: addresses.split_whitespace().map(|ip| ip.parse().unwrap()).collect(),
        });
        made.into()
    }

    /// The names that a plan wants; to 192.168.0.0/24 and to itself this machine sends from 192.168.0.10.
    fn names(plan: &CapturePlan) -> String {
        let source = |there: SocketAddr| match there.ip() {
            ip if ip.to_string().starts_with("192.168.0.") => "192.168.0.10".parse().ok(),
            ip if ip.to_string().starts_with("fe80") => "fe80::10".parse().ok(),
            ip if ip.is_loopback() => Some(ip),
            _ => None,
        };
        let wanted = plan.wanted(&machine(), source);
        wanted.iter().map(|one| format!("{} {}", one.name, one.state)).collect::<Vec<_>>().join(", ")
    }

    fn plan(targets: &[&str], servers: &[&str]) -> CapturePlan {
        let targets = targets.iter().map(|target| target.parse().unwrap()).collect();
        let servers = servers.iter().map(|server| server.parse().unwrap()).collect();
        CapturePlan { chosen: None, targets, servers }
    }

    #[test]
    fn by_default_it_is_the_loopback() {
        assert_eq!(names(&CapturePlan::default()), "lo up");
        assert_eq!(names(&plan(&["127.0.0.1:65432", "[::1]:65432"], &["127.0.0.1", "::1"])), "lo up");
    }

    #[test]
    fn a_target_adds_the_interface_that_routes_to_it() {
        assert_eq!(names(&plan(&["192.168.0.7:65432"], &[])), "lo up, eth0 up");
        assert_eq!(names(&plan(&["[fe80::7%5]:65432"], &[])), "lo up, veth1 up");
        // To one of our own addresses by the loopback; to one without a route by none.
        assert_eq!(names(&plan(&["192.168.0.10:65432", "203.0.113.1:1"], &[])), "lo up");
    }

    #[test]
    fn a_server_adds_the_interfaces_that_carry_its_address() {
        assert_eq!(names(&plan(&[], &["10.0.0.7"])), "lo up, wlan0 down");
        assert_eq!(names(&plan(&[], &["0.0.0.0"])), "lo up, eth0 up");
        assert_eq!(names(&plan(&[], &["::"])), "lo up, eth0 up");
    }

    #[test]
    fn a_choice_is_kept_also_while_an_interface_is_missing() {
        let chosen = |names: &[&str]| {
            let chosen = names.iter().map(|name| (*name).into()).collect();
            CapturePlan { chosen: Some(chosen), ..plan(&["192.168.0.7:65432"], &["0.0.0.0"]) }
        };
        assert_eq!(names(&chosen(&["wlan0"])), "wlan0 down");
        assert_eq!(names(&chosen(&["tun0", "lo"])), "lo up, tun0 missing");
        assert_eq!(names(&chosen(&["any"])), "lo up, eth0 up, wlan0 down, docker0 no_link, veth1 up");
        assert_eq!(names(&chosen(&[])), "");
    }

    #[test]
    fn a_name_is_bounded_and_safe() {
        assert_eq!(InterfaceName::of(b"e\x1b[31m").as_str(), "e\u{241b}[31m");
        assert!(InterfaceName::of(&[b'x'; 5_000]).as_str().len() == InterfaceName::LONGEST);
    }
}
