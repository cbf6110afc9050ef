//! The wire lab: two private hosts with the real TCP, and the wire between them, which the presenter controls.
//!
//! ```text
//!  helper (namespaces, programs)          relay (a thread)                 the laboratory
//!  client ── TUN ────────────────▶ link ─▶ core ─▶ link ──▶ TUN ── server   commands ─▶ relay
//!     └── sock_diag ──────────────────────▶ sample ◀── sock_diag ──┘         sockets of either host
//! ```
//!
//! | file | is |
//! |---|---|
//! | `open` | [`Wire`]: the handle of it all |
//! | `core`, `direction`, `commands` | the wire itself, without I/O, and what each command does to it |
//! | `relay`, `link` | what carries packets between it and the hosts |
//! | `sample`, `attribute` | what changed in the hosts' tables, and why |
//! | `decode` | what the wire reads of a packet |
//! | `helper`, `control`, `sys` | the process that keeps the hosts, our side of it, and its system calls |
//! | `programs`, `exec` | the programs on the hosts; those started from other processes |
//! | `remedy`, `sysctl` | what helps where something is missing; what can be set on a host |

#[cfg(any(target_os = "linux", test))]
mod attribute;
#[cfg(any(target_os = "linux", test))]
mod commands;
#[cfg(target_os = "linux")]
mod control;
#[cfg(any(target_os = "linux", test))]
mod core;
#[cfg(any(target_os = "linux", test))]
mod decode;
#[cfg(any(target_os = "linux", test))]
mod direction;
#[cfg(target_os = "linux")]
mod exec;
#[cfg(target_os = "linux")]
mod helper;
#[cfg(any(target_os = "linux", test))]
mod link;
#[cfg(target_os = "linux")]
mod open;
#[cfg(target_os = "linux")]
mod programs;
#[cfg(any(target_os = "linux", test))]
mod relay;
#[cfg(target_os = "linux")]
mod remedy;
#[cfg(any(target_os = "linux", test))]
mod sample;
#[cfg(target_os = "linux")]
mod sys;
#[cfg(target_os = "linux")]
mod sysctl;

pub use crate::domain::Setting;
#[cfg(target_os = "linux")]
pub use control::{Running, WireHost, WireOptions, doctor};
#[cfg(target_os = "linux")]
pub use exec::{ExecError, Remote, exec_in_open_wire, open_wires, program_here};
#[cfg(target_os = "linux")]
pub use helper::{SUBCOMMAND, helper_main, protocol::ProgramSpec};
#[cfg(target_os = "linux")]
pub use open::{ReadTable, Wire};
