//! What the wire lab needs from the machine, and what to do where it is missing.

use super::errno::Errno;
use super::text_enum::text_enum;

/// One thing that the wire lab needs. In the order in which they are checked.
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
});

/// Whether one need is met on this machine, and if not, why not and what would help.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NeedCheck {
    /// The need.
    pub need: Need,
    /// The result of trying it.
    pub result: Result<(), Missing>,
}

/// A need that is not met.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Missing {
    /// The error of the system.
    pub errno: Errno,
    /// What would help.
    pub remedy: Remedy,
}

/// What would help. The sentence and the command are in the texts of the screen.
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
    Unknown = "unknown",
});

/// Why the wire lab could not be opened.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the wire lab lacks {need:?}: {}", missing.errno)]
pub struct OpenError {
    /// The need that is not met.
    pub need: Need,
    /// Why, and what would help.
    pub missing: Missing,
}
