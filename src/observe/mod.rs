//! What the kernel says about sockets: its table, its tracepoint, and the packets.
//!
//! | file | what it is |
//! |---|---|
//! | [`addresses()`] | the addresses that other machines could reach this one by |
//! | [`scope`] | which sockets are wanted |
//! | [`differ`] | two readings of the table → what changed between them (pure) |
//! | [`half_open`] | Linux: what the kernel does about half-open connections beyond its limit |
//! | [`pace`] | when the next full reading is due (pure) |
//! | [`table`] | the thread that reads, compares and reports |
//! | [`source`] | where a reading comes from: `diag` on Linux, `portable` elsewhere |
//! | [`process`] | which process holds a socket |
//! | [`capture`] | packets, and the files that hold them |
//! | [`trace`] | Linux, root: every change of state, from the kernel's tracepoint |
//!
//! Everything is reported through [`crate::domain::EventSink`]; this layer knows no other. Reading packets is the `packet` layer's.

mod addresses;
pub mod capture;
#[cfg(target_os = "linux")]
pub mod diag;
pub mod differ;
#[cfg(target_os = "linux")]
pub mod half_open;
mod namer;
pub mod pace;
mod portable;
pub mod process;
mod requests;
mod row_id;
pub mod scope;
pub mod source;
pub mod table;
#[cfg(target_os = "linux")]
pub mod trace;

pub use addresses::addresses;
pub use process::{holder, named, port_range};
pub use scope::Scope;
pub use source::dump;
pub use table::SocketTable;
#[cfg(target_os = "linux")]
pub use trace::Trace;
