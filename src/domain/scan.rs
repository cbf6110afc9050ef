//! The port check: what is asked, and what happens in it. What a port turns out to be is in `verdict`.

use std::net::IpAddr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::address_scope::AddressScope;
use super::flow::Proto;
use super::ports::PortList;
use super::target::Unresolved;
use super::verdict::PortReport;

pub use super::verdict::IcmpError;

/// What a port check is asked to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScanPlan {
    /// The host, by name or address.
    pub host: String,
    /// Which ports of it.
    pub ports: PortList,
    /// TCP by `connect`, or UDP by a datagram.
    pub proto: Proto,
    /// How long each port is waited for. Meanwhile the question is sent again about every second: a SYN by the kernel
    /// (RFC 6298), a datagram by us.
    pub timeout: Duration,
    /// How many ports may be asked in a second; gentle when it is not said.
    pub rate: Option<u32>,
    /// Somebody said yes to asking a host beyond the networks of [`AddressScope::is_local`].
    pub confirmed: bool,
}

impl ScanPlan {
    /// How long a port is waited for when nothing else is said: longer than the kernel looks for a neighbour that is
    /// not there (three questions, a second each: `arp(7)`), so that this is told from silence.
    pub const TIMEOUT: Duration = Duration::from_secs(4);

    /// This host, these ports; everything else as usual.
    pub fn new(host: impl Into<String>, ports: PortList, proto: Proto) -> Self {
        Self { host: host.into(), ports, proto, timeout: Self::TIMEOUT, rate: None, confirmed: false }
    }
}

/// Something happened in a port check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScanEvent {
    /// Which check, counted from 1.
    pub scan: u32,
    /// What happened.
    #[serde(flatten)]
    pub change: ScanChange,
}

/// What can happen in a port check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "change", rename_all = "snake_case")]
pub enum ScanChange {
    /// The host was found; its ports are asked from now on.
    Begun {
        /// The host as it was asked for.
        asked: String,
        /// The address that is asked: the first that was found.
        address: IpAddr,
        /// The others that were found, in order.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        others: Vec<IpAddr>,
        /// TCP or UDP.
        proto: Proto,
        /// The ports.
        ports: PortList,
    },
    /// The host's name leads nowhere: the check is over.
    Unresolved {
        /// The host as it was asked for.
        asked: String,
        /// Why.
        #[serde(flatten)]
        why: Unresolved,
    },
    /// The host is not in a network that is asked without a question, and nobody said yes: the check is over.
    Unconfirmed {
        /// The host as it was asked for.
        asked: String,
        /// Its address.
        address: IpAddr,
        /// Where that is.
        #[serde(rename = "realm")]
        scope: AddressScope,
    },
    /// A port was asked, and this is what it is.
    Port {
        /// What it is.
        report: PortReport,
    },
    /// Every port was asked, or somebody stopped it.
    Ended {
        /// Somebody stopped it.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        stopped: bool,
    },
}
