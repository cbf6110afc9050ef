//! The live table compared with sockets that the test opened, and with `ss` if it is installed.

#[cfg(target_os = "linux")]
#[path = "harness/mod.rs"]
mod harness;
#[cfg(target_os = "linux")]
#[path = "table/heard.rs"]
mod heard;
#[cfg(target_os = "linux")]
#[path = "table/live.rs"]
mod live;
#[cfg(target_os = "linux")]
#[path = "table/standing.rs"]
mod standing;

#[cfg(target_os = "linux")]
fn main() -> std::process::ExitCode {
    harness::run([live::tests(), standing::tests()])
}

#[cfg(not(target_os = "linux"))]
fn main() {}
