//! What the wire lab needs of the machine, one by one, and what to do where it is missing.

use super::errno::Errno;
use super::text_enum::text_enum;

/// One thing that the wire lab needs. In the order in which they are met.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Need {
    /// Linux itself.
    Linux,
    /// Starting the process that keeps the hosts.
    Helper,
    /// A user namespace of one's own (`user_namespaces(7)`); not needed by root.
    UserNamespace,
    /// Being somebody in it: writing `uid_map` and `gid_map`.
    UidMap,
    /// A PID namespace, so that programs run on the hosts cannot outlive them (`pid_namespaces(7)`).
    PidNamespace,
    /// Network namespaces (`network_namespaces(7)`).
    NetNamespace,
    /// The device node `/dev/net/tun`.
    TunNode,
    /// A TUN interface.
    Tun,
    /// Where there is no TUN: a pair of virtual Ethernet interfaces and packet sockets.
    Veth,
    /// Giving the interfaces their addresses.
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

/// Whether one need is met here, and if not, why not and what would help.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    /// The need.
    pub need: Need,
    /// What came of trying it.
    pub result: Result<(), Missing>,
}

/// A need that is not met.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Missing {
    /// What the system said.
    pub errno: Errno,
    /// What would help.
    pub remedy: Remedy,
}

/// What would help. The sentence and the command are the view's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Remedy {
    /// Another system; or the replay of a recorded session.
    OtherSystem,
    /// `/dev/net/tun` is there but not for us: `sudo chmod 0666 /dev/net/tun`.
    TunPermission,
    /// `/dev/net/tun` is not there: `sudo modprobe tun`, or make the node.
    TunModule,
    /// The distribution strips namespaces of their powers: an `AppArmor` profile for our path with `userns,`.
    AppArmorProfile,
    /// `kernel.unprivileged_userns_clone` is 0.
    AllowUserNamespaces,
    /// `user.max_user_namespaces` (or its like for the other kinds) is used up or 0.
    RaiseNamespaceLimit,
    /// A container forbids it (`seccomp(2)`): start it with the permission, or leave it.
    Container,
    /// The kernel was built without it.
    Kernel,
    /// None is known; the errno is all there is.
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
    /// What is missing.
    pub need: Need,
    /// Why, and what would help.
    pub missing: Missing,
}
