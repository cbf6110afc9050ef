//! Keys and what they do: one table for dispatch, footer, help and README. Each part of the model has its own enum of
//! actions, so that an action without a handler does not compile.

use super::client::{ClientPlan, CloseHow};
use super::id::HostId;
pub use super::place::{Here, Pane, Place, View};

/// A key of the keyboard.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "each is the key of that name")]
pub enum Key {
    Char(char),
    Ctrl(char),
    Enter,
    Esc,
    Tab,
    BackTab,
    Backspace,
    Delete,
    Left,
    Right,
    Up,
    Down,
    PageUp,
    PageDown,
    Home,
    End,
    F(u8),
}

/// The meaning of a key where it is bound.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Action {
    Lab(LabAction),
    List(ListAction),
    Packets(PacketsAction),
    Wire(WireAction),
    Network(NetworkAction),
    Lesson(LessonAction),
    Screen(ScreenAction),
}

/// Something done with servers and clients.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LabAction {
    /// Connect a client, or as many as were typed, to the selected server.
    Spawn(ClientPlan),
    /// End what is selected: a client, a connection of a page, a program on the wire.
    Close(CloseHow),
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
    /// Have the selected end send many bytes: as many kilobytes as were typed.
    Bulk,
    /// Type the host that clients are to go to.
    Target,
    /// Clients go to the servers here again.
    Home,
}

/// Something done with a list: which entries it has, in which order, and which is selected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ListAction {
    /// Select another entry.
    Move(Motion),
    /// Type a filter.
    Filter,
    /// List other sockets: the filter's, the lab's, all.
    NextScope,
    /// List other events: all, calls only, states only.
    NextKinds,
    /// Order the table by another column.
    Order(Turn),
    /// Reverse the table's order.
    Reverse,
    /// List only what concerns the selection, or everything again.
    Narrow,
    /// Open the page of the selected connection.
    Page,
    /// On a page: ask for the `TCP_INFO` of the other end.
    OtherEnd,
    /// On a page: go to the page of another connection.
    Connection(Turn),
}

/// Where in a list a key goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Motion {
    Up,
    Down,
    PageUp,
    PageDown,
    First,
    Last,
}

/// The direction in which a key goes through a sequence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Turn {
    Next,
    Previous,
}

/// Something done in the view of the packets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PacketsAction {
    /// From the list to the ladder of one conversation, to its text, to the list.
    NextTab,
    /// To another conversation, in the order in which they began.
    Conversation(Turn),
    /// Show the fields of the packet; fold or unfold a field.
    Fields,
    /// Write the captured packets to a file.
    Save,
    /// Show a capture file instead of the live packets, or the live packets again.
    Open,
    /// Show the list of interfaces to capture on.
    Interfaces,
    /// Show the sequence numbers of one end over time, then of the other.
    Graph,
}

/// Something done with the wire and the packets on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum WireAction {
    /// To the wire's world and its view, or back to the machine.
    Toggle,
    /// Open the wire; while it is empty, play the first scenario; otherwise open the selected connection's page.
    Open,
    /// Close the wire.
    Close,
    /// Deliver the selected packet, or the one that is held longest.
    Next,
    /// Hold every packet, or let all cross at once.
    RunHold,
    /// Let packets cross slowly.
    Slow,
    /// Do something to one packet.
    Packet(PacketFate),
    /// Make a packet of one's own.
    Inject,
    /// Change the fields of a packet.
    Change,
    /// Do something to the link.
    Link(LinkAction),
    /// The keys are about this sender's direction only, or about both again.
    From(HostId),
    /// List every retransmission, or fold them into their held original.
    Fold,
    /// Show the settings of the wire's hosts.
    Settings,
    /// Type a program to run on one of the wire's hosts.
    Run,
    /// Show the kernel's variables over time, then the sequence numbers, then neither.
    Graph,
    /// Select the packet of this connection before or after: the graph speaks of it.
    Along(Turn),
}

