//! One connection: what is known of both ends, and the events that wait for their place in the journal.

use super::moment::{Moment, Whose};
use super::{Admitted, FARTHEST_BACK};
use crate::domain::client::ClientChange;
use crate::domain::{ClientEvent, EventKind, Evidence, Observation, Stamp, Syscall, TcpState, WorldId};

/// What is known of one end of a connection.
#[derive(Debug, Default)]
pub(super) struct OrderedEnd {
    /// When each moment of its present life happened.
    moments: [Option<Stamp>; Moment::COUNT],
    /// Whether its calls are reported: it is a client of the laboratory, or a connection of one of its servers.
    pub(super) is_ours: bool,
    /// How many bytes its reported calls have sent and received.
    sent: u64,
    received: u64,
}

impl OrderedEnd {
    pub(super) const fn when(&self, moment: Moment) -> Option<Stamp> {
        self.moments[moment.place()]
    }

    pub(super) const fn has(&self, moment: Moment) -> bool {
        self.when(moment).is_some()
    }

    /// Its life begins once more, in the same connection.
    pub(super) const fn begin_anew(&mut self) {
        self.moments = [None; Moment::COUNT];
    }

    fn is_known(&self) -> bool {
        self.is_ours || self.moments.iter().any(Option::is_some)
    }
}

/// An event that is not in the journal yet.
#[derive(Debug)]
pub(super) struct HeldEvent {
    /// When it is let go, whatever is missing.
    pub(super) due: Stamp,
    /// The end that it is about, as an index of [`OrderedConnection::ends`].
    pub(super) side: usize,
    pub(super) moment: Option<Moment>,
    pub(super) seen: Observation,
}

impl HeldEvent {
    /// When it is let go where what is missing is a call of the laboratory: those are all reported, but the thread that made
    /// one may have lost the processor. Times must not run back further than that.
    fn latest(&self) -> Stamp {
        self.due.max(self.seen.at.after(FARTHEST_BACK))
    }

    /// Whether its time is only known to lie before something else. The kernel traces SYN_RECV when the handshake is
    /// complete, because the connection has no socket of its own before.
    fn is_adjustable(&self) -> bool {
        let is_traced_late = self.moment == Some(Moment::State(TcpState::SynRecv));
        matches!(self.seen.kind, EventKind::State(_))
            && match self.seen.evidence {
                Evidence::Packet => false,
                Evidence::Traced => is_traced_late,
                _ => true,
            }
    }

    /// Its place among events of the same time.
    fn rank(&self, active: bool) -> u8 {
        self.moment.map_or(Moment::RANK_OF_OTHERS, |moment| moment.rank(active))
    }
}

#[derive(Debug, Default)]
pub(super) struct OrderedConnection {
    pub(super) ends: [OrderedEnd; 2],
    /// Whether it is one to a server of the laboratory that has not accepted it yet.
    pub(super) will_be_accepted: bool,
    /// Whether the kernel reports every change.
    pub(super) is_traced: bool,
    /// Whether the end that opens it may be the laboratory's: a call of `connect` is not reported yet.
    pub(super) may_be_ours: bool,
    /// Whether both ends are seen here, not one of them only.
    pub(super) has_both_ends: bool,
    /// Calls that wait for the call of the other end that caused them.
    pub(super) calls: Vec<HeldEvent>,
    /// Events that wait for their place in the journal.
    pub(super) held: Vec<HeldEvent>,
    /// When the first of them is due.
    pub(super) due: Option<Stamp>,
}

/// How many bytes a call has received.
fn received(seen: &Observation) -> u64 {
    moved(seen, Syscall::Recv)
}

/// How many bytes a call has sent.
fn sent(seen: &Observation) -> u64 {
    moved(seen, Syscall::Send)
}

/// Whether it is the end of a client.
pub(super) const fn is_end(seen: &Observation) -> bool {
    matches!(seen.kind, EventKind::Client(ClientEvent { change: ClientChange::Ended, .. }))
}

fn moved(seen: &Observation, by: Syscall) -> u64 {
    match &seen.kind {
        EventKind::Call(call) if call.call == by => call.data.as_ref().map_or(0, |data| data.len as u64),
        _ => 0,
    }
}

impl OrderedConnection {
    /// Every moment of both ends that is known, in the journal or held, with the end and the time.
    fn moments(&self) -> impl Iterator<Item = (usize, Moment, Stamp)> {
        let written = self.ends.iter().enumerate().flat_map(|(side, end)| {
            Moment::all().filter_map(move |moment| end.when(moment).map(|time| (side, moment, time)))
        });
        let held = self.held.iter().filter_map(|held| held.moment.map(|moment| (held.side, moment, held.seen.at)));
        written.chain(held)
    }

