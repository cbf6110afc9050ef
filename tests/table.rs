//! The live table against sockets that the test itself opened, and against `ss` where it is installed.
#![cfg(target_os = "linux")]

#[path = "table/heard.rs"]
mod heard;
#[path = "table/live.rs"]
mod live;
#[path = "table/standing.rs"]
mod standing;
