//! The trace compared with a second reader of the tracepoint, which the test sets up through tracefs itself. Root only.

#[cfg(target_os = "linux")]
mod elsewhere;
#[cfg(target_os = "linux")]
#[path = "../harness/mod.rs"]
mod harness;
#[cfg(target_os = "linux")]
#[path = "../table/heard.rs"]
mod heard;
#[cfg(target_os = "linux")]
mod transitions;
#[cfg(target_os = "linux")]
mod truth;

#[cfg(target_os = "linux")]
fn main() -> std::process::ExitCode {
    harness::run([transitions::tests(), elsewhere::tests()])
}

#[cfg(not(target_os = "linux"))]
fn main() {}