    /// Which ends are known to have opened the connection: one, but for a simultaneous open.
    fn active(&self) -> [bool; 2] {
        let opens = [Moment::Connect, Moment::State(TcpState::SynSent)];
        [0, 1].map(|side| {
            let will = self.held.iter().any(|held| held.side == side && opens.map(Some).contains(&held.moment));
            will || opens.iter().any(|moment| self.ends[side].has(*moment))
        })
    }

    /// What causes a moment directly, with the end that it is of. `None` also where it depends on who opened the
    /// connection, and that is not known.
    fn cause((side, moment): (usize, Moment), active: [bool; 2]) -> Option<(usize, Moment)> {
        if moment == Moment::State(TcpState::Established) && active == [false; 2] {
            return None;
        }
        let (whose, cause) = moment.cause(active[side])?;
        Some((if whose == Whose::Own { side } else { 1 - side }, cause))
    }

    /// Chooses the times of the held events whose time is not known exactly.
    fn choose_times(&mut self, now: Stamp, active: [bool; 2]) {
        if !self.held.iter().any(HeldEvent::is_adjustable) {
            return;
        }
        let before = |cause: &(usize, Moment, Stamp), effect: &(usize, Moment, Stamp)| {
            let whose = if cause.0 == effect.0 { Whose::Own } else { Whose::Peer };
            cause.1.precedes(effect.1, whose, active[effect.0])
        };
        let immediate: Vec<bool> = self.held.iter().map(|held| self.follows_at_once(held, active)).collect();
        // A chain of causes has at most as many links as there are moments.
        for _ in 0..Moment::COUNT {
            let moments: Vec<_> = self.moments().collect();
            for held in self.held.iter_mut().filter(|held| held.is_adjustable()) {
                let Some(moment) = held.moment else { continue };
                let own = (held.side, moment, held.seen.at);
                let effects = moments.iter().filter(|effect| before(&own, effect)).map(|(.., time)| *time);
                held.seen.at = effects.fold(held.seen.at, Stamp::min);
            }
        }
        // A change that follows its cause at once is dated back to it, but not so far that the journal jumps.
        let floor = now.before(FARTHEST_BACK);
        let earliest = |(held, immediate): (&HeldEvent, &bool)| {
            if *immediate { held.seen.at.min(floor) } else { held.seen.at }
        };
        let earliest: Vec<Stamp> = self.held.iter().zip(&immediate).map(earliest).collect();
        for _ in 0..Moment::COUNT {
            let moments: Vec<_> = self.moments().collect();
            for (held, earliest) in self.held.iter_mut().zip(&earliest).filter(|(held, _)| held.is_adjustable()) {
                let Some(moment) = held.moment else { continue };
                let own = (held.side, moment, held.seen.at);
                let causes = moments.iter().filter(|cause| before(cause, &own)).map(|(.., time)| *time);
                held.seen.at = causes.fold(*earliest, Stamp::max);
            }
        }
    }

    /// Whether the cause of a change is known, and nothing but this machine lay between them.
    fn follows_at_once(&self, held: &HeldEvent, active: [bool; 2]) -> bool {
        let Some(moment @ Moment::State(_)) = held.moment.filter(|_| held.seen.world == WorldId::Host) else {
            return false;
        };
        let cause = Self::cause((held.side, moment), active);
        cause.is_some_and(|cause| self.moments().any(|(side, moment, _)| (side, moment) == cause))
    }

    /// Whether a call has returned although the call of the other end that caused it is not reported yet.
    fn lacks_its_call(&self, held: &HeldEvent) -> bool {
        let (own, other) = (&self.ends[held.side], &self.ends[1 - held.side]);
        let lacks = |cause| !self.moments().any(|(side, known, _)| side != held.side && known == cause);
        (other.is_ours || (self.may_be_ours && held.moment == Some(Moment::Accept)))
            && match held.moment {
                Some(moment) => moment.call_of_peer().is_some_and(lacks),
                None => own.received + received(&held.seen) > other.sent,
            }
    }

    /// The next call that need not wait for another one.
    pub(super) fn next_call(&mut self, now: Stamp) -> Option<Admitted> {
        self.calls.sort_by_key(|held| held.seen.at);
        for at in 0..self.calls.len() {
            let held = &self.calls[at];
            if held.due <= now && now < held.latest() && self.lacks_its_call(held) {
                self.calls[at].due = held.latest();
            }
        }
        // The calls of one end keep their order.
        let firsts = [0, 1].map(|side| self.calls.iter().position(|held| held.side == side));
        let overdue = self.calls.iter().any(|held| held.due <= now).then_some(0);
        let ready = |at: &usize| !self.lacks_its_call(&self.calls[*at]);
        let next = overdue.or_else(|| firsts.into_iter().flatten().filter(ready).min())?;
        let held = self.calls.remove(next);
        let [own, other] = if held.side == 0 { [0, 1] } else { [1, 0] };
        // Whatever a client that has ended called has been reported.
        self.ends[own].is_ours = !is_end(&held.seen);
        self.ends[own].sent += sent(&held.seen);
        self.ends[own].received += received(&held.seen);
        // Where the call that sent this was lost, the next ones are not waited for.
        self.ends[other].sent = self.ends[other].sent.max(self.ends[own].received);
        Some(Admitted { seen: held.seen, due: held.due })
    }