/// The ways to treat one packet besides delivering it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PacketFate {
    /// Lose it.
    Drop,
    /// Deliver it and keep a copy.
    Duplicate,
    /// Swap it with the one behind it.
    Swap,
    /// Deliver it later.
    Delay,
    /// Damage it.
    Corrupt,
}

/// The ways to treat the link.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LinkAction {
    /// Cut it, or mend it.
    Cut,
    /// Lose packets by chance.
    Loss,
    /// Neither cut nor loss.
    Mend,
}

/// Something done on the network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum NetworkAction {
    /// To the view of the network, or back to the lab.
    Toggle,
    /// Open the servers to the network after a question, or close them.
    Door,
    /// Show the visitors as a wall, or as a list.
    Listed,
    /// Type a port check.
    Check,
    /// Stop the port check.
    StopCheck,
    /// Close all connections of the selected peer.
    Kick,
    /// Block the selected peer, or unblock it.
    Block,
}

/// Something done in a lesson that is played.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LessonAction {
    /// Begin the step, go to the next step, and at the end to the next lesson.
    GoOn,
    /// Play the lesson again from its beginning.
    Repeat,
}

/// Something done with the screen and the program itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ScreenAction {
    /// To this view.
    View(View),
    /// Show the views and their numbers; or go to the view whose number was typed before.
    Views,
    /// To another part of the view.
    Pane(Turn),
    /// Give the focused part the whole screen, or give it back.
    Zoom,
    /// Type a mark: a place worth finding again.
    Mark,
    /// The other language.
    Language,
    /// The next theme.
    Theme,
    /// ASCII or Unicode.
    Glyphs,
    /// Show the keys.
    Help,
    /// Undo what was begun last; otherwise go home.
    Back,
    /// Draw the whole screen again, or give the terminal back until continued.
    Terminal(TerminalAction),
    /// Leave.
    Quit,
}

/// The actions on the terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TerminalAction {
    /// Draw the whole screen again.
    Redraw,
    /// Give the terminal back to the shell until continued.
    Suspend,
}

/// One binding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Binding {
    /// The keys, the one to show first.
    pub keys: &'static [Key],
    /// Where it holds.
    pub place: Place,
    /// Its action.
    pub action: Action,
    /// How soon the footer needs it: 1 before 2; 0 never. Neighbours with the same word share it.
    pub rank: u8,
}

const fn bind(rank: u8, keys: &'static [Key], place: Place, action: Action) -> Binding {
    Binding { keys, place, action, rank }
}

use Action::{Lab, Lesson, List, Network, Packets, Screen, Wire};
use ClientPlan::{OneShot, Stay};
use CloseHow::{Fin, Half, Rst};
use Key::{BackTab, Char, Ctrl, Down, End, Enter, Esc, F, Home, Left, PageDown, PageUp, Right, Tab, Up};
use LabAction::{Bulk, Close, CloseAll, NextModel, Say, Spawn, StartStop, Target, Tick};
use LessonAction::{GoOn, Repeat};
use LinkAction::{Cut, Loss, Mend};
use ListAction::{Connection, Filter, Move, Narrow, NextKinds, NextScope, Order, OtherEnd, Page, Reverse};
use NetworkAction::{Block, Check, Door, Kick, Listed, StopCheck};
use PacketFate::{Corrupt, Delay, Drop, Duplicate, Swap};
use PacketsAction::{Conversation, Fields, Interfaces, NextTab, Open, Save};
use Place::{Anywhere, Clients, Ends, In, Playing, Servers, Stepping};
use ScreenAction::{Back, Glyphs, Help, Language, Mark, Pane as ToPane, Quit, Terminal, Theme, Views, Zoom};
use TerminalAction::{Redraw, Suspend};
use Turn::{Next, Previous};
use WireAction::{Change, Fold, From, Inject, Link, Packet, Run, RunHold, Settings, Slow};

