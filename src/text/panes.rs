//! The texts of the panes, one struct each.

use std::net::SocketAddr;

use crate::domain::{ControlInQueue, Errno, Syscall};

/// The first line of the screen.
#[derive(Debug)]
pub struct HeaderText {
    pub loopback: &'static str,
    pub open: &'static str,
    pub observing: &'static str,
    pub clients: fn(&str, usize) -> String,
    pub events: fn(&str, u64) -> String,
    /// Events lost because the queue was full.
    pub lost: fn(&str, u64) -> String,
    /// Packets that were not captured, or not listed.
    pub missing: fn(&str, u64) -> String,
    pub missing_short: fn(&str) -> String,
    pub dark: &'static str,
    pub light: &'static str,
    pub contrast: &'static str,
    pub mono: &'static str,
}

/// The servers' pane.
#[derive(Debug)]
pub struct ServersText {
    pub title: &'static str,
    pub none: &'static str,
    /// The wire's hosts have none; the argument is the key that shows the machine.
    pub none_on_wire: fn(&str) -> String,
    /// A UDP server that has its port.
    pub bound: &'static str,
    pub stopped: &'static str,
    pub port_taken: &'static str,
    /// Nobody listens at the address of a server that is only watched.
    pub nobody: &'static str,
    /// A server of another program, with that program if it is known.
    pub watched: &'static str,
    pub watched_by: fn(&str) -> String,
    /// A connection for which `bind` to its port fails, its state, and how long it stays if that is known.
    pub in_the_way: fn(&str, &str, Option<&str>) -> String,
    /// The port is held by this program.
    pub held_by: fn(&str) -> String,
    pub one_at_a_time: &'static str,
    pub threads: fn(usize) -> String,
    pub tasks: fn(usize) -> String,
    /// How many connections it keeps open until it is told to close them.
    pub kept_open: fn(usize) -> String,
    pub datagrams: fn(&str, u64) -> String,
    /// Connections in the accept queue.
    pub waiting: fn(u32) -> String,
    /// Connections that an earlier service model still serves.
    pub busy_with: fn(SocketAddr) -> String,
    /// Connections accepted since the start.
    pub served: fn(&str, u64) -> String,
    pub traffic: fn(&str, &str) -> String,
    pub queue: fn(u32, u32) -> String,
    /// Half-open connections and their limit (Linux may admit one more), and their count alone.
    pub half_open: fn(u32, u32) -> String,
    pub half_open_short: fn(u32) -> String,
    /// The error for which `accept` pauses.
    pub paused: fn(&str, &str) -> String,
    pub retry: &'static str,
}

/// The clients' pane.
#[derive(Debug)]
pub struct ClientsText {
    pub title: &'static str,
    /// Beside the keys for the first client (the argument is its server), the lessons and the wire.
    pub first: fn(&str) -> String,
    pub lessons: &'static str,
    pub by_packet: &'static str,
    /// The wire's hosts have no server for a client; the argument is the key that shows the machine.
    pub none_on_wire: fn(&str) -> String,
    pub counts: fn(usize, usize) -> String,
    /// How many sockets of the broadcaster are listed too.
    pub broadcasting: fn(usize) -> String,
    /// The clients made, those asked for, and the error that stopped it.
    pub short: fn(u32, u32, Errno) -> String,
    pub starting: &'static str,
    pub connecting: &'static str,
    pub open: &'static str,
    pub half_closed: &'static str,
    pub ended: &'static str,
    /// A UDP client of another program that has no row in the table any more, in at most 24 columns.
    pub gone: &'static str,
    /// Marks a state as that of the server's end: the client's end is on another machine.
    pub server_end: &'static str,
    /// Shown instead of a state for a UDP client.
    pub no_state: &'static str,
    pub no_connection: &'static str,
    pub gone_in: fn(&str) -> String,
    pub waiting: &'static str,
    pub waiting_short: &'static str,
    pub queued: &'static str,
    pub broadcaster: &'static str,
    /// A client of another program whose name is not known.
    pub other: &'static str,
    /// How the ports were chosen, below the number line.
    pub chosen: &'static str,
    /// The same where the newest step is outside that range: the kernel draws its offset anew every ten seconds.
    pub redrawn: &'static str,
}

/// The socket table's pane.
#[derive(Debug)]
pub struct NetstatText {
    pub none: &'static str,
    pub none_match: &'static str,
    pub unread: &'static str,
    pub count: fn(&str, &str) -> String,
    /// How many rows the pane shows, where it shows only some, and how many it has.
    pub rows: fn(Option<&str>, &str, u64) -> String,
    pub local: &'static str,
    pub foreign: &'static str,
    /// The same two in short.
    pub local_short: &'static str,
    pub foreign_short: &'static str,
    pub state: &'static str,
    pub timer: &'static str,
    pub process: &'static str,
    pub newest: &'static str,
    pub oldest: &'static str,
    pub order: fn(&str) -> String,
    pub gone_in: fn(&str) -> String,
    pub resend_in: fn(&str, u8) -> String,
    pub keepalive_in: fn(&str, u8) -> String,
    pub probe_in: fn(&str, u8) -> String,
    /// LISTEN's Recv-Q and Send-Q in words.
    pub waiting: fn(u32, u32) -> String,
    /// The meaning of the selected listener's queues.
    pub listener: &'static str,
    pub in_queue: &'static str,
    /// A queue that counts a SYN or a FIN.
    pub control: fn(ControlInQueue) -> String,
    pub scope_filter: &'static str,
    pub scope_lab: &'static str,
    pub scope_all: &'static str,
    /// The pane's title where no command prints its rows.
    pub sockets: &'static str,
}

