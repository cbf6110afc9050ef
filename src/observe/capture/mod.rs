//! Packets of the machine's own interfaces: capture, storage, files, printing.
//!
//! | file | what it is |
//! |---|---|
//! | [`access`] | the sockets that need a privilege to open, and giving that privilege up |
//! | `remedy` | what helps where a need is not met |
//! | [`bpf`] | the kernel's filter (pure) |
//! | [`packet_socket`] | a packet socket, a block of packets at a time |
//! | `block` | the packets of such a block (pure) |
//! | `ring` | the ring shared with the kernel, and other calls that need `unsafe` |
//! | [`live`] | the thread that captures and reports |
//! | [`store`] | the captured packets, within a limit |
//! | [`mod@file`] | pcap and pcapng |
//! | [`stream`] | the payloads of a conversation, in order |
//! | [`ladder`] | packets as text, client left and server right (pure) |
//! | [`command`] | what `socklab-tui capture` does |
//!
//! On loopback every packet is seen twice, leaving and arriving: the kernel drops the first, as for `tcpdump`.

#[cfg(target_os = "linux")]
pub mod access;
#[cfg(target_os = "linux")]
mod block;
#[cfg(target_os = "linux")]
pub mod bpf;
pub mod command;
pub mod file;
pub mod ladder;
#[cfg(target_os = "linux")]
pub mod live;
#[cfg(target_os = "linux")]
pub mod packet_socket;
#[cfg(target_os = "linux")]
mod remedy;
#[cfg(target_os = "linux")]
mod ring;
pub mod store;
pub mod stream;
#[cfg(target_os = "linux")]
mod time_of_day;

#[cfg(target_os = "linux")]
pub use access::{CaptureAccess, give_up};
pub use ladder::LadderStyle;
#[cfg(target_os = "linux")]
pub use live::Capture;
#[cfg(target_os = "linux")]
pub use packet_socket::CaptureInterface;
pub use store::PacketStore;
pub use stream::follow_stream;
