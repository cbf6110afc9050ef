//! Reading packets: pure, and total over any bytes. What captures them and what lets them through share it.
//!
//! | file | what it is |
//! |---|---|
//! | [`link`] | what stands before the IP packet in a frame |
//! | [`mod@decode`] | an IP packet → its summary |
//! | [`mod@dissect`] | a frame → its layers and fields, each with its bytes |
//! | [`frame`] | the bytes of a link, with when and how much |
//! | [`analysis`] | frames, one after the other → summaries with relative numbers and findings |
//! | [`states`] | both ends' states, told from the packets of a capture |
//! | `bytes`, `network`, `transport` | the headers themselves, read for all of these |
//! | [`checksum`] | whether a checksum is right, not filled in yet, or wrong |
//!
//! Nothing here does I/O. What is read becomes types of [`crate::domain`].

pub mod analysis;
mod bytes;
pub mod checksum;
pub mod decode;
pub mod dissect;
pub mod frame;
pub mod link;
mod network;
pub mod states;
mod transport;

pub use analysis::Analysis;
pub(crate) use bytes::Bytes;
pub use decode::{decode, summary};
pub use dissect::dissect;
pub use frame::Frame;
pub use link::LinkType;
pub(crate) use network::{Ip, protocol};
pub use states::States;
pub(crate) use transport::{TcpHeader, UdpHeader};
