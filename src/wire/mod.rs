//! The wire lab: two private hosts with the real TCP, and the wire between them in the presenter's hand.

#[cfg(target_os = "linux")]
mod control;
#[cfg(target_os = "linux")]
mod helper;
mod knob;
mod need;
#[cfg(target_os = "linux")]
mod sys;

#[cfg(target_os = "linux")]
pub use control::{Options, Running, WireHost, doctor};
#[cfg(target_os = "linux")]
pub use helper::{SUBCOMMAND, helper_main, protocol::Program};
pub use knob::Knob;
pub use need::{Check, Missing, Need, OpenError, Remedy};
