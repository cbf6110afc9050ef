//! Packets of the machine's own interfaces: captured, kept, saved, opened, printed.
//!
//! | file | what it is |
//! |---|---|
//! | [`access`] | the right to capture, and giving up what it took to get it |
//! | [`error`] | what is missing, and the command that helps |
//! | [`bpf`] | the kernel's filter (pure) |
//! | [`packet_socket`] | a packet socket, a block of packets at a time |
//! | `block` | the packets of such a block (pure) |
//! | `ring` | the memory shared with the kernel, and other calls that need `unsafe` |
//! | [`live`] | the thread that captures and reports |
//! | [`store`] | the packets that are kept |
//! | [`mod@file`] | pcap and pcapng |
//! | [`stream`] | what two ends said to each other |
//! | [`ladder`] | packets as text, client left and server right (pure) |
//! | [`command`] | what `socklab-tui capture` does |
//!
//! On loopback every packet is heard twice, leaving and arriving: the first is dropped in the kernel, as `tcpdump` does.

#[cfg(target_os = "linux")]
pub mod access;
#[cfg(target_os = "linux")]
mod block;
#[cfg(target_os = "linux")]
pub mod bpf;
pub mod command;
pub mod error;
pub mod file;
pub mod ladder;
#[cfg(target_os = "linux")]
pub mod live;
#[cfg(target_os = "linux")]
pub mod packet_socket;
#[cfg(target_os = "linux")]
mod ring;
pub mod store;
pub mod stream;
#[cfg(target_os = "linux")]
mod time_of_day;

#[cfg(target_os = "linux")]
pub use access::{CaptureAccess, give_up};
pub use error::{CaptureError, Need, Remedy};
pub use ladder::{LadderStyle, TextLadder};
#[cfg(target_os = "linux")]
pub use live::Capture;
#[cfg(target_os = "linux")]
pub use packet_socket::CaptureInterface;
pub use store::PacketStore;
pub use stream::follow_stream;
