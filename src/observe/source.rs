//! The sources of a socket table reading.

use std::io;

use super::completeness::Completeness;
#[cfg(target_os = "linux")]
use super::diag::SockDiag;
use super::portable;
#[cfg(target_os = "linux")]
use super::proc_net;
use super::scope::Scope;
use crate::domain::note::TableSource;
use crate::domain::{Flow, Row, TcpInfo};

/// The result of looking up one socket by its exact addresses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Lookup {
    Found(Box<Row>),
    NotFound,
    Unsupported,
}

/// A source of readings.
#[derive(Debug)]
pub enum Source {
    /// The kernel, queried directly.
    #[cfg(target_os = "linux")]
    Diag(SockDiag),
    /// The kernel's text files, where it cannot be queried.
    #[cfg(target_os = "linux")]
    ProcNet,
    /// The portable library.
    Portable,
}

impl Source {
    /// The best source on this machine, tested by one reading that selects almost nothing.
    pub fn best() -> Self {
        #[cfg(target_os = "linux")]
        {
            if let Ok(mut diag) = SockDiag::open()
                && diag.dump(&Scope::ports([0]), &mut |_| ()).is_ok()
            {
                return Self::Diag(diag);
            }
            if proc_net::dump(&Scope::ports([0]), &mut |_| ()).is_ok() {
                return Self::ProcNet;
            }
        }
        Self::Portable
    }

    /// Its name in reports.
    pub const fn name(&self) -> TableSource {
        match self {
            #[cfg(target_os = "linux")]
            Self::Diag(_) => TableSource::SockDiag,
            #[cfg(target_os = "linux")]
            Self::ProcNet => TableSource::ProcNet,
            Self::Portable => TableSource::Netstat2,
        }
    }

    /// Reads every socket of `scope` and passes it to `each`. After an error, the rows so far are true but incomplete.
    pub fn dump(&mut self, scope: &Scope, each: &mut dyn FnMut(Row)) -> io::Result<Completeness> {
        match self {
            #[cfg(target_os = "linux")]
            Self::Diag(diag) => diag.dump(scope, each),
            #[cfg(target_os = "linux")]
            Self::ProcNet => proc_net::dump(scope, each),
            Self::Portable => portable::dump(scope, each),
        }
    }

    /// Looks one socket up.
    pub fn lookup(&mut self, flow: &Flow) -> io::Result<Lookup> {
        match self {
            #[cfg(target_os = "linux")]
            Self::Diag(diag) => Ok(diag.lookup(flow)?.map_or(Lookup::NotFound, |row| Lookup::Found(Box::new(row)))),
            #[cfg(target_os = "linux")]
            Self::ProcNet => Ok(Lookup::Unsupported),
            Self::Portable => {
                let _ = flow;
                Ok(Lookup::Unsupported)
            }
        }
    }

    /// Looks up the socket that would receive what the peer sends to this end. A UDP socket need not be connected.
    pub fn receiver(&mut self, flow: &Flow) -> io::Result<Lookup> {
        match self {
            #[cfg(target_os = "linux")]
            Self::Diag(diag) => Ok(diag.receiver(flow)?.map_or(Lookup::NotFound, |row| Lookup::Found(Box::new(row)))),
            #[cfg(target_os = "linux")]
            Self::ProcNet => Ok(Lookup::Unsupported),
            Self::Portable => self.lookup(flow),
        }
    }

    /// The `TCP_INFO` of one socket, where the source and the socket have it.
    pub fn info(&mut self, flow: &Flow) -> io::Result<Option<TcpInfo>> {
        match self {
            #[cfg(target_os = "linux")]
            Self::Diag(diag) => diag.info(flow),
            #[cfg(target_os = "linux")]
            Self::ProcNet => Ok(None),
            Self::Portable => {
                let _ = flow;
                Ok(None)
            }
        }
    }
}

/// One complete reading in the calling thread, for a command that prints the table once.
///
/// # Errors
/// The source's own; `Interrupted` when the table changed during every attempt, so rows may be missing.
pub fn dump(scope: &Scope) -> io::Result<Vec<Row>> {
    let mut rows = Vec::new();
    match Source::best().dump(scope, &mut |row| rows.push(row))? {
        Completeness::Complete => Ok(rows),
        Completeness::Interrupted => Err(io::ErrorKind::Interrupted.into()),
    }
}
