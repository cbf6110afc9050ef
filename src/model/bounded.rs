//! Queues that keep only their latest entries.

use std::collections::VecDeque;

/// Appends an entry; the earliest one makes room if there are `most`.
pub(super) fn push<T>(queue: &mut VecDeque<T>, entry: T, most: usize) {
    if queue.len() == most {
        queue.pop_front();
    }
    queue.push_back(entry);
}
