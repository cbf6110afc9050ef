//! Every change of every TCP state, as the kernel's own tracepoint tells it (Linux, root).
//!
//! `sock:inet_sock_set_state` is read raw from a private instance of tracefs (`Documentation/trace/ftrace.rst`), one
//! ring buffer per processor. Each event becomes a [`crate::domain::Transition`] with the kernel's own time, as
//! [`crate::domain::Evidence::Traced`], exactly as the kernel says it: a closer's `FIN_WAIT2` → CLOSED is what a person
//! calls `TIME_WAIT`, and telling so is the model's work. The kernel traces all
//! network namespaces at once; what is not of this one is left out.

mod format;
mod identity;
mod instance;
mod local_addresses;
mod namespace;
mod ownership;
mod page;
mod reader;

pub use reader::Trace;
