//! The historian: turns the reports of calls, table and tracepoint into one history per end of a connection.
//!
//! Several witnesses report the same transition, each sees a part, in any order. The historian writes each transition
//! once, on the best evidence there is when it is written, and confirms it when better evidence comes later.
//! Transitions between two observations are filled in along RFC 9293's diagram and marked as inferred. An observation
//! that contradicts the diagram is not written. It is not part of the world: its work is in the journal, so a replay
//! needs no historian.

mod claim;
mod end_history;

use std::collections::{HashMap, HashSet, VecDeque};
use std::net::SocketAddr;
use std::time::Duration;

use self::claim::Claim;
use self::end_history::EndHistory;
use super::causal_order::FARTHEST_BACK;
use crate::domain::{
    Args, Call, Cause, ClientEvent, Delta, Errno, EventKind, Evidence, Flow, Note, Observation, Outcome, Proto, Row,
    Stamp, Syscall, TcpInput, TcpReply, TcpState, TimerKind, Transition, WorldId, tcp,
};

/// How long an observation that needs a gap filled waits for a better witness, while the tracepoint is one.
const GRACE: Duration = Duration::from_millis(100);
/// How long an end that vanished waits for its other end's state, which says whether it closed in order or was reset.
const GRACE_GONE: Duration = Duration::from_millis(30);
/// How long the end of a full socket in FIN_WAIT2 waits for the table to show what is left of it. Mostly that is TIME_WAIT.
const GRACE_REST: Duration = Duration::from_secs(2);
/// How many closed ends are remembered, so that late witnesses are recognised.
const CLOSED_KEPT: usize = 20_000;

/// See the module's head.
#[derive(Debug, Default)]
pub struct Historian {
    ends: HashMap<Flow, EndHistory>,
    listening: HashSet<SocketAddr>,
    due: VecDeque<(Stamp, Flow)>,
    closed: VecDeque<Flow>,
    traced: bool,
}

impl Historian {
    /// Takes an observation that has arrived by `now`; events that can be written now go to `out`. A producer's own [`EventKind::State`] is a
    /// claim and is not meant for the journal; all else is.
    pub fn hear(&mut self, now: Stamp, seen: &Observation, out: &mut Vec<Observation>) {
        let mut writer = Writer { seen, now, out };
        match &seen.kind {
            // The wire's sampling reports every change with its cause; calls and rows would only be worse witnesses.
            EventKind::Call(_) | EventKind::Row(_) | EventKind::Client(_) if seen.world == WorldId::Wire => {}
            EventKind::State(change) => self.reported(change, &mut writer),
            EventKind::Call(call) => self.called(call, &mut writer),
            EventKind::Row(delta) => self.sampled(delta, &mut writer),
            EventKind::Client(ClientEvent {
                change: crate::domain::client::ClientChange::Dialing { flow }, ..
            }) => {
                self.ends.entry(*flow).or_insert_with(|| EndHistory::starting(TcpState::Closed, seen.at));
            }
            EventKind::Note(Note::Has { what: Evidence::Traced }) => self.traced = true,
            EventKind::Note(Note::Lacks { what: Evidence::Traced, .. }) => self.traced = false,
            _ => {}
        }
    }

    /// Writes the claims that have waited until `until`. `like` says where and when.
    pub fn settle(&mut self, until: Stamp, like: &Observation, out: &mut Vec<Observation>) {
        while self.due.front().is_some_and(|(due, _)| *due <= until) {
            let Some((_, flow)) = self.due.pop_front() else { return };
            let Some(end) = self.ends.get_mut(&flow) else { continue };
            let ripe: Vec<_> = end.waiting.extract_if(.., |(due, _)| *due <= until).collect();
            for (_, claim) in ripe {
                // No better witness said when it was: the journal need not run back for it.
                let claim = Claim { latest: claim.latest.max(like.at.before(FARTHEST_BACK)), ..claim };
                self.write(flow, claim, &mut Writer { seen: like, now: like.at, out });
            }
        }
    }

    /// When [`Historian::settle`] has something to do next.
    pub fn next_due(&self) -> Option<Stamp> {
        self.due.front().map(|(due, _)| *due)
    }

