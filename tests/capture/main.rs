//! Packets: what is captured, kept and said of them, against other programs that do the same.

#[cfg(target_os = "linux")]
mod files;
mod findings;
#[cfg(target_os = "linux")]
mod flood;
#[cfg(target_os = "linux")]
#[path = "../table/heard.rs"]
mod heard;
#[cfg(target_os = "linux")]
mod live;
#[cfg(target_os = "linux")]
mod lossy;
#[cfg(target_os = "linux")]
mod piped;
#[cfg(target_os = "linux")]
mod privilege;
mod trace;
mod tshark;
