//! Colours as roles. The only file that names a colour.
//!
//! Colour is never the only sign: every state is a word, every evidence a glyph, every selection a mark.
//! Dark uses the palette of Okabe and Ito without its dark blue; light uses six inks of 6.5:1 and more on white. Nothing
//! that must be read is dimmed: stray light on a projector's screen would wash it out.

use ratatui::style::Color::{
    Black, Blue, DarkGray, Gray, Green, LightCyan, LightGreen, LightMagenta, LightRed, LightYellow, Magenta, Red,
    White, Yellow,
};
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

/// One colour at every depth: its 24 bits, its number among the 256, and that of the sixteen.
#[derive(Clone, Copy)]
struct Hue(u32, u8, Color);

impl Hue {
    const fn at(self, depth: ColorDepth) -> Color {
        match depth {
            ColorDepth::Mono => Color::Reset,
            ColorDepth::Ansi16 => self.2,
            ColorDepth::Ansi256 => Color::Indexed(self.1),
            ColorDepth::True => Color::from_u32(self.0),
        }
    }
}

/// What the roles are made of, each in the dark theme, the light one, and that of high contrast.
type Hues = [Hue; 3];

const PAPER: Hues = [Hue(0x00_00_00, 16, Black), Hue(0xFF_FF_FF, 231, White), Hue(0x00_00_00, 16, Black)];
const INK: Hues = [Hue(0xF2_F2_F2, 255, White), Hue(0x10_10_10, 16, Black), Hue(0xFF_FF_FF, 231, White)];
const QUIET: Hues = [Hue(0xB4_BC_C4, 250, Gray), Hue(0x59_59_59, 240, Black), Hue(0xFF_FF_FF, 231, White)];
const LINE: Hues = [Hue(0x7C_88_94, 245, Gray), Hue(0x76_76_76, 243, DarkGray), Hue(0xFF_FF_FF, 231, White)];
const LIT: Hues = [Hue(0xF0_E4_42, 227, LightYellow), Hue(0xA3_3E_00, 130, Red), Hue(0xFF_FF_00, 226, LightYellow)];
const OPEN: Hues = [Hue(0x3D_DC_97, 78, LightGreen), Hue(0x00_69_4D, 23, Green), Hue(0x00_FF_B0, 49, LightGreen)];
const CLOSING: Hues = [Hue(0xE6_9F_00, 214, Yellow), Hue(0x7A_52_00, 94, Red), Hue(0xFF_B0_00, 214, LightYellow)];
const WAITING: Hues =
    [Hue(0xE8_A0_C8, 218, LightMagenta), Hue(0x8F_2F_6B, 89, Magenta), Hue(0xFF_B0_FF, 219, LightMagenta)];
const LISTENING: Hues = [Hue(0x56_B4_E9, 117, LightCyan), Hue(0x00_59_A8, 25, Blue), Hue(0x80_E0_FF, 117, LightCyan)];
const ALARM: Hues = [Hue(0xFF_8A_5C, 209, LightRed), Hue(0xA3_3E_00, 130, Red), Hue(0xFF_90_70, 209, LightRed)];
const BAR: Hues = [Hue(0x1F_3A_4D, 23, Blue), Hue(0xD6_E8_F7, 195, Gray), Hue(0x00_00_C0, 19, Blue)];

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
            ThemeName::Dark => Self::of(0, depth),
            ThemeName::Light => Self::of(1, depth),
            ThemeName::Contrast => Self::of(2, depth),
        }
    }

    /// The theme at this place of the hues.
    fn of(theme: usize, depth: ColorDepth) -> Self {
        let colour = |hues: Hues| hues[theme].at(depth);
        let ink = |hues: Hues| Style::new().fg(colour(hues));
        let bold = |hues: Hues| ink(hues).add_modifier(Modifier::BOLD);
        Self {
            paper: ink(INK).bg(colour(PAPER)),
            text: ink(INK),
            quiet: ink(QUIET),
            border: ink(LINE),
            focus: bold(LIT),
            focus_title: bold(LIT),
            title: bold(INK),
            key: bold(LISTENING),
            selected: Style::new().bg(colour(BAR)).add_modifier(Modifier::BOLD),
            related: Style::new().add_modifier(Modifier::UNDERLINED),
            flash: Style::new().add_modifier(Modifier::BOLD | Modifier::REVERSED),
            ghost: ink(QUIET).add_modifier(Modifier::CROSSED_OUT),
            alarm: bold(ALARM),
            newest: bold(LIT),
            badge: ink(PAPER).bg(colour(ALARM)).add_modifier(Modifier::BOLD),
            qr: Style::new().fg(PAPER[1].at(depth)).bg(PAPER[0].at(depth)),
            qr_light: Style::new().fg(PAPER[0].at(depth)).bg(PAPER[1].at(depth)),
            lacking: ink(QUIET).add_modifier(Modifier::CROSSED_OUT),
            typed: bold(INK),
            host: HostStyles { client: ink(LIT), server: ink(LISTENING) },
            state: StateStyles {
                listen: ink(LISTENING),
                opening: bold(WAITING),
                established: bold(OPEN),
                closing: bold(CLOSING),
                time_wait: ink(WAITING),
                closed: ink(QUIET),
            },
            evidence: EvidenceStyles { seen: ink(INK), inferred: ink(QUIET).add_modifier(Modifier::ITALIC) },
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
