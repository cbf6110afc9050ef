//! English: the output of `doctor` and `exec`.

use super::super::doctor::DoctorText;
use super::super::need::Advice;
use super::{grouped, plural};
use crate::domain::note::TableSource;

pub(super) const DOCTOR: DoctorText = DoctorText {
    table: |source| match source {
        TableSource::SockDiag => "socket table from sock_diag, as ss reads it (sock_diag(7))",
        TableSource::ProcNet => "socket table from /proc/net, because sock_diag is forbidden: no backlogs, no TCP_INFO",
        TableSource::Netstat2 => "socket table from netstat2: no queues, no timers",
    },
    no_table: "the socket table cannot be read",
    no_table_advice: Advice {
        sentence: "The panes of servers and clients work without it; the table stays empty.",
        command: None,
    },
    counted: |sockets, lacks, more| {
        let theirs = (sockets + more).saturating_sub(lacks);
        let lacking = if lacks > 0 { format!(", without {}", grouped(lacks)) } else { String::new() };
        let besides = if more > 0 { format!(", with {} of its own", grouped(more)) } else { String::new() };
        let sockets = format!("{} TCP {}", grouped(sockets), plural(sockets as u64, "socket", "sockets"));
        format!("{sockets}, netstat2 counts {}{lacking}{besides}", grouped(theirs))
    },
    counted_advice: Advice {
        sentence: "Sockets that came or went between the readings are left out: one of the two readers errs.",
        command: Some("ss -tan"),
    },
    not_counted: |sockets, errno| {
        let sockets = format!("{} TCP {}", grouped(sockets), plural(sockets as u64, "socket", "sockets"));
        format!("{sockets}; netstat2 cannot read them here ({errno}), and is not needed")
    },
    sockets: "sockets on loopback: servers and clients work",
    no_sockets: "sockets on loopback do not work",
    no_sockets_advice: Advice {
        sentence: "In a new network namespace the interface lo is down; raise it, as root or in the namespace itself.",
        command: Some("ip link set lo up"),
    },
    port_free: |port| format!("port {port} is free"),
    port_held: |port, holder| match holder {
        Some(holder) => format!("port {port} is held by {holder}"),
        None => format!("port {port} is held by another program"),
    },
    port_advice: Advice {
        sentence: "The server on that port will name the program that holds it; end that program, or start with other ports.",
        command: Some("socklab-tui --server threaded=0"),
    },
    descriptors: |now, most| format!("{now} descriptors, {most} at most"),
    descriptors_advice: Advice {
        sentence: "Each socket is a descriptor: for thousands of clients raise the limit in the shell that starts the program.",
        command: Some("ulimit -n 65536"),
    },
    ephemeral: |low, high| format!("ephemeral ports {low} to {high}"),
    colours: |count| format!("{count} colours"),
    no_colours: "no colours (NO_COLOR is set)",
    colours_advice: Advice {
        sentence: "Unset NO_COLOR to see states in colour; nothing depends on colour alone.",
        command: Some("unset NO_COLOR"),
    },
    unicode: "characters beyond ASCII",
    unicode_advice: Advice {
        sentence: "Everything is drawn in ASCII; a UTF-8 locale gives lines and symbols.",
        command: Some("export LC_ALL=C.UTF-8"),
    },
    wire: "The wire lab needs:",
    works: "The laboratory works here.",
    broken: "The laboratory does not work here: not even sockets on loopback work.",
    wire_opens: |opens| if opens { "The wire lab opens here." } else { "The wire lab does not open here." },
    no_wire: "no wire lab is open: open one in another terminal with `socklab-tui wire`",
    several: |processes| format!("several wire labs are open: choose one with --of PID ({processes})"),
    not_started: |why| format!("the program could not be started: {why}"),
};
