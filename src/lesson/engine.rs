//! The engine: goes through a lesson step by step, says what to do next, and ticks expectations off as they are met.
//!
//! It is pure. The world and the events come in, and so does the time; [`Order`]s go out. A headless run and the screen
//! drive the same engine; neither waits for anything but events.

use std::collections::HashMap;
use std::time::Duration;

use super::cast::Cast;
use super::file::{Lesson, Step};
use super::order::{Addresses, Done, Order};
use crate::domain::client::ClientChange;
use crate::domain::lesson::{ExpectationState, SeenInstead};
use crate::domain::{Event, EventKind, Flow, Proto, SocketId, Stamp, WireEvent};
use crate::model::World;

/// Where the engine stands in a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Nothing of it was done yet.
    Ready,
    /// It does things; this many were begun.
    Acting(usize),
    /// All was done; not all was seen yet.
    Expecting,
    /// All was seen.
    Passed,
    /// Something was not done or not seen in time.
    Failed,
}

/// Whether an expectation can be about it.
const fn can_be_expected(kind: &EventKind) -> bool {
    let ended = matches!(kind, EventKind::Wire(WireEvent::ProgramEnded { .. }));
    ended || matches!(kind, EventKind::State(_) | EventKind::Confirmed(_) | EventKind::Packet(_) | EventKind::Call(_))
}

/// How many events of one step are remembered.
const REMEMBERED: usize = 20_000;

/// See the module's head.
#[derive(Debug, Clone)]
pub struct Engine {
    lesson: Lesson,
    addresses: Addresses,
    flows: HashMap<SocketId, Flow>,
    step: usize,
    phase: Phase,
    waiting: Option<Done>,
    /// What was heard since the step before was over, and what that step heard. Between two steps the presenter talks and
    /// the kernels go on: what they do meanwhile belongs to the step that comes.
    pub(super) heard: Vec<Event>,
    /// How much of it was heard when the step before was over.
    over: usize,
    /// How much of it was heard before the present step began.
    before: usize,
    /// When the present act began, or the expecting.
    since: Stamp,
    /// When the present step began.
    began: Stamp,
    ticks: Vec<ExpectationState>,
    stuck: Option<usize>,
}

impl Engine {
    /// Before the first step.
    pub fn new(lesson: Lesson, addresses: Addresses) -> Self {
        Self {
            lesson,
            addresses,
            flows: HashMap::new(),
            step: 0,
            phase: Phase::Ready,
            waiting: None,
            heard: Vec::new(),
            over: 0,
            before: 0,
            since: Stamp::ZERO,
            began: Stamp::ZERO,
            ticks: Vec::new(),
            stuck: None,
        }
    }

    /// What it goes through.
    pub const fn lesson(&self) -> &Lesson {
        &self.lesson
    }

    /// The number of the present step, from 0.
    pub const fn place(&self) -> usize {
        self.step
    }

    /// The present step; `None` after the last.
    pub fn step(&self) -> Option<&Step> {
        self.lesson.steps.get(self.step)
    }

    /// Where it stands in it.
    pub const fn phase(&self) -> Phase {
        self.phase
    }

    /// What became of the present step's expectations, in their order.
    pub fn ticks(&self) -> &[ExpectationState] {
        &self.ticks
    }

    /// When the present step was begun.
    pub const fn began(&self) -> Stamp {
        self.began
    }

    pub(super) const fn cast(&self) -> &Cast {
        &self.lesson.cast
    }

    pub(super) const fn addresses(&self) -> &Addresses {
        &self.addresses
    }

    /// The addresses of a socket by its name, as far as they are known.
    pub fn flow_of(&self, name: &str) -> Option<Flow> {
        self.flows.get(&self.cast().part(name)?.id).copied()
    }

    /// Begins the present step. Says what to do first.
    pub fn begin(&mut self, world: &World, now: Stamp) -> Vec<Order> {
        let Some(step) = self.lesson.steps.get(self.step).filter(|_| self.phase == Phase::Ready) else { return vec![] };
        self.ticks = vec![ExpectationState::Open; step.expect.len()];
        // Two steps in which nothing is done look at one stretch of time: what one heard is there for the other.
        let still = |step: usize| self.lesson.steps.get(step).is_some_and(|step| step.acts.is_empty());
        if !(still(self.step) && self.step > 0 && still(self.step - 1)) {
            self.heard.drain(..self.over.min(self.heard.len()));
        }
        self.before = self.heard.len();
        self.began = now;
        self.since = now;
        self.phase = Phase::Acting(0);
        self.go_on(world, now)
    }

    /// Goes to the next step, when the present one passed. `false` when there is none.
    pub fn next_step(&mut self) -> bool {
        if self.phase == Phase::Passed && self.step + 1 < self.lesson.steps.len() {
            self.step += 1;
            self.phase = Phase::Ready;
            self.ticks.clear();
            return true;
        }
        false
    }

    /// Hears what happened; `world` is the world with it. Says what to do next.
    pub fn hear(&mut self, world: &World, event: &Event) -> Vec<Order> {
        self.learn(event);
        if self.phase == Phase::Failed {
            return vec![];
        }
        self.lapse(event.seen.at);
        if can_be_expected(&event.seen.kind) && self.heard.len() < REMEMBERED {
            self.heard.push(event.clone());
        }
        if matches!(self.phase, Phase::Ready | Phase::Passed) {
            return vec![];
        }
        if self.waiting.as_mut().is_some_and(|done| done.by(&event.seen)) {
            self.waiting = None;
            self.since = event.seen.at;
        }
        self.go_on(world, event.seen.at)
    }

