//! How something is known. Every event carries its evidence, and the screen shows it.

use super::text_enum::text_enum;

text_enum! {
    /// How something is known, weakest first: a stronger kind replaces a weaker one in a connection's history.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
    pub enum Evidence {
        /// RFC 9293 implies it between two observations; drawn dimmer.
        Inferred = "inferred",
        /// The kernel's socket table showed it at that instant.
        Sampled = "sampled",
        /// A captured packet shows it.
        Packet = "packet",
        /// Our own code made the call and this is its result.
        Called = "called",
        /// The kernel's `sock:inet_sock_set_state` tracepoint reported it.
        Traced = "traced",
    }
}
