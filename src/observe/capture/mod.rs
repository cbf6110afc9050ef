//! Packets of the machine's own interfaces: captured, kept, saved, opened, printed.
//!
//! | file | what it is |
//! |---|---|
//! | [`file`] | pcap and pcapng |

pub mod file;
