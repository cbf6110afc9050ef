//! What a screen can be: which view it shows, which pane has the focus, in which colours and characters.

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