/// The pane of calls and state changes.
#[derive(Debug)]
pub struct LifecycleText {
    pub title: &'static str,
    pub none: &'static str,
    pub none_listed: &'static str,
    pub following: &'static str,
    pub held: &'static str,
    pub events: fn(&str, usize) -> String,
    /// How many of all events are still kept.
    pub latest: fn(&str, &str) -> String,
    pub new: fn(&str, usize) -> String,
    pub calls: &'static str,
    pub states: &'static str,
    pub only: fn(&str) -> String,
    pub client: fn(u32) -> String,
    pub lab: &'static str,
    pub broadcast: &'static str,
    pub chose_port: fn(u16) -> String,
    pub port: fn(u16) -> String,
    /// After a `bind` that chose no port, and the same in short.
    pub no_port_yet: &'static str,
    pub no_port_short: &'static str,
    /// After `accept`: the new socket has the listener's port.
    pub same_port: fn(u16) -> String,
    pub same_port_short: &'static str,
    pub end_of_data: &'static str,
    /// A `recv` returned nothing since this side shut the socket down.
    pub shut_down: &'static str,
    /// What a call waits for.
    pub waits: fn(Syscall) -> &'static str,
    /// A call was given up, after so long if that was measured.
    pub timed_out: fn(Option<&str>) -> String,
    /// So many bytes were not read before `close`.
    pub unread: fn(&str) -> String,
    pub no_data: &'static str,
    pub timer: &'static str,
    /// The program that held the socket ended.
    pub exit: &'static str,
    pub packet: fn(u64) -> String,
    /// `recvfrom` and `sendto`: the datagram's peer.
    pub from: fn(&str) -> String,
    pub added: &'static str,
    pub started: fn(SocketAddr) -> String,
    pub failed: fn(&str) -> String,
    pub stopped: &'static str,
    pub model: fn(&str) -> String,
    pub serving: fn(&str, &str) -> String,
    pub served: fn(&str) -> String,
    pub paused: fn(&str) -> String,
    pub resumed: &'static str,
    pub sequential: &'static str,
    pub threaded: &'static str,
    pub asynchronous: &'static str,
    /// With a task per client that does not close by itself.
    pub keeping_open: &'static str,
    pub by_loop: &'static str,
    pub by_thread: &'static str,
    pub by_task: &'static str,
    /// By a task that does not close by itself.
    pub by_keeping_task: &'static str,
}

/// The broadcast pane.
#[derive(Debug)]
pub struct BroadcastText {
    pub title: &'static str,
    pub you: &'static str,
    /// No message has been sent yet; the argument is the key.
    pub none: fn(&str) -> String,
    /// No server is ticked; the argument is the key that ticks one.
    pub no_server: fn(&str) -> String,
    pub waiting: fn(&str, SocketAddr) -> String,
    pub waiting_short: fn(SocketAddr) -> String,
    pub no_answer_yet: &'static str,
    pub closed: &'static str,
    pub silent: fn(&str) -> String,
    /// A server answered fewer bytes than were sent to it.
    pub fewer: fn(&str, &str) -> String,
    /// Why there is no answer: the socket that waited for it is closed.
    pub hung_up: &'static str,
    pub gone: &'static str,
    pub from_port: fn(u16) -> String,
    pub back: fn(usize) -> String,
    pub empty: &'static str,
}

/// The view of the newest port.
#[derive(Debug)]
pub struct PortsText {
    pub title: &'static str,
    /// What the keys of the frame do.
    pub other: &'static str,
    pub back: &'static str,
    pub newest: &'static str,
    pub chosen: &'static str,
    pub server: &'static str,
    pub changes: &'static str,
    /// The time until a port in TIME_WAIT is free.
    pub free_in: fn(&str) -> String,
    pub stays: &'static str,
    pub one_connection: &'static str,
    pub none: &'static str,
    pub in_use: fn(&str) -> String,
    pub open: fn(&str, u64) -> String,
    pub time_wait: fn(&str) -> String,
    pub free: fn(&str) -> String,
    pub latest: &'static str,
    pub steps: &'static str,
    /// A step so great or negative that the kernel has drawn its offset anew.
    pub drawn: &'static str,
    pub udp: &'static str,
}

/// The help, apart from the keys.
#[derive(Debug)]
pub struct HelpText {
    pub title: &'static str,
    pub typing: &'static str,
    /// The explanation of counts.
    pub counts: &'static str,
    pub evidence: &'static str,
    pub available: &'static str,
    pub lacking: fn(&str, &str) -> String,
    pub unknown: &'static str,
    pub marks: &'static str,
    pub mark_selected: &'static str,
    pub mark_gone: &'static str,
    pub mark_ticked: &'static str,
    pub mark_newest: &'static str,
    pub mark_in_use: &'static str,
    pub mark_time_wait: &'static str,
    pub states: &'static str,
    pub states_note: &'static [&'static str],
    pub filter: &'static str,
    pub filter_note: &'static [&'static str],
    pub scroll: &'static str,
}

/// The message on a screen that is too small.
#[derive(Debug)]
pub struct TooSmallText {
    pub sorry: &'static str,
    pub needs: fn(u16, u16) -> String,
    pub has: fn(u16, u16) -> String,
}
