//! Where keys hold: the views, their parts, and the places that the table of bindings names.

use super::event::WorldId;

/// A whole screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum View {
    /// Servers, clients, netstat, lifecycle, broadcast.
    #[default]
    Lab,
    /// The newest client's port in giant digits.
    Ports,
    /// Packets: the list, the ladder and the text of a conversation, and the fields of one packet.
    Packets,
    /// The wire lab: two hosts, and the packets between them.
    Wire,
    /// The lessons that can be played.
    Lessons,
    /// The network: how to join, which peers are connected, which ports are open.
    Network,
}

impl View {
    /// All views, in the order of their numbers.
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
    /// The events.
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

/// The context of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Here {
    /// The part of the screen, as the narrowest place that holds there.
    pub place: Place,
    /// The world that is shown.
    pub world: WorldId,
}

/// Where a binding holds: its effect can be seen there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Place {
    /// Everywhere.
    Anywhere,
    /// Where new clients are visible: the lab, ports, packets, the wire.
    Clients,
    /// Where an end of a connection can be selected: there, and on its page.
    Ends,
    /// Where servers are visible: the lab and the wire.
    Servers,
    /// Where packets of the wire are visible: in its view, and in the lab and the packets while its world is shown.
    Stepping,
    /// In this view.
    View(View),
    /// In the view of the wire, while a lesson is played on it.
    Playing,
    /// In the lab, while this pane has the focus.
    In(Pane),
    /// In the view of the network, while the port check has the focus.
    Check,
    /// While the page of a connection is open.
    Page,
}

impl Place {
    /// Whether a binding of this place holds here.
    pub fn holds(self, here: Here) -> bool {
        let is_in = |views: &[View]| here.place.view().is_some_and(|view| views.contains(&view));
        match self {
            Self::Anywhere => true,
            Self::Clients => is_in(&[View::Lab, View::Ports, View::Packets, View::Wire]),
            Self::Ends => here.place == Self::Page || Self::Clients.holds(here),
            Self::Servers => is_in(&[View::Lab, View::Wire]),
            Self::Stepping => {
                is_in(&[View::Wire]) || (here.world == WorldId::Wire && is_in(&[View::Lab, View::Packets]))
            }
            Self::View(view) => is_in(&[view]),
            Self::Playing | Self::In(_) | Self::Check | Self::Page => self == here.place,
        }
    }

    /// How narrow it is: the narrowest place that holds wins.
    pub(super) const fn narrowness(self) -> u8 {
        match self {
            Self::Anywhere => 0,
            Self::Clients | Self::Ends | Self::Servers | Self::Stepping => 1,
            Self::View(_) | Self::Page => 2,
            Self::Playing | Self::In(_) | Self::Check => 3,
        }
    }

    /// A view in which it holds, to name where a key does something.
    pub const fn view(self) -> Option<View> {
        match self {
            Self::Anywhere | Self::Page => None,
            Self::Clients | Self::Ends | Self::Servers | Self::In(_) => Some(View::Lab),
            Self::Stepping | Self::Playing => Some(View::Wire),
            Self::View(view) => Some(view),
            Self::Check => Some(View::Network),
        }
    }
}