    /// Whether an event has to wait for another one that is certain to come.
    fn waits(&self, held: &HeldEvent, active: [bool; 2]) -> bool {
        let missing = match (held.moment, &held.seen.kind) {
            // The wire's own sampling reports every change as it happens.
            (Some(Moment::State(_)), _) if held.seen.world == WorldId::Wire => false,
            (Some(moment), _) => {
                let cause = Self::cause((held.side, moment), active);
                cause.is_some_and(|cause| self.lacks(cause) && self.will_be_reported(cause, held.side))
            }
            (None, EventKind::Confirmed(change)) => self.lacks((held.side, Moment::State(change.to))),
            (None, _) => false,
        };
        // An exact event may still come that shows the change to have been earlier than the table did.
        let may_be_earlier = held.is_adjustable()
            && held.seen.world == WorldId::Host
            && (self.is_seen_late(held) || self.will_be_accepted)
            && !self.follows_at_once(held, active);
        missing || may_be_earlier
    }

    /// Grants more time to what is due, where a call of the laboratory is missing that is certain to be reported.
    fn wait_for_own_calls(&mut self, now: Stamp, active: [bool; 2]) {
        let is_late = |held: &HeldEvent| held.due <= now && now < held.latest();
        let lacks_call = |held: &HeldEvent| {
            let cause = held.moment.and_then(|moment| Self::cause((held.side, moment), active));
            cause.is_some_and(|cause| {
                matches!(cause.1, Moment::Connect | Moment::Close)
                    && self.lacks(cause)
                    && self.will_be_reported(cause, held.side)
            })
        };
        let host = |held: &HeldEvent| held.seen.world == WorldId::Host;
        if self.held.iter().any(is_late) && self.held.iter().any(|held| host(held) && lacks_call(held)) {
            self.held.iter_mut().filter(|held| is_late(held)).for_each(|held| held.due = held.latest());
        }
    }

    /// Whether a moment is not in the journal.
    const fn lacks(&self, (side, moment): (usize, Moment)) -> bool {
        !self.ends[side].has(moment)
    }

    /// Whether the cause of something at one end is certain to be reported. Of the states of the peer these are the ones
    /// that its own calls lead to; what it came to by a segment of this end the table may miss.
    fn will_be_reported(&self, (side, cause): (usize, Moment), effect: usize) -> bool {
        let other = &self.ends[1 - effect];
        match cause {
            // The historian infers it from the very change that it caused.
            Moment::State(TcpState::FinWait1) => other.is_known(),
            Moment::State(TcpState::SynSent) => other.is_ours,
            Moment::State(TcpState::Established) if side != effect => other.is_ours,
            Moment::State(TcpState::SynRecv) => self.has_both_ends,
            // The historian writes it with the call that tells of it, unless the kernel is about to.
            Moment::State(_) => side == effect && (other.is_ours || self.is_traced),
            Moment::Connect => self.ends[side].is_ours || self.may_be_ours,
            _ => self.ends[side].is_ours,
        }
    }

    /// Whether a change is known from the machine's socket table, directly or through the one after it.
    fn is_seen_late(&self, held: &HeldEvent) -> bool {
        let of_table = |other: &HeldEvent| other.side == held.side && other.seen.evidence == Evidence::Sampled;
        of_table(held) || (held.seen.evidence == Evidence::Inferred && self.held.iter().any(of_table))
    }

    /// Lets go of the events that need not wait, in order.
    pub(super) fn release(&mut self, now: Stamp, out: &mut Vec<Observation>) {
        let active = self.active();
        self.choose_times(now, active);
        self.held.sort_by_key(|held| (held.seen.at, held.rank(active[held.side])));
        self.wait_for_own_calls(now, active);
        let mut overdue = self.held.iter().rposition(|held| held.due <= now).map_or(0, |last| last + 1);
        while let Some(first) = self.held.first() {
            if overdue == 0 && self.waits(first, active) {
                return;
            }
            overdue = overdue.saturating_sub(1);
            let HeldEvent { side, moment, seen, .. } = self.held.remove(0);
            let end = &mut self.ends[side];
            if let Some(moment) = moment {
                end.moments[moment.place()].get_or_insert(seen.at);
            }
            if moment == Some(Moment::Accept) {
                self.will_be_accepted = false;
            }
            out.push(seen);
        }
    }
}
