//! The two ends of a connection.

/// Which end of the connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum ConnectionEnd {
    /// The one that called.
    #[default]
    Client,
    /// The one that was called.
    Server,
}

impl ConnectionEnd {
    /// The other one.
    #[must_use]
    pub const fn other(self) -> Self {
        match self {
            Self::Client => Self::Server,
            Self::Server => Self::Client,
        }
    }
}
