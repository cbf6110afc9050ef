//! The scenarios that come with the program, headless and against the real kernel, and the commands around them.

#![cfg(target_os = "linux")]

mod commands;
mod headless;
mod walked;
