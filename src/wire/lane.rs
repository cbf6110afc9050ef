//! One direction of the wire: how it treats packets, and those that are on it.

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use super::decode::Same;
use crate::domain::wire::WireMode;
use crate::domain::{Flags, Flow, Stamp};

/// What becomes of a packet on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    /// It waits for the presenter.
    Hold,
    /// It arrives then.
    At(Stamp),
}

/// A packet on the wire.
#[derive(Debug, Clone)]
pub(super) struct Parcel {
    pub(super) number: u64,
    pub(super) bytes: Vec<u8>,
    pub(super) fate: Fate,
    /// Its place among all packets on the wire. It stays where it is when two packets change places.
    pub(super) place: u64,
    /// What it is about, where it could be read.
    pub(super) about: Option<About>,
    /// Whether it was reported when it came onto the wire.
    pub(super) listed: bool,
    /// What a copy that is sent again is known by; none for a packet that was tampered with.
    pub(super) same: Option<Same>,
    /// How often it was sent again, and when last.
    pub(super) again: u32,
    pub(super) last_sent: Stamp,
}

/// What a packet is about, as far as a socket's state may hang on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct About {
    /// From its sender's side.
    pub(super) flow: Flow,
    /// None for a datagram.
    pub(super) flags: Option<Flags>,
    /// Whether it is a segment with bytes for `recv`.
    pub(super) data: bool,
}

impl About {
    /// Whether it neither opens nor closes nor resets a connection.
    pub(super) fn is_plain(&self) -> bool {
        self.flags.is_none_or(|flags| !flags.any(Flags::SYN.with(Flags::FIN).with(Flags::RST)))
    }
}

/// One direction of the wire.
#[derive(Debug, Default)]
pub(super) struct Lane {
    pub(super) mode: WireMode,
    pub(super) cut: bool,
    pub(super) loss: u8,
    pub(super) parcels: VecDeque<Parcel>,
    pub(super) sent: Sent,
    last_arrival: Stamp,
}

impl Lane {
    /// What a packet that comes onto the wire now has before it.
    pub(super) fn fate(&mut self, now: Stamp) -> Fate {
        match self.mode {
            WireMode::Step => Fate::Hold,
            WireMode::Live => Fate::At(now),
            WireMode::Slow { hop } => Fate::At(self.arrival(now, hop)),
        }
    }

    /// When a packet that crosses in `hop` arrives: not before those that left before it.
    fn arrival(&mut self, now: Stamp, hop: Duration) -> Stamp {
        self.last_arrival = self.last_arrival.max(now.after(hop));
        self.last_arrival
    }

    /// Treats packets differently from now on, those on the wire too.
    pub(super) fn turn(&mut self, now: Stamp, mode: WireMode) {
        self.mode = mode;
        self.last_arrival = Stamp::ZERO;
        for at in 0..self.parcels.len() {
            let fate = match (self.parcels[at].fate, mode) {
                // Under way already: it arrives when it would have, unless it is to be held or hurried.
                (Fate::At(then), WireMode::Slow { .. }) => {
                    self.last_arrival = self.last_arrival.max(then);
                    Fate::At(then)
                }
                _ => self.fate(now),
            };
            self.parcels[at].fate = fate;
        }
    }

    pub(super) fn position(&self, number: u64) -> Option<usize> {
        self.parcels.iter().position(|parcel| parcel.number == number)
    }

    /// The first packet that waits for the presenter.
    pub(super) fn first_held(&self) -> Option<&Parcel> {
        self.parcels.iter().find(|parcel| parcel.fate == Fate::Hold)
    }

    /// The earliest arrival.
    pub(super) fn next_due(&self) -> Option<Stamp> {
        let times = self.parcels.iter().filter_map(|parcel| match parcel.fate {
            Fate::Hold => None,
            Fate::At(then) => Some(then),
        });
        times.min()
    }

    /// When the next packet that arrives by `now` does, and its place.
    pub(super) fn first_due(&self, now: Stamp) -> Option<(Stamp, u64)> {
        self.due(now).map(|(_, due)| due)
    }

    /// Takes that packet off the wire.
    pub(super) fn take_due(&mut self, now: Stamp) -> Option<Parcel> {
        let (at, _) = self.due(now)?;
        self.parcels.remove(at)
    }

    fn due(&self, now: Stamp) -> Option<(usize, (Stamp, u64))> {
        let due = self.parcels.iter().enumerate().filter_map(|(at, parcel)| match parcel.fate {
            Fate::At(then) if then <= now => Some((at, (then, parcel.place))),
            _ => None,
        });
        due.min_by_key(|(_, due)| *due)
    }
}

/// The segments that were sent lately, to know one that is sent again.
#[derive(Debug, Default)]
pub(super) struct Sent {
    numbers: HashMap<Same, u64>,
    order: VecDeque<Same>,
}

impl Sent {
    /// How many are remembered.
    const KEPT: usize = 512;

    /// The number under which the same segment was sent before.
    pub(super) fn before(&self, same: &Same) -> Option<u64> {
        self.numbers.get(same).copied()
    }

    /// Remembers a segment by the number it had first.
    pub(super) fn remember(&mut self, same: Same, number: u64) {
        if self.numbers.contains_key(&same) {
            return;
        }
        self.numbers.insert(same, number);
        self.order.push_back(same);
        if self.order.len() > Self::KEPT
            && let Some(oldest) = self.order.pop_front()
        {
            self.numbers.remove(&oldest);
        }
    }
}
