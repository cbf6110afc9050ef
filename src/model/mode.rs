//! What the keyboard does: which keys are commands, and which are typed into what.

/// What the keyboard does.
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
    /// Something is asked before it is done.
    Asking(Question),
    /// Keys turn the settings of the wire's hosts.
    Settings,
    /// Keys are a mark.
    Marking,
    /// Keys are the name of a capture file.
    Opening,
    /// The help is shown, from this line on.
    Help(usize),
}

/// What is asked before it is done. Only the key that is yes does it; every other is no.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Question {
    /// Shall everybody on the network be able to connect?
    Open,
    /// Shall a host be asked that may be somebody else's?
    Beyond,
}
