//! The scenarios that come with the program, headless and against the real kernel, and the commands around them.

#[cfg(target_os = "linux")]
mod commands;
#[cfg(target_os = "linux")]
#[path = "../harness/mod.rs"]
mod harness;
#[cfg(target_os = "linux")]
mod headless;
#[cfg(target_os = "linux")]
mod walked;

#[cfg(target_os = "linux")]
fn main() -> std::process::ExitCode {
    harness::run([commands::tests(), walked::tests()])
}

#[cfg(not(target_os = "linux"))]
fn main() {}
