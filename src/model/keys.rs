//! Keys and what they do: one table feeds dispatch, footer, help and README.

pub use super::key::Key;
use super::screen::{Pane, View};
use crate::domain::HostId;

/// What a key means where it is bound.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Action {
    /// Connect, say hello, stay.
    Client,
    /// Connect, say hello, read, close.
    OneShot,
    /// Close the selected client with FIN.
    CloseFin,
    /// Reset the selected client with RST.
    CloseRst,
    /// Half-close the selected client.
    CloseHalf,
    /// Close all clients.
    CloseAll,
    /// Start or stop the selected server; start it again when its port was taken.
    StartStop,
    /// Let the selected server serve by its next model.
    NextModel,
    /// Tick or untick the selected server for broadcasts.
    Tick,
    /// Type a message for all ticked servers.
    Say,
    /// Type a filter for the table.
    Filter,
    /// Watch more of the table: the filter's ports, the lab's, all.
    NextScope,
    /// Order the table by its next column.
    NextOrder,
    /// Turn the table's order round.
    Reverse,
    /// List all events, calls only, states only.
    NextKinds,
    /// List only what concerns the selection, or everything again.
    Narrow,
    /// Open the page of the selected connection.
    Page,
    /// On a page: ask for the `TCP_INFO` of the other end.
    OtherEnd,
    /// One entry up.
    Up,
    /// One entry down.
    Down,
    /// A page up.
    PageUp,
    /// A page down.
    PageDown,
    /// To the first entry.
    First,
    /// To the last entry, and follow.
    Last,
    /// To the next pane.
    NextPane,
    /// To the pane before.
    PrevPane,
    /// Give the focused pane the whole screen, or give it back.
    Zoom,
    /// To the next view, or to the view whose number was typed before.
    GoView,
    /// To a view by its function key.
    View(View),
    /// The ladder of one conversation, or the list of packets again.
    Ladder,
    /// What was said in one conversation, or the list of packets again.
    Stream,
    /// To the conversation that began after the present one.
    NextTalk,
    /// To the conversation that began before it.
    PrevTalk,
    /// Type a filter for the packets.
    Sift,
    /// Into the packet; fold or unfold a field.
    Unfold,
    /// Write the captured packets to a file.
    SaveCapture,
    /// Look at a capture file in place of the live packets, or at these again.
    OpenCapture,
    /// To the wire's world and its view, or back to the machine.
    Wire,
    /// Open the wire again, where it is not open.
    OpenWire,
    /// Take the wire's hosts away.
    CloseWire,
    /// Deliver the selected packet, or the one that is held longest.
    Next,
    /// Hold every packet, or let all run.
    RunHold,
    /// Let packets cross slowly.
    Slow,
    /// Lose the packet.
    Drop,
    /// Deliver the packet and keep a copy.
    Duplicate,
    /// Let the packet change places with the one behind it.
    Swap,
    /// Let the packet go on later.
    Delay,
    /// Damage the packet.
    Corrupt,
    /// Cut the wire, or mend it.
    Cut,
    /// Lose packets by chance.
    Loss,
    /// Neither cut nor loss.
    Mend,
    /// What is said of the wire is about this sender's direction, or about both again.
    From(HostId),
    /// To the view of the network, or back to the lab.
    Network,
    /// Open the servers to the network after a question, or close them.
    Door,
    /// Type a port check.
    Check,
    /// Stop the port check.
    StopCheck,
    /// Close all connections of the selected peer.
    Kick,
    /// Take nothing from the selected peer any more, or everything again.
    Block,
    /// Type the host that clients are to go to.
    Target,
    /// Clients go to the servers here again.
    Home,
    /// Fold what is sent again into its held original, or list all.
    Folding,
    /// The server that clients go to.
    NextServer,
    /// The settings of the wire's hosts.
    Settings,
    /// Type a program to run on one of the wire's hosts.
    Run,
    /// End the newest program.
    Kill,
    /// Type a mark: a place worth finding again.
    Mark,
    /// The other language.
    Language,
    /// The next theme.
    Theme,
    /// ASCII or Unicode.
    Glyphs,
    /// Go on in the lesson: do the step, go to the next, and at the end to the next lesson.
    GoOn,
    /// Play the lesson again from its beginning.
    Repeat,
    /// Play the lesson after this one.
    NextLesson,
    /// Show the keys.
    Help,
    /// Undo what was begun: a page, a count, a zoom, a narrowed list, a held list.
    Back,
    /// Draw the whole screen again.
    Redraw,
    /// Give the terminal back until continued.
    Suspend,
    /// Leave.
    Quit,
}

