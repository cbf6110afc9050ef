//! The texts about a capture file that is looked at in place of live traffic.

/// See the module's head.
#[derive(Debug)]
pub struct FilesText {
    /// What stands before the name of the file, wherever it is shown.
    pub file: &'static str,
    pub prompt: &'static str,
    pub hint: &'static str,
    pub reading: &'static str,
    pub no_name: &'static str,
    pub no_file: &'static str,
    pub forbidden: &'static str,
    pub directory: &'static str,
    /// It is a pipe, a terminal or a device.
    pub not_a_file: &'static str,
    pub not_a_capture: &'static str,
    /// The system says this instead of letting it be read.
    pub io: fn(&str) -> String,
    /// These are not the packets that are captured now.
    pub not_live: &'static str,
    /// What the key does that goes back to them.
    pub back: &'static str,
    /// It ends in the middle of a packet, after so many.
    pub cut: fn(&str) -> String,
    /// It is broken at this byte, after so many packets.
    pub damaged: fn(&str, &str) -> String,
    /// It could not be read on, after so many packets.
    pub stopped: fn(&str, &str) -> String,
    /// More packets than are kept; of how many, once they are counted.
    pub more: fn(&str, Option<&str>) -> String,
    /// So many packets are of protocols that are not listed.
    pub others: fn(&str, u64) -> String,
    pub empty: &'static str,
    /// None of its packets is of a protocol that is listed.
    pub none_listed: &'static str,
    /// Where nothing can be captured a file can be opened all the same, with this key.
    pub instead: fn(&str) -> String,
}
