//! Observations of the kernel: its socket table, its tracepoint, and captured packets.
//!
//! | file | what it is |
//! |---|---|
//! | [`addresses()`] | the addresses at which other machines can reach this one |
//! | [`interfaces()`] | Linux: the interfaces of this machine, up or not |
//! | [`scope`] | which sockets to watch |
//! | [`differ`] | successive readings of the table → what changed (pure) |
//! | `callers` | UDP clients of other programs, whose sockets need not be connected (pure) |
//! | [`half_open`] | Linux: what the kernel does with half-open connections beyond its limit |
//! | `listeners` | which program a listening socket belongs to |
//! | [`pace`] | when the next full reading is due (pure) |
//! | [`table`] | the thread that reads, compares and reports |
//! | [`source`] | the source of a reading: `diag` or `proc_net` on Linux, `portable` elsewhere |
//! | `comparison` | how netstat2's reading of the table differs |
//! | [`process`], [`holder()`] | which process holds a socket, or a port |
//! | [`capture`] | packets, and capture files |
//! | `stoppable`, `native`, `kernel_clock` | Linux: a thread that waits for descriptors; the kernel's numbers and times |
//! | [`trace`] | Linux, root: every state change, from the kernel's tracepoint |
//!
//! Everything is reported through [`crate::domain::EventSink`]. Decoding packets is the job of the `packet` layer.

mod addresses;
mod callers;
pub mod capture;
mod comparison;
mod completeness;
#[cfg(target_os = "linux")]
pub mod diag;
pub mod differ;
pub mod half_open;
mod holder;
#[cfg(target_os = "linux")]
mod interfaces;
#[cfg(target_os = "linux")]
mod kernel_clock;
mod listeners;
mod namer;
#[cfg(target_os = "linux")]
mod native;
pub mod pace;
mod portable;
#[cfg(target_os = "linux")]
mod proc_net;
pub mod process;
mod recent_ends;
mod requests;
mod row_id;
pub mod scope;
pub mod source;
#[cfg(target_os = "linux")]
mod spaced_count;
#[cfg(target_os = "linux")]
mod stoppable;
pub mod table;
#[cfg(target_os = "linux")]
pub mod trace;

pub use addresses::addresses;
pub use comparison::{TableDifference, compare};
pub use holder::holder;
#[cfg(target_os = "linux")]
pub use interfaces::{interfaces, source_towards};
pub use process::{named, port_range};
pub use scope::Scope;
pub use source::dump;
pub use table::SocketTable;
#[cfg(target_os = "linux")]
pub use trace::Trace;
