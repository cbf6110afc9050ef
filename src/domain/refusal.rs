//! Why a key did nothing: a value here, a sentence in `text`.

use super::forge_form::FieldInput;
use super::forged::ForgedFault;
use super::place::View;
use super::state::TcpState;

/// Why nothing was done. The footer says it for a while, or until the next key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// The key does nothing anywhere.
    Unbound,
    /// The key does something, but not on this screen: in this view, or on a connection's page.
    Elsewhere(Option<View>),
    /// Nothing that the key could act on is selected.
    NothingSelected,
    /// The selected client has closed already; in which state its end is left, if any.
    Closed(u32, Option<TcpState>),
    /// The server's end of the connection has closed already; in which state it is left, if any.
    ServerClosed(Option<TcpState>),
    /// The server has not accepted the connection: only its kernel knows of it.
    NotAccepted,
    /// UDP has no connection to close.
    NoConnection,
    /// Only TCP sends in bulk.
    OnlyTcp,
    /// The selected end has shut down its sending side.
    SendsNoMore,
    /// The server answers each message and sends nothing else, except by the model that keeps open.
    OnlyAnswers,
    /// The transfer before is still running: so many hundredths of it.
    StillSends(u64),
    /// No client of ours is open.
    NoClient,
    /// There is no server here.
    NoServer,
    /// The server has only one way to serve.
    NoModel,
    /// Clients go to the servers here already.
    NoTarget,
    /// No address of the target is known, or not yet.
    TargetUnknown,
    /// The sockets that are watched belong to other programs.
    Watched,
    /// No packet is held on the wire or under way.
    NothingHeld,
    /// The packet is in the link already, where it takes its course.
    InLink,
    /// The wire is not open.
    WireClosed,
    /// Packets cannot be captured here, so there are none.
    NoPackets,
    /// The selected row of a form takes something else.
    Takes(FieldInput),
    /// No row of a form takes more than this.
    TooLarge(u32),
    /// The connection's SYN was not seen, so that its numbers are not counted from it.
    NoNumbering,
    /// Without the flag ACK the acknowledgment number means nothing.
    NoAckFlag,
    /// There can be no such packet.
    Forge(ForgedFault),
    /// The step of the lesson is still running.
    StepRuns,
    /// It is so already, or there is nothing further in this direction.
    NoMore,
    /// There is no view with this number.
    NoView(u32),
    /// Esc has nothing to undo: the screen is where it leads. Whether that is on the wire.
    AtHome(bool),
    /// The key is only for this machine's world, not for the wire's hosts.
    OnlyHere,
    /// It would lose something: the same key again does it.
    Again(Loss),
}

/// The loss that a key would cause.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Loss {
    /// This many clients are closed.
    Clients(usize),
    /// The visitors that are connected are cut off.
    Visitors(usize),
    /// The lesson that is played is left.
    Lesson,
}
