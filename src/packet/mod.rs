//! Reading packets: pure, and total over any bytes. The capture and the wire share it.
//!
//! | file | what it is |
//! |---|---|
//! | [`link`], `encapsulation` | the link-layer types, and the headers before the IP packet in a frame |
//! | [`mod@decode`] | an IP packet → its summary |
//! | [`mod@dissect`] | a frame → its layers and fields, each with its bytes |
//! | [`frame`] | the bytes of a link, their time and their length there |
//! | `reassembly` | fragments → the datagram that they are pieces of |
//! | [`analysis`] | frames, one after the other → summaries with relative numbers and findings |
//! | [`states`] | the states of both ends of a connection, derived from the packets of a capture |
//! | `bytes`, `network`, `transport`, `segment` | the headers, as all of these read them |
//! | [`checksum`] | whether a checksum is right, not filled in yet, or wrong |
//!
//! Nothing here does I/O. The results are types of [`crate::domain`].

pub mod analysis;
mod bytes;
pub mod checksum;
pub mod decode;
pub mod dissect;
mod encapsulation;
pub mod frame;
pub mod link;
mod network;
mod reassembly;
mod segment;
pub mod states;
mod transport;

pub use analysis::Analysis;
pub(crate) use bytes::Bytes;
pub use decode::summary;
pub use dissect::dissect;
pub use frame::Frame;
pub use link::LinkType;
pub(crate) use network::{Ip, protocol};
pub(crate) use reassembly::Reassembly;
pub(crate) use segment::before;
pub use states::ConnectionStates;
pub(crate) use transport::{TcpHeader, UdpHeader, checksum as transport_checksum};
