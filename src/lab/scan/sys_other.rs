//! Systems without an error queue: a failed probe has its errno alone.

use crate::domain::verdict::IcmpError;

pub(super) const fn keep_errors<S>(_socket: &S, _v6: bool) {}

pub(super) const fn take_error<S>(_socket: &S) -> Option<IcmpError> {
    None
}

pub(super) const fn syns<S>(_socket: &S) -> Option<u32> {
    None
}