    /// The tracepoint or the wire reports a transition.
    fn reported(&mut self, change: &Transition, out: &mut Writer<'_>) {
        let Transition { flow, from, to, cause } = *change;
        let evidence = out.seen.evidence;
        let claim = Claim { cause, from: Some(from), ..Claim::new(to, evidence, out.seen.at) };
        let closes_listener = (from, to) == (TcpState::Listen, TcpState::Closed);
        // A late report about the previous listener on this address.
        if closes_listener && self.ends.get(&flow).is_some_and(|end| !end.is_over() && end.since > claim.at) {
            return;
        }
        if change.begins() {
            self.begin(flow, from, claim.at, out);
        }
        self.ends.entry(flow).or_insert_with(|| EndHistory::starting(from, claim.at));
        // The kernel reports the end of the full socket; what is left of it in FIN_WAIT2 or TIME_WAIT only the table
        // shows, and it will be asked.
        if evidence == Evidence::Traced && (from, to) == (TcpState::FinWait2, TcpState::Closed) {
            self.write(flow, Claim { state: TcpState::FinWait2, ..claim }, out);
            if self.ends.get(&flow).is_some_and(|end| !end.remains) {
                self.wait(flow, Claim { full_socket_only: true, ..claim }, GRACE_REST);
            }
        } else {
            // The state in which a life starts is not reached by a transition.
            if from.rank() > 0 {
                self.write(flow, Claim { state: from, from: None, cause: None, ..claim }, out);
            }
            self.write(flow, claim, out);
        }
    }

    fn called(&mut self, call: &Call, out: &mut Writer<'_>) {
        let Some(flow) = call.flow.filter(|flow| flow.proto == Proto::Tcp) else { return };
        let (at, cause) = (out.seen.at, Some(Cause::Call(call.call)));
        let claim = |state| Claim { cause, ..Claim::new(state, Evidence::Called, at) };
        let failed = matches!(call.result, Outcome::Failed(_));
        match call.call {
            Syscall::Listen if !failed => {
                // The first look at the table may have found it before the call returned.
                if let Some(end) = self.ends.get_mut(&flow)
                    && end.path == [(TcpState::Listen, Evidence::Sampled)]
                {
                    end.path = vec![(TcpState::Closed, Evidence::Inferred)];
                }
                self.begin(flow, TcpState::Closed, out.seen.at, out);
                self.listening.insert(flow.local);
                self.write(flow, claim(TcpState::Listen), out);
            }
            Syscall::Close if flow.peer.is_none() => {
                self.listening.remove(&flow.local);
                self.write(flow, claim(TcpState::Closed), out);
            }
            Syscall::Connect if failed => self.write(flow, Claim { cause: None, ..claim(TcpState::Closed) }, out),
            Syscall::Connect => {
                let [entered, returned] = call.interval(at);
                self.begin(flow, TcpState::Closed, entered, out);
                let claim = claim(TcpState::Established);
                self.observe(flow, Claim { at: returned, latest: returned, ..claim }, out);
            }
            Syscall::Accept if !failed => {
                self.begin(flow, TcpState::Listen, out.seen.at, out);
                self.observe(flow, Claim { cause: None, ..claim(TcpState::Established) }, out);
            }
            // The other end's RST has arrived: nothing of this end is left.
            Syscall::Recv | Syscall::Send if call.result == Outcome::Failed(Errno::ConnReset) => {
                self.observe(flow, Claim { cause: None, ..claim(TcpState::Closed) }, out);
            }
            // The end of the other side's data: its FIN has arrived.
            Syscall::Recv if call.is_end_of_data() && !failed => {
                let open = self.ends.get(&flow).is_some_and(|end| end.last().rank() <= TcpState::Established.rank());
                if open {
                    self.observe(flow, Claim { cause: None, ..claim(TcpState::CloseWait) }, out);
                }
            }
            Syscall::Close | Syscall::Shutdown => {
                if let Some(end) = self.ends.get_mut(&flow)
                    && call.args != Args::Shut(crate::domain::Shut::Read)
                    && tcp::on(end.last(), TcpInput::Close).is_some_and(|step| step.reply == TcpReply::Fin)
                {
                    end.intent = Some(Cause::Call(call.call));
                }
            }
            _ => {}
        }
    }

