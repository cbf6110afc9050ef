//! English.

mod capture;
mod checks;
mod doctor;
mod fields;
mod files;
mod forge;
mod graph;
mod guard;
mod keys;
mod lesson;
mod link;
mod need;
mod network;
mod packets;
mod page;
mod trouble;
mod verdict;
mod wire;

use super::panes::{
    BroadcastText, ClientsText, HeaderText, HelpText, LifecycleText, NetstatText, PortsText, ServersText, TooSmallText,
};
use super::{Meaning, NumberFormat, Text, again, plural};
use crate::domain::{ControlInQueue, Evidence, Syscall};

const NUMBERS: NumberFormat = NumberFormat { group: ',', point: '.' };

pub(super) static TEXT: Text = Text {
    code: "EN",
    numbers: NUMBERS,
    header: HEADER,
    servers: SERVERS,
    clients: CLIENTS,
    netstat: NETSTAT,
    lifecycle: LIFECYCLE,
    broadcast: BROADCAST,
    ports: PORTS,
    page: page::PAGE,
    wire: wire::WIRE,
    graph: graph::GRAPH,
    forge: forge::FORGE,
    link: link::LINK,
    verdict: verdict::VERDICT,
    packets: packets::PACKETS,
    files: files::FILES,
    keys: keys::KEYS,
    help: HELP,
    lessons: lesson::LESSONS,
    doctor: doctor::DOCTOR,
    checks: checks::CHECKS,
    network: network::NETWORK,
    small: TooSmallText {
        sorry: "Sorry, this terminal is too small.",
        needs: |columns, rows| format!("The lab needs {columns}×{rows}."),
        has: |columns, rows| format!("This is {columns}×{rows}."),
    },
    evidence,
    need: need::need,
    remedy: need::remedy,
    errno: trouble::errno,
    note: trouble::note,
    guard: guard::guard,
    capture: capture::capture,
    no_terminal,
    filter: trouble::filter,
};

/// `number` with this language's separators: one key press can make a thousand clients.
fn grouped(number: impl TryInto<u64>) -> String {
    NUMBERS.count(number.try_into().unwrap_or(u64::MAX))
}

fn no_terminal(commands: &str) -> String {
    format!("the laboratory needs a terminal, and this is not one; these commands work without a terminal: {commands}")
}

const HEADER: HeaderText = HeaderText {
    loopback: "loopback only",
    open: "OPEN TO THE NETWORK",
    observing: "watching, no server of ours",
    clients: |number, count| format!("{number} {}", plural(count as u64, "client", "clients")),
    events: |number, count| format!("{number} {}", plural(count, "event", "events")),
    lost: |number, count| format!("{number} state {} lost", plural(count, "change", "changes")),
    missing_short: |number| format!("{number} missing"),
    missing: |number, count| format!("{number} {} missing", plural(count, "packet", "packets")),
    dark: "dark",
    light: "light",
    contrast: "contrast",
    mono: "mono",
};

const SERVERS: ServersText = ServersText {
    title: "Servers",
    none: "No server yet.",
    none_on_wire: |key| {
        format!("None on these two hosts: the scenario uses its own sockets. {key} shows this machine's.")
    },
    bound: "bound",
    stopped: "stopped",
    port_taken: "in use",
    nobody: "nobody listens",
    watched: "watched: not ours",
    watched_by: |who| format!("watched: {who}, not ours"),
    in_the_way: |connection, state, left| {
        let left = left.map_or_else(String::new, |left| format!(" {left}"));
        format!("{connection} {state}{left}: bind() gives EADDRINUSE, unless both sockets have SO_REUSEADDR")
    },
    held_by: |program| format!("held by {program}"),
    one_at_a_time: "1 at a time",
    threads: |count| format!("{} {}", grouped(count), plural(count as u64, "thread", "threads")),
    tasks: |count| format!("{} {}", grouped(count), plural(count as u64, "task", "tasks")),
    kept_open: |count| format!("{} kept open", grouped(count)),
    datagrams: |number, count| format!("{number} {}", plural(count, "datagram", "datagrams")),
    waiting: |count| format!("{} waiting", grouped(count)),
    busy_with: |peer| format!("busy with {peer}"),
    served: |number, count| format!("{number} {} accepted", plural(count, "connection", "connections")),
    traffic: |received, sent| format!("{received} in, {sent} out"),
    queue: |waiting, backlog| format!("accept queue {} of {}", grouped(waiting), grouped(backlog)),
    half_open: |open, limit| format!("half open (SYN_RECV) {}, backlog {}", grouped(open), grouped(limit)),
    half_open_short: |open| format!("{} half open", grouped(open)),
    paused: |errno, what| format!("accept paused: {errno}, {what}"),
    retry: "tries again",
};

