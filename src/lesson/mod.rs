//! Lessons and scenarios: files that do something, say something and expect something, and the engine that goes through
//! them.
//!
//! | file | is |
//! |---|---|
//! | `file`, `act`, `expect`, `matcher` | the format: what can be written |
//! | `settings` | the settings that a file changes |
//! | `cast` | the names in a file, and the sockets they stand for |
//! | `engine`, `order`, `judge` | what to do next, whether it was done, whether what was expected is seen |
//! | `player` | a lesson that is played: the engine, and what it tells the journal of itself |
//! | `away` | a lesson whose servers are on another machine |
//! | `catalogue` | the files that come with the program |

pub mod act;
mod away;
pub mod cast;
pub mod catalogue;
pub mod engine;
pub mod expect;
pub mod file;
mod judge;
pub mod matcher;
mod order;
mod player;
mod settings;

pub use crate::domain::lesson::{ExpectationState, SeenInstead};
pub use act::Act;
pub use away::{NotAway, Part};
pub use catalogue::{Entry, catalogue};
pub use engine::{Engine, Phase};
pub use expect::Expect;
pub use file::{FileError, HostSettings, Lesson, LessonSettings, Said, Step};
pub use order::{Addresses, Order};
pub use player::Player;

#[cfg(test)]
mod tests;