    fn sampled(&mut self, delta: &Delta, out: &mut Writer<'_>) {
        match delta {
            Delta::Found(row) => {
                let Some(state) = self.tcp(row) else { return };
                let claim = Claim { latest: out.now, ..Claim::new(state, Evidence::Sampled, out.seen.at) };
                // Calls may have reported it before the table was read: then the row is one more witness.
                self.ends.entry(row.flow).or_insert_with(|| EndHistory::new(vec![(state, claim.evidence)], claim.at));
                self.observe(row.flow, claim, out);
                self.recognise(row, claim.at);
            }
            Delta::Added(row) | Delta::Changed(row) => {
                let Some(state) = self.tcp(row) else { return };
                let claim = Claim { latest: out.now, ..Claim::new(state, Evidence::Sampled, out.seen.at) };
                // Where thousands close at once the table is late: what it shows is the rest of the life that ended.
                let rest = state == TcpState::TimeWait || is_rest(row);
                if rest && self.ends.get(&row.flow).is_some_and(|end| end.given_up) {
                    return;
                }
                let start = self.start(&row.flow);
                let another =
                    |end: &EndHistory| end.cookie.is_some_and(|own| own != 0 && row.cookie != 0 && own != row.cookie);
                if self.ends.get(&row.flow).is_some_and(another) {
                    // The same addresses, another connection.
                    self.write(row.flow, Claim { state: TcpState::Closed, ..claim }, out);
                    self.ends.insert(row.flow, EndHistory::starting(start, claim.at));
                }
                let over = self.ends.get(&row.flow).is_none_or(|end| {
                    let reused = end.last() == TcpState::TimeWait && state.rank() <= TcpState::Established.rank();
                    reused || end.was_over(claim.at)
                });
                if over && state != TcpState::Closed {
                    self.begin(row.flow, start, claim.at, out);
                }
                self.observe(row.flow, claim, out);
                self.recognise(row, claim.at);
            }
            Delta::Gone(key) => {
                if key.flow.proto == Proto::Tcp && key.flow.peer.is_none() {
                    self.listening.remove(&key.flow.local);
                }
                // Without a cookie it says that there is nothing with these addresses.
                let is_of =
                    |end: &EndHistory| key.cookie == 0 || end.cookie.is_some_and(|own| own == 0 || own == key.cookie);
                if self.ends.get(&key.flow).is_some_and(is_of) {
                    let claim = Claim::new(TcpState::Closed, Evidence::Sampled, out.seen.at);
                    self.observe(key.flow, Claim { latest: out.now, ..claim }, out);
                }
            }
            Delta::Unwatched(key) => {
                self.ends.remove(&key.flow);
            }
        }
    }

    /// Takes from a row which socket an end has, and whether it is the rest of one. FIN_WAIT2 with TIME_WAIT's timer is
    /// what Linux keeps of an end whose peer has not closed: the kernel's word that its full socket ended is not the
    /// end of it.
    fn recognise(&mut self, row: &Row, at: Stamp) {
        let Some(end) = self.ends.get_mut(&row.flow) else { return };
        if end.cookie.is_none() || end.born <= at {
            end.cookie = Some(row.cookie);
        }
        if is_rest(row) {
            end.remains = true;
            end.waiting.retain(|(_, claim)| !claim.full_socket_only);
        }
    }

    fn tcp(&mut self, row: &Row) -> Option<TcpState> {
        if row.state == Some(TcpState::Listen) {
            self.listening.insert(row.flow.local);
        }
        if row.flow.proto == Proto::Tcp { row.state } else { None }
    }

    /// The state in which a life starts: LISTEN if there is a listener on the local address.
    fn start(&self, flow: &Flow) -> TcpState {
        let any = SocketAddr::new(if flow.local.is_ipv4() { [0; 4].into() } else { [0; 16].into() }, flow.local.port());
        let dual = SocketAddr::new([0u16; 8].into(), flow.local.port());
        let passive = flow.peer.is_some() && [flow.local, any, dual].iter().any(|addr| self.listening.contains(addr));
        if passive { TcpState::Listen } else { TcpState::Closed }
    }

