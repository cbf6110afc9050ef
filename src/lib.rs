//! A socket laboratory in a terminal.
//!
//! Everything that happened is an event; everything shown is a fold of events; drawing changes nothing.
//!
//! | layer | what lives there | may import |
//! |---|---|---|
//! | `domain` | the vocabulary: ids, addresses, TCP states and their edges, events and their evidence | – |
//! | `packet` | reading a packet: its summary, its details, and what it means in its conversation | domain |
//! | `text` | every sentence the class reads, in both languages | domain |
//! | `model` | the world as a fold of events, the journal, the state of the screen, keys, `update` | domain |
//! | `lesson` | lessons and scenarios as files, and the pure engine that ticks them off | domain, model |
//! | `view` | the model drawn: layout, theme, a file for each pane | domain, text, model, lesson |
//! | `lab` | real servers, clients and a broadcaster on real sockets | domain |
//! | `observe` | what the kernel reports: the socket table, the tracepoint, packets | domain, packet |
//! | `wire` | two private hosts with the real TCP, and the wire between them | domain, packet |
//! | `app` | the imperative shell: command line, loop, effects, terminal | all |
//!
//! `tests/architecture` reads this table and checks the imports of every file against its last column.

pub mod api;

mod app;
mod domain;
mod lab;
mod lesson;
mod model;
mod observe;
mod packet;
mod text;
mod view;
#[cfg(target_os = "linux")]
mod wire;
