//! Lessons and scenarios: files of steps, each with a text, acts and expectations, and the engine that plays them.
//!
//! | file | is |
//! |---|---|
//! | `file`, `act`, `expect`, `matcher` | the file format |
//! | `settings` | the host settings that a file changes |
//! | `symbols` | the sockets that a file names |
//! | `engine`, `order`, `judge` | what to do next, whether it is done, whether the expectations are met |
//! | `player` | one run of a lesson: the engine, and the events that report its progress |
//! | `remote` | a lesson played against another machine's servers |
//! | `catalogue` | the files that come with the program |

pub mod act;
pub mod catalogue;
pub mod engine;
pub mod expect;
pub mod file;
mod judge;
pub mod matcher;
mod order;
mod player;
mod remote;
mod settings;
pub mod symbols;

pub use crate::domain::lesson::{ExpectationState, SeenInstead};
pub use catalogue::catalogue;
pub use engine::{Engine, LessonPhase};
pub use file::{Lesson, LessonSettings, LessonStep};
pub use order::{HostAddresses, LessonOrder};
pub use player::Player;
pub use remote::{NotRemote, StepItem};

#[cfg(test)]
mod tests;