/// All bindings, in the order in which footer and help show them. The narrower place wins where a key is bound twice.
pub static BINDINGS: &[Binding] = &[
    // A connection's page.
    bind(1, &[Esc], Place::Page, Screen(Back)),
    bind(2, &[Tab, BackTab], Place::Page, List(OtherEnd)),
    bind(3, &[Left], Place::Page, List(Connection(Previous))),
    bind(3, &[Right], Place::Page, List(Connection(Next))),
    // A lesson that is played.
    bind(1, &[Enter, PageDown], Playing, Lesson(GoOn)),
    bind(2, &[Char('r')], Playing, Lesson(Repeat)),
    // The way out, where it matters most.
    bind(1, &[Esc], Place::View(View::Ports), Screen(Back)),
    bind(9, &[Esc], Place::View(View::Packets), Screen(Back)),
    bind(1, &[Esc], Place::View(View::Network), Screen(Back)),
    // Packets.
    bind(1, &[Char('l')], Place::View(View::Packets), Packets(NextTab)),
    bind(2, &[Left], Place::View(View::Packets), Packets(Conversation(Previous))),
    bind(2, &[Right], Place::View(View::Packets), Packets(Conversation(Next))),
    bind(3, &[Char('/')], Place::View(View::Packets), List(Filter)),
    bind(4, &[Enter], Place::View(View::Packets), Packets(Fields)),
    bind(5, &[Char('S')], Place::View(View::Packets), Packets(Save)),
    bind(8, &[Char('O')], Place::View(View::Packets), Packets(Open)),
    bind(19, &[Char(',')], Place::View(View::Packets), Packets(Interfaces)),
    bind(15, &[Char('V')], Place::View(View::Packets), Packets(PacketsAction::Graph)),
    // The wire.
    bind(1, &[Enter], Place::View(View::Wire), Wire(WireAction::Open)),
    bind(2, &[Char('n')], Stepping, Wire(WireAction::Next)),
    bind(3, &[Char(' ')], Stepping, Wire(RunHold)),
    bind(4, &[Char('d')], Place::View(View::Wire), Wire(Packet(Drop))),
    bind(9, &[Char('D')], Place::View(View::Wire), Wire(Packet(Duplicate))),
    bind(9, &[Char('T')], Place::View(View::Wire), Wire(Packet(Swap))),
    bind(20, &[Char('+')], Place::View(View::Wire), Wire(Packet(Delay))),
    bind(21, &[Char('C')], Place::View(View::Wire), Wire(Packet(Corrupt))),
    bind(29, &[Char('I')], Place::View(View::Wire), Wire(Inject)),
    bind(29, &[Char('F')], Place::View(View::Wire), Wire(Change)),
    bind(22, &[Char('M')], Place::View(View::Wire), Wire(Slow)),
    bind(23, &[Char('|')], Place::View(View::Wire), Wire(Link(Cut))),
    bind(24, &[Char('%')], Place::View(View::Wire), Wire(Link(Loss))),
    bind(25, &[Char('u')], Place::View(View::Wire), Wire(Link(Mend))),
    bind(0, &[Char('>')], Place::View(View::Wire), Wire(From(HostId::Client))),
    bind(0, &[Char('<')], Place::View(View::Wire), Wire(From(HostId::Server))),
    bind(26, &[Char('f')], Place::View(View::Wire), Wire(Fold)),
    // The network.
    bind(2, &[Char('O')], Place::View(View::Network), Network(Door)),
    bind(3, &[Char('p')], Place::View(View::Network), Network(Check)),
    bind(0, &[Enter], Place::Check, Network(Check)),
    bind(4, &[Char('a')], Place::View(View::Network), Lab(Target)),
    bind(8, &[Char('H')], Place::View(View::Network), Lab(LabAction::Home)),
    bind(5, &[Char('x')], Place::View(View::Network), Network(Kick)),
    bind(5, &[Char('x')], Place::Check, Network(StopCheck)),
    bind(9, &[Char('B')], Place::View(View::Network), Network(Block)),
    bind(10, &[Char('f')], Place::View(View::Network), Network(Listed)),
    // Clients, wherever they are seen.
    bind(5, &[Char('c')], Clients, Lab(Spawn(Stay))),
    bind(7, &[Char('o')], Clients, Lab(Spawn(OneShot))),
    bind(8, &[Char('x')], Ends, Lab(Close(Fin))),
    bind(8, &[Char('X')], Ends, Lab(Close(Rst))),
    bind(8, &[Char('h')], Ends, Lab(Close(Half))),
    // Servers, wherever they are seen.
    bind(14, &[Char('i')], Servers, Lab(Say)),
    bind(29, &[Char('b')], Servers, Lab(Bulk)),
    bind(30, &[Char('s')], Servers, Lab(StartStop)),
    bind(31, &[Char('m')], Servers, Lab(NextModel)),
    bind(32, &[Char('K')], Servers, Lab(CloseAll)),
    // The lab's panes.
    bind(12, &[Char(' ')], In(Pane::Servers), Lab(Tick)),
    bind(6, &[Enter], In(Pane::Broadcast), Lab(Say)),
    bind(12, &[Enter], In(Pane::Clients), List(Page)),
    bind(12, &[Enter], In(Pane::Netstat), List(Page)),
    bind(12, &[Enter], In(Pane::Lifecycle), List(Page)),
    bind(13, &[Left], In(Pane::Netstat), List(Order(Previous))),
    bind(13, &[Right], In(Pane::Netstat), List(Order(Next))),
    bind(0, &[Char('-')], In(Pane::Netstat), List(Reverse)),
    bind(15, &[Char('f')], In(Pane::Lifecycle), List(NextKinds)),
    bind(15, &[Char('f')], Place::View(View::Lab), List(NextScope)),
    bind(14, &[Char('/')], Place::View(View::Lab), List(Filter)),
    bind(16, &[Char('.')], Place::View(View::Lab), List(Narrow)),
    bind(16, &[Char('.')], Place::View(View::Packets), List(Narrow)),
    bind(33, &[Char('a')], Place::View(View::Lab), Lab(Target)),
    bind(34, &[Char('H')], Place::View(View::Lab), Lab(LabAction::Home)),
    bind(27, &[Char(',')], Place::View(View::Wire), Wire(Settings)),
    bind(28, &[Char('!')], Place::View(View::Wire), Wire(Run)),
    bind(27, &[Char('V')], Place::View(View::Wire), Wire(WireAction::Graph)),
    bind(0, &[Left], Place::View(View::Wire), Wire(WireAction::Along(Previous))),
    bind(0, &[Right], Place::View(View::Wire), Wire(WireAction::Along(Next))),
    // Everywhere.
    bind(0, &[Up, Char('k')], Anywhere, List(Move(Motion::Up))),
    bind(0, &[Down, Char('j')], Anywhere, List(Move(Motion::Down))),
    bind(0, &[PageUp, Ctrl('u')], Anywhere, List(Move(Motion::PageUp))),
    bind(0, &[PageDown, Ctrl('d')], Anywhere, List(Move(Motion::PageDown))),
    bind(0, &[Home, Char('g')], Anywhere, List(Move(Motion::First))),
    bind(0, &[End, Char('G')], Anywhere, List(Move(Motion::Last))),
    bind(14, &[Tab], Anywhere, Screen(ToPane(Next))),
    bind(0, &[BackTab], Anywhere, Screen(ToPane(Previous))),
    bind(17, &[Char('z')], Anywhere, Screen(Zoom)),
    bind(0, &[Esc], Anywhere, Screen(Back)),
    bind(0, &[F(1)], Anywhere, Screen(Help)),
    bind(10, &[F(2)], Anywhere, Screen(ScreenAction::View(View::Ports))),
    bind(10, &[F(3)], Anywhere, Screen(ScreenAction::View(View::Packets))),
    bind(10, &[F(5)], Anywhere, Screen(ScreenAction::View(View::Wire))),
    bind(10, &[F(6)], Anywhere, Screen(ScreenAction::View(View::Lessons))),
    bind(10, &[F(8)], Anywhere, Screen(ScreenAction::View(View::Network))),
    bind(18, &[Char('w')], Anywhere, Wire(WireAction::Toggle)),
    bind(6, &[Char('W')], Anywhere, Wire(WireAction::Close)),
    bind(0, &[Char('N')], Anywhere, Network(NetworkAction::Toggle)),
    bind(35, &[Char('#')], Anywhere, Screen(Mark)),
    bind(36, &[Char('L')], Anywhere, Screen(Language)),
    bind(37, &[Char('t')], Anywhere, Screen(Theme)),
    bind(0, &[Char('A')], Anywhere, Screen(Glyphs)),
    bind(0, &[Ctrl('l')], Anywhere, Screen(Terminal(Redraw))),
    bind(0, &[Ctrl('z')], Anywhere, Screen(Terminal(Suspend))),
    bind(4, &[Char('v')], Anywhere, Screen(Views)),
    bind(1, &[Char('?')], Anywhere, Screen(Help)),
    bind(1, &[Char('q'), Ctrl('c')], Anywhere, Screen(Quit)),
];