    /// Lets time pass: what was not done or not seen by now never is.
    pub fn pass(&mut self, world: &World, now: Stamp) {
        if self.next_due().is_none_or(|due| now < due) {
            return;
        }
        self.look(world);
        self.lapse(now);
        if self.phase == Phase::Expecting && !self.settle() && now < self.deadline() {
            return;
        }
        if matches!(self.phase, Phase::Acting(_) | Phase::Expecting) {
            self.give_up(world);
        }
    }

    /// When [`Engine::pass`] has something to decide.
    pub fn next_due(&self) -> Option<Stamp> {
        match self.phase {
            Phase::Acting(_) => Some(self.deadline()),
            Phase::Expecting => {
                let absent =
                    self.lesson.steps[self.step].expect.iter().zip(&self.ticks).filter_map(|(expect, tick)| {
                        let over = expect.absent_for()?;
                        (*tick == ExpectationState::Open).then(|| self.since.after(over))
                    });
                absent.chain([self.deadline()]).min()
            }
            _ => None,
        }
    }

    fn deadline(&self) -> Stamp {
        let within = self.step().map_or(0, |step| step.within_ms);
        self.since.after(Duration::from_millis(within))
    }

    /// Remembers which addresses a socket has.
    fn learn(&mut self, event: &Event) {
        match &event.seen.kind {
            EventKind::Call(call) => {
                let id = call.new_socket.unwrap_or(call.socket);
                if let Some(flow) = call.flow {
                    // A datagram names its other side; the socket stays unconnected.
                    let own = self.flows.get(&id).copied().filter(|_| flow.proto == Proto::Udp);
                    self.flows.insert(id, own.unwrap_or(flow));
                }
            }
            EventKind::Client(client) => {
                if let ClientChange::Dialing { flow } = client.change {
                    self.flows.insert(SocketId::Client(client.client), flow);
                }
            }
            _ => {}
        }
    }

    /// Gives the next order once the one before is done, then looks whether what is expected is seen.
    fn go_on(&mut self, world: &World, now: Stamp) -> Vec<Order> {
        let mut orders = Vec::new();
        while let (Phase::Acting(next), None) = (self.phase, self.waiting) {
            let Some(act) = self.lesson.steps[self.step].acts.get(next) else {
                self.phase = Phase::Expecting;
                self.since = self.since.max(now);
                break;
            };
            let Some((order, done)) = self.order(world, act) else { break };
            self.waiting = Some(done).filter(|done| *done != Done::AtOnce);
            orders.push(order);
            self.phase = Phase::Acting(next + 1);
        }
        if self.phase == Phase::Expecting {
            self.look(world);
            self.settle();
        }
        orders
    }

    /// What was not to be seen and was not seen until `now` is met: by what happened before, however late it is told.
    fn lapse(&mut self, now: Stamp) {
        if self.phase != Phase::Expecting {
            return;
        }
        for (expect, tick) in self.lesson.steps[self.step].expect.iter().zip(&mut self.ticks) {
            if *tick == ExpectationState::Open && expect.absent_for().is_some_and(|over| now >= self.since.after(over))
            {
                *tick = ExpectationState::Met;
            }
        }
    }

    fn look(&mut self, world: &World) {
        if self.phase != Phase::Expecting {
            return;
        }
        let mut ticks = std::mem::take(&mut self.ticks);
        for (expect, tick) in self.lesson.steps[self.step].expect.iter().zip(&mut ticks) {
            if *tick != ExpectationState::Open {
                continue;
            }
            match (expect.absent_for(), self.judge(world, expect)) {
                (None, Ok(())) => *tick = ExpectationState::Met,
                (Some(_), Ok(())) => *tick = ExpectationState::Missed(SeenInstead::It),
                (_, Err(_)) => {}
            }
        }
        self.ticks = ticks;
    }

    /// Whether the step is over.
    fn settle(&mut self) -> bool {
        if self.ticks.iter().any(|tick| matches!(tick, ExpectationState::Missed(_))) {
            self.phase = Phase::Failed;
        } else if self.ticks.iter().all(|tick| *tick == ExpectationState::Met) {
            self.phase = Phase::Passed;
            self.over = self.heard.len();
        } else {
            return false;
        }
        true
    }

    fn give_up(&mut self, world: &World) {
        let mut ticks = std::mem::take(&mut self.ticks);
        if self.phase == Phase::Expecting {
            for (expect, tick) in self.lesson.steps[self.step].expect.iter().zip(&mut ticks) {
                if let (ExpectationState::Open, Err(seen)) = (&*tick, self.judge(world, expect)) {
                    *tick = ExpectationState::Missed(seen);
                }
            }
        }
        self.ticks = ticks;
        if let Phase::Acting(begun) = self.phase {
            self.stuck = Some(begun - usize::from(self.waiting.is_some()));
        }
        self.phase = Phase::Failed;
    }

    /// What was heard since the present step began.
    pub(super) fn heard_in_step(&self) -> &[Event] {
        self.heard.get(self.before..).unwrap_or_default()
    }

    /// The act that was not done in time, by its place in the step, when that is why it failed.
    pub const fn stuck(&self) -> Option<usize> {
        self.stuck
    }
}
