//! The graphs of a connection: which one is shown, and how closely.

/// A graph of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum GraphKind {
    /// What the kernel says over time: cwnd, ssthresh, bytes in flight, RTT, RTO.
    Curves,
    /// The sequence numbers over time, with what was acknowledged of them.
    Sequence,
}

/// The graph on the wire's view.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct GraphView {
    /// Which one is shown, if one is.
    pub kind: Option<GraphKind>,
    /// How closely, while it has the whole view: each step is a quarter of the one before.
    pub closer: u8,
}

/// The closest look.
pub const CLOSEST: u8 = 3;

impl GraphView {
    /// The next graph, and at last none.
    pub(super) const fn turn(&mut self) {
        self.kind = match self.kind {
            None => Some(GraphKind::Curves),
            Some(GraphKind::Curves) => Some(GraphKind::Sequence),
            Some(GraphKind::Sequence) => None,
        };
        self.closer = 0;
    }
}
