//! What a failure means on this machine, and what would help.

use std::io;
use std::path::Path;

use crate::domain::need::{Lack, Need, Remedy};

/// What the failure of `need` with `error` means on this machine.
pub(super) fn lack(need: Need, error: &io::Error) -> Lack {
    Lack { need, errno: error.into(), remedy: remedy(need, error) }
}

fn remedy(need: Need, error: &io::Error) -> Remedy {
    use io::ErrorKind::{InvalidInput, NotFound, PermissionDenied, StorageFull, Unsupported};
    match (need, error.kind()) {
        (Need::Linux, _) => Remedy::OtherSystem,
        (Need::TunNode, PermissionDenied) => Remedy::TunPermission,
        (Need::TunNode, _) => Remedy::TunModule,
        (Need::UidMap, PermissionDenied) => Remedy::AppArmorProfile,
        (Need::UserNamespace, PermissionDenied) if user_namespaces_forbidden() => Remedy::AllowUserNamespaces,
        (Need::UserNamespace, PermissionDenied) => Remedy::Container,
        (Need::NetNamespace | Need::PidNamespace | Need::Tun | Need::Veth | Need::Address, PermissionDenied) => {
            if restricted_by_apparmor() {
                Remedy::AppArmorProfile
            } else {
                Remedy::Container
            }
        }
        (Need::UserNamespace | Need::NetNamespace | Need::PidNamespace, StorageFull) => Remedy::RaiseNamespaceLimit,
        (Need::UserNamespace | Need::NetNamespace | Need::PidNamespace, InvalidInput)
        | (Need::Veth, Unsupported | NotFound) => Remedy::Kernel,
        _ => Remedy::Unknown,
    }
}

fn user_namespaces_forbidden() -> bool {
    says("/proc/sys/kernel/unprivileged_userns_clone", "0")
}

fn restricted_by_apparmor() -> bool {
    says("/proc/sys/kernel/apparmor_restrict_unprivileged_userns", "1")
}

fn says(path: &str, word: &str) -> bool {
    std::fs::read_to_string(Path::new(path)).is_ok_and(|text| text.trim() == word)
}