    /// A life of this end starts at `start`, unless it is known to be under way. A life before it that ended unseen ends
    /// now; one that was found under way has its beginning filled in.
    fn begin(&mut self, flow: Flow, start: TcpState, at: Stamp, out: &mut Writer<'_>) {
        let Some(end) = self.ends.get_mut(&flow) else {
            self.ends.insert(flow, EndHistory::starting(start, at));
            return;
        };
        let again = end.last() == TcpState::TimeWait && end.since < at;
        if again {
            self.write(flow, Claim::new(TcpState::Closed, Evidence::Inferred, at), out);
            self.ends.insert(flow, EndHistory::starting(start, at));
        } else if end.was_over(at) {
            self.ends.insert(flow, EndHistory::starting(start, at));
        } else if let Some(found) = end.found() {
            end.path = vec![(start, Evidence::Inferred)];
            self.write(flow, Claim { latest: out.now, ..Claim::new(found, Evidence::Sampled, at) }, out);
        }
    }

    /// Takes a claim: writes it, or lets it wait for a better witness. While the kernel traces, it is one of everything
    /// that is new.
    fn observe(&mut self, flow: Flow, claim: Claim, out: &mut Writer<'_>) {
        let Some(end) = self.ends.get(&flow) else { return };
        let new = end.reached(claim.state).is_none();
        let vanished = claim.state == TcpState::Closed && claim.evidence == Evidence::Sampled;
        let natural = matches!(end.last(), TcpState::TimeWait | TcpState::LastAck | TcpState::Closed);
        // The kernel traces full sockets. What follows them only the table shows.
        let waits = claim.state == TcpState::TimeWait && matches!(end.last(), TcpState::FinWait2 | TcpState::Closing);
        if new && self.traced && end.last() != TcpState::TimeWait && !waits {
            self.wait(flow, claim, GRACE);
        } else if vanished && !natural {
            self.wait(flow, claim, GRACE_GONE);
        } else {
            self.write(flow, claim, out);
        }
    }

    fn wait(&mut self, flow: Flow, claim: Claim, grace: Duration) {
        let Some(end) = self.ends.get_mut(&flow) else { return };
        let due = claim.at.after(grace);
        end.waiting.push((due, claim));
        // In the order of a life: what the witnesses say of when is less sure than that.
        end.waiting.sort_by_key(|(_, claim)| (claim.state == TcpState::Closed, claim.state.rank(), claim.at));
        let place = self.due.partition_point(|(other, _)| *other <= due);
        self.due.insert(place, (due, flow));
    }

    /// Writes that this end reached a state, with the transitions that must have led there. A known state is confirmed;
    /// an impossible one is left out.
    fn write(&mut self, flow: Flow, claim: Claim, out: &mut Writer<'_>) {
        self.infer_peer(flow, claim, out);
        // TIME_WAIT may follow, and it ends without the kernel's word.
        if claim.full_socket_only && self.ends.get(&flow).is_some_and(|end| end.reached(TcpState::TimeWait).is_some()) {
            return;
        }
        let vanished = claim.state == TcpState::Closed && claim.evidence != Evidence::Called;
        let orderly = vanished && self.closed_in_order(&flow);
        let Some(end) = self.ends.get_mut(&flow) else { return };
        if let Some(at) = end.reached(claim.state) {
            confirm(end, at, flow, claim, out);
            return;
        }
        let last = end.last();
        // Only a new life leads on from CLOSED.
        if end.is_over() {
            return;
        }
        let way = if claim.state == TcpState::Closed {
            let by = [TcpState::CloseWait, TcpState::LastAck];
            let rest: Vec<_> = by.into_iter().filter(|state| state.rank() > last.rank()).collect();
            let passive = orderly && matches!(last, TcpState::Established | TcpState::CloseWait);
            Some(if passive { rest } else { Vec::new() })
        } else if claim.from == Some(last) && last.may_become(claim.state) {
            Some(Vec::new())
        } else {
            last.between(claim.state)
        };
        let Some(way) = way else { return };
        for state in way {
            step(end, flow, Claim { state, evidence: Evidence::Inferred, cause: None, ..claim }, out);
        }
        step(end, flow, claim, out);
        end.given_up = claim.full_socket_only;
        if end.is_over() {
            self.closed.push_back(flow);
            if self.closed.len() > CLOSED_KEPT
                && let Some(oldest) = self.closed.pop_front()
                && self.ends.get(&oldest).is_some_and(EndHistory::is_over)
            {
                self.ends.remove(&oldest);
            }
        }
    }