impl Action {
    /// By how many entries this goes through a list, on a screen of so many rows; `None` for what goes through none.
    pub(super) fn stride(self, rows: u16) -> Option<isize> {
        let half = isize::try_from(rows / 2).unwrap_or(1).max(1);
        Some(match self {
            Self::Up => -1,
            Self::Down => 1,
            Self::PageUp => -half,
            Self::PageDown => half,
            // Farther than any list is long, with room for a place to be added.
            Self::First => isize::MIN / 2,
            Self::Last => isize::MAX / 2,
            _ => return None,
        })
    }
}

/// Where a binding holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Place {
    /// Everywhere.
    Anywhere,
    /// In the lab and its clients, whatever pane has the focus.
    Lab,
    /// In the view of the packets.
    Packets,
    /// In the view of the wire.
    Wire,
    /// In the view of the wire, while a lesson is played on it.
    Playing,
    /// In the view of the network.
    Network,
    /// While this pane has the focus.
    In(Pane),
    /// While the page of a connection is open.
    Page,
}

/// One binding.
#[derive(Debug, Clone, Copy)]
pub struct Binding {
    /// The keys, the one to show first.
    pub keys: &'static [Key],
    /// Where it holds.
    pub place: Place,
    /// What it does.
    pub action: Action,
}

const fn bind(keys: &'static [Key], place: Place, action: Action) -> Binding {
    Binding { keys, place, action }
}

use Action as A;
use Key::{Char, Ctrl, F};
use Place::{Anywhere, In, Lab, Network, Packets, Page, Playing, Wire};

