//! Whole sessions without a terminal: the real loop, the real laboratory on real sockets, keys from a script, and a screen
//! that the test can read. A test waits for the content of a frame.

mod clients;
mod foreign;
#[path = "../harness/mod.rs"]
mod harness;
mod keys;
mod limits;
mod pace;
#[cfg(target_os = "linux")]
mod packets;
mod record;
mod screen;
mod servers;
mod stage;
mod witness;

fn main() -> std::process::ExitCode {
    harness::run([
        clients::tests(),
        #[cfg(unix)]
        foreign::tests(),
        keys::tests(),
        #[cfg(unix)]
        limits::tests(),
        pace::tests(),
        #[cfg(target_os = "linux")]
        packets::tests(),
        record::tests(),
        servers::tests(),
    ])
}