    /// A state that is reached by a segment of the other end says where that end has been, if it is on this machine too.
    fn infer_peer(&mut self, flow: Flow, claim: Claim, out: &mut Writer<'_>) {
        // The kernel's own report is on its way, or the wire's.
        if self.traced || out.seen.world == WorldId::Wire {
            return;
        }
        let Some(mirror) = flow.mirror() else { return };
        let (Some(own), Some(peer)) = (self.ends.get(&flow), self.ends.get(&mirror)) else { return };
        if own.is_over() || own.reached(claim.state).is_some() {
            return;
        }
        // How both opened is known from their calls. The last state of a simultaneous close says nothing new.
        let is_closing = claim.state.rank() > TcpState::Established.rank();
        if !is_closing || peer.is_over() || own.reached(TcpState::Closing).is_some() {
            return;
        }
        // The state itself may be one that a call of this end leads to, from one that a segment led to.
        let way = own.last().between(claim.state).unwrap_or_default();
        let Some(implied) = way.into_iter().chain([claim.state]).rev().find_map(|state| state.peer_before(false))
        else {
            return;
        };
        if peer.last().between(implied).is_none() {
            return;
        }
        let inferred = Claim::new(implied, Evidence::Inferred, claim.at);
        self.write(mirror, Claim { latest: claim.latest, ..inferred }, out);
    }

    /// Whether the other end is known to have received this end's FIN, so that this one closed in order and was not
    /// reset.
    fn closed_in_order(&self, flow: &Flow) -> bool {
        let other = flow.mirror().and_then(|mirror| self.ends.get(&mirror));
        other.is_some_and(|end| end.reached(TcpState::TimeWait).is_some())
    }
}

/// Whether a row is what Linux keeps of an end in FIN_WAIT2 without its full socket.
fn is_rest(row: &Row) -> bool {
    let kept = row.timer.is_some_and(|timer| timer.kind == TimerKind::TimeWait);
    kept && row.state == Some(TcpState::FinWait2)
}

/// Appends one transition to an end's path and writes it.
fn step(end: &mut EndHistory, flow: Flow, claim: Claim, out: &mut Writer<'_>) {
    let from = end.last();
    let sends_fin = tcp::inputs(from, claim.state).any(|input| input == TcpInput::Close);
    let cause = claim.cause.or_else(|| end.intent.take_if(|_| sends_fin));
    end.path.push((claim.state, claim.evidence));
    end.since = claim.at;
    out.write(claim, EventKind::State(Transition { flow, from, to: claim.state, cause }));
}

/// A state that is in the path already: better evidence for it is worth an event.
fn confirm(end: &mut EndHistory, at: usize, flow: Flow, claim: Claim, out: &mut Writer<'_>) {
    let Some(from) = at.checked_sub(1).map(|before| end.path[before].0) else { return };
    if end.path[at].1 < claim.evidence {
        end.path[at].1 = claim.evidence;
        out.write(claim, EventKind::Confirmed(Transition { flow, from, to: claim.state, cause: claim.cause }));
    }
}

/// Writes events like the observation that caused them, but with their own time and evidence.
struct Writer<'a> {
    seen: &'a Observation,
    now: Stamp,
    out: &'a mut Vec<Observation>,
}

impl Writer<'_> {
    fn write(&mut self, claim: Claim, kind: EventKind) {
        let Observation { world, host, .. } = *self.seen;
        self.out.push(Observation { at: claim.latest, world, host, evidence: claim.evidence, kind });
    }
}

#[cfg(test)]
mod tests;
