//! The settings that a host's kernel chose, read from its sysctls.

use crate::domain::Setting;

/// A setting whose value is the kernel's choice until it is set.
pub(super) struct KernelChoice {
    /// The file under `/proc/sys/net`.
    pub(super) file: &'static str,
    /// Which of its numbers it is.
    field: usize,
    of: fn(u32) -> Option<Setting>,
}

/// Those that the presenter can turn. Of the buffers it is the size of a new socket's: the second number, between the
/// least and the largest that the kernel may adapt it to (`tcp(7)`, `tcp_rmem`).
pub(super) const KERNEL_CHOICES: [KernelChoice; 8] = [
    KernelChoice { file: "core/somaxconn", field: 0, of: |limit| Some(Setting::Somaxconn(limit)) },
    KernelChoice { file: "ipv4/tcp_rmem", field: 1, of: |bytes| Some(Setting::ReceiveBuffer(bytes)) },
    KernelChoice { file: "ipv4/tcp_wmem", field: 1, of: |bytes| Some(Setting::SendBuffer(bytes)) },
    KernelChoice { file: "ipv4/tcp_tw_reuse", field: 0, of: |how| how.try_into().ok().map(Setting::TwReuse) },
    KernelChoice {
        file: "ipv4/tcp_syn_linear_timeouts",
        field: 0,
        of: |count| count.try_into().ok().map(Setting::SynLinearTimeouts),
    },
    KernelChoice { file: "ipv4/tcp_syncookies", field: 0, of: |how| Some(Setting::SynCookies(how != 0)) },
    // The third bit and those above it are no switches of ours (ip-sysctl).
    KernelChoice { file: "ipv4/tcp_fastopen", field: 0, of: |how| (how & 3).try_into().ok().map(Setting::FastOpen) },
    KernelChoice { file: "ipv4/tcp_rfc1337", field: 0, of: |how| Some(Setting::Rfc1337(how != 0)) },
];

impl KernelChoice {
    /// The setting that the content of the file says.
    pub(super) fn setting(&self, content: &str) -> Option<Setting> {
        (self.of)(content.split_ascii_whitespace().nth(self.field)?.parse().ok()?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_buffer_the_default_is_read() {
        let read: Vec<_> = KERNEL_CHOICES.iter().map(|choice| choice.setting("4096\t131072\t6291456\n")).collect();
        let [limit, receive, send] =
            [Setting::Somaxconn(4096), Setting::ReceiveBuffer(131_072), Setting::SendBuffer(131_072)];
        assert_eq!(read[..5], [Some(limit), Some(receive), Some(send), None, None]);
        assert_eq!(KERNEL_CHOICES[6].setting("1027\n"), Some(Setting::FastOpen(3)));
        assert_eq!(KERNEL_CHOICES[3].setting("2\n"), Some(Setting::TwReuse(2)));
        assert_eq!(KERNEL_CHOICES[1].setting("4096"), None);
    }
}
