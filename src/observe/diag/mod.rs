//! Linux asked directly: `sock_diag(7)` over netlink, with the ports chosen by the kernel.
//!
//! Not a general netlink library: it asks three questions (all sockets of a scope, one socket, one socket's
//! `TCP_INFO`) and understands their answers.

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
