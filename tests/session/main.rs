//! Whole sessions without a terminal: the real loop, the real laboratory on real sockets, keys from a script, and a screen
//! that the test can read. What a scenario waits for is what a frame has shown.

mod clients;
mod foreign;
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
