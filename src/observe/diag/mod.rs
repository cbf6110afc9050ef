//! The Linux source: `sock_diag(7)` over netlink, with the kernel filtering by port.
//!
//! Not a general netlink library: it makes three requests (all sockets of a scope, one socket, one socket's `TCP_INFO`)
//! and understands their answers.

pub mod destroyed;
#[cfg(test)]
mod fake;
mod filter;
mod info;
mod message;
mod request;
mod row;
mod socket;

pub(super) use row::state_of;
pub use socket::SockDiag;
