//! The program with its screen, 120×36, on one of the hosts.

use std::io::{Read as _, Write};
use std::num::NonZero;
use std::sync::mpsc::{Receiver, channel};

use portable_pty::{Child, CommandBuilder, PtySize, native_pty_system};

use super::hosts::Host;
use crate::fixtures::{BINARY, DEADLINE};

/// A laboratory with its screen.
pub(crate) struct Screen {
    child: Box<dyn Child + Send + Sync>,
    keys: Box<dyn Write + Send>,
    frames: Receiver<String>,
    pub(crate) last: String,
}

impl Screen {
    pub(crate) fn start(host: &Host, args: &[&str]) -> Self {
        let pty =
            native_pty_system().openpty(PtySize { rows: 36, cols: 120, pixel_width: 0, pixel_height: 0 }).unwrap();
        let words = [BINARY, "--lang", "en"].iter().chain(args).map(ToString::to_string);
        let argv = host.entering().into_iter().chain(words).map(Into::into).collect();
        let mut command = CommandBuilder::from_argv(argv);
        command.env("LC_ALL", "C.UTF-8");
        command.env("TERM", "xterm-256color");
        let child = pty.slave.spawn_command(command).unwrap();
        drop(pty.slave);
        let mut screen = pty.master.try_clone_reader().unwrap();
        let keys = pty.master.take_writer().unwrap();
        let (sender, frames) = channel();
        std::thread::spawn(move || {
            // The terminal exists as long as its master end.
            let _master = pty.master;
            let size = |count| NonZero::new(count).unwrap();
            let mut drawn = vt100::Parser::new(size(36), size(120), 0);
            let mut buffer = [0; 4096];
            while let Ok(count @ 1..) = screen.read(&mut buffer) {
                drawn.process(&buffer[..count]);
                if sender.send(drawn.screen().contents()).is_err() {
                    break;
                }
            }
        });
        Self { child, keys, frames, last: String::new() }
    }

    pub(crate) fn types(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).unwrap();
    }

    /// Waits until the screen meets a condition.
    pub(crate) fn until(&mut self, what: &str, is: impl Fn(&str) -> bool) {
        while !is(&self.last) {
            self.last = self.frames.recv_timeout(DEADLINE).unwrap_or_else(|_| panic!("{what}:\n{}", self.last));
        }
    }

    pub(crate) fn says(&mut self, what: &str) {
        self.until(what, |screen| screen.contains(what));
    }

    /// Waits until one line has all of these words.
    pub(crate) fn line(&mut self, words: &[&str]) {
        let has_all = |line: &str| words.iter().all(|word| line.contains(word));
        self.until(&words.join(" "), |screen| screen.lines().any(has_all));
    }

    pub(crate) fn header(&self) -> &str {
        self.last.lines().next().unwrap_or_default()
    }

    /// Leaves by these keys. The screen is read until the end, so that drawing cannot block the program.
    pub(crate) fn quits_by(mut self, keys: &str) {
        self.types(keys);
        while self.frames.recv_timeout(DEADLINE).is_ok() {}
        assert!(self.child.wait().unwrap().success());
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
