//! English: what the laboratory needs of the machine, and what helps where it is missing.

use super::super::need::Advice;
use crate::domain::need::{Need, Remedy};

pub(super) const fn need(need: Need) -> &'static str {
    match need {
        Need::Linux => "Linux",
        Need::Helper => "starting the helper process that holds the two hosts",
        Need::UserNamespace => "a user namespace (user_namespaces(7))",
        Need::UidMap => "the privileges of a user namespace (writing uid_map and gid_map)",
        Need::PidNamespace => "a PID namespace (pid_namespaces(7))",
        Need::NetNamespace => "two network namespaces (network_namespaces(7))",
        Need::TunNode => "the device node /dev/net/tun",
        Need::Tun => "a TUN interface on each host",
        Need::Veth => "instead of TUN, a veth pair and packet sockets (veth(4))",
        Need::Address => "giving the hosts' interfaces their addresses",
        Need::PacketSocket => "capturing packets (CAP_NET_RAW; the wire lab shows packets without it)",
        Need::Interface => "the interface to capture on",
        Need::CaptureSettings => "the filter and the buffer of the capture (packet(7))",
        Need::CaptureThread => "the thread of the capture",
        Need::Tracepoint => "the kernel's tracepoint: every change of state (root)",
    }
}

pub(super) const fn remedy(remedy: Remedy) -> Advice {
    match remedy {
        Remedy::OtherSystem => Advice {
            sentence: "Use Linux. A session recorded there can be replayed anywhere, and a capture file can be read anywhere: socklab-tui capture -r FILE.",
            command: None,
        },
        Remedy::TunPermission => Advice {
            sentence: "The node exists, but you may not open it. This allows it until the next reboot:",
            command: Some("sudo chmod 0666 /dev/net/tun"),
        },
        Remedy::TunModule => Advice {
            sentence: "The node does not exist. This loads the module that creates it:",
            command: Some("sudo modprobe tun"),
        },
        Remedy::AppArmorProfile => Advice {
            sentence: "AppArmor restricts user namespaces here (Ubuntu from 24.04 on). The profile assets/apparmor/socklab-tui allows them for this program: put the program's path into it, and load it:",
            command: Some(
                "sudo cp assets/apparmor/socklab-tui /etc/apparmor.d/ && sudo apparmor_parser -r /etc/apparmor.d/socklab-tui",
            ),
        },
        Remedy::AllowUserNamespaces => Advice {
            sentence: "This system forbids user namespaces. This allows them until the next reboot:",
            command: Some("sudo sysctl -w kernel.unprivileged_userns_clone=1"),
        },
        Remedy::RaiseNamespaceLimit => Advice {
            sentence: "The limit on namespaces is reached. This raises it until the next reboot:",
            command: Some("sudo sysctl -w user.max_{user,pid,net}_namespaces=15000"),
        },
        Remedy::Container => Advice {
            sentence: "A container or its seccomp filter forbids it. Start the container from outside with:",
            command: Some("docker run --privileged …"),
        },
        Remedy::Kernel => {
            Advice { sentence: "This kernel was built without it; use a kernel that has it.", command: None }
        }
        Remedy::FileCapability => Advice {
            sentence: "This needs the capability CAP_NET_RAW, which the program does not have. This command grants that and nothing else:",
            command: Some("sudo setcap cap_net_raw+ep {exe}"),
        },
        Remedy::BoundingSet => Advice {
            sentence: "The program runs where CAP_NET_RAW is forbidden (a container or a service): start the container or service with it.",
            command: None,
        },
        Remedy::OtherInterface => {
            Advice { sentence: "There is no such interface: `ip link` lists them.", command: None }
        }
        Remedy::Root => Advice {
            sentence: "Without root the states come from the socket table, which misses states that last microseconds.",
            command: Some("sudo {exe}"),
        },
        Remedy::Unknown => Advice {
            sentence: "There is no known remedy, except trying again as root:",
            command: Some("sudo socklab-tui"),
        },
    }
}
