//! The settings that a lesson changes, as a list.

use super::file::{HostSettings, LessonSettings};
use crate::domain::{HostId, Setting};

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
