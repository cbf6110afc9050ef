//! Where the kernel keeps the settings of a host.

use crate::domain::knob::{Congestion, Knob};

/// The file under `/proc/sys/net` and what to write into it; none for what is no setting of the kernel.
pub(super) fn setting(knob: Knob) -> Option<(&'static str, String)> {
    let bit = |on: bool| u8::from(on).to_string();
    Some(match knob {
        Knob::Timestamps(on) => ("ipv4/tcp_timestamps", bit(on)),
        Knob::Sack(on) => ("ipv4/tcp_sack", bit(on)),
        Knob::WindowScaling(on) => ("ipv4/tcp_window_scaling", bit(on)),
        Knob::TailLossProbe(on) => ("ipv4/tcp_early_retrans", if on { "3".into() } else { "0".into() }),
        Knob::EphemeralRange(low, high) => ("ipv4/ip_local_port_range", format!("{low} {high}")),
        Knob::TwReuse(how) => ("ipv4/tcp_tw_reuse", how.to_string()),
        Knob::SynLinearTimeouts(count) => ("ipv4/tcp_syn_linear_timeouts", count.to_string()),
        Knob::SynRetries(count) => ("ipv4/tcp_syn_retries", count.to_string()),
        Knob::SynAckRetries(count) => ("ipv4/tcp_synack_retries", count.to_string()),
        Knob::Retries(count) => ("ipv4/tcp_retries2", count.to_string()),
        Knob::OrphanRetries(count) => ("ipv4/tcp_orphan_retries", count.to_string()),
        Knob::FinTimeout(seconds) => ("ipv4/tcp_fin_timeout", seconds.to_string()),
        Knob::Somaxconn(limit) => ("core/somaxconn", limit.to_string()),
        Knob::Ecn(how) => ("ipv4/tcp_ecn", how.to_string()),
        Knob::RememberMetrics(on) => ("ipv4/tcp_no_metrics_save", bit(!on)),
        Knob::Congestion(Congestion::Reno) => ("ipv4/tcp_congestion_control", "reno".into()),
        Knob::Congestion(Congestion::Cubic) => ("ipv4/tcp_congestion_control", "cubic".into()),
        Knob::ReceiveBuffer(bytes) => ("ipv4/tcp_rmem", format!("{} {bytes} {bytes}", bytes.min(4096))),
        Knob::SendBuffer(bytes) => ("ipv4/tcp_wmem", format!("{} {bytes} {bytes}", bytes.min(4096))),
        Knob::SynCookies(on) => ("ipv4/tcp_syncookies", bit(on)),
        Knob::Nagle(_) => return None,
    })
}
