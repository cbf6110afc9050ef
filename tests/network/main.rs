//! Two hosts, each a network namespace of its own, joined by a cable (`veth(4)`): what crosses it, in the words of the
//! program and of `nmap`. Needs the capability `netns`: root, and `ip`, `unshare`, `nsenter`, `nmap`.
#![cfg(target_os = "linux")]

mod hosts;
mod scan;
mod target;
