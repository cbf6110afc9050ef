//! The wire lab with the real kernel. Needs the capability `wire`.

#[cfg(target_os = "linux")]
mod bench;
#[cfg(target_os = "linux")]
mod diag;
#[cfg(target_os = "linux")]
mod ends;
#[cfg(target_os = "linux")]
#[path = "../harness/mod.rs"]
mod harness;
#[cfg(target_os = "linux")]
mod played;
#[cfg(target_os = "linux")]
mod session;
#[cfg(target_os = "linux")]
mod stepped;

#[cfg(target_os = "linux")]
fn main() -> std::process::ExitCode {
    if std::env::var_os(ends::VICTIM).is_some() {
        ends::victim();
        return std::process::ExitCode::SUCCESS;
    }
    harness::run([ends::tests(), played::tests(), session::tests(), stepped::tests()])
}

#[cfg(not(target_os = "linux"))]
fn main() {}
