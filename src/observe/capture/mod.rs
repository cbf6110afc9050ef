//! Packets of the machine's own interfaces: capture, storage, files, printing.
//!
//! | file | what it is |
//! |---|---|
//! | [`live`] | Linux: capturing |
//! | [`store`] | the captured packets, within a limit |
//! | [`mod@file`] | pcap and pcapng |
//! | [`stream`] | the payloads of a conversation, in order |
//! | [`ladder`] | packets as text, client left and server right (pure) |
//! | [`command`] | `socklab-tui capture -r` |

pub mod command;
pub mod file;
pub mod ladder;
#[cfg(target_os = "linux")]
pub mod live;
pub mod store;
pub mod stream;

pub use ladder::LadderStyle;
#[cfg(target_os = "linux")]
pub use live::{Capture, CaptureAccess, CaptureInterface, give_up};
pub use store::PacketStore;
pub use stream::follow_stream;
