//! Systems without an error queue: a failed probe has its errno alone.

use std::io;

use crate::domain::verdict::IcmpError;

pub(in crate::lab) fn keep_errors<S>(_socket: &S, _v6: bool) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

pub(super) const fn take_error<S>(_socket: &S) -> Option<IcmpError> {
    None
}

pub(super) const fn syns<S>(_socket: &S) -> Option<u32> {
    None
}
