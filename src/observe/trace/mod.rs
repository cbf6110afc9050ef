//! Every TCP state change, as reported by the kernel's own tracepoint (Linux, root).
//!
//! `sock:inet_sock_set_state` is read raw from a private instance of tracefs (`Documentation/trace/ftrace.rst`), one
//! ring buffer per processor. Each event becomes a [`crate::domain::Transition`] with the kernel's own time, as
//! [`crate::domain::Evidence::Traced`], exactly as the kernel reports it: an active closer's `FIN_WAIT2` → CLOSED is what
//! textbooks call `TIME_WAIT`, and the model accounts for that. The kernel traces all network namespaces at once;
//! transitions in others are left out.

mod format;
mod identity;
mod instance;
mod local_addresses;
mod namespace;
mod own_namespace;
mod ownership;
mod page;
mod reader;

pub use reader::Trace;

/// The clock of the trace.
const CLOCK: rustix::time::ClockId = rustix::time::ClockId::Monotonic;

/// The time on it, in nanoseconds.
fn now() -> u64 {
    super::kernel_clock::now(CLOCK)
}
