//! Marks made while packets are captured: each belongs to the next packet.

use std::collections::VecDeque;

use super::super::Model;
use super::super::effect::Effect;
use super::super::mode::Mode;
use crate::domain::excerpt::sanitise;
use crate::domain::keys::Key;

/// See the module's head.
#[derive(Debug, Clone, Default)]
pub struct Marks {
    /// By the number of the packet, ascending.
    made: VecDeque<(u64, String)>,
    /// Marks that no packet has followed yet.
    waiting: Vec<String>,
}

impl Marks {
    /// More than any lesson needs.
    const MOST: usize = 4_096;

    pub(super) fn mark(&mut self, text: &str) {
        if self.made.len() + self.waiting.len() == Self::MOST && self.made.pop_front().is_none() {
            self.waiting.remove(0);
        }
        self.waiting.push(text.to_owned());
    }

    pub(super) fn packet(&mut self, number: u64) {
        self.made.extend(self.waiting.drain(..).map(|text| (number, text)));
    }

    /// The marks of one packet.
    pub fn of(&self, number: u64) -> impl Iterator<Item = &str> {
        let first = self.made.partition_point(|(other, _)| *other < number);
        self.made.range(first..).take_while(move |(other, _)| *other == number).map(|(_, text)| text.as_str())
    }

    /// All marks, each with the number of its packet; the greatest number if it has none yet.
    pub fn all(&self) -> Vec<(u64, String)> {
        let waiting = self.waiting.iter().map(|text| (u64::MAX, text.clone()));
        self.made.iter().cloned().chain(waiting).collect()
    }
}

/// Keys while a mark is typed. Its text goes into capture files and records, so it is sanitised here.
pub(in super::super) fn typed(model: &mut Model, key: Key) -> Vec<Effect> {
    match key {
        Key::Esc => model.ui.mode = Mode::Command,
        Key::Up | Key::Down => model.ui.mark.recall(key == Key::Up),
        Key::Enter => {
            model.ui.mode = Mode::Command;
            let text = model.ui.mark.take();
            let text = text.trim();
            return if text.is_empty() {
                vec![]
            } else {
                vec![Effect::Mark(model.worlds.shown_id(), sanitise(text.as_bytes()))]
            };
        }
        _ => model.ui.mark.edit(key),
    }
    vec![]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_belongs_to_the_next_packet() {
        let mut marks = Marks::default();
        marks.packet(1);
        marks.mark("a");
        marks.mark("b");
        marks.packet(2);
        marks.packet(3);
        marks.mark("c");
        assert_eq!(marks.of(2).collect::<Vec<_>>(), ["a", "b"]);
        assert_eq!(marks.of(1).chain(marks.of(3)).count(), 0);
        assert_eq!(marks.all(), [(2, "a".into()), (2, "b".into()), (u64::MAX, "c".into())]);
    }

    #[test]
    fn the_oldest_are_dropped() {
        let mut marks = Marks::default();
        (0..5_000).for_each(|n| marks.mark(&n.to_string()));
        assert_eq!((marks.all().len(), marks.all()[0].1.as_str()), (Marks::MOST, "904"));
    }
}
