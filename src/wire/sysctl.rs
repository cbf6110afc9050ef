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
