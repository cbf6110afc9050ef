//! The texts of `doctor` and `exec`: what works on this machine, what does not, and how to get it.

use super::need::Advice;
use crate::domain::Errno;
use crate::domain::note::TableSource;

/// The words of `doctor` and `exec`.
#[derive(Debug)]
pub struct DoctorText {
    /// Where the socket table comes from.
    pub table: fn(TableSource) -> &'static str,
    /// The table cannot be read.
    pub no_table: &'static str,
    /// What to do about it.
    pub no_table_advice: Advice,
    /// How many TCP sockets the table has, and how many of them netstat2 has and which it has besides.
    pub counted: fn(usize, usize, usize) -> String,
    /// The reason why two readings of the table differ.
    pub counted_advice: Advice,
    /// netstat2 cannot read the table, which is needed only where nothing else can.
    pub not_counted: fn(usize, Errno) -> String,
    /// Sockets on loopback: the laboratory itself.
    pub sockets: &'static str,
    /// They do not work.
    pub no_sockets: &'static str,
    /// What to do about it.
    pub no_sockets_advice: Advice,
    /// A port of the laboratory, free.
    pub port_free: fn(&str) -> String,
    /// A port of the laboratory that is taken, and the holder if it is known.
    pub port_held: fn(&str, Option<&str>) -> String,
    /// What to do about it.
    pub port_advice: Advice,
    /// The current limit of descriptors, and the highest possible.
    pub descriptors: fn(&str, &str) -> String,
    /// What to do when the limit is low.
    pub descriptors_advice: Advice,
    /// The range from which the kernel chooses ports.
    pub ephemeral: fn(u16, u16) -> String,
    /// The terminal's number of colours.
    pub colours: fn(&str) -> String,
    /// No colours.
    pub no_colours: &'static str,
    /// What to do about it.
    pub colours_advice: Advice,
    /// Characters beyond ASCII.
    pub unicode: &'static str,
    /// What to do without them.
    pub unicode_advice: Advice,
    /// Before the needs of the wire lab.
    pub wire: &'static str,
    /// The last line when the laboratory works.
    pub works: &'static str,
    /// The last line when it does not.
    pub broken: &'static str,
    /// Whether the wire lab can be opened.
    pub wire_opens: fn(bool) -> &'static str,
    /// `exec`: there is no wire lab to run a program in.
    pub no_wire: &'static str,
    /// `exec`: there are several; the argument lists their processes.
    pub several: fn(&str) -> String,
    /// `exec`: the program could not be started.
    pub not_started: fn(&str) -> String,
}
