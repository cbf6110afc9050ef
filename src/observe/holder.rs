//! Which process holds a port.

use std::collections::BTreeSet;
use std::net::{IpAddr, SocketAddr};

use super::process::named;
use super::scope::Scope;
use super::source;
use crate::domain::{Process, Proto, TcpState};

/// The process that listens on `addr` (for UDP: has bound it), directly or through a wildcard address. `None` when there
/// is none, or it may not be known. Blocks for as long as a walk through `/proc` takes.
pub fn holder(proto: Proto, addr: SocketAddr) -> Option<Process> {
    let rows = source::dump(&Scope::ports([addr.port()])).ok()?;
    let held = rows.into_iter().find(|row| {
        row.flow.proto == proto
            && row.flow.local.port() == addr.port()
            && (row.state == Some(TcpState::Listen) || proto == Proto::Udp)
            && conflict(row.flow.local.ip(), addr.ip())
    })?;
    held.process.or_else(|| {
        let inode = held.inode.filter(|inode| *inode != 0)?;
        named(&BTreeSet::from([inode])).remove(&inode)
    })
}

/// Whether two sockets on one port would conflict, going by their addresses.
fn conflict(one: IpAddr, other: IpAddr) -> bool {
    let one = one.to_canonical();
    let other = other.to_canonical();
    one == other || one.is_unspecified() || other.is_unspecified()
}
