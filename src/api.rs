//! The items that the binary, the integration tests and the benches use, by layer.
//!
//! The layers are private, so that the compiler finds dead code: what is not listed here must have a caller in the crate.

/// The command line, and the parts of the shell that can be driven without a terminal.
pub mod app {
    pub use crate::app::cli::{Cli, LabArgs};
    pub use crate::app::laboratory::Laboratory;
    pub use crate::app::main;
    pub use crate::app::pump::{Pump, Shell};
    pub use crate::app::recorder::Recorder;
    pub use crate::app::session::{Session, SessionEnd, Signal};
    pub use crate::app::terminal::TerminalGuard;

    /// The queue of events.
    pub mod queue {
        pub use crate::app::queue::{Observations, open};
    }

    /// The screen.
    pub mod tui {
        pub use crate::app::tui::ui;
    }
}

/// The vocabulary.
pub mod domain {
    pub use crate::domain::broadcast::BroadcastChange;
    pub use crate::domain::call::SockOpt;
    pub use crate::domain::client::ClientChange;
    pub use crate::domain::dissection::{FieldValue, PacketField};
    pub use crate::domain::filter::Filter;
    pub use crate::domain::guard::{GuardAction, PortCheck};
    pub use crate::domain::keys::{BINDINGS, Key};
    pub use crate::domain::need::{Lack, Need, Remedy};
    pub use crate::domain::note::TableSource;
    pub use crate::domain::wire::{CloseReason, LossReason};
    pub use crate::domain::{
        AddressScope, Answer, Args, Call, Cause, ClientEvent, ClientId, ClientPlan, Clock, CloseHow, ConnNo, Delta,
        Destination, Disposition, EDGES, EcnCodepoint, Errno, Event, EventKind, EventQueue, EventSink, Evidence,
        Excerpt, Finding, Flags, Flow, ForgedChecksum, ForgedKind, ForgedOptions, ForgedPacket, ForgedSegment,
        GuardEvent, GuardOrder, HostId, Icmp, KernelAnswer, KernelCause, KernelVerdict, LabOrder, Lang, LinkChange,
        LinkCondition, LinkConditions, LinkKind, MovedCounters, Note, Observation, Outcome, PacketChange,
        PacketSummary, PerHost, PortReport, Proto, Reason, Refusal, Reply, ResetReason, Row, RowKey, Rule, ScanChange,
        ScanPlan, Segment, ServerChange, ServerEvent, ServerId, ServerSpec, ServiceModel, Shut, SocketId, Stamp,
        Syscall, TargetChange, TargetHost, TcpInfo, TcpOption, TcpState, Timer, TimerKind, Transition, Verdict,
        WireCommand, WireEvent, WireMode, WorldId,
    };
}

/// Real servers, clients and a broadcaster.
pub mod lab {
    pub use crate::lab::{Lab, Machine, raise_descriptor_limit};
}

/// Lessons and scenarios.
pub mod lesson {
    pub use crate::lesson::expect::Expect;
    pub use crate::lesson::matcher::{PacketMatch, SocketEnd};
    pub use crate::lesson::{Lesson, LessonOrder, LessonStep, catalogue};
}

/// The world as a fold of events, and the state of the screen.
pub mod model {
    pub use crate::model::bulks::BulkTransfer;
    pub use crate::model::clients::{Client, ClientPhase};
    pub use crate::model::effect::{Effect, TableEffect};
    pub use crate::model::packets::{PacketOrigin, PacketsAnswer, StreamText, StreamTurn};
    pub use crate::model::peers::Peer;
    pub use crate::model::playing::{PlayedLesson, StepProgress};
    pub use crate::model::servers::{Server, ServerStatus};
    pub use crate::model::ui::{Glyphs, Mode, Pane, View};
    pub use crate::model::wire::{EndMark, EndTrace, InfoCurve, PacketOnWire, ProgramLine, WirePacketFate, WireStatus};
    pub use crate::model::{Model, Msg, Ui, World, update};

    /// Which conversation is presented.
    pub mod presenter {
        pub use crate::model::presenter::conversation;
    }

    /// The settings of the wire's hosts.
    pub mod settings {
        pub use crate::model::settings::{SETTINGS, value};
    }
}

/// The kernel's reports.
pub mod observe {
    #[cfg(target_os = "linux")]
    pub use crate::observe::Trace;
    #[cfg(target_os = "linux")]
    pub use crate::observe::diag::SockDiag;
    pub use crate::observe::differ::Differ;
    pub use crate::observe::source::Source;
    pub use crate::observe::{Scope, SocketTable, dump, holder};

    /// Packets, live and in files.
    pub mod capture {
        pub use crate::observe::capture::ladder::{ConversationEnds, LadderStyle, rung};
        pub use crate::observe::capture::stream::StreamPiece;
        #[cfg(target_os = "linux")]
        pub use crate::observe::capture::{Capture, CaptureAccess, CaptureInterface};
        pub use crate::observe::capture::{PacketStore, follow_stream};

        /// The subcommand `capture`.
        pub mod command {
            pub use crate::observe::capture::command::{copy, print_ladder};
            #[cfg(target_os = "linux")]
            pub use crate::observe::capture::live::command::{CaptureOutput, CaptureStop, live};
        }

        /// Packet files.
        pub mod file {
            pub use crate::observe::capture::file::{CaptureFileError, CaptureReader, Interface, Packet, PcapngWriter};
        }
    }
}

/// Reading a packet.
pub mod packet {
    pub use crate::packet::{Analysis, ConnectionStates, Frame, LinkType, dissect};
}

/// The model drawn.
pub mod view {
    pub use crate::view::{ColorDepth, keys_table, render};
}

/// Two private hosts and the wire between them.
#[cfg(target_os = "linux")]
pub mod wire {
    pub use crate::wire::{
        ExecError, ProgramSpec, ReadTable, Remote, Running, SUBCOMMAND, Setting, Wire, WireOptions, helper_main,
        open_wires,
    };
}
