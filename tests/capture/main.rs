//! Packets: what is captured, kept and said of them, against other programs that do the same.

mod findings;
mod trace;
mod tshark;
