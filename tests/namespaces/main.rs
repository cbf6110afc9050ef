//! The laboratory and the wire lab on hosts that the tests make themselves: network namespaces of their own, so that no test
//! disturbs another. All of them are in one binary and run side by side, since they spend most of their time waiting.

#[cfg(target_os = "linux")]
mod fixtures;
#[cfg(target_os = "linux")]
mod guard;
#[cfg(target_os = "linux")]
#[path = "../harness/mod.rs"]
mod harness;
#[cfg(target_os = "linux")]
mod network;
#[cfg(target_os = "linux")]
mod scenarios;
#[cfg(target_os = "linux")]
mod wire;

#[cfg(target_os = "linux")]
fn main() -> std::process::ExitCode {
    if std::env::var_os(wire::VICTIM).is_some() {
        wire::victim();
        return std::process::ExitCode::SUCCESS;
    }
    harness::run([scenarios::tests(), wire::tests(), network::tests(), guard::tests()])
}

#[cfg(not(target_os = "linux"))]
fn main() {}
