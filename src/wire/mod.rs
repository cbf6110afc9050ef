//! The wire lab: two private hosts with the real TCP, and the wire between them in the presenter's hand.

mod cable;
#[cfg(target_os = "linux")]
mod control;
mod decode;
#[cfg(target_os = "linux")]
mod helper;
mod knob;
mod lane;
mod need;
#[cfg(target_os = "linux")]
mod sys;

#[cfg(target_os = "linux")]
pub use control::{Options, Running, WireHost, doctor};
#[cfg(target_os = "linux")]
pub use helper::{SUBCOMMAND, helper_main, protocol::Program};
pub use knob::Knob;
pub use need::{Check, Missing, Need, OpenError, Remedy};
