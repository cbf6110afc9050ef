//! A socket laboratory in a terminal.
//!
//! Everything that happened is an event; everything shown is a fold of events; drawing changes nothing.
//!
//! | layer | what lives there | may import |
//! |---|---|---|
//! | [`domain`] | the vocabulary: ids, addresses, TCP states and their edges, events and their evidence | – |

pub mod domain;