/// The bindings that hold here and are not hidden by a narrower one of the same key.
pub fn holding(here: Here) -> impl Iterator<Item = &'static Binding> {
    BINDINGS
        .iter()
        .filter(move |binding| binding.keys.iter().any(|key| bound(*key, here).is_some_and(|wins| wins == *binding)))
}

/// The action of `key` here.
pub fn lookup(key: Key, here: Here) -> Option<Action> {
    bound(key, here).map(|binding| binding.action)
}

fn bound(key: Key, here: Here) -> Option<&'static Binding> {
    let holding = BINDINGS.iter().filter(|binding| binding.keys.contains(&key) && binding.place.holds(here));
    holding.max_by_key(|binding| binding.place.narrowness())
}

/// Where `key` does something, in the order of the table.
pub fn places(key: Key) -> impl Iterator<Item = Place> {
    BINDINGS.iter().filter(move |binding| binding.keys.contains(&key)).map(|binding| binding.place)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::WorldId;

    #[test]
    fn no_key_is_bound_twice_in_one_place() {
        let mut seen = std::collections::HashSet::new();
        for binding in BINDINGS {
            for key in binding.keys {
                assert!(seen.insert((binding.place, *key)), "{key:?} twice in {:?}", binding.place);
            }
        }
    }

    /// Everything that can be on a screen.
    fn everywhere() -> impl Iterator<Item = Here> {
        let views = View::ALL.into_iter().filter(|view| *view != View::Lab).map(Place::View);
        let places = Pane::ALL.map(In).into_iter().chain(views).chain([Playing, Place::Check, Place::Page]);
        places.flat_map(|place| [WorldId::Host, WorldId::Wire].map(|world| Here { place, world }))
    }

    #[test]
    fn every_binding_can_be_reached() {
        for binding in BINDINGS {
            for key in binding.keys {
                let reached = |here: &Here| lookup(*key, *here) == Some(binding.action);
                assert!(everywhere().any(|here| reached(&here)), "{key:?} in {:?}", binding.place);
            }
        }
    }

    #[test]
    fn digits_are_free_for_counts() {
        let digits = |key: &Key| matches!(key, Char(c) if c.is_ascii_digit());
        assert!(!BINDINGS.iter().any(|binding| binding.keys.iter().any(digits)));
    }

    /// ABNT2 keyboards have these behind a dead key or not at all.
    #[test]
    fn no_key_needs_a_dead_key() {
        let dead = |key: &Key| matches!(key, Char('\'' | '"' | '^' | '~' | '`' | '´'));
        assert!(!BINDINGS.iter().any(|binding| binding.keys.iter().any(dead)));
    }
}
