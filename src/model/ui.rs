//! The state of the screen: everything a key can change that is not the laboratory itself.

use std::collections::BTreeSet;

use super::completions::Completions;
use super::lifecycle::Subject;
use super::line::TypedLine;
pub use super::mode::Mode;
use super::network::Network;
use super::page::ConnectionPage;
use super::presenter::Presenter;
use super::press::Refused;
pub use super::screen::{Glyphs, Pane, ThemeName, View};
use super::waiting::WaitingClients;
use crate::domain::{Lang, RowKey, ServerId};

/// Which sockets are read; the key `f` cycles through them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum TableScope {
    /// Those that the filter names.
    #[default]
    Filter,
    /// Those with a port of the laboratory's servers.
    Lab,
    /// All.
    All,
}

impl TableScope {
    /// The next one, around the end.
    #[must_use]
    pub const fn next(self) -> Self {
        match self {
            Self::Filter => Self::Lab,
            Self::Lab => Self::All,
            Self::All => Self::Filter,
        }
    }
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
    /// What keys do.
    pub mode: Mode,
    /// The number typed before a command.
    pub count: Option<u32>,
    /// Columns and rows of the terminal.
    pub size: (u16, u16),
    /// The server that keys are about, and that clients go to.
    pub server: ServerId,
    /// The servers that receive broadcasts.
    pub ticked: BTreeSet<ServerId>,
    /// The client that keys are about, by its number; the newest when `None`.
    pub client: Option<u32>,
    /// The row that is selected.
    pub row: Option<RowKey>,
    /// The latest selection of any pane: the others show it too.
    pub subject: Option<Subject>,
    /// The message being typed.
    pub message: TypedLine,
    /// The filter being typed.
    pub filter: TypedLine,
    /// Which sockets are read.
    pub scope: TableScope,
    /// The latest typed filter: [`TableScope::Filter`] goes back to it.
    pub own_filter: String,
    /// How far back from the latest message the broadcast pane is scrolled.
    pub said_back: usize,
    /// Completions of the word being typed in the filter.
    pub completions: Completions,
    /// The connection whose page is open, over whatever view.
    pub page: Option<ConnectionPage>,
    /// The last line that a page's story, the help or the port check may begin with, as it was last drawn.
    pub scroll_end: usize,
    /// The presenter's hand on the wire.
    pub wire: Presenter,
    /// The view of the network.
    pub network: Network,
    /// Clients that wait for the way to their target to be known.
    pub waiting: WaitingClients,
    /// The mark being typed.
    pub mark: TypedLine,
    /// The key that did nothing, and why, until the next one or for a while.
    pub refused: Option<Refused>,
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
            message: TypedLine::default(),
            filter: TypedLine::with(Self::FIRST_FILTER),
            scope: TableScope::default(),
            own_filter: Self::FIRST_FILTER.into(),
            said_back: 0,
            completions: Completions::default(),
            page: None,
            scroll_end: usize::MAX,
            wire: Presenter::default(),
            network: Network::default(),
            waiting: WaitingClients::default(),
            mark: TypedLine::default(),
            refused: None,
        }
    }
}

impl Ui {
    /// The filter that the table starts with: what the class types after `grep`.
    pub const FIRST_FILTER: &'static str = "65432";

    /// Drops the selection; `false` when there is none.
    pub(super) fn deselect(&mut self) -> bool {
        let any = self.client.is_some() || self.row.is_some() || self.subject.is_some() || self.said_back > 0;
        self.client = None;
        self.row = None;
        self.subject = None;
        self.said_back = 0;
        any
    }

    /// Ticks the selected server for broadcasts, or unticks it.
    pub(super) fn tick(&mut self) {
        if !self.ticked.remove(&self.server) {
            self.ticked.insert(self.server);
        }
    }
}
