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
//! | `core`, `direction`, `in_flight`, `commands` | the wire itself, without I/O, and what each command does to it |
//! | `crossing`, `pipe` | how packets cross the link of a direction: its queue, its transmitter, what flies |
//! | `router`, `chance` | what a router does to packets; what chance decides |
//! | `relay`, `link` | what carries packets between it and the hosts |
//! | `sample`, `attribute` | what changed in the hosts' tables, and why |
//! | `counters`, `kernel_watch`, `judge` | the hosts' counters; what they say that a kernel did with a packet |
//! | `decode`, `forge` | what the wire reads of a packet; how it changes one |
//! | `helper`, `control`, `sys` | the process that keeps the hosts, our side of it, and its system calls |
//! | `programs`, `processes`, `exec` | the programs on the hosts; what they start there; those started from elsewhere |
//! | `owners` | which of them holds a socket |
//! | `remedy`, `sysctl` | what helps where something is missing; what can be set on a host |

mod attribute;
mod chance;
mod commands;
mod control;
mod core;
mod counters;
mod crossing;
mod decode;
mod direction;
mod exec;
mod forge;
mod helper;
mod in_flight;
mod judge;
mod kernel_watch;
mod link;
mod open;
mod owners;
mod pipe;
mod processes;
mod programs;
mod relay;
mod remedy;
mod router;
mod sample;
mod sys;
mod sysctl;
mod watched;

pub use crate::domain::Setting;
pub use control::{Running, WireHost, WireOptions, doctor};
pub use exec::{ExecError, Remote, exec_in_open_wire, open_wires, program_here};
pub use helper::{SUBCOMMAND, helper_main, protocol::ProgramSpec};
pub use open::{ReadTable, Wire};
