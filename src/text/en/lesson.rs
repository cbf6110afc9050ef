//! English: the words around a lesson.

use super::super::lesson::Lessons;

pub(super) const LESSONS: Lessons = Lessons {
    step: "step",
    packet: "a packet",
    again: "sent again",
    first: "sent for the first time",
    it: "just that",
    nothing: "nothing",
    failed: "Not everything that was expected was seen.",
    passed: |count| format!("Everything that was expected was seen ({count})."),
    from: |host| format!("from the {host}"),
    by: |cause| format!(", by {cause}"),
    state: |end, state| format!("{end} is {state}"),
    sent: |packet| format!("{packet} is sent"),
    held: |packet| format!("{packet} is on the wire"),
    folded: |packet, times| format!("{packet}, while held, is sent again: {times} ×"),
    count: |number, state, host| match host {
        Some(host) => format!("{number} in {state} on the {host}"),
        None => format!("{number} in {state}"),
    },
    ended: |host, status| format!("the program on the {host} ends with {status}"),
    absent: |ms, what| format!("not in {ms} ms: {what}"),
    seen: |what| format!("seen: {what}"),
    not_done: |what| format!("could not be done in time: {what}"),
};