/// All bindings, in the order that help shows them. The narrower place wins where a key is bound twice.
pub const BINDINGS: &[Binding] = &[
    bind(&[Char('c')], Lab, A::Client),
    bind(&[Char('o')], Lab, A::OneShot),
    bind(&[Char('x')], Lab, A::CloseFin),
    bind(&[Char('X')], Lab, A::CloseRst),
    bind(&[Char('h')], Lab, A::CloseHalf),
    bind(&[Char('K')], Lab, A::CloseAll),
    bind(&[Char('s'), Char('r')], Lab, A::StartStop),
    bind(&[Char('m')], Lab, A::NextModel),
    bind(&[Char(' ')], In(Pane::Servers), A::Tick),
    bind(&[Char('i')], Lab, A::Say),
    bind(&[Key::Enter], In(Pane::Broadcast), A::Say),
    bind(&[Char('/')], Lab, A::Filter),
    bind(&[Char('f')], Lab, A::NextScope),
    bind(&[Char('S')], In(Pane::Netstat), A::NextOrder),
    bind(&[Char('-')], In(Pane::Netstat), A::Reverse),
    bind(&[Key::Enter], In(Pane::Netstat), A::Page),
    bind(&[Key::Enter], In(Pane::Clients), A::Page),
    bind(&[Key::Enter], In(Pane::Lifecycle), A::Page),
    bind(&[Char('n')], In(Pane::Lifecycle), A::NextKinds),
    bind(&[Char('.')], Lab, A::Narrow),
    bind(&[Char('a')], Lab, A::Target),
    bind(&[Char('H')], Lab, A::Home),
    bind(&[Char('O')], Network, A::Door),
    bind(&[Char('p'), Key::Enter], Network, A::Check),
    bind(&[Char('s')], Network, A::StopCheck),
    bind(&[Char('x')], Network, A::Kick),
    bind(&[Char('b')], Network, A::Block),
    bind(&[Char('l')], Packets, A::Ladder),
    bind(&[Char('f')], Packets, A::Stream),
    bind(&[Char('n')], Packets, A::NextTalk),
    bind(&[Char('p')], Packets, A::PrevTalk),
    bind(&[Char('/')], Packets, A::Sift),
    bind(&[Key::Enter], Packets, A::Unfold),
    bind(&[Char('S')], Packets, A::SaveCapture),
    bind(&[Char('O')], Packets, A::OpenCapture),
    bind(&[Key::Tab, Key::BackTab], Page, A::OtherEnd),
    bind(&[Char('n')], Wire, A::Next),
    bind(&[Char(' ')], Wire, A::RunHold),
    bind(&[Char('M')], Wire, A::Slow),
    bind(&[Char('d')], Wire, A::Drop),
    bind(&[Char('D')], Wire, A::Duplicate),
    bind(&[Char('s')], Wire, A::Swap),
    bind(&[Char('l')], Wire, A::Delay),
    bind(&[Char('C')], Wire, A::Corrupt),
    bind(&[Char('|')], Wire, A::Cut),
    bind(&[Char('%')], Wire, A::Loss),
    bind(&[Char('u')], Wire, A::Mend),
    bind(&[Char('>')], Wire, A::From(HostId::Client)),
    bind(&[Char('<')], Wire, A::From(HostId::Server)),
    bind(&[Char('R')], Wire, A::Folding),
    bind(&[Key::Tab], Wire, A::NextServer),
    bind(&[Char('S')], Wire, A::Settings),
    bind(&[Char('!')], Wire, A::Run),
    bind(&[Ctrl('k')], Wire, A::Kill),
    bind(&[Key::Enter], Wire, A::OpenWire),
    bind(&[Char('W')], Wire, A::CloseWire),
    bind(&[Key::Enter], Playing, A::GoOn),
    bind(&[Char('r')], Playing, A::Repeat),
    bind(&[Char('N')], Playing, A::NextLesson),
    bind(&[Key::Up, Char('k')], Anywhere, A::Up),
    bind(&[Key::Down, Char('j')], Anywhere, A::Down),
    bind(&[Key::PageUp, Ctrl('b')], Anywhere, A::PageUp),
    bind(&[Key::PageDown, Ctrl('f')], Anywhere, A::PageDown),
    bind(&[Key::Home, Char('g')], Anywhere, A::First),
    bind(&[Key::End, Char('G')], Anywhere, A::Last),
    bind(&[Key::Tab], Anywhere, A::NextPane),
    bind(&[Key::BackTab], Anywhere, A::PrevPane),
    bind(&[Char('z')], Anywhere, A::Zoom),
    bind(&[Char('v')], Anywhere, A::GoView),
    bind(&[F(1)], Anywhere, A::View(View::Lab)),
    bind(&[F(2)], Anywhere, A::View(View::Ports)),
    bind(&[F(3)], Anywhere, A::View(View::Packets)),
    bind(&[F(5)], Anywhere, A::View(View::Wire)),
    bind(&[F(6)], Anywhere, A::View(View::Lessons)),
    bind(&[F(8)], Anywhere, A::View(View::Network)),
    bind(&[Char('w')], Anywhere, A::Wire),
    bind(&[Char('N')], Anywhere, A::Network),
    bind(&[Char('#')], Anywhere, A::Mark),
    bind(&[Char('L')], Anywhere, A::Language),
    bind(&[Char('t')], Anywhere, A::Theme),
    bind(&[Char('A')], Anywhere, A::Glyphs),
    bind(&[Key::Esc], Anywhere, A::Back),
    bind(&[Ctrl('l')], Anywhere, A::Redraw),
    bind(&[Char('?')], Anywhere, A::Help),
    bind(&[Ctrl('z')], Anywhere, A::Suspend),
    bind(&[Char('q'), Ctrl('c')], Anywhere, A::Quit),
];

/// What `key` does where the keys go now: in a pane, in the view of packets or of the wire, or on a page.
pub fn lookup(key: Key, here: Place) -> Option<Action> {
    let holding = BINDINGS.iter().filter(|binding| binding.keys.contains(&key));
    let around = |place| matches!(place, Anywhere | Lab) || (place == Wire && here == Playing);
    let holding = holding.filter(|binding| binding.place == here || around(binding.place));
    let narrowest = holding.max_by_key(|binding| match binding.place {
        Anywhere => 0,
        Lab => 1,
        Packets | Wire | Network | In(_) | Page => 2,
        Playing => 3,
    });
    narrowest.map(|binding| binding.action)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_key_is_bound_twice_in_one_place() {
        let mut seen = std::collections::HashSet::new();
        for binding in BINDINGS {
            for key in binding.keys {
                assert!(seen.insert((binding.place, *key)), "{key:?} twice in {:?}", binding.place);
            }
        }
    }

    #[test]
    fn every_binding_can_be_reached() {
        for binding in BINDINGS {
            for key in binding.keys {
                assert_eq!(lookup(*key, binding.place), Some(binding.action), "{key:?}");
            }
        }
    }

    #[test]
    fn digits_are_free_for_counts() {
        let digits = |key: &Key| matches!(key, Char(c) if c.is_ascii_digit());
        assert!(!BINDINGS.iter().any(|binding| binding.keys.iter().any(digits)));
    }
}
