//! The state of the screen: everything a key can change that is not the laboratory itself.

use std::collections::BTreeSet;

use super::lifecycle::Subject;
use super::line::Line;
use super::network::{Network, Question};
use super::page::Page;
use super::presenter::Presenter;
use super::proposals::Proposals;
use crate::domain::{Lang, RowKey, ServerId};

/// A whole screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum View {
    /// Servers, clients, netstat, what happened, broadcast.
    #[default]
    Lab,
    /// The newest client's port in giant digits.
    Ports,
    /// Packets: a list, a ladder, what was said; and the one that is looked into.
    Packets,
    /// The wire lab: two hosts, and the packets between them in the presenter's hand.
    Wire,
    /// The lessons that can be played.
    Lessons,
    /// The class on the network: how to join, who came, which ports are open.
    Network,
}

impl View {
    /// All views, in the order of their numbers, from 1.
    pub const ALL: [Self; 6] = [Self::Lab, Self::Ports, Self::Packets, Self::Wire, Self::Lessons, Self::Network];

    /// Its number: that of its function key.
    pub const fn number(self) -> u32 {
        match self {
            Self::Lab => 1,
            Self::Ports => 2,
            Self::Packets => 3,
            Self::Wire => 5,
            Self::Lessons => 6,
            Self::Network => 8,
        }
    }

    /// The one with this number.
    pub fn numbered(number: u32) -> Option<Self> {
        Self::ALL.into_iter().find(|view| view.number() == number)
    }

    /// The one after it, around the end.
    #[must_use]
    pub fn next(self) -> Self {
        let at = Self::ALL.iter().position(|view| *view == self).unwrap_or(0);
        Self::ALL[(at + 1) % Self::ALL.len()]
    }
}

/// A part of the lab view that can have the focus.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Pane {
    /// The servers.
    #[default]
    Servers,
    /// The client ports.
    Clients,
    /// The socket table.
    Netstat,
    /// What happened.
    Lifecycle,
    /// The broadcast box.
    Broadcast,
}

impl Pane {
    /// All panes, in the order that Tab visits them.
    pub const ALL: [Self; 5] = [Self::Servers, Self::Clients, Self::Netstat, Self::Lifecycle, Self::Broadcast];

    /// The one `steps` further, around the end.
    #[must_use]
    pub fn step(self, steps: isize) -> Self {
        let at = Self::ALL.iter().position(|pane| *pane == self).unwrap_or(0);
        let len = Self::ALL.len().cast_signed();
        Self::ALL[(at.cast_signed() + steps).rem_euclid(len).cast_unsigned()]
    }
}

/// Colours as roles; what they look like is the view's business.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum ThemeName {
    /// For dark backgrounds.
    #[default]
    Dark,
    /// For light backgrounds.
    Light,
    /// For bad projectors.
    Contrast,
    /// No colour at all.
    Mono,
}

impl ThemeName {
    /// All themes, as a key goes through them.
    pub const ALL: [Self; 4] = [Self::Dark, Self::Light, Self::Contrast, Self::Mono];

    /// The one that the key goes to next.
    #[must_use]
    pub fn next(self) -> Self {
        let at = Self::ALL.iter().position(|theme| *theme == self).unwrap_or(0);
        Self::ALL[(at + 1) % Self::ALL.len()]
    }
}

impl Scope {
    /// The one that the key goes to next.
    #[must_use]
    pub const fn next(self) -> Self {
        match self {
            Self::Filter => Self::Lab,
            Self::Lab => Self::All,
            Self::All => Self::Filter,
        }
    }
}

/// Which characters the screen is drawn with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Glyphs {
    /// Box drawing, arrows, marks.
    #[default]
    Unicode,
    /// The 95 printable characters of ASCII, plus the letters of the language.
    Ascii,
}

impl Glyphs {
    /// The others.
    #[must_use]
    pub const fn other(self) -> Self {
        match self {
            Self::Unicode => Self::Ascii,
            Self::Ascii => Self::Unicode,
        }
    }
}

