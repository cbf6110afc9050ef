//! English: what `doctor` and `exec` say.

use super::super::doctor::{Advice, Doctor, Needs, Remedies};

pub(super) const DOCTOR: Doctor = Doctor {
    sockets: "sockets on loopback: servers and clients work",
    port_free: |port| format!("port {port} is free"),
    port_held: |port, holder| match holder {
        Some(holder) => format!("port {port} is held by {holder}"),
        None => format!("port {port} is held by another program"),
    },
    port_advice: Advice {
        sentence: "The server on that port will say who holds it; end that program, or start with other ports.",
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
        sentence: "Unset NO_COLOR to see states in colours; nothing is said by colour alone.",
        command: Some("unset NO_COLOR"),
    },
    unicode: "characters beyond ASCII",
    unicode_advice: Advice {
        sentence: "Everything is drawn with ASCII; a UTF-8 locale gives lines and glyphs.",
        command: Some("export LC_ALL=C.UTF-8"),
    },
    capture: "capturing packets (CAP_NET_RAW)",
    capture_advice: Advice {
        sentence: "Packets on loopback need the capability; the wire lab shows packets without it.",
        command: Some("sudo setcap cap_net_raw+ep {exe}"),
    },
    trace: "the kernel's tracepoint: every change of state (root)",
    trace_advice: Advice {
        sentence: "Without root the states come from the socket table, which misses what is over in microseconds.",
        command: Some("sudo {exe}"),
    },
    wire: "The wire lab needs:",
    needs: Needs {
        linux: "Linux",
        helper: "starting its helper process",
        user_namespace: "a user namespace (user_namespaces(7))",
        uid_map: "writing uid_map and gid_map",
        pid_namespace: "a PID namespace (pid_namespaces(7))",
        net_namespace: "two network namespaces (network_namespaces(7))",
        tun_node: "the device node /dev/net/tun",
        tun: "a TUN interface on each host",
        veth: "or, in its place, a veth pair and packet sockets",
        address: "giving the interfaces their addresses",
    },
    remedies: Remedies {
        other_system: Advice { sentence: "The wire lab needs Linux. Everything else works here.", command: None },
        tun_permission: Advice {
            sentence: "/dev/net/tun is there, but not for you.",
            command: Some("sudo chmod 0666 /dev/net/tun"),
        },
        tun_module: Advice {
            sentence: "/dev/net/tun is not there: the module is not loaded.",
            command: Some("sudo modprobe tun"),
        },
        app_armor: Advice {
            sentence: "This distribution strips user namespaces of their powers unless a profile allows them. The profile comes with the program (assets/apparmor/socklab-tui); put this program's path into it and load it.",
            command: Some(
                "sudo cp assets/apparmor/socklab-tui /etc/apparmor.d/ && sudo apparmor_parser -r /etc/apparmor.d/socklab-tui",
            ),
        },
        allow_user_namespaces: Advice {
            sentence: "This system forbids user namespaces to ordinary users.",
            command: Some("sudo sysctl kernel.unprivileged_userns_clone=1"),
        },
        raise_namespace_limit: Advice {
            sentence: "The limit of namespaces is used up, or 0.",
            command: Some(
                "sudo sysctl user.max_user_namespaces=1024 user.max_net_namespaces=1024 user.max_pid_namespaces=1024",
            ),
        },
        container: Advice {
            sentence: "A container forbids it. Start the container with the right, or use the program outside of it.",
            command: Some("docker run --security-opt seccomp=unconfined --device /dev/net/tun …"),
        },
        kernel: Advice { sentence: "This kernel was built without it.", command: None },
        unknown: Advice { sentence: "No remedy is known; the error is all there is.", command: None },
    },
    works: "The laboratory works here.",
    broken: "The laboratory does not work here: not even sockets on loopback do.",
    wire_opens: |opens| if opens { "The wire lab opens here." } else { "The wire lab does not open here." },
    no_wire: "no wire lab is open: open one in another terminal with `socklab-tui wire`",
    several: |processes| format!("several wire labs are open: say which with --of and its process ({processes})"),
    not_started: |why| format!("the program could not be started: {why}"),
};
