//! A terminal for the program: a pseudoterminal, and a terminal emulator that reads its output.

use std::num::NonZeroU16;
use std::os::fd::BorrowedFd;
use std::path::Path;
use std::time::{Duration, Instant};

use portable_pty::{Child, CommandBuilder, ExitStatus, PtyPair, PtySize, native_pty_system};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, Signal, kill_process};
use rustix::termios::{Termios, tcgetattr};

/// Far beyond what anything here takes: reached only by a failure.
pub(crate) const DEADLINE: Duration = Duration::from_mins(1);

/// The binary.
pub(crate) const PROGRAM: &str = env!("CARGO_BIN_EXE_socklab-tui");

/// The four servers on ports of the kernel's choice, in English.
pub(crate) const FOUR: [&str; 10] =
    ["--lang", "en", "--server", "threaded=0", "--server", "echo=0", "--server", "async=0", "--server", "udp=0"];

/// The program in its terminal.
pub(crate) struct Running {
    /// None once the terminal was taken away.
    pair: Option<PtyPair>,
    child: Box<dyn Child + Send + Sync>,
    emulator: vt100::Parser,
    /// Everything that was written so far.
    pub(crate) written: Vec<u8>,
    before: String,
}

impl Running {
    /// The laboratory in a terminal of 120×36 with 256 colours.
    pub(crate) fn start(more: &[&str]) -> Self {
        Self::start_with(more, (120, 36), &[])
    }

    pub(crate) fn start_with(more: &[&str], size: (u16, u16), env: &[(&str, &str)]) -> Self {
        Self::program(&[&FOUR, more].concat(), size, env)
    }

    /// The program with these arguments and no others.
    pub(crate) fn program(args: &[&str], size: (u16, u16), env: &[(&str, &str)]) -> Self {
        Self::of(Path::new(PROGRAM), args, size, env)
    }

    /// Another program, in the same terminal.
    pub(crate) fn other(program: &Path, args: &[&str]) -> Self {
        Self::of(program, args, (120, 36), &[])
    }

    fn of(program: &Path, args: &[&str], (columns, rows): (u16, u16), env: &[(&str, &str)]) -> Self {
        let size = PtySize { rows, cols: columns, pixel_width: 0, pixel_height: 0 };
        let pair = native_pty_system().openpty(size).expect("there are pseudoterminals");
        let mut command = CommandBuilder::new(program);
        command.args(args);
        for (name, _) in std::env::vars_os() {
            if matches!(name.to_str(), Some("NO_COLOR" | "COLORTERM" | "LC_ALL" | "LC_CTYPE" | "RUST_BACKTRACE")) {
                command.env_remove(name);
            }
        }
        // The default is the home directory.
        command.cwd(std::env::current_dir().expect("the tests run somewhere"));
        command.env("TERM", "xterm-256color");
        command.env("LANG", "C.UTF-8");
        for (name, value) in env {
            command.env(name, value);
        }
        let before = modes(&termios(&pair));
        let child = pair.slave.spawn_command(command).expect("the program was built");
        let emulator = vt100::Parser::new(nonzero(rows), nonzero(columns), 100);
        Self { pair: Some(pair), child, emulator, written: Vec::new(), before }
    }

    /// Started, and its first servers are on the screen.
    pub(crate) fn shown(more: &[&str]) -> Self {
        let mut running = Self::start(more);
        running.until("the lab", |running| running.says("LISTEN") && running.says("What happened"));
        running
    }

    pub(crate) fn pid(&self) -> Pid {
        let raw = self.child.process_id().and_then(|pid| i32::try_from(pid).ok());
        Pid::from_raw(raw.expect("it has a number")).expect("which is not 0")
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(self.pid(), signal).expect("it is there");
    }

    pub(crate) fn types(&self, bytes: &[u8]) {
        let written = rustix::io::write(self.master(), bytes).expect("the terminal takes it");
        assert_eq!(written, bytes.len());
    }

    pub(crate) fn resize(&mut self, columns: u16, rows: u16) {
        let pair = self.pair.as_ref().expect("the terminal is there");
        pair.master.resize(PtySize { rows, cols: columns, pixel_width: 0, pixel_height: 0 }).unwrap();
        self.emulator.set_size(nonzero(rows), nonzero(columns));
    }

    pub(crate) fn screen(&self) -> &vt100::Screen {
        self.emulator.screen()
    }

    pub(crate) fn says(&self, what: &str) -> bool {
        self.screen().contents().contains(what)
    }

    /// Reads the output until `found` is true.
    pub(crate) fn until(&mut self, what: &str, mut found: impl FnMut(&Self) -> bool) {
        let deadline = Instant::now() + DEADLINE;
        while !found(self) {
            let left = deadline.saturating_duration_since(Instant::now());
            assert!(
                !left.is_zero(),
                "{what}: not so; state {:?}, the screen is\n{}",
                self.state(),
                self.screen().contents()
            );
            self.read(left.min(Duration::from_millis(20)));
        }
    }

