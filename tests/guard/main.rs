//! The laboratory on a network that the test makes itself: a host that serves, one that attacks, one with 200 peers.
//! Needs root; nothing leaves the machine.

#[cfg(target_os = "linux")]
mod attacks;
#[cfg(target_os = "linux")]
mod datagrams;
#[cfg(target_os = "linux")]
mod forged;
#[cfg(target_os = "linux")]
#[path = "../harness/mod.rs"]
mod harness;
#[cfg(target_os = "linux")]
mod hostile;
#[cfg(target_os = "linux")]
mod lab;
#[cfg(target_os = "linux")]
mod net;
#[cfg(target_os = "linux")]
mod orders;
#[cfg(target_os = "linux")]
mod reach;
#[cfg(target_os = "linux")]
mod scans;

#[cfg(target_os = "linux")]
fn main() -> std::process::ExitCode {
    harness::run([
        attacks::tests(),
        datagrams::tests(),
        forged::tests(),
        hostile::tests(),
        orders::tests(),
        reach::tests(),
        scans::tests(),
    ])
}

#[cfg(not(target_os = "linux"))]
fn main() {}
