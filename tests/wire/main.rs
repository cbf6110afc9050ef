//! The wire lab with the real kernel. Needs the capability `wire`.

#![cfg(target_os = "linux")]

mod bench;
mod diag;
mod ends;
mod session;
mod stepped;
