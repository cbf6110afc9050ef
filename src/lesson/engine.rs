//! The engine: plays a lesson step by step. It gives the orders and ticks the expectations off as they are met.
//!
//! It is pure: the world, the events and the time come in, [`LessonOrder`]s go out. A headless run and the screen drive
//! the same engine.

use std::collections::HashMap;
use std::time::Duration;

use super::act::Act;
use super::file::Lesson;
use super::host_addresses::HostAddresses;
use super::matcher::SocketEnd;
use super::order::{DoneWhen, LessonOrder};
use super::step::LessonStep;
use super::symbols::Symbols;
use crate::domain::client::ClientChange;
use crate::domain::lesson::{ExpectationState, SeenInstead};
use crate::domain::{Event, EventKind, Flow, Proto, SocketId, Stamp, TcpInfo, WireEvent};
use crate::model::World;

/// How far the engine is in a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LessonPhase {
    /// No act was begun yet.
    Ready,
    /// Acts are being done; this many were begun.
    Acting(usize),
    /// All acts are done; not all expectations are met yet.
    Expecting,
    /// All expectations are met.
    Passed,
    /// An act was not done in time, or an expectation not met.
    Failed,
}

/// Whether an expectation can be about this event.
const fn can_be_expected(kind: &EventKind) -> bool {
    let of_wire = matches!(
        kind,
        EventKind::Wire(
            WireEvent::ProgramEnded { .. }
                | WireEvent::Verdict(_)
                | WireEvent::Dropped { .. }
                | WireEvent::Marked { .. }
                | WireEvent::Queued { .. }
                | WireEvent::Crossing { .. }
                | WireEvent::QueueLength { .. }
        )
    );
    of_wire || matches!(kind, EventKind::State(_) | EventKind::Confirmed(_) | EventKind::Packet(_) | EventKind::Call(_))
}

/// How many events of one step are kept.
const MOST_EVENTS: usize = 20_000;

/// See the module's documentation.
#[derive(Debug, Clone)]
pub struct Engine {
    lesson: Lesson,
    addresses: HostAddresses,
    flows: HashMap<SocketId, Flow>,
    step: usize,
    phase: LessonPhase,
    waiting: Option<DoneWhen>,
    /// The events since the step before the current one began. Between two steps the presenter talks while the kernels go
    /// on; what happens then belongs to the next step.
    pub(super) events: Vec<Event>,
    /// How many of the events came before the step before was over.
    over: usize,
    /// How many of the events came before the current step began.
    before: usize,
    /// When the current step began.
    began: Stamp,
    /// When the current act began, or the wait for the expectations.
    since: Stamp,
    /// In a step whose expectations have an order: the first event that the next one may be met by.
    next: usize,
    /// The latest `TCP_INFO` of each end, and when it was read.
    readings: HashMap<Flow, (Stamp, TcpInfo)>,
    /// When the kernels are next to be asked for it.
    ask: Stamp,
    ticks: Vec<ExpectationState>,
    stuck: Option<usize>,
}

impl Engine {
    /// Before the first step.
    pub fn new(lesson: Lesson, addresses: HostAddresses) -> Self {
        Self {
            lesson,
            addresses,
            flows: HashMap::new(),
            step: 0,
            phase: LessonPhase::Ready,
            waiting: None,
            events: Vec::new(),
            over: 0,
            before: 0,
            began: Stamp::ZERO,
            since: Stamp::ZERO,
            next: 0,
            readings: HashMap::new(),
            ask: Stamp::ZERO,
            ticks: Vec::new(),
            stuck: None,
        }
    }

    /// The lesson that it plays.
    pub const fn lesson(&self) -> &Lesson {
        &self.lesson
    }

    /// The number of the current step, from 0.
    pub const fn place(&self) -> usize {
        self.step
    }

    /// The current step.
    pub fn step(&self) -> Option<&LessonStep> {
        self.lesson.steps.get(self.step)
    }

    /// How far it is in that step.
    pub const fn phase(&self) -> LessonPhase {
        self.phase
    }

    /// The state of each expectation of the current step, in their order.
    pub fn ticks(&self) -> &[ExpectationState] {
        &self.ticks
    }

    pub(super) const fn symbols(&self) -> &Symbols {
        &self.lesson.symbols
    }

    pub(super) const fn addresses(&self) -> &HostAddresses {
        &self.addresses
    }

    /// The addresses of the socket of this name, once they are known.
    pub fn flow_of(&self, name: &str) -> Option<Flow> {
        self.flows.get(&self.symbols().socket(name)?.id).copied()
    }

    /// Whether a timer that this step depends on is not running, or not for long enough.
    pub fn lacks_timer(&self, world: &World, step: usize, now: Stamp) -> bool {
        let timers = self.lesson.steps.get(step).map_or(&[][..], |step| &step.timers);
        timers.iter().any(|need| self.end(need.of.get_ref()).is_none_or(|flow| !need.is_met(world, &flow, now)))
    }

