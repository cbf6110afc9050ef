//! Packets of the machine's own interfaces: capture, storage, files, printing.

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
