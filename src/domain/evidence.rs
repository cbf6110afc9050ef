//! How something is known. Every event carries its evidence, and the screen shows it.

use super::text_enum::text_enum;

/// How something is known, weakest first: a stronger kind replaces a weaker one in a connection's history.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Evidence {
    /// RFC 9293 implies it between two observations; drawn dimmer.
    Inferred,
    /// The kernel's socket table showed it at that instant.
    Sampled,
    /// A captured packet shows it.
    Packet,
    /// Our own code made the call and this is its result.
    Called,
    /// The kernel's `sock:inet_sock_set_state` tracepoint reported it.
    Traced,
}

text_enum!(Evidence {
    Inferred = "inferred",
    Sampled = "sampled",
    Packet = "packet",
    Called = "called",
    Traced = "traced",
});
