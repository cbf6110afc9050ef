//! The texts of the key actions, one field each.

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

/// All actions.
#[derive(Debug)]
pub struct Keys {
    pub client: KeyText,
    pub one_shot: KeyText,
    pub close_fin: KeyText,
    pub close_rst: KeyText,
    pub close_half: KeyText,
    pub close_all: KeyText,
    pub start_stop: KeyText,
    pub next_model: KeyText,
    pub tick: KeyText,
    pub say: KeyText,
    pub filter: KeyText,
    pub next_scope: KeyText,
    pub next_order: KeyText,
    pub reverse: KeyText,
    pub page: KeyText,
    pub other_end: KeyText,
    pub next_kinds: KeyText,
    pub narrow: KeyText,
    pub up: KeyText,
    pub down: KeyText,
    pub page_up: KeyText,
    pub page_down: KeyText,
    pub first: KeyText,
    pub last: KeyText,
    pub next_pane: KeyText,
    pub prev_pane: KeyText,
    pub zoom: KeyText,
    pub go_view: KeyText,
    pub view_lab: KeyText,
    pub view_ports: KeyText,
    pub view_lessons: KeyText,
    pub go_on: KeyText,
    pub repeat: KeyText,
    pub next_lesson: KeyText,
    pub wire: KeyText,
    pub open_wire: KeyText,
    pub close_wire: KeyText,
    pub wire_next: KeyText,
    pub run_hold: KeyText,
    pub slow: KeyText,
    pub drop_packet: KeyText,
    pub duplicate: KeyText,
    pub swap: KeyText,
    pub delay: KeyText,
    pub corrupt: KeyText,
    pub cut: KeyText,
    pub loss: KeyText,
    pub mend: KeyText,
    pub from_client: KeyText,
    pub from_server: KeyText,
    pub folding: KeyText,
    pub next_server: KeyText,
    pub settings: KeyText,
    pub run: KeyText,
    pub kill: KeyText,
    pub view_wire: KeyText,
    pub view_network: KeyText,
    pub network: KeyText,
    pub door: KeyText,
    pub check: KeyText,
    pub stop_check: KeyText,
    pub kick: KeyText,
    pub block: KeyText,
    pub target: KeyText,
    pub home: KeyText,
    pub view_packets: KeyText,
    pub ladder: KeyText,
    pub stream: KeyText,
    pub sift: KeyText,
    pub unfold: KeyText,
    pub save_capture: KeyText,
    pub open_capture: KeyText,
    pub next_talk: KeyText,
    pub prev_talk: KeyText,
    pub language: KeyText,
    pub theme: KeyText,
    pub glyphs: KeyText,
    pub help: KeyText,
    pub back: KeyText,
    pub mark: KeyText,
    /// What stands before a mark that is typed.
    pub mark_prompt: &'static str,
    pub redraw: KeyText,
    pub suspend: KeyText,
    pub quit: KeyText,
    /// While a line is typed: what Enter does to a message.
    pub send: &'static str,
    /// In the list of scenarios: what Enter does.
    pub play: &'static str,
    /// What Enter does to a filter.
    pub keep: &'static str,
    /// What Esc does to a line.
    pub leave: &'static str,
    /// What Tab does to a filter.
    pub complete: &'static str,
    /// What Up and Down do in a line.
    pub earlier: &'static str,
    /// In the settings: what Up and Down choose, what Tab chooses, and what Right does.
    pub setting: &'static str,
    pub host: &'static str,
    pub turn: &'static str,
    /// What Esc does to what lies over the screen.
    pub close: &'static str,
    /// What Esc does to a count.
    pub forget: &'static str,
    /// With a count: `25 clients`.
    pub clients: fn(u32) -> String,
    /// With a count: `25 one-shots`.
    pub one_shots: fn(u32) -> String,
    /// What the key of the wire does where the wire is shown.
    pub machine: &'static str,
    /// With a count: `next 3`.
    pub deliver: fn(u32) -> String,
    /// With a count, and a span: `delay 1.5 s`.
    pub delayed: fn(&str) -> String,
    pub slowed: fn(&str) -> String,
    pub losing: fn(u32) -> String,
    /// With a count: `view 2`.
    pub view: fn(u32) -> String,
    /// The names of keys that have no character.
    pub space: &'static str,
}
