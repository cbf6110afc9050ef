//! How complete a reading of the socket table is.

/// Whether a reading that ended without an error shows every socket that existed throughout.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Completeness {
    /// It does: a socket missing from it is gone.
    Complete,
    /// The kernel said that the table changed meanwhile: what it shows is true, but sockets may be missing.
    Interrupted,
}
