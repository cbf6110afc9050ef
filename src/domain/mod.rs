//! The vocabulary of the laboratory: what a socket, a state, a call and an event *are*.
//!
//! Nothing here performs I/O or knows how a thing is drawn. Every other layer speaks in these nouns.

pub mod broadcast;
pub mod call;
pub mod client;
pub mod dissection;
pub mod errno;
pub mod event;
pub mod evidence;
pub mod excerpt;
pub mod filter;
pub mod finding;
pub mod flow;
pub mod goal;
pub mod guard;
pub mod id;
pub mod info;
pub mod knob;
pub mod lang;
pub mod lesson;
pub mod need;
pub mod note;
pub mod packet;
pub mod ports;
pub mod probe;
pub mod realm;
pub mod row;
pub mod scan;
pub mod script;
pub mod server;
pub mod stamp;
pub mod state;
pub mod transition;
pub mod wire;

mod spelled;

pub use broadcast::{BroadcastEvent, Reply};
pub use call::{Args, Call, Outcome, Shut, Syscall};
pub use client::{ClientEvent, ClientPlan, CloseHow, Target};
pub use errno::Errno;
pub use event::{Event, Kind, Observation, WorldId};
pub use evidence::Evidence;
pub use excerpt::Excerpt;
pub use finding::{Finding, Findings, Reset};
pub use flow::{Flow, Proto};
pub use goal::{Goal, GoalChange, GoalEvent, Unresolved};
pub use guard::{GuardEvent, Limits, Rule};
pub use id::{ClientId, ConnNo, HostId, ServerId, SocketId};
pub use info::TcpInfo;
pub use knob::{Congestion, Knob};
pub use lang::Lang;
pub use lesson::{LessonChange, LessonEvent};
pub use note::Note;
pub use packet::{Flags, Icmp, Numbering, PacketSummary, Segment, TcpOption};
pub use ports::PortList;
pub use probe::{Clock, Probe, Sink};
pub use realm::Realm;
pub use row::{Delta, Process, Row, RowKey, Timer, TimerKind};
pub use scan::{PortReport, Reason, ScanChange, ScanEvent, ScanPlan, Verdict};
pub use script::{Cue, Play, SocketOptions};
pub use server::{Answer, ServerChange, ServerEvent, ServerSpec, ServiceModel};
pub use stamp::Stamp;
pub use state::TcpState;
pub use transition::{Cause, Transition};
pub use wire::{LinkKind, Mode, WireCommand, WireEvent};
