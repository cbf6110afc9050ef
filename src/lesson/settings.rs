//! The settings that a lesson changes.

use serde::Deserialize;

use crate::domain::{Congestion, HostId, Setting};

/// Settings of the wire's hosts. Those of one host override those of both.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LessonSettings {
    /// Of both hosts.
    pub both: HostSettings,
    /// Of the client host.
    pub client: HostSettings,
    /// Of the server host.
    pub server: HostSettings,
}

/// Settings of one host's network stack, each as the [`Setting`] of this name. A setting left out is unchanged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct HostSettings {
    pub patience: Option<bool>,
    pub rto_min: Option<u32>,
    pub timestamps: Option<bool>,
    pub sack: Option<bool>,
    pub window_scaling: Option<bool>,
    pub tail_loss_probe: Option<bool>,
    pub ephemeral_range: Option<(u16, u16)>,
    pub tw_reuse: Option<u8>,
    pub syn_linear_timeouts: Option<u8>,
    pub syn_retries: Option<u8>,
    pub synack_retries: Option<u8>,
    pub retries: Option<u8>,
    pub orphan_retries: Option<u8>,
    pub fin_timeout: Option<u16>,
    pub somaxconn: Option<u32>,
    pub receive_buffer: Option<u32>,
    pub send_buffer: Option<u32>,
    pub nagle: Option<bool>,
    pub congestion: Option<Congestion>,
    pub ecn: Option<u8>,
    pub syn_cookies: Option<bool>,
    pub fast_open: Option<u8>,
    pub rfc1337: Option<bool>,
    pub remember_metrics: Option<bool>,
    pub mtu: Option<u16>,
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
        patience,
        rto_min,
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
        nagle,
        congestion,
        ecn,
        syn_cookies,
        fast_open,
        rfc1337,
        remember_metrics,
        mtu,
    } = *settings;
    let all = [
        patience.map(Setting::Patience),
        rto_min.map(Setting::RtoMin),
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
        nagle.map(Setting::Nagle),
        congestion.map(Setting::Congestion),
        ecn.map(Setting::Ecn),
        syn_cookies.map(Setting::SynCookies),
        fast_open.map(Setting::FastOpen),
        rfc1337.map(Setting::Rfc1337),
        remember_metrics.map(Setting::RememberMetrics),
        mtu.map(Setting::Mtu),
    ];
    all.into_iter().flatten().collect()
}
