//! The texts of a connection's page.

use super::Meaning;

/// A connection's page.
#[derive(Debug)]
pub struct PageText {
    pub title: &'static str,
    pub listener: &'static str,
    pub socket: &'static str,
    /// Where nobody knows a name for an end.
    pub client: &'static str,
    pub server: &'static str,
    /// The end whose socket was there when watching began.
    pub before: &'static str,
    /// The end that no table of ours shows, and of which nothing was seen.
    pub elsewhere: &'static str,
    /// The end whose socket is in no table any more, without anybody having seen it close.
    pub not_known: &'static str,
    /// How long an end was in the state that it leaves.
    pub after: fn(&str) -> String,
    pub none: &'static str,
    /// Behind `TCP_INFO`: of which end.
    pub info_client: &'static str,
    pub info_server: &'static str,
    pub asking: &'static str,
    pub lacking: &'static str,
    pub time_wait: &'static str,
    pub gone: &'static str,
    pub last: &'static str,
    /// What there is to say about a UDP socket.
    pub udp: &'static [&'static str],
    /// What there is to say about a listener: waiting, limit.
    pub listens: fn(u32, u32) -> String,
    pub listens_note: &'static str,
    pub scroll: &'static str,
    pub segments: fn(u32) -> String,
    pub retransmitted: fn(u8, u32) -> String,
    pub out_in: fn(&str, &str) -> String,
    pub info: InfoText,
}

/// What the values of `TCP_INFO` are called, and what each means in a few words.
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
