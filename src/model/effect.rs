//! What `update` asks of the outside world, by the part that performs it. Results come back as events.

use std::collections::BTreeSet;
use std::net::SocketAddr;

use super::packets::PacketOrigin;
use crate::domain::interface::CapturePlan;
use crate::domain::{FileId, Flow, HostId, LabOrder, Proto, ServerId, Setting, WireCommand, WorldId};

/// One thing to do outside the model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// For the laboratory of this world.
    Lab(WorldId, LabOrder),
    /// For the socket table, and whatever else watches sockets.
    Table(TableEffect),
    /// For the wire lab.
    Wire(WireEffect),
    /// For whatever keeps packets: the capture, or an open file.
    Packets(PacketsEffect),
    /// For the player of lessons.
    Lesson(LessonEffect),
    /// Look at the files of lessons of one's own; then play the one of this name, as this run.
    LookAtLessons(Option<(String, u32)>),
    /// For the terminal and the program itself.
    Screen(ScreenEffect),
    /// Note this in this world's journal, as a place worth finding again.
    Mark(WorldId, String),
}

/// One thing for the socket table to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TableEffect {
    /// Look these ends up in the kernel's table, exactly.
    Lookup(Vec<Flow>),
    /// Follow these ends of other programs' clients: find their processes, and report when they are gone.
    Follow(Vec<Flow>),
    /// Read all of it: something that the kernel would have told is missing.
    Refresh,
    /// Watch the sockets with one of these ports on either side; all of them when `None`.
    Watch(Option<BTreeSet<u16>>),
    /// Report the `TCP_INFO` of this end whenever it changes; of none when `None`.
    Detail(Option<Flow>),
    /// Find the process that holds the port of this server.
    FindHolder(ServerId, Proto, SocketAddr),
}

/// One thing for the wire lab to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WireEffect {
    /// Open the hosts, with every packet held, and start the servers there.
    Open,
    /// Take the hosts away.
    Close,
    /// Ask something of the wire itself.
    Command(WireCommand),
    /// Change a setting of one of the hosts.
    Set(HostId, Setting),
    /// Run a program on one of the hosts.
    Run(HostId, String),
    /// End a program on one of the hosts, by its process; asked a second time, by force.
    Kill(u32),
    /// Keep reporting what the kernels know of this connection, named by the client's end; or stop.
    Inform(Option<Flow>),
    /// Read what the kernels know of this connection at its packets also at full speed: its curves are drawn. Or stop.
    Watch(Option<Flow>),
}

/// One thing for whatever keeps packets to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PacketsEffect {
    /// Take the packet with this number apart.
    Inspect(PacketOrigin, u64),
    /// Reassemble the data of this conversation.
    Follow(PacketOrigin, Flow),
    /// Read a capture file with this name.
    OpenFile(FileId, String),
    /// Let go of the file, or stop reading it.
    CloseFile,
    /// Complete the name of a file.
    CompletePath(String),
    /// Capture on these interfaces from now on.
    CaptureOn(CapturePlan),
    /// Write all packets that are kept to a file, with the marks as comments: the number of the packet that came next,
    /// and the words.
    Save(Vec<(u64, String)>),
}

/// One thing for the player of lessons to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LessonEffect {
    /// Play this lesson from its beginning, on hosts of its own in place of those that are there.
    Play {
        /// Its name.
        lesson: String,
        /// The number of this run of it.
        run: u32,
    },
    /// Go on in the lesson.
    GoOn,
    /// Leave the lesson; the hosts stay as they are.
    Leave,
}

/// One thing for the terminal and the program itself to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ScreenEffect {
    /// Draw the whole screen anew: something else may have written to it.
    Redraw,
    /// Give the terminal back and stop, until continued (`SIGTSTP`).
    Suspend,
    /// Leave.
    Quit,
}