    /// Reads the output of this time; returns the number of bytes.
    pub(crate) fn read(&mut self, within: Duration) -> usize {
        let mut buf = [0; 4096];
        let fd = self.master();
        let timeout = Timespec::try_from(within).unwrap();
        let ready =
            poll(&mut [PollFd::new(&fd, PollFlags::IN)], Some(&timeout)).expect("the terminal can be waited for");
        if ready == 0 {
            return 0;
        }
        let len = rustix::io::read(fd, &mut buf).unwrap_or(0);
        self.emulator.process(&buf[..len]);
        self.written.extend_from_slice(&buf[..len]);
        len
    }

    /// Reads until nothing was written for this long.
    pub(crate) fn settles(&mut self, quiet: Duration) {
        let deadline = Instant::now() + DEADLINE;
        while self.read(quiet) > 0 {
            assert!(Instant::now() < deadline, "it never rests; the screen is\n{}", self.screen().contents());
        }
    }

    /// The state letter and the CPU time in ticks of `/proc/PID/stat` (`proc_pid_stat(5)`), or that there is no such file.
    #[cfg(target_os = "linux")]
    pub(crate) fn state(&self) -> Option<(char, u64)> {
        let stat = std::fs::read_to_string(Path::new("/proc").join(self.pid().to_string()).join("stat")).ok()?;
        let (_, after) = stat.rsplit_once(") ")?;
        let fields: Vec<_> = after.split(' ').collect();
        let ticks = |at: usize| fields[at].parse::<u64>().unwrap_or(0);
        Some((fields[0].chars().next()?, ticks(11) + ticks(12)))
    }

    #[cfg(not(target_os = "linux"))]
    pub(crate) fn state(&self) -> Option<(char, u64)> {
        None
    }

    /// Leaves by the key: it succeeds and gives the terminal back.
    pub(crate) fn quits(&mut self) {
        self.types(b"q");
        assert!(self.ended().success());
        self.assert_given_back();
    }

    /// Waits until it has ended, and reads everything it wrote.
    pub(crate) fn ended(&mut self) -> ExitStatus {
        let deadline = Instant::now() + DEADLINE;
        let status = loop {
            if let Some(status) = self.child.try_wait().expect("it is our child") {
                break status;
            }
            assert!(Instant::now() < deadline, "it does not end; the screen is\n{}", self.screen().contents());
            if self.pair.is_some() {
                self.read(Duration::from_millis(20));
            } else {
                std::thread::sleep(Duration::from_millis(20));
            }
        };
        while self.pair.is_some() && self.read(Duration::ZERO) > 0 {}
        status
    }

    /// Closes the window, and with it the other side of the terminal.
    pub(crate) fn take_terminal_away(&mut self) {
        self.pair = None;
    }

    /// The terminal is as the shell left it.
    pub(crate) fn assert_given_back(&self) {
        let screen = self.screen();
        assert!(!screen.alternate_screen(), "the alternate screen was left");
        assert!(!screen.hide_cursor(), "the cursor is shown");
        assert!(!screen.bracketed_paste(), "pasted text is not marked");
        assert_eq!(modes(&termios(self.pair.as_ref().unwrap())), self.before, "the modes of the terminal");
    }

    /// The program has the terminal.
    pub(crate) fn assert_taken(&self) {
        assert!(self.screen().alternate_screen() && self.screen().bracketed_paste());
        assert_ne!(modes(&termios(self.pair.as_ref().unwrap())), self.before, "raw keys");
    }

    #[expect(unsafe_code, reason = "the pseudoterminal gives its descriptor as a number only")]
    fn master(&self) -> BorrowedFd<'_> {
        let fd = self.pair.as_ref().and_then(|pair| pair.master.as_raw_fd()).expect("the terminal is there");
        // SAFETY: the descriptor is open for as long as `pair` is, which the borrow of `self` keeps.
        unsafe { BorrowedFd::borrow_raw(fd) }
    }
}

impl Drop for Running {
    /// A failed test leaves no program behind.
    fn drop(&mut self) {
        if matches!(self.child.try_wait(), Ok(None)) {
            let _ = kill_process(self.pid(), Signal::KILL);
            let _ = self.child.wait();
        }
    }
}

/// A program without a terminal; it is ended with the test.
pub(crate) struct ChildGuard(pub(crate) std::process::Child);

impl Drop for ChildGuard {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn nonzero(number: u16) -> NonZeroU16 {
    NonZeroU16::new(number).unwrap()
}

#[expect(unsafe_code, reason = "the pseudoterminal gives its descriptor as a number only")]
fn termios(pair: &PtyPair) -> Termios {
    let fd = pair.master.as_raw_fd().expect("a pseudoterminal has a descriptor");
    // SAFETY: the descriptor is open for as long as `pair` is.
    tcgetattr(unsafe { BorrowedFd::borrow_raw(fd) }).expect("a pseudoterminal has modes")
}

/// The modes as text: what `stty -a` prints.
fn modes(termios: &Termios) -> String {
    format!(
        "{:?} {:?} {:?} {:?} {:?}",
        termios.input_modes, termios.output_modes, termios.control_modes, termios.local_modes, termios.special_codes
    )
}
