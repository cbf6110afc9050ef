//! What one refresh of the socket table costs, beside `ss` and beside the bare dump that no refresh can beat.
//!
//! Run it where nothing else has sockets: `unshare -n sh -c 'ip link set lo up; cargo bench --bench table'`.

#[cfg(target_os = "linux")]
#[path = "table/linux.rs"]
mod linux;

fn main() {
    #[cfg(target_os = "linux")]
    linux::main();
    #[cfg(not(target_os = "linux"))]
    println!("ignored: sock_diag is Linux's");
}
