//! The laboratory on real loopback sockets: ports are the kernel's choice, order is asserted, nothing sleeps.

mod broadcast;
mod clients;
#[path = "../harness/mod.rs"]
mod harness;
mod limits;
mod measure;
mod scan;
mod servers;
mod test_lab;

fn main() -> std::process::ExitCode {
    harness::run([
        broadcast::tests(),
        clients::tests(),
        #[cfg(unix)]
        limits::tests(),
        measure::tests(),
        scan::tests(),
        servers::tests(),
    ])
}
