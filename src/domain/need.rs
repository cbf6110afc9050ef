//! The needs of the laboratory, and remedies where the machine does not meet one.

use serde::{Deserialize, Serialize};

use super::errno::Errno;
use super::text_enum::text_enum;

text_enum! {
    /// One thing that a part of the laboratory needs. Those of the wire lab come first, in the order in which they are
    /// checked.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
    pub enum Need {
        /// Linux itself.
        Linux = "linux",
        /// Starting the helper process that holds the hosts' namespaces.
        Helper = "helper",
        /// Its own user namespace (`user_namespaces(7)`); root does not need it.
        UserNamespace = "user_namespace",
        /// User and group ids in that namespace: writing `uid_map` and `gid_map`.
        UidMap = "uid_map",
        /// A PID namespace, so that programs run on the hosts cannot outlive them (`pid_namespaces(7)`).
        PidNamespace = "pid_namespace",
        /// Network namespaces (`network_namespaces(7)`).
        NetNamespace = "net_namespace",
        /// The device node `/dev/net/tun`.
        TunNode = "tun_node",
        /// A TUN interface.
        Tun = "tun",
        /// Without TUN: a pair of virtual Ethernet interfaces and packet sockets.
        Veth = "veth",
        /// Setting the addresses of the interfaces.
        Address = "address",
        /// A packet socket, to capture with: `CAP_NET_RAW` (`packet(7)`, `capabilities(7)`).
        PacketSocket = "packet_socket",
        /// The interface to capture on.
        Interface = "interface",
        /// The filter on the ports, and the packet socket's other settings.
        CaptureSettings = "capture_settings",
        /// The thread that reads captured packets.
        CaptureThread = "capture_thread",
        /// The kernel's tracepoint.
        Tracepoint = "tracepoint",
    }
}

text_enum! {
    /// A remedy. The sentences and the commands are in the texts.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
    pub enum Remedy {
        /// Another operating system, or the replay of a recorded session.
        OtherSystem = "other_system",
        /// `/dev/net/tun` exists but we may not open it: `sudo chmod 0666 /dev/net/tun`.
        TunPermission = "tun_permission",
        /// `/dev/net/tun` does not exist: `sudo modprobe tun`, or make the node.
        TunModule = "tun_module",
        /// The distribution restricts user namespaces: an `AppArmor` profile for our path with `userns,`.
        AppArmorProfile = "apparmor_profile",
        /// `kernel.unprivileged_userns_clone` is 0.
        AllowUserNamespaces = "allow_user_namespaces",
        /// `user.max_user_namespaces` (or the limit for another kind of namespace) is used up or 0.
        RaiseNamespaceLimit = "raise_namespace_limit",
        /// A container forbids it (`seccomp(2)`): start the container with the permission, or run outside it.
        Container = "container",
        /// The kernel was built without it.
        Kernel = "kernel",
        /// Giving the program's file the capability `CAP_NET_RAW` (`setcap(8)`).
        FileCapability = "file_capability",
        /// `CAP_NET_RAW` is not in the bounding set, so no program's file can grant it (`capabilities(7)`).
        BoundingSet = "bounding_set",
        /// Another interface name: `ip link` lists them.
        OtherInterface = "other_interface",
        /// Running as root.
        Root = "root",
        /// No remedy is known; the errno is all there is.
        Unknown = "unknown",
    }
}

/// A need that is not met.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{need} is missing: {errno}")]
pub struct Lack {
    /// The need.
    pub need: Need,
    /// The error of the system.
    pub errno: Errno,
    /// The remedy.
    pub remedy: Remedy,
}

#[cfg(not(target_os = "linux"))]
impl Lack {
    /// Why neither packets nor the wire are available on this system.
    pub const LINUX: Self = Self { need: Need::Linux, errno: Errno::Invalid, remedy: Remedy::OtherSystem };
}
