//! The texts of a connection's page.

use super::Meaning;

/// A connection's page.
#[derive(Debug)]
pub struct PageText {
    pub title: &'static str,
    pub listener: &'static str,
    pub socket: &'static str,
    /// The label of an end without a name.
    pub client: &'static str,
    pub server: &'static str,
    /// An end whose socket existed when watching began.
    pub before: &'static str,
    /// An end in no table of ours, of which nothing was seen.
    pub elsewhere: &'static str,
    /// An end whose socket has left the tables without being seen to close.
    pub not_known: &'static str,
    /// The time that an end spent in the state it leaves.
    pub after: fn(&str) -> String,
    pub none: &'static str,
    /// Which end's `TCP_INFO` it is.
    pub info_client: &'static str,
    pub info_server: &'static str,
    pub asking: &'static str,
    pub lacking: &'static str,
    pub time_wait: &'static str,
    pub gone: &'static str,
    pub last: &'static str,
    /// The note on a UDP socket.
    pub udp: &'static [&'static str],
    /// The note on a listener: connections waiting, limit.
    pub listens: fn(u32, u32) -> String,
    pub listens_note: &'static str,
    pub scroll: &'static str,
    pub segments: fn(u32) -> String,
    pub retransmitted: fn(u8, u32) -> String,
    pub out_in: fn(&str, &str) -> String,
    pub info: InfoText,
}

/// The names of the values of `TCP_INFO`, each with its meaning in a few words.
#[derive(Debug)]
pub struct InfoText {
    pub rtt: Meaning,
    pub rto: Meaning,
    pub cwnd: Meaning,
    pub ssthresh: Meaning,
    pub retrans: Meaning,
    pub sent: Meaning,
    pub acked: Meaning,
    pub received: Meaning,
    pub mss: Meaning,
    pub window: Meaning,
    pub control: Meaning,
}
