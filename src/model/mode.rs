//! What the keyboard does: which keys are commands, and which are typed into what.

/// What keys do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Mode {
    /// Keys are commands.
    #[default]
    Command,
    /// A digit goes to the view with that number.
    Views,
    /// Keys are the broadcast message.
    Saying,
    /// Keys are the table's filter.
    Filtering,
    /// Keys are the packets' filter.
    FilteringPackets,
    /// Keys narrow the list of lessons.
    Choosing,
    /// Keys are a program to run on one of the wire's hosts.
    Running,
    /// Keys are a port check.
    Checking,
    /// Keys are the host that clients are to go to.
    TypingTarget,
    /// A question is open.
    Asking(Question),
    /// Keys change the settings of the wire's hosts.
    Settings,
    /// Keys make a packet of one's own, or change a held one.
    Forging,
    /// Keys choose the interfaces to capture on.
    Interfaces,
    /// Keys are a mark.
    Marking,
    /// Keys are the name of a capture file.
    Opening,
    /// The help is shown, from this line on.
    Help(usize),
}

/// A question before an action. Only the key for yes goes on; every other key cancels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Question {
    /// Open the servers to the network?
    Open,
    /// Check a host that may belong to someone else?
    Beyond,
}
