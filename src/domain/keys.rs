//! Keys and what they do: one table feeds dispatch, footer, help and README. An action is named by the part of the
//! model that does it, so that a key without a handler does not compile.

use super::client::{ClientPlan, CloseHow};
use super::id::HostId;
pub use super::key::Key;
pub use super::place::{Here, Pane, Place, Spot, View};

/// What a key means where it is bound.
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

/// Which way a key goes through things that follow each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Turn {
    Next,
    Previous,
}

/// Something done in the view of the packets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PacketsAction {
    /// From the list to the ladder of one conversation, to what was said in it, to the list.
    NextTab,
    /// To another conversation, in the order in which they began.
    Conversation(Turn),
    /// Into the packet; fold or unfold a field.
    Fields,
    /// Write the captured packets to a file.
    Save,
    /// Look at a capture file in place of the live packets, or at these again.
    Open,
}

/// Something done with the wire and the packets on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum WireAction {
    /// To the wire's world and its view, or back to the machine.
    Toggle,
    /// What Enter offers: open the wire, or show on it how a connection opens.
    Open,
    /// Take the wire's hosts away.
    Close,
    /// Deliver the selected packet, or the one that is held longest.
    Next,
    /// Hold every packet, or let all run.
    RunHold,
    /// Let packets cross slowly.
    Slow,
    /// Do something to one packet.
    Packet(PacketFate),
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
}

/// What can be done to one packet besides delivering it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PacketFate {
    /// Lose it.
    Drop,
    /// Deliver it and keep a copy.
    Duplicate,
    /// Let it change places with the one behind it.
    Swap,
    /// Let it go on later.
    Delay,
    /// Damage it.
    Corrupt,
}

/// What can be done to the link.
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
    /// Type a port check.
    Check,
    /// Stop the port check.
    StopCheck,
    /// Close all connections of the selected peer.
    Kick,
    /// Take nothing from the selected peer any more, or everything again.
    Block,
}

/// Something done in a lesson that is played.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LessonAction {
    /// Do the step, go to the next, and at the end to the next lesson.
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

/// What can be done with the terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TerminalAction {
    /// Draw the whole screen again.
    Redraw,
    /// Give the terminal back to the shell until continued.
    Suspend,
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
    /// How soon the footer needs it: 1 before 2; 0 never. Neighbours with the same word share it.
    pub rank: u8,
}

const fn bind(rank: u8, keys: &'static [Key], place: Place, action: Action) -> Binding {
    Binding { keys, place, action, rank }
}

const fn lab(action: LabAction) -> Action {
    Action::Lab(action)
}
const fn list(action: ListAction) -> Action {
    Action::List(action)
}
const fn packets(action: PacketsAction) -> Action {
    Action::Packets(action)
}
const fn wire(action: WireAction) -> Action {
    Action::Wire(action)
}
const fn network(action: NetworkAction) -> Action {
    Action::Network(action)
}
const fn lesson(action: LessonAction) -> Action {
    Action::Lesson(action)
}
const fn screen(action: ScreenAction) -> Action {
    Action::Screen(action)
}

use ClientPlan::{OneShot, Stay};
use CloseHow::{Fin, Half, Rst};
use Key::{BackTab, Char, Ctrl, Down, End, Enter, Esc, F, Home, Left, PageDown, PageUp, Right, Tab, Up};
use LabAction::{Close, CloseAll, NextModel, Say, Spawn, StartStop, Target, Tick};
use LessonAction::{GoOn, Repeat};
use LinkAction::{Cut, Loss, Mend};
use ListAction::{Connection, Filter, Move, Narrow, NextKinds, NextScope, Order, OtherEnd, Page, Reverse};
use NetworkAction::{Block, Check, Door, Kick, StopCheck};
use PacketFate::{Corrupt, Delay, Drop, Duplicate, Swap};
use PacketsAction::{Conversation, Fields, NextTab, Open, Save};
use Place::{Anywhere, Clients, Ends, In, Playing, Servers, Stepping};
use ScreenAction::{Back, Glyphs, Help, Language, Mark, Pane as ToPane, Quit, Terminal, Theme, Views, Zoom};
use TerminalAction::{Redraw, Suspend};
use Turn::{Next, Previous};
use WireAction::{Fold, From, Link, Packet, Run, RunHold, Settings, Slow};

