//! The program itself in a real terminal, as a class starts it: shown, left, stopped, killed; and without a terminal.
#![cfg(unix)]

mod colours;
mod leaving;
mod netstat;
mod pty;
mod showing;
