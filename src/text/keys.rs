//! The texts of the keys: what each action is called, what it does, and why it may do nothing.

use crate::domain::Refusal;
use crate::domain::keys::{Action, Place};

/// One action: the word in the footer, and the line in the help.
#[derive(Debug, Clone, Copy)]
pub struct KeyText {
    /// One or two words.
    pub hint: &'static str,
    /// What the key does, without a full stop.
    pub help: &'static str,
}

impl KeyText {
    pub(super) const fn new(hint: &'static str, help: &'static str) -> Self {
        Self { hint, help }
    }
}

/// All that is said about keys.
#[derive(Debug)]
pub struct KeysText {
    /// What an action is called and does.
    pub action: fn(Action) -> KeyText,
    /// Where bindings of a place hold, as a heading of the help.
    pub place: fn(Place) -> &'static str,
    /// Why a key did nothing, in one sentence.
    pub refusal: fn(Refusal) -> String,
    /// The words of keys whose effect depends on what is shown.
    pub now: KeysNowText,
    /// What stands before a mark that is typed.
    pub mark_prompt: &'static str,
    /// While a line is typed: what Enter does to a message.
    pub send: &'static str,
    /// In the list of scenarios: what Enter does.
    pub play: &'static str,
    /// What Enter does to a filter.
    pub keep: &'static str,
    /// What Enter does to the name of a file.
    pub open: &'static str,
    /// What Esc does to a line.
    pub leave: &'static str,
    /// What Tab does to a filter.
    pub complete: &'static str,
    /// What Up and Down do in a line.
    pub earlier: &'static str,
    /// What Up and Down do in the help.
    pub scroll: &'static str,
    /// In the settings: what Up and Down choose.
    pub setting: &'static str,
    /// In the form for a packet: what Up and Down choose.
    pub field: &'static str,
    /// In it: what Enter does with the packet.
    pub send_packet: &'static str,
    /// In it: what Enter does with the held packet.
    pub change_packet: &'static str,
    /// In it: what Tab goes to.
    pub preset: &'static str,
    /// In the list of interfaces: what space does.
    pub choose: &'static str,
    /// In the settings: what Tab chooses.
    pub host: &'static str,
    /// In the settings: what Left and Right change.
    pub value: &'static str,
    /// What Esc does to what lies over the screen.
    pub close: &'static str,
    /// What Esc does to a count.
    pub forget: &'static str,
    /// With a count: `25 clients`.
    pub clients: fn(u32) -> String,
    /// With a count: `25 one-shots`.
    pub one_shots: fn(u32) -> String,
    /// With an amount: `bulk 500 kB`.
    pub bulk: fn(&str) -> String,
    /// With a count: `next 3`.
    pub deliver: fn(u32) -> String,
    /// With a span: `delay 1.5 s`.
    pub delayed: fn(&str) -> String,
    /// With a span: `slow 0.5 s`.
    pub slowed: fn(&str) -> String,
    /// With a percentage: `loss 30 %`.
    pub losing: fn(u32) -> String,
    /// With a count: `view 2`, or that there is none.
    pub view: fn(u32, bool) -> String,
    /// The names of keys that have no character.
    pub space: &'static str,
}

/// What a key is called while the same key, pressed now, would do the other of two things.
#[derive(Debug)]
pub struct KeysNowText {
    pub machine: &'static str,
    pub list: &'static str,
    pub wall: &'static str,
    /// On an empty wire, the first scenario.
    pub scenario: &'static str,
    pub ladder: &'static str,
    pub said: &'static str,
    pub live: &'static str,
    pub hold: &'static str,
    pub run: &'static str,
    pub close_door: &'static str,
    pub open_door: &'static str,
}
