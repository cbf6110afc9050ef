//! The program itself in a real terminal, as a class starts it: shown, left, stopped, killed; and without a terminal.
#![cfg(unix)]

mod colours;
#[cfg(target_os = "linux")]
mod entrances;
#[cfg(target_os = "linux")]
mod flood;
#[cfg(target_os = "linux")]
mod forbidden;
#[cfg(target_os = "linux")]
mod hostile;
mod leaving;
#[cfg(target_os = "linux")]
mod messages;
mod netstat;
#[cfg(target_os = "linux")]
mod patience;
mod pty;
mod showing;
#[cfg(target_os = "linux")]
mod stream;
