//! Lessons and scenarios: files of steps, each with a text, acts and expectations, and the engine that plays them.
//!
//! | file | is |
//! |---|---|
//! | `file`, `step`, `act`, `socket_act`, `forge`, `expect`, `matcher`, `amount`, `segment_options`, `settings`, `link` | the file format |
//! | `symbols` | the sockets that a file names |
//! | `engine`, `act_order`, `forge_order`, `order`, `judge` | what to do next, whether it is done, whether the expectations are met |
//! | `player` | one run of a lesson: the engine, and the events that report its progress |
//! | `remote` | a lesson played against another machine's servers |
//! | `packetdrill` | a lesson as a script for packetdrill |
//! | `catalogue` | the files that come with the program |

pub mod act;
mod act_order;
pub mod amount;
pub mod catalogue;
pub mod engine;
pub mod expect;
pub mod file;
pub mod forge;
mod forge_order;
mod host_addresses;
mod judge;
mod link;
pub mod matcher;
mod order;
pub mod packetdrill;
mod player;
mod remote;
pub mod segment_options;
mod settings;
pub mod socket_act;
mod step;
pub mod symbols;

pub use crate::domain::lesson::{ExpectationState, SeenInstead};
pub use catalogue::catalogue;
pub use engine::{Engine, LessonPhase};
pub use file::Lesson;
pub use host_addresses::HostAddresses;
pub use order::LessonOrder;
pub use player::Player;
pub use remote::{NotRemote, StepItem};
pub use settings::LessonSettings;
pub use step::LessonStep;

#[cfg(test)]
mod tests;
