//! The cost of one refresh of the socket table, beside that of `ss` and of the bare dump, which is the lower bound.
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
