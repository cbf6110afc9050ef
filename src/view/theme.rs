//! Colours as roles. The only file that names one.
//!
//! Nothing means anything by its colour alone: every state is a word, every evidence a glyph, every selection a mark.
//! Dark uses the palette of Okabe and Ito without its dark blue; light uses six inks of 6.5:1 and more on white. Nothing
//! that must be read is dimmed: a projector's veil of light would wash it out.

use ratatui::style::{Color, Modifier, Style};

use crate::domain::{Evidence, TcpState};
use crate::model::ui::ThemeName;

/// How many colours the terminal has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum ColorDepth {
    /// None, or none are wanted (`NO_COLOR`): attributes only.
    Mono,
    /// The sixteen of ECMA-48 and its extension, in the terminal's own shades.
    Ansi16,
    /// The 256 of xterm.
    Ansi256,
    /// 24 bits.
    #[default]
    True,
}

/// One colour at every depth.
#[derive(Clone, Copy)]
struct Hue(u32, u8, Color);

impl Hue {
    const fn at(self, depth: ColorDepth) -> Color {
        let [_, r, g, b] = self.0.to_be_bytes();
        match depth {
            ColorDepth::Mono => Color::Reset,
            ColorDepth::Ansi16 => self.2,
            ColorDepth::Ansi256 => Color::Indexed(self.1),
            ColorDepth::True => Color::Rgb(r, g, b),
        }
    }
}

/// The hues that the roles of one theme are made of.
struct Palette {
    paper: Hue,
    ink: Hue,
    quiet: Hue,
    line: Hue,
    lit: Hue,
    open: Hue,
    closing: Hue,
    waiting: Hue,
    listening: Hue,
    alarm: Hue,
    bar: Hue,
}

const DARK: Palette = Palette {
    paper: Hue(0x000000, 16, Color::Black),
    ink: Hue(0xF2F2F2, 255, Color::White),
    quiet: Hue(0xB4BCC4, 250, Color::Gray),
    line: Hue(0x7C8894, 245, Color::Gray),
    lit: Hue(0xF0E442, 227, Color::LightYellow),
    open: Hue(0x3DDC97, 78, Color::LightGreen),
    closing: Hue(0xE69F00, 214, Color::Yellow),
    waiting: Hue(0xE8A0C8, 218, Color::LightMagenta),
    listening: Hue(0x56B4E9, 117, Color::LightCyan),
    alarm: Hue(0xFF8A5C, 209, Color::LightRed),
    bar: Hue(0x1F3A4D, 23, Color::Blue),
};

const LIGHT: Palette = Palette {
    paper: Hue(0xFFFFFF, 231, Color::White),
    ink: Hue(0x101010, 16, Color::Black),
    quiet: Hue(0x595959, 240, Color::Black),
    line: Hue(0x767676, 243, Color::DarkGray),
    lit: Hue(0xA33E00, 130, Color::Red),
    open: Hue(0x00694D, 23, Color::Green),
    closing: Hue(0x7A5200, 94, Color::Red),
    waiting: Hue(0x8F2F6B, 89, Color::Magenta),
    listening: Hue(0x0059A8, 25, Color::Blue),
    alarm: Hue(0xA33E00, 130, Color::Red),
    bar: Hue(0xD6E8F7, 195, Color::Gray),
};

const CONTRAST: Palette = Palette {
    paper: Hue(0x000000, 16, Color::Black),
    ink: Hue(0xFFFFFF, 231, Color::White),
    quiet: Hue(0xFFFFFF, 231, Color::White),
    line: Hue(0xFFFFFF, 231, Color::White),
    lit: Hue(0xFFFF00, 226, Color::LightYellow),
    open: Hue(0x00FFB0, 49, Color::LightGreen),
    closing: Hue(0xFFB000, 214, Color::LightYellow),
    waiting: Hue(0xFFB0FF, 219, Color::LightMagenta),
    listening: Hue(0x80E0FF, 117, Color::LightCyan),
    alarm: Hue(0xFF9070, 209, Color::LightRed),
    bar: Hue(0x0000C0, 19, Color::Blue),
};

/// What everything on the screen looks like, by what it is.
#[derive(Debug, Clone)]
pub struct Theme {
    /// The screen itself.
    pub paper: Style,
    /// What is said.
    pub text: Style,
    /// What may be overlooked, and still be read.
    pub quiet: Style,
    /// Frames of panes.
    pub border: Style,
    /// The frame of the pane that has the focus.
    pub focus: Style,
    /// Names of panes and columns.
    pub title: Style,
    /// Keys in hints.
    pub key: Style,
    /// What the keys are about.
    pub selected: Style,
    /// What belongs to the selection, in other panes.
    pub related: Style,
    /// What changed just now.
    pub flash: Style,
    /// What left just now.
    pub ghost: Style,
    /// Errors, losses.
    pub alarm: Style,
    /// The newest port.
    pub newest: Style,
    /// What cannot be had.
    pub lacking: Style,
    /// What the user types.
    pub typed: Style,
    /// The two ends.
    pub host: Hosts,
    /// TCP states.
    pub state: States,
    /// How things are known.
    pub evidence: Evidences,
}