/// What the keyboard does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Mode {
    /// Keys are commands.
    #[default]
    Command,
    /// Keys are the broadcast message.
    Saying,
    /// Keys are the table's filter.
    Filtering,
    /// Keys are the packets' filter.
    Sifting,
    /// Keys narrow the list of lessons.
    Choosing,
    /// Keys are a program to run on one of the wire's hosts.
    Running,
    /// Keys are a port check.
    Checking,
    /// Keys are the host that clients are to go to.
    Aiming,
    /// Something is asked before it is done.
    Asking(Question),
    /// Keys turn the settings of the wire's hosts.
    Settings,
    /// Keys are a mark.
    Marking,
    /// The help is shown, from this line on.
    Help(usize),
}

/// Which sockets the table is asked for; `f` goes round.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Scope {
    /// Those that the filter names.
    #[default]
    Filter,
    /// Those with a port of the laboratory's servers.
    Lab,
    /// All.
    All,
}

/// See the module's head.
#[derive(Debug, Clone)]
pub struct Ui {
    /// The language.
    pub lang: Lang,
    /// The theme.
    pub theme: ThemeName,
    /// The characters.
    pub glyphs: Glyphs,
    /// The screen.
    pub view: View,
    /// The pane that keys go to.
    pub focus: Pane,
    /// Whether that pane has the whole screen.
    pub zoomed: bool,
    /// What the keyboard does.
    pub mode: Mode,
    /// The number typed before a command.
    pub count: Option<u32>,
    /// Columns and rows of the terminal.
    pub size: (u16, u16),
    /// The server that keys are about, and that clients go to.
    pub server: ServerId,
    /// The servers that are sent what is broadcast.
    pub ticked: BTreeSet<ServerId>,
    /// The client that keys are about, by its number; the newest when `None`.
    pub client: Option<u32>,
    /// The row that is selected.
    pub row: Option<RowKey>,
    /// What was selected last, in whatever pane: the others show it too.
    pub subject: Option<Subject>,
    /// The message being typed.
    pub message: Line,
    /// The filter as it is being typed.
    pub filter: Line,
    /// Which sockets the table is asked for.
    pub scope: Scope,
    /// The filter that was typed last: [`Scope::Filter`] goes back to it.
    pub own_filter: String,
    /// How far back from the latest message the broadcast pane is scrolled.
    pub said_back: usize,
    /// What the word being typed in the filter could be.
    pub proposals: Proposals,
    /// The connection whose page is open, over whatever view.
    pub page: Option<Page>,
    /// The last line that what can be scrolled, a page's story or the help, may begin with: as it was last drawn.
    pub reach: usize,
    /// The presenter's hand on the wire.
    pub wire: Presenter,
    /// The view of the network.
    pub network: Network,
    /// The mark being typed.
    pub mark: Line,
}

impl Default for Ui {
    fn default() -> Self {
        Self {
            lang: Lang::default(),
            theme: ThemeName::default(),
            glyphs: Glyphs::default(),
            view: View::default(),
            focus: Pane::default(),
            zoomed: false,
            mode: Mode::default(),
            count: None,
            size: (80, 24),
            server: ServerId(0),
            ticked: BTreeSet::new(),
            client: None,
            row: None,
            subject: None,
            message: Line::default(),
            filter: Line::with(Self::FIRST_FILTER),
            scope: Scope::default(),
            own_filter: Self::FIRST_FILTER.into(),
            said_back: 0,
            proposals: Proposals::default(),
            page: None,
            reach: usize::MAX,
            wire: Presenter::default(),
            network: Network::default(),
            mark: Line::default(),
        }
    }
}

impl Ui {
    /// The filter that the table starts with: what the class types after `grep`.
    pub const FIRST_FILTER: &'static str = "65432";

    /// Ticks the selected server for broadcasts, or unticks it.
    pub(super) fn tick(&mut self) {
        if !self.ticked.remove(&self.server) {
            self.ticked.insert(self.server);
        }
    }
}
