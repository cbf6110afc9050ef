//! The sysctls of a host's settings.

use crate::domain::setting::{Congestion, Setting};

/// The file under `/proc/sys/net` and its content; `None` for a setting of sockets or routes.
pub(super) fn sysctl(setting: Setting) -> Option<(&'static str, String)> {
    let bit = |on: bool| u8::from(on).to_string();
    Some(match setting {
        Setting::Timestamps(on) => ("ipv4/tcp_timestamps", bit(on)),
        Setting::Sack(on) => ("ipv4/tcp_sack", bit(on)),
        Setting::WindowScaling(on) => ("ipv4/tcp_window_scaling", bit(on)),
        Setting::TailLossProbe(on) => ("ipv4/tcp_early_retrans", if on { "3".into() } else { "0".into() }),
        Setting::EphemeralRange(low, high) => ("ipv4/ip_local_port_range", format!("{low} {high}")),
        Setting::TwReuse(how) => ("ipv4/tcp_tw_reuse", how.to_string()),
        Setting::SynLinearTimeouts(count) => ("ipv4/tcp_syn_linear_timeouts", count.to_string()),
        Setting::SynRetries(count) => ("ipv4/tcp_syn_retries", count.to_string()),
        Setting::SynAckRetries(count) => ("ipv4/tcp_synack_retries", count.to_string()),
        Setting::Retries(count) => ("ipv4/tcp_retries2", count.to_string()),
        Setting::OrphanRetries(count) => ("ipv4/tcp_orphan_retries", count.to_string()),
        Setting::FinTimeout(seconds) => ("ipv4/tcp_fin_timeout", seconds.to_string()),
        Setting::Somaxconn(limit) => ("core/somaxconn", limit.to_string()),
        Setting::Ecn(how) => ("ipv4/tcp_ecn", how.to_string()),
        Setting::RememberMetrics(on) => ("ipv4/tcp_no_metrics_save", bit(!on)),
        Setting::Congestion(Congestion::Reno) => ("ipv4/tcp_congestion_control", "reno".into()),
        Setting::Congestion(Congestion::Cubic) => ("ipv4/tcp_congestion_control", "cubic".into()),
        Setting::ReceiveBuffer(bytes) => ("ipv4/tcp_rmem", format!("{} {bytes} {bytes}", bytes.min(4096))),
        Setting::SendBuffer(bytes) => ("ipv4/tcp_wmem", format!("{} {bytes} {bytes}", bytes.min(4096))),
        Setting::SynCookies(on) => ("ipv4/tcp_syncookies", bit(on)),
        Setting::Nagle(_) | Setting::Patience(_) => return None,
    })
}

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
pub(super) const KERNEL_CHOICES: [KernelChoice; 5] = [
    KernelChoice { file: "core/somaxconn", field: 0, of: |limit| Some(Setting::Somaxconn(limit)) },
    KernelChoice { file: "ipv4/tcp_rmem", field: 1, of: |bytes| Some(Setting::ReceiveBuffer(bytes)) },
    KernelChoice { file: "ipv4/tcp_wmem", field: 1, of: |bytes| Some(Setting::SendBuffer(bytes)) },
    KernelChoice { file: "ipv4/tcp_tw_reuse", field: 0, of: |how| how.try_into().ok().map(Setting::TwReuse) },
    KernelChoice {
        file: "ipv4/tcp_syn_linear_timeouts",
        field: 0,
        of: |count| count.try_into().ok().map(Setting::SynLinearTimeouts),
    },
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
        assert_eq!(read, [Some(limit), Some(receive), Some(send), None, None]);
        assert_eq!(KERNEL_CHOICES[3].setting("2\n"), Some(Setting::TwReuse(2)));
        assert_eq!(KERNEL_CHOICES[1].setting("4096"), None);
    }
}
