//! Two hosts, each a network namespace of its own, joined by a cable (`veth(4)`): what crosses it, in the words of the
//! program and of `nmap`.

#[cfg(target_os = "linux")]
mod class;
#[cfg(target_os = "linux")]
#[path = "../harness/mod.rs"]
mod harness;
#[cfg(target_os = "linux")]
mod hosts;
#[cfg(target_os = "linux")]
mod lessons;
#[cfg(target_os = "linux")]
mod scan;
#[cfg(target_os = "linux")]
mod serve;
#[cfg(target_os = "linux")]
mod target;

#[cfg(target_os = "linux")]
fn main() -> std::process::ExitCode {
    harness::run([class::tests(), lessons::tests(), scan::tests(), serve::tests(), target::tests()])
}

#[cfg(not(target_os = "linux"))]
fn main() {}
