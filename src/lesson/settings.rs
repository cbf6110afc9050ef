//! The settings that a lesson changes.

use serde::Deserialize;

use crate::domain::{HostId, Setting};

/// Settings of the wire's hosts. Those of one host override those of both.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LessonSettings {
    /// For both hosts.
    pub both: HostSettings,
    /// For the client host.
    pub client: HostSettings,
    /// For the server host.
    pub server: HostSettings,
}

/// Settings of one host's network stack; see `Documentation/networking/ip-sysctl`. A setting left out is unchanged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct HostSettings {
    /// The timestamps option (RFC 7323 §3).
    pub timestamps: Option<bool>,
    /// Selective acknowledgements (RFC 2018).
    pub sack: Option<bool>,
    /// The window scale option (RFC 7323 §2).
    pub window_scaling: Option<bool>,
    /// Tail loss probes (RFC 8985).
    pub tail_loss_probe: Option<bool>,
    /// The ephemeral ports, first and last.
    pub ephemeral_range: Option<(u16, u16)>,
    /// Whether a port in TIME_WAIT may be taken again: 0 never, 1 always, 2 on loopback.
    pub tw_reuse: Option<u8>,
    /// How many SYN retransmissions are sent at the same interval, before it doubles.
    pub syn_linear_timeouts: Option<u8>,
    /// How many times a SYN is retransmitted.
    pub syn_retries: Option<u8>,
    /// How many times a SYN-ACK is retransmitted.
    pub synack_retries: Option<u8>,
    /// How many times data is retransmitted.
    pub retries: Option<u8>,
    /// How many times data of an orphaned socket, which no program holds any more, is retransmitted.
    pub orphan_retries: Option<u8>,
    /// How long an orphaned socket stays in FIN_WAIT2, in seconds.
    pub fin_timeout: Option<u16>,
    /// The largest backlog that `listen` grants.
    pub somaxconn: Option<u32>,
    /// The receive buffer of new sockets, in bytes.
    pub receive_buffer: Option<u32>,
    /// The send buffer of new sockets, in bytes.
    pub send_buffer: Option<u32>,
}

impl LessonSettings {
    /// Each setting that is given, and its host. Those for both hosts come first, so that those for one host win.
    pub fn each(&self) -> Vec<(HostId, Setting)> {
        let both =
            given(&self.both).into_iter().flat_map(|setting| [(HostId::Client, setting), (HostId::Server, setting)]);
        let of = |host, settings| given(settings).into_iter().map(move |setting| (host, setting));
        both.chain(of(HostId::Client, &self.client)).chain(of(HostId::Server, &self.server)).collect()
    }
}

fn given(settings: &HostSettings) -> Vec<Setting> {
    let HostSettings {
        timestamps,
        sack,
        window_scaling,
        tail_loss_probe,
        ephemeral_range,
        tw_reuse,
        syn_linear_timeouts,
        syn_retries,
        synack_retries,
        retries,
        orphan_retries,
        fin_timeout,
        somaxconn,
        receive_buffer,
        send_buffer,
    } = *settings;
    let all = [
        timestamps.map(Setting::Timestamps),
        sack.map(Setting::Sack),
        window_scaling.map(Setting::WindowScaling),
        tail_loss_probe.map(Setting::TailLossProbe),
        ephemeral_range.map(|(low, high)| Setting::EphemeralRange(low, high)),
        tw_reuse.map(Setting::TwReuse),
        syn_linear_timeouts.map(Setting::SynLinearTimeouts),
        syn_retries.map(Setting::SynRetries),
        synack_retries.map(Setting::SynAckRetries),
        retries.map(Setting::Retries),
        orphan_retries.map(Setting::OrphanRetries),
        fin_timeout.map(Setting::FinTimeout),
        somaxconn.map(Setting::Somaxconn),
        receive_buffer.map(Setting::ReceiveBuffer),
        send_buffer.map(Setting::SendBuffer),
    ];
    all.into_iter().flatten().collect()
}
