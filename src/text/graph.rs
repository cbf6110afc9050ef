//! The texts of the graphs of a connection.

/// The graphs of a connection.
#[derive(Debug)]
pub struct GraphText {
    pub curves: &'static str,
    pub sequence: &'static str,
    /// So many readings.
    pub readings: fn(&str, u64) -> String,
    /// So many segments.
    pub segments: fn(&str, u64) -> String,
    /// There is nothing to draw yet.
    pub no_reading: &'static str,
    pub no_data: &'static str,
    pub in_flight: &'static str,
    /// The reading of this number, at an end of the axis.
    pub reading: fn(&str) -> String,
    /// The packet of this number, at an end of the axis.
    pub packet: fn(&str) -> String,
    /// What happened: in the order of the model's marks.
    pub marks: [&'static str; 7],
    /// Why the window of a new connection is one segment.
    pub syn_again: &'static str,
    /// The window is one segment after a timeout.
    pub after_timeout: &'static str,
    /// The same in few words, behind the window.
    pub timed_out: &'static str,
    /// The segments, what was acknowledged, the edge of the window, what was sent again.
    pub signs: [&'static str; 4],
    /// So many bytes in so many segments.
    pub sent: fn(&str, &str, u64) -> String,
    /// So many bytes were sent that no packet here shows.
    pub unseen: fn(&str) -> String,
    pub again: fn(&str, u64) -> String,
    pub lost: fn(&str, u64) -> String,
    pub throughput: fn(&str) -> String,
    /// So many acknowledgements, what each acknowledged on average, and the most that one did.
    pub acks: fn(&str, &str, &str, u64) -> String,
    /// The smallest window, and the latest.
    pub window: fn(&str, &str) -> String,
    /// The latest round-trip time, and its estimate.
    pub rtt: fn(&str, &str) -> String,
    /// By this packet, after this time.
    pub acknowledged: fn(u64, &str) -> String,
    pub unacknowledged: &'static str,
}