    /// Begins the current step. Returns its first orders.
    pub fn begin(&mut self, world: &World, now: Stamp) -> Vec<LessonOrder> {
        if self.phase != LessonPhase::Ready {
            return vec![];
        }
        let Some(step) = self.lesson.steps.get(self.step) else { return vec![] };
        self.ticks = vec![ExpectationState::Open; step.expect.len()];
        // Two steps without acts look at the same period: the events of the first also count for the second.
        let passive = |step: usize| self.lesson.steps.get(step).is_some_and(|step| step.acts.is_empty());
        if !(passive(self.step) && self.step > 0 && passive(self.step - 1)) {
            self.events.drain(..self.over.min(self.events.len()));
        }
        self.before = self.events.len();
        self.next = 0;
        self.began = now;
        self.since = now;
        self.phase = LessonPhase::Acting(0);
        self.go_on(world, now)
    }

    /// Goes to the next step if the current one passed. Returns `false` if there is none.
    pub fn next_step(&mut self) -> bool {
        if self.phase == LessonPhase::Passed && self.step + 1 < self.lesson.steps.len() {
            self.step += 1;
            self.phase = LessonPhase::Ready;
            self.ticks.clear();
            return true;
        }
        false
    }

    /// Takes in an event that `world` has applied already. Returns what to do next.
    pub fn observe(&mut self, world: &World, event: &Event) -> Vec<LessonOrder> {
        self.remember_flow(event);
        if let EventKind::Info(info) = &event.seen.kind
            && self.flows.values().any(|flow| *flow == info.flow || flow.mirror() == Some(info.flow))
        {
            self.readings.insert(info.flow, (event.seen.at, info.clone()));
        }
        if self.phase == LessonPhase::Failed {
            return vec![];
        }
        self.lapse(event.seen.at);
        if can_be_expected(&event.seen.kind) && self.events.len() < MOST_EVENTS {
            self.events.push(event.clone());
        }
        if matches!(self.phase, LessonPhase::Ready | LessonPhase::Passed) {
            return vec![];
        }
        if self.waiting.as_mut().is_some_and(|done| done.is_shown_by(&event.seen)) {
            self.waiting = None;
            self.since = event.seen.at;
        }
        self.go_on(world, event.seen.at)
    }

    /// Lets time pass: ends what has lasted until its deadline. Returns what to do next.
    pub fn advance(&mut self, world: &World, now: Stamp) -> Vec<LessonOrder> {
        if self.next_due().is_none_or(|due| now < due) {
            return vec![];
        }
        if let Some(DoneWhen::At(_)) = self.waiting {
            self.waiting = None;
            self.since = now;
            return self.go_on(world, now);
        }
        self.check(world);
        self.lapse(now);
        if self.phase == LessonPhase::Expecting && !self.finish_step() && now < self.deadline() {
            return self.ask(now);
        }
        if matches!(self.phase, LessonPhase::Acting(_) | LessonPhase::Expecting) {
            self.give_up(world);
        }
        vec![]
    }

    /// When [`Engine::advance`] is next to be called.
    pub fn next_due(&self) -> Option<Stamp> {
        match (self.phase, self.waiting) {
            (LessonPhase::Acting(_), Some(DoneWhen::At(moment))) => Some(moment),
            (LessonPhase::Acting(_), _) => Some(self.deadline()),
            (LessonPhase::Expecting, _) => {
                let mut due = self.deadline();
                if self.asks().next().is_some() {
                    due = due.min(self.ask);
                }
                for (expect, tick) in self.lesson.steps[self.step].expect.iter().zip(&self.ticks) {
                    if let (Some(absent), ExpectationState::Open) = (expect.absent_for(), tick) {
                        due = due.min(self.since.after(absent));
                    }
                }
                Some(due)
            }
            (LessonPhase::Ready | LessonPhase::Passed | LessonPhase::Failed, _) => None,
        }
    }

    /// The ends whose `TCP_INFO` is expected and not seen yet.
    fn asks(&self) -> impl Iterator<Item = &SocketEnd> {
        let ticks = &self.ticks;
        let expects = self.step().into_iter().flat_map(move |step| step.expect.iter().zip(ticks));
        let open = expects.filter(|(_, tick)| **tick == ExpectationState::Open);
        open.filter_map(|(expect, _)| expect.info()).map(|info| info.of.get_ref())
    }

    /// Asks for them.
    fn ask(&mut self, now: Stamp) -> Vec<LessonOrder> {
        /// How often: a kernel answers in some microseconds.
        const AGAIN: Duration = Duration::from_millis(50);
        if now < self.ask {
            return vec![];
        }
        let inform = |end: &SocketEnd| {
            let host = self.symbols().socket(&end.socket)?.host;
            Some(LessonOrder::Inform(if end.peer { host.other() } else { host }, self.end(end)?))
        };
        let orders = self.asks().filter_map(inform).collect();
        // Also where an end is not known yet.
        self.ask = now.after(AGAIN);
        orders
    }

