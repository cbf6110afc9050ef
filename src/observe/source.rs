//! Where a reading of the socket table comes from.

use std::io;

#[cfg(target_os = "linux")]
use super::diag::SockDiag;
use super::portable;
use super::scope::Scope;
use crate::domain::note::TableSource;
use crate::domain::{Flow, Row, TcpInfo};

/// Whether a reading that ended well can be relied on to show every socket that was there all the time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Completeness {
    /// It can: a socket that is not in it is gone.
    Complete,
    /// The kernel said that the table changed under it: what it shows is true, what it lacks may be there.
    Interrupted,
}

/// What one socket's exact lookup says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Lookup {
    /// There it is.
    Found(Box<Row>),
    /// There is no such socket.
    NotFound,
    /// This source cannot look up one socket.
    Unsupported,
}

/// A source of readings.
#[derive(Debug)]
pub enum Source {
    /// The kernel, asked directly.
    #[cfg(target_os = "linux")]
    Diag(SockDiag),
    /// The portable library.
    Portable,
}

impl Source {
    /// The best that this machine has, proven by one reading of nothing much.
    pub fn best() -> Self {
        #[cfg(target_os = "linux")]
        if let Ok(mut diag) = SockDiag::open()
            && diag.dump(&Scope::ports([0]), &mut |_| ()).is_ok()
        {
            return Self::Diag(diag);
        }
        Self::Portable
    }

    /// What to call it.
    pub const fn name(&self) -> TableSource {
        match self {
            #[cfg(target_os = "linux")]
            Self::Diag(_) => TableSource::SockDiag,
            Self::Portable => TableSource::Netstat2,
        }
    }

    /// Reads every socket of `scope` and gives each to `each`. On an error, what came before it is true but not all.
    pub fn dump(&mut self, scope: &Scope, each: &mut dyn FnMut(Row)) -> io::Result<Completeness> {
        match self {
            #[cfg(target_os = "linux")]
            Self::Diag(diag) => diag.dump(scope, each),
            Self::Portable => portable::dump(scope, each),
        }
    }

    /// Looks one socket up.
    pub fn lookup(&mut self, flow: &Flow) -> io::Result<Lookup> {
        match self {
            #[cfg(target_os = "linux")]
            Self::Diag(diag) => Ok(diag.lookup(flow)?.map_or(Lookup::NotFound, |row| Lookup::Found(Box::new(row)))),
            Self::Portable => {
                let _ = flow;
                Ok(Lookup::Unsupported)
            }
        }
    }

    /// The `TCP_INFO` of one socket, where the source and the socket have it.
    pub fn info(&mut self, flow: &Flow) -> io::Result<Option<TcpInfo>> {
        match self {
            #[cfg(target_os = "linux")]
            Self::Diag(diag) => diag.info(flow),
            Self::Portable => {
                let _ = flow;
                Ok(None)
            }
        }
    }
}

/// One complete reading, now, in the calling thread: for a command that prints the table once.
///
/// # Errors
/// The source's own; `Interrupted` when the table changed under every attempt, so that rows may be missing.
pub fn dump(scope: &Scope) -> io::Result<Vec<Row>> {
    let mut rows = Vec::new();
    #[cfg(target_os = "linux")]
    if let Ok(mut diag) = SockDiag::open() {
        match diag.dump(scope, &mut |row| rows.push(row)) {
            Ok(Completeness::Complete) => return Ok(rows),
            Ok(Completeness::Interrupted) => return Err(io::ErrorKind::Interrupted.into()),
            Err(_) => rows.clear(),
        }
    }
    match portable::dump(scope, &mut |row| rows.push(row))? {
        Completeness::Complete => Ok(rows),
        Completeness::Interrupted => Err(io::ErrorKind::Interrupted.into()),
    }
}