const CLIENTS: ClientsText = ClientsText {
    title: "Client ports",
    first: |server| format!("connects a client to {server}: the kernel chooses its port"),
    lessons: "the lessons",
    by_packet: "one packet at a time, on two hosts without root",
    none_on_wire: |key| {
        format!(
            "No client can connect here: none of the lab's servers runs on these two hosts. {key} shows this machine."
        )
    },
    counts: |live, all| format!("{} open of {}", grouped(live), grouped(all)),
    broadcasting: |count| format!("{} broadcast", grouped(count)),
    short: |made, asked, errno| {
        format!("{errno}: only {} of {} {}", grouped(made), grouped(asked), plural(asked.into(), "client", "clients"))
    },
    starting: "starting",
    connecting: "connecting",
    open: "open",
    half_closed: "half-closed",
    ended: "closed",
    gone: "gone from the table",
    no_state: "no state",
    no_connection: "UDP: no connection",
    gone_in: |span| format!("gone in {span}"),
    server_end: "server's end",
    waiting: "waiting in the accept queue",
    waiting_short: "in accept queue",
    queued: "queued",
    broadcaster: "broadcast",
    other: "other",
    chosen: "even ports, +2 to +16 each (RFC 6056)",
    redrawn: "+2 to +16 each; new draw every 10 s",
};

const NETSTAT: NetstatText = NetstatText {
    none: "The socket table is empty.",
    none_match: "No socket matches. Press / to change the filter, f to watch more.",
    unread: "The socket table has not been read yet.",
    count: |shown, all| format!("{shown} of {all}"),
    rows: |shown, all, count| {
        let shown = shown.map_or_else(String::new, |shown| format!("{shown} of "));
        format!("{shown}{all} {}", plural(count, "row", "rows"))
    },
    local: "Local Address",
    foreign: "Foreign Address",
    local_short: "Local",
    foreign_short: "Foreign",
    state: "State",
    timer: "Timer",
    process: "PID/Program",
    newest: "newest first",
    oldest: "oldest first",
    order: |column| format!("by {column}"),
    gone_in: |span| format!("gone in {span}"),
    resend_in: |span, times| format!("resend {span}{}", again(times)),
    keepalive_in: |span, times| format!("keepalive {span}{}", again(times)),
    probe_in: |span, times| format!("probe {span}{}", again(times)),
    waiting: |count, limit| format!("{} of {} waiting", grouped(count), grouped(limit)),
    listener: "LISTEN: Recv-Q counts waiting connections, Send-Q is the limit",
    in_queue: "in accept queue",
    control: |ControlInQueue { queue, bytes, flag }| {
        format!("{queue} {} = {bytes} B + {flag}, which counts one", u64::from(bytes) + 1)
    },
    scope_filter: "filter's ports",
    scope_lab: "lab's ports",
    scope_all: "all sockets",
    sockets: "Sockets",
};

const LIFECYCLE: LifecycleText = LifecycleText {
    title: "What happened",
    none: "Nothing yet: press c and watch every call of the client and the server.",
    none_listed: "Nothing of this kind yet. Press f for other kinds, Esc for everything.",
    following: "following",
    held: "held",
    events: |number, count| format!("{number} {}", plural(count as u64, "event", "events")),
    latest: |kept, all| format!("the latest {kept} of {all} events"),
    new: |number, _| format!("{number} new"),
    calls: "calls only",
    states: "states only",
    only: |subject| format!("only {subject}"),
    client: |no| format!("client #{no}"),
    lab: "the lab",
    broadcast: "broadcast",
    chose_port: |port| format!("kernel chose port {port}"),
    port: |port| format!("port {port}"),
    no_port_yet: "no port yet: sendto() will get one",
    no_port_short: "no port yet",
    same_port: |port| format!("a new socket, the same port {port}"),
    same_port_short: "a new socket",
    waits: |call| match call {
        Syscall::Accept => "waits for a connection",
        Syscall::Connect => "waits for the SYN+ACK",
        Syscall::Recvfrom => "waits for a datagram",
        _ => "waits for data",
    },
    timed_out: |took| took.map_or_else(|| "timed out".into(), |took| format!("timed out after {took}")),
    unread: |bytes| format!("{bytes} received and not read: sends a RST, not a FIN (RFC 2525 §2.17)"),
    end_of_data: "0 bytes: the other side closed (FIN)",
    shut_down: "0 bytes: this side called shutdown()",
    no_data: "0 bytes",
    timer: "timer",
    exit: "the program ended",
    packet: |number| format!("packet {number}"),
    from: |peer| format!("from {peer}"),
    added: "server added",
    started: |addr| format!("server started on {addr}"),
    failed: |errno| format!("server not started: {errno}"),
    stopped: "server stopped",
    model: |model| format!("serves {model} from now on"),
    serving: |peer, by| format!("{peer} is served {by}"),
    served: |peer| format!("{peer} is no longer served"),
    paused: |errno| format!("accept waits: {errno}"),
    resumed: "accept works again",
    sequential: "one client at a time",
    threaded: "with a thread per client",
    asynchronous: "with a task per client",
    keeping_open: "with a task per client, and closes only when told to (x)",
    by_loop: "by the accept loop",
    by_thread: "by a thread",
    by_task: "by a task",
    by_keeping_task: "by a task that keeps it open",
};

