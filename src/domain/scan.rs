//! The port check: its plan and its events. The results for single ports are in `verdict`.

use std::net::IpAddr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::address_scope::AddressScope;
use super::flow::Proto;
use super::ports::PortList;
use super::target::Unresolved;
use super::verdict::PortReport;

/// The parameters of a port check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScanPlan {
    /// The host, by name or address.
    pub host: String,
    /// Which ports of it.
    pub ports: PortList,
    /// TCP by `connect`, or UDP by a datagram.
    pub proto: Proto,
    /// How long to wait for each port. Meanwhile the probe is sent again about every second: a SYN by the kernel
    /// (RFC 6298), a datagram by us.
    pub timeout: Duration,
    /// The most ports to probe per second; by default a gentle rate.
    pub rate: Option<u32>,
    /// The user confirmed that a host outside [`AddressScope::is_local`] may be probed.
    pub confirmed: bool,
}

impl ScanPlan {
    /// The default timeout: longer than the kernel tries to resolve a neighbour that does not exist (three requests, a
    /// second each: `arp(7)`), so that a missing host differs from silence.
    pub const TIMEOUT: Duration = Duration::from_secs(4);

    /// A check of these ports with the default timeout and rate.
    pub fn new(host: impl Into<String>, ports: PortList, proto: Proto) -> Self {
        Self { host: host.into(), ports, proto, timeout: Self::TIMEOUT, rate: None, confirmed: false }
    }
}

/// Something happened in a port check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScanEvent {
    /// Which check, counted from 1.
    pub scan: u32,
    /// The change.
    #[serde(flatten)]
    pub change: ScanChange,
}

/// The events of a port check. `asked` is the host as it was typed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "change", rename_all = "snake_case")]
#[expect(missing_docs, reason = "a field has a comment where its name does not say enough")]
pub enum ScanChange {
    /// The host was resolved; its ports are probed from now on.
    Begun {
        asked: String,
        /// The address that is probed: the first that was found.
        address: IpAddr,
        /// The others that were found, in order.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        others: Vec<IpAddr>,
        proto: Proto,
        ports: PortList,
    },
    /// The host's name has no address: the check is over.
    Unresolved {
        asked: String,
        #[serde(flatten)]
        why: Unresolved,
    },
    /// The host is outside the local scopes and the user has not confirmed: the check is over.
    Unconfirmed {
        asked: String,
        address: IpAddr,
        #[serde(rename = "realm")]
        scope: AddressScope,
    },
    /// A port was probed.
    Port { report: PortReport },
    /// Every port was probed, or the user stopped the check.
    Ended {
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        stopped: bool,
    },
}
