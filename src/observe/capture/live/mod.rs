//! Linux: capturing packets from the machine's own interfaces.
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
