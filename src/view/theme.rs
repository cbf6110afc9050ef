//! Colours as roles. The only file that names a colour.
//!
//! Colour is never the only sign: every state is a word, every evidence a glyph, every selection a mark.
//! Dark uses the palette of Okabe and Ito without its dark blue; light uses six inks of 6.5:1 and more on white. Nothing
//! that must be read is dimmed: stray light on a projector's screen would wash it out.

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
struct Hue([u8; 3], u8, Color);

impl Hue {
    const fn at(self, depth: ColorDepth) -> Color {
        let [r, g, b] = self.0;
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
    paper: Hue([0x00, 0x00, 0x00], 16, Color::Black),
    ink: Hue([0xF2, 0xF2, 0xF2], 255, Color::White),
    quiet: Hue([0xB4, 0xBC, 0xC4], 250, Color::Gray),
    line: Hue([0x7C, 0x88, 0x94], 245, Color::Gray),
    lit: Hue([0xF0, 0xE4, 0x42], 227, Color::LightYellow),
    open: Hue([0x3D, 0xDC, 0x97], 78, Color::LightGreen),
    closing: Hue([0xE6, 0x9F, 0x00], 214, Color::Yellow),
    waiting: Hue([0xE8, 0xA0, 0xC8], 218, Color::LightMagenta),
    listening: Hue([0x56, 0xB4, 0xE9], 117, Color::LightCyan),
    alarm: Hue([0xFF, 0x8A, 0x5C], 209, Color::LightRed),
    bar: Hue([0x1F, 0x3A, 0x4D], 23, Color::Blue),
};

const LIGHT: Palette = Palette {
    paper: Hue([0xFF, 0xFF, 0xFF], 231, Color::White),
    ink: Hue([0x10, 0x10, 0x10], 16, Color::Black),
    quiet: Hue([0x59, 0x59, 0x59], 240, Color::Black),
    line: Hue([0x76, 0x76, 0x76], 243, Color::DarkGray),
    lit: Hue([0xA3, 0x3E, 0x00], 130, Color::Red),
    open: Hue([0x00, 0x69, 0x4D], 23, Color::Green),
    closing: Hue([0x7A, 0x52, 0x00], 94, Color::Red),
    waiting: Hue([0x8F, 0x2F, 0x6B], 89, Color::Magenta),
    listening: Hue([0x00, 0x59, 0xA8], 25, Color::Blue),
    alarm: Hue([0xA3, 0x3E, 0x00], 130, Color::Red),
    bar: Hue([0xD6, 0xE8, 0xF7], 195, Color::Gray),
};

const CONTRAST: Palette = Palette {
    paper: Hue([0x00, 0x00, 0x00], 16, Color::Black),
    ink: Hue([0xFF, 0xFF, 0xFF], 231, Color::White),
    quiet: Hue([0xFF, 0xFF, 0xFF], 231, Color::White),
    line: Hue([0xFF, 0xFF, 0xFF], 231, Color::White),
    lit: Hue([0xFF, 0xFF, 0x00], 226, Color::LightYellow),
    open: Hue([0x00, 0xFF, 0xB0], 49, Color::LightGreen),
    closing: Hue([0xFF, 0xB0, 0x00], 214, Color::LightYellow),
    waiting: Hue([0xFF, 0xB0, 0xFF], 219, Color::LightMagenta),
    listening: Hue([0x80, 0xE0, 0xFF], 117, Color::LightCyan),
    alarm: Hue([0xFF, 0x90, 0x70], 209, Color::LightRed),
    bar: Hue([0x00, 0x00, 0xC0], 19, Color::Blue),
};

/// The style of everything on the screen, by its role.
#[derive(Debug, Clone)]
pub struct Theme {
    /// The screen itself.
    pub paper: Style,
    /// Ordinary text.
    pub text: Style,
    /// Secondary text, still readable.
    pub quiet: Style,
    /// Frames of panes.
    pub border: Style,
    /// The frame of the pane that has the focus.
    pub focus: Style,
    /// The name of the pane that has the focus.
    pub focus_title: Style,
    /// Names of panes and columns.
    pub title: Style,
    /// Keys in hints.
    pub key: Style,
    /// The selection.
    pub selected: Style,
    /// Rows in other panes that belong to the selection.
    pub related: Style,
    /// Just changed.
    pub flash: Style,
    /// Just gone.
    pub ghost: Style,
    /// Errors, losses.
    pub alarm: Style,
    /// The newest port.
    pub newest: Style,
    /// Warnings that must not be missed: the laboratory is open to the network.
    pub badge: Style,
    /// A QR code: its light modules in ink, its dark ones on paper, whatever the theme.
    pub qr: Style,
    /// A light module in ASCII, where the background has to show it.
    pub qr_light: Style,
    /// Unavailable kinds of evidence.
    pub lacking: Style,
    /// What the user types.
    pub typed: Style,
    /// The two ends.
    pub host: HostStyles,
    /// TCP states.
    pub state: StateStyles,
    /// Evidence.
    pub evidence: EvidenceStyles,
}

/// The two ends of a connection.
#[derive(Debug, Clone, Copy)]
pub struct HostStyles {
    /// The end that connects.
    pub client: Style,
    /// The end that listens.
    pub server: Style,
}

/// TCP states, by what the class should notice about them.
#[derive(Debug, Clone, Copy)]
pub struct StateStyles {
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
pub struct EvidenceStyles {
    /// Observed.
    pub seen: Style,
    /// Inferred, not observed.
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
            focus_title: bold(palette.lit),
            title: bold(palette.ink),
            key: bold(palette.listening),
            selected: Style::new().bg(palette.bar.at(depth)).add_modifier(Modifier::BOLD),
            related: Style::new().add_modifier(Modifier::UNDERLINED),
            flash: Style::new().add_modifier(Modifier::BOLD | Modifier::REVERSED),
            ghost: ink(palette.quiet).add_modifier(Modifier::CROSSED_OUT),
            alarm: bold(palette.alarm),
            newest: bold(palette.lit),
            badge: ink(palette.paper).bg(palette.alarm.at(depth)).add_modifier(Modifier::BOLD),
            qr: ink(LIGHT.paper).bg(DARK.paper.at(depth)),
            qr_light: ink(DARK.paper).bg(LIGHT.paper.at(depth)),
            lacking: ink(palette.quiet).add_modifier(Modifier::CROSSED_OUT),
            typed: bold(palette.ink),
            host: HostStyles { client: ink(palette.lit), server: ink(palette.listening) },
            state: StateStyles {
                listen: ink(palette.listening),
                opening: bold(palette.waiting),
                established: bold(palette.open),
                closing: bold(palette.closing),
                time_wait: ink(palette.waiting),
                closed: ink(palette.quiet),
            },
            evidence: EvidenceStyles {
                seen: ink(palette.ink),
                inferred: ink(palette.quiet).add_modifier(Modifier::ITALIC),
            },
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
            focus_title: bold.add_modifier(Modifier::REVERSED),
            title: bold,
            key: bold,
            selected: reversed,
            related: plain.add_modifier(Modifier::UNDERLINED),
            flash: bold.add_modifier(Modifier::REVERSED),
            ghost: plain.add_modifier(Modifier::CROSSED_OUT),
            alarm: reversed,
            newest: bold,
            badge: bold.add_modifier(Modifier::REVERSED),
            qr: plain,
            qr_light: reversed,
            lacking: plain.add_modifier(Modifier::CROSSED_OUT),
            typed: bold,
            host: HostStyles { client: bold, server: plain },
            state: StateStyles {
                listen: plain,
                opening: bold,
                established: bold,
                closing: bold,
                time_wait: plain,
                closed: italic,
            },
            evidence: EvidenceStyles { seen: plain, inferred: italic },
        }
    }

    /// The style of a state.
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

    /// The style of something known by this evidence.
    pub const fn evidence(&self, evidence: Evidence) -> Style {
        match evidence {
            Evidence::Inferred => self.evidence.inferred,
            Evidence::Called | Evidence::Traced | Evidence::Sampled | Evidence::Packet => self.evidence.seen,
        }
    }
}
