//! The settings that a lesson turns, one by one.

use super::file::{Knobs, Settings};
use crate::domain::{HostId, Knob};

impl Knobs {
    /// Each setting that is said, and on which host: of both first, so that what is said of one is what holds there.
    pub fn each(&self) -> Vec<(HostId, Knob)> {
        let both = said(&self.both).into_iter().flat_map(|knob| [(HostId::Client, knob), (HostId::Server, knob)]);
        let of = |host, settings| said(settings).into_iter().map(move |knob| (host, knob));
        both.chain(of(HostId::Client, &self.client)).chain(of(HostId::Server, &self.server)).collect()
    }
}

fn said(settings: &Settings) -> Vec<Knob> {
    let Settings {
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
        timestamps.map(Knob::Timestamps),
        sack.map(Knob::Sack),
        window_scaling.map(Knob::WindowScaling),
        tail_loss_probe.map(Knob::TailLossProbe),
        ephemeral_range.map(|(low, high)| Knob::EphemeralRange(low, high)),
        tw_reuse.map(Knob::TwReuse),
        syn_linear_timeouts.map(Knob::SynLinearTimeouts),
        syn_retries.map(Knob::SynRetries),
        synack_retries.map(Knob::SynAckRetries),
        retries.map(Knob::Retries),
        orphan_retries.map(Knob::OrphanRetries),
        fin_timeout.map(Knob::FinTimeout),
        somaxconn.map(Knob::Somaxconn),
        receive_buffer.map(Knob::ReceiveBuffer),
        send_buffer.map(Knob::SendBuffer),
    ];
    all.into_iter().flatten().collect()
}
