//! Capturing, storing and analysing packets, compared with other programs that do the same.

#[cfg(target_os = "linux")]
mod by_field;
#[cfg(target_os = "linux")]
mod files;
#[cfg(target_os = "linux")]
mod findings;
#[cfg(target_os = "linux")]
mod flood;
#[cfg(target_os = "linux")]
#[path = "../harness/mod.rs"]
mod harness;
#[cfg(target_os = "linux")]
#[path = "../table/heard.rs"]
mod heard;
#[cfg(target_os = "linux")]
mod live;
#[cfg(target_os = "linux")]
mod lossy;
#[cfg(target_os = "linux")]
mod piped;
#[cfg(target_os = "linux")]
mod privilege;
#[cfg(target_os = "linux")]
mod read_again;
#[cfg(target_os = "linux")]
mod scripts;
#[cfg(target_os = "linux")]
mod trace;
#[cfg(target_os = "linux")]
mod tshark;

#[cfg(target_os = "linux")]
fn main() -> std::process::ExitCode {
    harness::run([
        by_field::tests(),
        files::tests(),
        findings::tests(),
        flood::tests(),
        live::tests(),
        lossy::tests(),
        piped::tests(),
        privilege::tests(),
        read_again::tests(),
    ])
}

#[cfg(not(target_os = "linux"))]
fn main() {}
