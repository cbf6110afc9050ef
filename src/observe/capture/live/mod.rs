//! Linux: capturing packets from the machine's own interfaces.
//!
//! | file | what it is |
//! |---|---|
//! | [`access`] | the sockets that need a privilege to open, and giving that privilege up |
//! | `remedy` | what helps where a need is not met |
//! | [`bpf`] | the kernel's filter (pure) |
//! | `packet_socket` | a packet socket, a block of packets at a time |
//! | `block` | the packets of such a block (pure) |
//! | `ring` | the ring shared with the kernel, and other calls that need `unsafe` |
//! | [`capture`] | the thread that captures and reports |
//! | [`command`] | captures into a file, a pipe or a function |
//!
//! On loopback every packet is seen twice, leaving and arriving: the kernel drops the first, as for `tcpdump`.

pub mod access;
mod block;
pub mod bpf;
pub mod capture;
pub mod command;
mod packet_socket;
mod remedy;
mod ring;

pub use access::{CaptureAccess, give_up};
pub use capture::Capture;
pub use packet_socket::CaptureInterface;
