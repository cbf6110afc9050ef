//! Packets of the machine's own interfaces: captured, kept, saved, opened, printed.
//!
//! | file | what it is |
//! |---|---|
//! | [`key`] | the right to capture, and giving up what it took to get it |
//! | [`need`] | what is missing, and the command that helps |
//! | [`bpf`] | the kernel's filter (pure) |
//! | [`tap`] | a packet socket, a block of packets at a time |
//! | `block` | the packets of such a block (pure) |
//! | `sys` | the memory shared with the kernel, and other calls that need `unsafe` |
//! | [`live`] | the thread that captures and reports |
//! | [`store`] | the packets that are kept |
//! | [`mod@file`] | pcap and pcapng |
//! | [`stream`] | what two ends said to each other |
//! | [`ladder`] | packets as text, client left and server right (pure) |
//! | [`command`] | what `socklab-tui capture` does |
//!
//! On loopback every packet is heard twice, leaving and arriving: the first is dropped in the kernel, as `tcpdump` does.

#[cfg(target_os = "linux")]
mod block;
#[cfg(target_os = "linux")]
pub mod bpf;
#[cfg(target_os = "linux")]
mod clock;
pub mod command;
pub mod file;
#[cfg(target_os = "linux")]
pub mod key;
pub mod ladder;
#[cfg(target_os = "linux")]
pub mod live;
pub mod need;
pub mod store;
pub mod stream;
#[cfg(target_os = "linux")]
mod sys;
#[cfg(target_os = "linux")]
pub mod tap;

#[cfg(target_os = "linux")]
pub use key::{Key, give_up};
pub use ladder::{Ladder, Style};
#[cfg(target_os = "linux")]
pub use live::Capture;
pub use need::{CaptureError, Need, Remedy};
pub use store::Store;
pub use stream::follow_stream;
#[cfg(target_os = "linux")]
pub use tap::On;