/// All bindings, in the order in which footer and help show them. The narrower place wins where a key is bound twice.
pub const BINDINGS: &[Binding] = &[
    // A connection's page.
    bind(1, &[Esc], Place::Page, screen(Back)),
    bind(2, &[Tab, BackTab], Place::Page, list(OtherEnd)),
    bind(3, &[Left], Place::Page, list(Connection(Previous))),
    bind(3, &[Right], Place::Page, list(Connection(Next))),
    // A lesson that is played.
    bind(1, &[Enter, PageDown], Playing, lesson(GoOn)),
    bind(2, &[Char('r')], Playing, lesson(Repeat)),
    // The way out, where it matters most.
    bind(1, &[Esc], Place::View(View::Ports), screen(Back)),
    bind(9, &[Esc], Place::View(View::Packets), screen(Back)),
    bind(1, &[Esc], Place::View(View::Network), screen(Back)),
    // Packets.
    bind(1, &[Char('l')], Place::View(View::Packets), packets(NextTab)),
    bind(2, &[Left], Place::View(View::Packets), packets(Conversation(Previous))),
    bind(2, &[Right], Place::View(View::Packets), packets(Conversation(Next))),
    bind(3, &[Char('/')], Place::View(View::Packets), list(Filter)),
    bind(4, &[Enter], Place::View(View::Packets), packets(Fields)),
    bind(5, &[Char('S')], Place::View(View::Packets), packets(Save)),
    bind(8, &[Char('O')], Place::View(View::Packets), packets(Open)),
    // The wire.
    bind(1, &[Enter], Place::View(View::Wire), wire(WireAction::Open)),
    bind(2, &[Char('n')], Stepping, wire(WireAction::Next)),
    bind(3, &[Char(' ')], Stepping, wire(RunHold)),
    bind(4, &[Char('d')], Place::View(View::Wire), wire(Packet(Drop))),
    bind(9, &[Char('D')], Place::View(View::Wire), wire(Packet(Duplicate))),
    bind(9, &[Char('T')], Place::View(View::Wire), wire(Packet(Swap))),
    bind(20, &[Char('+')], Place::View(View::Wire), wire(Packet(Delay))),
    bind(21, &[Char('C')], Place::View(View::Wire), wire(Packet(Corrupt))),
    bind(22, &[Char('M')], Place::View(View::Wire), wire(Slow)),
    bind(23, &[Char('|')], Place::View(View::Wire), wire(Link(Cut))),
    bind(24, &[Char('%')], Place::View(View::Wire), wire(Link(Loss))),
    bind(25, &[Char('u')], Place::View(View::Wire), wire(Link(Mend))),
    bind(0, &[Char('>')], Place::View(View::Wire), wire(From(HostId::Client))),
    bind(0, &[Char('<')], Place::View(View::Wire), wire(From(HostId::Server))),
    bind(26, &[Char('f')], Place::View(View::Wire), wire(Fold)),
    // The network.
    bind(2, &[Char('O')], Place::View(View::Network), network(Door)),
    bind(3, &[Char('p')], Place::View(View::Network), network(Check)),
    bind(0, &[Enter], Place::Check, network(Check)),
    bind(4, &[Char('a')], Place::View(View::Network), lab(Target)),
    bind(8, &[Char('H')], Place::View(View::Network), lab(LabAction::Home)),
    bind(5, &[Char('x')], Place::View(View::Network), network(Kick)),
    bind(5, &[Char('x')], Place::Check, network(StopCheck)),
    bind(9, &[Char('B')], Place::View(View::Network), network(Block)),
    // Clients, wherever they are seen.
    bind(5, &[Char('c')], Clients, lab(Spawn(Stay))),
    bind(7, &[Char('o')], Clients, lab(Spawn(OneShot))),
    bind(8, &[Char('x')], Ends, lab(Close(Fin))),
    bind(8, &[Char('X')], Ends, lab(Close(Rst))),
    bind(8, &[Char('h')], Ends, lab(Close(Half))),
    // Servers, wherever they are seen.
    bind(14, &[Char('i')], Servers, lab(Say)),
    bind(30, &[Char('s')], Servers, lab(StartStop)),
    bind(31, &[Char('m')], Servers, lab(NextModel)),
    bind(32, &[Char('K')], Servers, lab(CloseAll)),
    // The lab's panes.
    bind(12, &[Char(' ')], In(Pane::Servers), lab(Tick)),
    bind(6, &[Enter], In(Pane::Broadcast), lab(Say)),
    bind(12, &[Enter], In(Pane::Clients), list(Page)),
    bind(12, &[Enter], In(Pane::Netstat), list(Page)),
    bind(12, &[Enter], In(Pane::Lifecycle), list(Page)),
    bind(13, &[Left], In(Pane::Netstat), list(Order(Previous))),
    bind(13, &[Right], In(Pane::Netstat), list(Order(Next))),
    bind(0, &[Char('-')], In(Pane::Netstat), list(Reverse)),
    bind(15, &[Char('f')], In(Pane::Lifecycle), list(NextKinds)),
    bind(15, &[Char('f')], Place::View(View::Lab), list(NextScope)),
    bind(14, &[Char('/')], Place::View(View::Lab), list(Filter)),
    bind(16, &[Char('.')], Place::View(View::Lab), list(Narrow)),
    bind(16, &[Char('.')], Place::View(View::Packets), list(Narrow)),
    bind(33, &[Char('a')], Place::View(View::Lab), lab(Target)),
    bind(34, &[Char('H')], Place::View(View::Lab), lab(LabAction::Home)),
    bind(27, &[Char(',')], Place::View(View::Wire), wire(Settings)),
    bind(28, &[Char('!')], Place::View(View::Wire), wire(Run)),
    // Everywhere.
    bind(0, &[Up, Char('k')], Anywhere, list(Move(Motion::Up))),
    bind(0, &[Down, Char('j')], Anywhere, list(Move(Motion::Down))),
    bind(0, &[PageUp, Ctrl('u')], Anywhere, list(Move(Motion::PageUp))),
    bind(0, &[PageDown, Ctrl('d')], Anywhere, list(Move(Motion::PageDown))),
    bind(0, &[Home, Char('g')], Anywhere, list(Move(Motion::First))),
    bind(0, &[End, Char('G')], Anywhere, list(Move(Motion::Last))),
    bind(14, &[Tab], Anywhere, screen(ToPane(Next))),
    bind(0, &[BackTab], Anywhere, screen(ToPane(Previous))),
    bind(17, &[Char('z')], Anywhere, screen(Zoom)),
    bind(0, &[Esc], Anywhere, screen(Back)),
    bind(0, &[F(1)], Anywhere, screen(Help)),
    bind(10, &[F(2)], Anywhere, screen(ScreenAction::View(View::Ports))),
    bind(10, &[F(3)], Anywhere, screen(ScreenAction::View(View::Packets))),
    bind(10, &[F(5)], Anywhere, screen(ScreenAction::View(View::Wire))),
    bind(10, &[F(6)], Anywhere, screen(ScreenAction::View(View::Lessons))),
    bind(10, &[F(8)], Anywhere, screen(ScreenAction::View(View::Network))),
    bind(18, &[Char('w')], Anywhere, wire(WireAction::Toggle)),
    bind(6, &[Char('W')], Anywhere, wire(WireAction::Close)),
    bind(0, &[Char('N')], Anywhere, network(NetworkAction::Toggle)),
    bind(35, &[Char('#')], Anywhere, screen(Mark)),
    bind(36, &[Char('L')], Anywhere, screen(Language)),
    bind(37, &[Char('t')], Anywhere, screen(Theme)),
    bind(0, &[Char('A')], Anywhere, screen(Glyphs)),
    bind(0, &[Ctrl('l')], Anywhere, screen(Terminal(Redraw))),
    bind(0, &[Ctrl('z')], Anywhere, screen(Terminal(Suspend))),
    bind(4, &[Char('v')], Anywhere, screen(Views)),
    bind(1, &[Char('?')], Anywhere, screen(Help)),
    bind(1, &[Char('q'), Ctrl('c')], Anywhere, screen(Quit)),
];

/// The bindings that hold here and are not hidden by a narrower one of the same key.
pub fn holding(here: Here) -> impl Iterator<Item = &'static Binding> {
    BINDINGS.iter().filter(move |binding| {
        binding.keys.iter().any(|key| bound(*key, here).is_some_and(|wins| std::ptr::eq(wins, *binding)))
    })
}

/// What `key` does here.
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
                let reached = |here: &Here| lookup(*key, *here) == Some(binding.action);
                assert!(Here::all().any(|here| reached(&here)), "{key:?} in {:?}", binding.place);
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
