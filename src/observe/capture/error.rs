//! The requirements of a capture, and what helps if one is missing.

#[cfg(target_os = "linux")]
use std::io;
use std::path::PathBuf;

use crate::domain::Errno;
use crate::domain::excerpt::sanitise;

/// A requirement of a capture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CaptureNeed {
    /// Linux itself: packets are captured with its `AF_PACKET` sockets (`packet(7)`).
    Linux,
    /// Such a socket: `CAP_NET_RAW` (`capabilities(7)`).
    Socket,
    /// The interface of this name.
    Interface(String),
    /// The filter on the ports, and the socket's settings.
    Settings,
    /// The thread that reads.
    Thread,
}

/// What would help. The view has the sentences; the command is the same in every language.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CaptureRemedy {
    /// Giving the program its one capability: see [`CaptureRemedy::command`].
    SetCap(PathBuf),
    /// A container or service forbids it, whatever the program file has: start that with `CAP_NET_RAW`.
    Container,
    /// Another interface name: `ip link` lists them.
    OtherInterface,
    /// Another system, a capture file, or the wire lab, which needs no privilege.
    OtherSystem,
    /// No remedy is known; there is only the errno.
    Unknown,
}

impl CaptureRemedy {
    /// The command to type, where there is one.
    pub fn command(&self) -> Option<String> {
        match self {
            Self::SetCap(program) => {
                let path = sanitise(program.as_os_str().as_encoded_bytes());
                let plain = path.chars().all(|c| c.is_alphanumeric() || "/._-+".contains(c));
                let path = if plain { path } else { format!("'{}'", path.replace('\'', r"'\''")) };
                Some(format!("sudo setcap cap_net_raw+ep {path}"))
            }
            _ => None,
        }
    }
}

/// Why packets cannot be captured.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the capture lacks {need:?}: {errno}")]
pub struct CaptureError {
    /// What is missing.
    pub need: CaptureNeed,
    /// What the system said.
    pub errno: Errno,
    /// What would help.
    pub remedy: CaptureRemedy,
}

impl CaptureError {
    /// The error on systems other than Linux.
    pub const ELSEWHERE: Self =
        Self { need: CaptureNeed::Linux, errno: Errno::Invalid, remedy: CaptureRemedy::OtherSystem };

    /// `need` failed with `error`.
    #[cfg(target_os = "linux")]
    pub(super) fn new(need: CaptureNeed, error: &io::Error) -> Self {
        let remedy = remedy(&need, error);
        Self { need, errno: error.into(), remedy }
    }
}

#[cfg(target_os = "linux")]
fn remedy(need: &CaptureNeed, error: &io::Error) -> CaptureRemedy {
    match need {
        CaptureNeed::Linux => CaptureRemedy::OtherSystem,
        CaptureNeed::Interface(_) => CaptureRemedy::OtherInterface,
        CaptureNeed::Socket if error.kind() == io::ErrorKind::PermissionDenied => {
            if may_have_raw() {
                // The capability is given to the file of the running program.
                std::env::current_exe().map_or(CaptureRemedy::Unknown, CaptureRemedy::SetCap)
            } else {
                CaptureRemedy::Container
            }
        }
        CaptureNeed::Socket | CaptureNeed::Settings | CaptureNeed::Thread => CaptureRemedy::Unknown,
    }
}

/// Whether `CAP_NET_RAW` is in the bounding set: otherwise no program file can grant it (`capabilities(7)`).
#[cfg(target_os = "linux")]
fn may_have_raw() -> bool {
    const NET_RAW: u32 = 13;
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let bounding = status.lines().find_map(|line| line.strip_prefix("CapBnd:"));
    bounding.and_then(|digits| u64::from_str_radix(digits.trim(), 16).ok()).is_none_or(|set| set >> NET_RAW & 1 == 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_can_be_pasted_as_it_is() {
        let command = |path: &str| CaptureRemedy::SetCap(path.into()).command().unwrap();
        assert_eq!(command("/usr/local/bin/socklab-tui"), "sudo setcap cap_net_raw+ep /usr/local/bin/socklab-tui");
        assert_eq!(command("/home/ana/redes 1/it's"), r"sudo setcap cap_net_raw+ep '/home/ana/redes 1/it'\''s'");
        assert_eq!(CaptureRemedy::Container.command(), None);
    }
}
