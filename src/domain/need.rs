//! What the laboratory needs from the machine, and what to do where that is missing.

use serde::{Deserialize, Serialize};

use super::errno::Errno;
use super::text_enum::text_enum;

/// One thing that a part of the laboratory needs. Those of the wire lab come first, in the order in which they are checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Need {
    /// Linux itself.
    Linux,
    /// Starting the helper process that holds the hosts' namespaces.
    Helper,
    /// Its own user namespace (`user_namespaces(7)`); root does not need it.
    UserNamespace,
    /// User and group ids in that namespace: writing `uid_map` and `gid_map`.
    UidMap,
    /// A PID namespace, so that programs run on the hosts cannot outlive them (`pid_namespaces(7)`).
    PidNamespace,
    /// Network namespaces (`network_namespaces(7)`).
    NetNamespace,
    /// The device node `/dev/net/tun`.
    TunNode,
    /// A TUN interface.
    Tun,
    /// Without TUN: a pair of virtual Ethernet interfaces and packet sockets.
    Veth,
    /// Setting the addresses of the interfaces.
    Address,
    /// A packet socket, to capture with: `CAP_NET_RAW` (`packet(7)`, `capabilities(7)`).
    PacketSocket,
    /// The interface to capture on.
    Interface,
    /// The filter on the ports, and the packet socket's other settings.
    CaptureSettings,
    /// The thread that reads captured packets.
    CaptureThread,
    /// The kernel's tracepoint.
    Tracepoint,
}

text_enum!(Need {
    Linux = "linux",
    Helper = "helper",
    UserNamespace = "user_namespace",
    UidMap = "uid_map",
    PidNamespace = "pid_namespace",
    NetNamespace = "net_namespace",
    TunNode = "tun_node",
    Tun = "tun",
    Veth = "veth",
    Address = "address",
    PacketSocket = "packet_socket",
    Interface = "interface",
    CaptureSettings = "capture_settings",
    CaptureThread = "capture_thread",
    Tracepoint = "tracepoint",
});

/// What would help. The sentences and the commands are in the texts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Remedy {
    /// Another operating system, or the replay of a recorded session.
    OtherSystem,
    /// `/dev/net/tun` exists but we may not open it: `sudo chmod 0666 /dev/net/tun`.
    TunPermission,
    /// `/dev/net/tun` does not exist: `sudo modprobe tun`, or make the node.
    TunModule,
    /// The distribution restricts user namespaces: an `AppArmor` profile for our path with `userns,`.
    AppArmorProfile,
    /// `kernel.unprivileged_userns_clone` is 0.
    AllowUserNamespaces,
    /// `user.max_user_namespaces` (or the limit for another kind of namespace) is used up or 0.
    RaiseNamespaceLimit,
    /// A container forbids it (`seccomp(2)`): start the container with the permission, or run outside it.
    Container,
    /// The kernel was built without it.
    Kernel,
    /// Giving the program's file the capability `CAP_NET_RAW` (`setcap(8)`).
    FileCapability,
    /// `CAP_NET_RAW` is not in the bounding set, so no program's file can grant it (`capabilities(7)`).
    BoundingSet,
    /// Another interface name: `ip link` lists them.
    OtherInterface,
    /// Running as root.
    Root,
    /// No remedy is known; the errno is all there is.
    Unknown,
}

text_enum!(Remedy {
    OtherSystem = "other_system",
    TunPermission = "tun_permission",
    TunModule = "tun_module",
    AppArmorProfile = "apparmor_profile",
    AllowUserNamespaces = "allow_user_namespaces",
    RaiseNamespaceLimit = "raise_namespace_limit",
    Container = "container",
    Kernel = "kernel",
    FileCapability = "file_capability",
    BoundingSet = "bounding_set",
    OtherInterface = "other_interface",
    Root = "root",
    Unknown = "unknown",
});

/// A need that is not met.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{need} is missing: {errno}")]
pub struct Lack {
    /// The need.
    pub need: Need,
    /// The error of the system.
    pub errno: Errno,
    /// What would help.
    pub remedy: Remedy,
}

#[cfg(not(target_os = "linux"))]
impl Lack {
    /// Why neither packets nor the wire are available on this system.
    pub const LINUX: Self = Self { need: Need::Linux, errno: Errno::Invalid, remedy: Remedy::OtherSystem };
}
