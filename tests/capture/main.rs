//! Packets: what is captured, kept and said of them, against other programs that do the same.
#![cfg(target_os = "linux")]

mod files;
mod findings;
mod flood;
#[path = "../table/heard.rs"]
mod heard;
mod live;
mod lossy;
mod piped;
mod privilege;
mod trace;
mod tshark;
