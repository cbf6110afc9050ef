//! The texts of the wire's view.

use crate::domain::wire::{CloseReason, LossReason};
use crate::domain::{Errno, Flags, HostId, SentAgain, Setting, Syscall, TcpInput, TcpState, WireMode};

/// Why a lost packet is or is not sent again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resent {
    /// It takes sequence numbers: the timer sends it again.
    ByTimer,
    /// A pure ACK is not sent again.
    Ack,
    /// A RST is not sent again.
    Rst,
    /// Only a program sends a datagram again.
    Never,
}

/// Why a segment was sent again, and its flags, which tell what it waits for.
pub type AgainReason = (SentAgain, Flags);

/// The effect of a packet's arrival: one sentence without a full stop for each case of the model.
#[derive(Debug)]
pub struct ForecastText {
    pub cut: &'static str,
    pub too_large: &'static str,
    pub link_full: &'static str,
    pub corrupt: &'static str,
    pub opens: &'static str,
    pub queue_full: &'static str,
    pub refused: &'static str,
    pub opens_at_once: &'static str,
    pub answers: &'static str,
    pub completes: &'static str,
    pub peer_closes: &'static str,
    pub closes_in_turn: &'static str,
    pub fin_acked: &'static str,
    pub both_close: &'static str,
    pub last_fin: &'static str,
    pub both_closed: &'static str,
    pub over: &'static str,
    pub reset: &'static str,
    pub reset_opening: &'static str,
    pub reset_half_open: &'static str,
    pub rst_challenged: &'static str,
    pub rst_outside: &'static str,
    pub syn_challenged: &'static str,
    pub acks_unsent: &'static str,
    pub old_clock: &'static str,
    pub data: &'static str,
    pub after_close: &'static str,
    pub acks: &'static str,
    pub gap: &'static str,
    pub old: &'static str,
    pub datagram: &'static str,
    pub no_port: &'static str,
    pub unreachable: &'static str,
    pub arrives: fn(HostId) -> &'static str,
}

/// The wire's view.
#[derive(Debug)]
pub struct WireText {
    pub lab: &'static str,
    pub step: &'static str,
    pub slow: fn(&str) -> String,
    pub live: &'static str,
    /// The two directions have different modes.
    pub mixed: &'static str,
    pub opening: &'static str,
    pub absent: &'static str,
    pub lacking: &'static str,
    /// The need that is not met.
    pub lacks: fn(&str) -> String,
    pub nothing_left: &'static str,
    pub closed: fn(CloseReason) -> &'static str,
    pub again: fn(&str) -> String,
    pub back: fn(&str) -> String,
    pub host: fn(HostId) -> &'static str,
    pub no_socket: &'static str,
    pub more: fn(usize) -> String,
    /// So many servers began to listen.
    pub listen: fn(usize) -> String,
    pub title: &'static str,
    pub only: fn(HostId) -> &'static str,
    pub held_count: fn(usize) -> String,
    pub cut: &'static str,
    pub unfolded: &'static str,
    pub unlisted: fn(&str, u64) -> String,
    pub missing: fn(u64) -> String,
    /// Nothing has been sent yet; the arguments are the key and the server.
    pub empty: fn(&str, &str) -> String,
    /// This key plays the scenario of this title.
    pub offer: fn(&str, &str) -> String,
    pub empty_in_lesson: &'static str,
    pub held: fn(&str) -> String,
    pub flying: fn(&str) -> String,
    pub lost: fn(LossReason) -> &'static str,
    pub sent_again: fn(u32) -> String,
    pub rto_now: fn(&str) -> String,
    pub last_after: fn(&str) -> String,
    pub resent_of: fn(u64) -> String,
    pub copy_of: fn(u64) -> String,
    pub damaged: &'static str,
    /// No kernel made the packet.
    pub forged: &'static str,
    /// What a change of state means that a forged packet caused.
    pub by_forged: &'static str,
    /// Fields of the packet were changed.
    pub altered: &'static str,
    pub delivers: fn(&str) -> String,
    pub loses: fn(&str) -> String,
    pub forecast: ForecastText,
    pub rto: &'static str,
    pub retransmitted: fn(u32) -> String,
    pub story: &'static str,
    /// A socket of this host is bound to a loopback address.
    pub bound_to_itself: fn(HostId) -> String,
    /// This host has sent packets to itself.
    pub spoke_to_itself: fn(HostId) -> String,
    pub story_none: &'static str,
    pub dialing: &'static str,
    /// A call, its number of bytes, and its error; `None` for a call that needs no sentence.
    pub called: fn(HostId, Syscall, Option<usize>, Option<Errno>) -> Option<String>,
    pub sent: fn(&str, bool) -> String,
    pub and: &'static str,
    pub delivered: fn(&str, HostId) -> String,
    pub was_lost: fn(&str, LossReason) -> String,
    /// The reason alone.
    pub why_lost: fn(LossReason) -> &'static str,
    pub resent: fn(Resent) -> &'static str,
    pub copied: fn(&str, u64) -> String,
    pub corrupted: fn(&str) -> String,
    /// A packet that no kernel made, and in whose name it is.
    pub injected: fn(&str, HostId) -> String,
    /// A packet whose fields were changed, and its sender.
    pub changed: fn(&str, HostId) -> String,
    pub swapped: fn(&str, &str) -> String,
    /// A packet, its sender and the number of the earlier one.
    pub sent_anew: fn(&str, HostId, u64, AgainReason) -> String,
    /// A packet and its sender; how often, and how long after the copy before.
    pub folded: fn(&str, HostId, (u32, &str), AgainReason) -> String,
    pub probed: fn(&str, HostId) -> String,
    /// What happens to the copies.
    pub fold_note: &'static str,
    /// The meaning of a change of state, and the input that it answers; `None` for one that is not an edge of the diagram.
    pub edge: fn(TcpState, TcpState, Option<TcpInput>) -> Option<&'static str>,
    pub settings: &'static str,
    pub settings_foot: &'static str,
    pub settings_note: &'static str,
    pub setting: fn(&Setting) -> &'static str,
    pub value: fn(&Setting) -> String,
    /// A value that was neither set nor read.
    pub kernels: &'static str,
    pub refused: fn(&str) -> String,
    pub programs: &'static str,
    pub began: fn(u32) -> String,
    /// The process `.0` was started by the process `.1`.
    pub child_began: fn(u32, u32) -> String,
    pub ended: fn(Option<i32>, Option<i32>) -> String,
    pub not_started: fn(&str, &str) -> String,
    pub skipped: fn(u64) -> String,
    pub prompt: &'static str,
    pub prompt_wrong: &'static str,
    pub say_to: fn(&str) -> String,
}

impl WireText {
    /// The mode of a direction.
    pub fn mode(&self, mode: WireMode, tenths: &str) -> String {
        match mode {
            WireMode::Step => self.step.into(),
            WireMode::Slow { .. } => (self.slow)(tenths),
            WireMode::Live => self.live.into(),
        }
    }
}