/// The two ends of a connection.
#[derive(Debug, Clone, Copy)]
pub struct Hosts {
    /// The one that calls.
    pub client: Style,
    /// The one that is called.
    pub server: Style,
}

/// TCP states, by what the class should notice about them.
#[derive(Debug, Clone, Copy)]
pub struct States {
    /// LISTEN.
    pub listen: Style,
    /// `SYN_SENT`, `SYN_RECV`.
    pub opening: Style,
    /// ESTABLISHED.
    pub established: Style,
    /// `FIN_WAIT1`, `FIN_WAIT2`, `CLOSE_WAIT`, CLOSING, `LAST_ACK`.
    pub closing: Style,
    /// `TIME_WAIT`.
    pub time_wait: Style,
    /// CLOSED.
    pub closed: Style,
}

/// Kinds of evidence.
#[derive(Debug, Clone, Copy)]
pub struct Evidences {
    /// Seen by somebody.
    pub seen: Style,
    /// Seen by nobody.
    pub inferred: Style,
}

impl Theme {
    /// The theme of this name on a terminal with so many colours.
    pub fn new(name: ThemeName, depth: ColorDepth) -> Self {
        match name {
            _ if depth == ColorDepth::Mono => Self::mono(),
            ThemeName::Mono => Self::mono(),
            ThemeName::Dark => Self::of(&DARK, depth),
            ThemeName::Light => Self::of(&LIGHT, depth),
            ThemeName::Contrast => Self::of(&CONTRAST, depth),
        }
    }

    fn of(palette: &Palette, depth: ColorDepth) -> Self {
        let ink = |hue: Hue| Style::new().fg(hue.at(depth));
        let bold = |hue: Hue| ink(hue).add_modifier(Modifier::BOLD);
        Self {
            paper: ink(palette.ink).bg(palette.paper.at(depth)),
            text: ink(palette.ink),
            quiet: ink(palette.quiet),
            border: ink(palette.line),
            focus: bold(palette.lit),
            title: bold(palette.ink),
            key: bold(palette.listening),
            selected: Style::new().bg(palette.bar.at(depth)).add_modifier(Modifier::BOLD),
            related: Style::new().add_modifier(Modifier::UNDERLINED),
            flash: Style::new().add_modifier(Modifier::BOLD | Modifier::REVERSED),
            ghost: ink(palette.quiet).add_modifier(Modifier::CROSSED_OUT),
            alarm: bold(palette.alarm),
            newest: bold(palette.lit),
            lacking: ink(palette.quiet).add_modifier(Modifier::CROSSED_OUT),
            typed: bold(palette.ink),
            host: Hosts { client: ink(palette.lit), server: ink(palette.listening) },
            state: States {
                listen: ink(palette.listening),
                opening: bold(palette.waiting),
                established: bold(palette.open),
                closing: bold(palette.closing),
                time_wait: ink(palette.waiting),
                closed: ink(palette.quiet),
            },
            evidence: Evidences { seen: ink(palette.ink), inferred: ink(palette.quiet).add_modifier(Modifier::ITALIC) },
        }
    }

    fn mono() -> Self {
        let plain = Style::new();
        let bold = plain.add_modifier(Modifier::BOLD);
        let italic = plain.add_modifier(Modifier::ITALIC);
        let reversed = plain.add_modifier(Modifier::REVERSED);
        Self {
            paper: plain,
            text: plain,
            quiet: plain,
            border: plain,
            focus: bold,
            title: bold,
            key: bold,
            selected: reversed,
            related: plain.add_modifier(Modifier::UNDERLINED),
            flash: bold.add_modifier(Modifier::REVERSED),
            ghost: plain.add_modifier(Modifier::CROSSED_OUT),
            alarm: reversed,
            newest: bold,
            lacking: plain.add_modifier(Modifier::CROSSED_OUT),
            typed: bold,
            host: Hosts { client: bold, server: plain },
            state: States {
                listen: plain,
                opening: bold,
                established: bold,
                closing: bold,
                time_wait: plain,
                closed: italic,
            },
            evidence: Evidences { seen: plain, inferred: italic },
        }
    }

    /// What a state looks like.
    pub const fn state(&self, state: TcpState) -> Style {
        match state {
            TcpState::Listen => self.state.listen,
            TcpState::SynSent | TcpState::SynRecv => self.state.opening,
            TcpState::Established => self.state.established,
            TcpState::FinWait1 | TcpState::FinWait2 | TcpState::CloseWait | TcpState::Closing | TcpState::LastAck => {
                self.state.closing
            }
            TcpState::TimeWait => self.state.time_wait,
            TcpState::Closed => self.state.closed,
        }
    }

    /// What something known in this way looks like.
    pub const fn evidence(&self, evidence: Evidence) -> Style {
        match evidence {
            Evidence::Inferred => self.evidence.inferred,
            Evidence::Called | Evidence::Traced | Evidence::Sampled | Evidence::Packet => self.evidence.seen,
        }
    }
}