    /// The `TCP_INFO` of an end, if it was read after the last act.
    pub(super) fn reading(&self, flow: &Flow) -> Option<&TcpInfo> {
        self.readings.get(flow).filter(|(at, _)| *at >= self.since).map(|(_, info)| info)
    }

    /// When the current step began.
    pub(super) const fn begun_at(&self) -> Stamp {
        self.began
    }

    fn deadline(&self) -> Stamp {
        let within = self.step().map_or(0, |step| step.within_ms);
        self.since.after(Duration::from_millis(within))
    }

    /// Remembers a socket's addresses.
    fn remember_flow(&mut self, event: &Event) {
        match &event.seen.kind {
            EventKind::Call(call) => {
                let id = call.new_socket.unwrap_or(call.socket);
                if let Some(flow) = call.flow {
                    // A datagram's flow names the peer; the socket itself stays unconnected.
                    if flow.proto == Proto::Tcp || !self.flows.contains_key(&id) {
                        self.flows.insert(id, flow);
                    }
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

    /// Gives the next order once the one before is done, and after the last checks the expectations.
    fn go_on(&mut self, world: &World, now: Stamp) -> Vec<LessonOrder> {
        let mut orders = Vec::new();
        while let (LessonPhase::Acting(next), None) = (self.phase, self.waiting) {
            let Some(act) = self.lesson.steps[self.step].acts.get(next) else {
                self.phase = LessonPhase::Expecting;
                self.since = self.since.max(now);
                break;
            };
            if let Act::Wait(time) = act {
                let moment = now.max(self.since).after(Duration::from_millis(time.ms().into()));
                self.waiting = Some(DoneWhen::At(moment));
                self.phase = LessonPhase::Acting(next + 1);
                break;
            }
            let Some((order, done)) = self.order(world, act) else { break };
            self.waiting = (done != DoneWhen::AtOnce).then_some(done);
            orders.push(order);
            self.phase = LessonPhase::Acting(next + 1);
        }
        if self.phase == LessonPhase::Expecting {
            self.check(world);
            if !self.finish_step() {
                orders.extend(self.ask(now));
            }
        }
        orders
    }

    /// Meets the expectations of absence whose time has passed. This comes before the event at `now` is checked, which may
    /// be reported late.
    fn lapse(&mut self, now: Stamp) {
        if self.phase != LessonPhase::Expecting {
            return;
        }
        for (expect, tick) in self.lesson.steps[self.step].expect.iter().zip(&mut self.ticks) {
            if *tick == ExpectationState::Open && expect.absent_for().is_some_and(|over| now >= self.since.after(over))
            {
                *tick = ExpectationState::Met;
            }
        }
    }

    fn check(&mut self, world: &World) {
        if self.phase != LessonPhase::Expecting {
            return;
        }
        let mut ticks = std::mem::take(&mut self.ticks);
        let mut next = self.next;
        let step = &self.lesson.steps[self.step];
        let mut comes_first = false;
        for (expect, tick) in step.expect.iter().zip(&mut ticks) {
            if *tick != ExpectationState::Open {
                continue;
            }
            match expect.absent_for() {
                Some(_) => {
                    if self.judge(world, expect, 0).is_ok() {
                        *tick = ExpectationState::Missed(SeenInstead::It);
                    }
                }
                None if comes_first => {}
                None => match self.judge(world, expect, next) {
                    Ok(at) => {
                        *tick = ExpectationState::Met;
                        if step.in_order {
                            next += at.map_or(0, |at| at + 1);
                        }
                    }
                    Err(_) => comes_first = step.in_order,
                },
            }
        }
        self.next = next;
        self.ticks = ticks;
    }

    /// Ends the step if its expectations allow it; returns whether it is over.
    fn finish_step(&mut self) -> bool {
        if self.ticks.iter().any(|tick| matches!(tick, ExpectationState::Missed(_))) {
            self.phase = LessonPhase::Failed;
        } else if self.ticks.iter().all(|tick| *tick == ExpectationState::Met) {
            self.phase = LessonPhase::Passed;
            self.over = self.events.len();
        } else {
            return false;
        }
        true
    }

    fn give_up(&mut self, world: &World) {
        let mut ticks = std::mem::take(&mut self.ticks);
        if self.phase == LessonPhase::Expecting {
            for (expect, tick) in self.lesson.steps[self.step].expect.iter().zip(&mut ticks) {
                if let (ExpectationState::Open, Err(seen)) = (&*tick, self.judge(world, expect, self.next)) {
                    *tick = ExpectationState::Missed(seen);
                }
            }
        }
        self.ticks = ticks;
        if let LessonPhase::Acting(begun) = self.phase {
            self.stuck = Some(begun - usize::from(self.waiting.is_some()));
        }
        self.phase = LessonPhase::Failed;
    }

    /// The events since the current step began.
    pub(super) fn events_in_step(&self) -> &[Event] {
        self.events.get(self.before..).unwrap_or_default()
    }

    /// The place in the step of the act that was not done in time, if the step failed because of it.
    pub const fn stuck(&self) -> Option<usize> {
        self.stuck
    }
}
