//! The histories of all ends of connections.

use std::collections::{HashMap, VecDeque};

use crate::domain::{Cause, Evidence, Flow, Stamp, TcpState, Transition};

/// One transition in an end's history.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HistoryStep {
    /// When it was known to have happened: for an inferred one, when what implies it was observed.
    pub at: Stamp,
    /// The state it left.
    pub from: TcpState,
    /// The state it went to.
    pub to: TcpState,
    /// The cause, if it is known.
    pub cause: Option<Cause>,
    /// The best evidence there is for it.
    pub evidence: Evidence,
}

/// The histories.
#[derive(Debug, Clone)]
pub struct Histories {
    ends: HashMap<Flow, Vec<HistoryStep>>,
    closed: VecDeque<Flow>,
    /// How many finished histories are remembered at most.
    kept: usize,
}

impl Default for Histories {
    fn default() -> Self {
        Self { ends: HashMap::new(), closed: VecDeque::new(), kept: Self::KEPT }
    }
}

impl Histories {
    /// How many finished histories are remembered while there is no end of them.
    const KEPT: usize = 4_000;
    /// How many steps of one address pair are remembered: a pair that is used again starts a new life after CLOSED.
    const STEPS: usize = 64;

    /// Without a limit: the caller limits how many there are.
    pub(super) fn endless() -> Self {
        Self { kept: usize::MAX, ..Self::default() }
    }

    /// The known transitions of this end, the earliest first.
    pub fn history(&self, flow: &Flow) -> &[HistoryStep] {
        self.ends.get(flow).map_or(&[], Vec::as_slice)
    }

    /// The last state this end is known to have reached, and how that is known.
    pub fn state(&self, flow: &Flow) -> Option<(TcpState, Evidence)> {
        self.history(flow).last().map(|step| (step.to, step.evidence))
    }

    pub(super) fn apply(&mut self, at: Stamp, evidence: Evidence, change: &Transition) {
        let Transition { flow, from, to, cause } = *change;
        let steps = self.ends.entry(flow).or_default();
        if steps.len() == Self::STEPS {
            steps.remove(0);
        }
        steps.push(HistoryStep { at, from, to, cause, evidence });
        if to == TcpState::Closed {
            self.closed.push_back(flow);
            if self.closed.len() > self.kept {
                self.forget();
            }
        }
    }

    pub(super) fn confirm(&mut self, at: Stamp, evidence: Evidence, change: &Transition) {
        let steps = self.ends.get_mut(&change.flow);
        let step = steps.and_then(|steps| steps.iter_mut().rev().find(|s| (s.from, s.to) == (change.from, change.to)));
        if let Some(step) = step.filter(|step| step.evidence < evidence) {
            step.evidence = evidence;
            step.at = at;
            step.cause = change.cause.or(step.cause);
        }
    }

    fn forget(&mut self) {
        let Some(flow) = self.closed.pop_front() else { return };
        // The pair may have been used again since; then its later end will come up in its turn.
        if self.state(&flow).is_some_and(|(state, _)| state == TcpState::Closed) && !self.closed.contains(&flow) {
            self.ends.remove(&flow);
        }
    }
}