const BROADCAST: BroadcastText = BroadcastText {
    title: "Broadcast",
    you: "you",
    none: |key| format!("Press {key} to say something to every ticked server."),
    no_server: |key| format!("No server is ticked: Tab to the servers, {key} ticks one."),
    waiting: |server, peer| format!("waiting in the accept queue: {server} is busy with {peer}"),
    waiting_short: |peer| format!("queued: busy with {peer}"),
    no_answer_yet: "no answer yet",
    closed: "closed without an answer",
    hung_up: "no longer awaited: the broadcast's socket is closed",
    fewer: |came, sent| format!("{came} came back, {sent} were sent"),
    silent: |span| format!("no answer in {span}; UDP does not say why"),
    gone: "no such server",
    from_port: |port| format!("from :{port}"),
    back: |count| format!("{count} back"),
    empty: "(nothing)",
};

const PORTS: PortsText = PortsText {
    title: "Ports",
    other: "another client",
    back: "the newest",
    newest: "the newest client",
    chosen: "the chosen client",
    server: "the server",
    changes: "changes with every connection",
    free_in: |span| format!("free again in {span}"),
    stays: "never changes",
    one_connection: "one connection",
    none: "No client has a port yet: press c.",
    in_use: |number| format!("{number} in use"),
    open: |number, _| format!("{number} open"),
    time_wait: |number| format!("{number} in TIME_WAIT"),
    free: |number| format!("{number} free"),
    latest: "The latest clients",
    steps: "step from the client before it to the same server",
    drawn: "new draw (every 10 s)",
    udp: "one socket: UDP has no connection, so no 4-tuple",
};

const HELP: HelpText = HelpText {
    title: "Help",
    typing: "While typing",
    counts: "A number before a key repeats it: 25c makes 25 clients; 2 and v (or Enter) goes to view 2",
    evidence: "How it is known",
    available: "available",
    lacking: |errno, what| format!("not available: {errno}, {what}"),
    unknown: "not known yet",
    marks: "Marks",
    mark_selected: "what the keys act on",
    mark_gone: "a row that has just left the table",
    mark_ticked: "receives broadcasts",
    mark_newest: "the newest client's port",
    mark_in_use: "a port in use",
    mark_time_wait: "a port in TIME_WAIT",
    states: "States",
    states_note: &[
        "States are spelled as netstat spells them: SYN_RECV is SYN-RECEIVED in RFC 9293 and SYN-RECV in ss.",
        "A socket that is only bound is in no table; CLOSED is not a socket's state but its absence.",
        "The table is read from time to time: a state that lasts microseconds is inferred, not seen.",
    ],
    filter: "Filter",
    filter_note: &[
        "A word or a number is searched for, as grep does. Fields: port sport dport host src dst state proto pid.",
        "Joined with and, or, not, ( ); ranges 65432-65434; lists established,time_wait.",
        "Packets also have flags len seq iface. flags syn,ack: both are set; flags S.: exactly these; len > 0.",
    ],
    scroll: "↑ ↓ scroll · any other key closes",
};

const fn evidence(evidence: Evidence) -> Meaning {
    match evidence {
        Evidence::Called => Meaning { name: "called", means: "our own code made the call, and this is its result" },
        Evidence::Traced => Meaning { name: "traced", means: "the kernel's tracepoint reported it (needs root)" },
        Evidence::Sampled => Meaning { name: "sampled", means: "the kernel's socket table showed it at that instant" },
        Evidence::Packet => Meaning { name: "packet", means: "a captured packet shows it" },
        Evidence::Inferred => {
            Meaning { name: "inferred", means: "it must lie between two observations (RFC 9293); it was not observed" }
        }
    }
}
