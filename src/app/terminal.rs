//! The terminal in raw mode with the alternate screen, restored whatever happens.

use std::io::{self, Write, stdout};
use std::sync::atomic::{AtomicBool, Ordering};

use crossterm::event::{DisableBracketedPaste, EnableBracketedPaste};
use crossterm::execute;
use crossterm::terminal::{EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode};

/// Whether we have taken the terminal. Restoring it twice would undo changes that the shell made since.
static TAKEN: AtomicBool = AtomicBool::new(false);

/// Holds the terminal; restores it when dropped.
#[derive(Debug)]
pub struct TerminalGuard(());

impl TerminalGuard {
    /// Takes the terminal: raw mode, the alternate screen, bracketed paste. A panic in any thread restores it before the
    /// message is printed, so that it can be read, and ends the program.
    ///
    /// # Errors
    /// If standard output is not a terminal, or the terminal is gone.
    pub fn take() -> io::Result<Self> {
        static HOOK: std::sync::Once = std::sync::Once::new();
        HOOK.call_once(|| {
            let default = std::panic::take_hook();
            std::panic::set_hook(Box::new(move |panic| {
                restore();
                default(panic);
                // A panic in another thread would not end the program, and the screen would be drawn over the message.
                if std::thread::current().name() != Some("main") {
                    std::process::exit(101);
                }
            }));
        });
        take()?;
        Ok(Self(()))
    }
}

impl Drop for TerminalGuard {
    fn drop(&mut self) {
        restore();
    }
}

/// Restores the terminal, stops this process until it is continued, and takes the terminal again. Without job control it
/// only restores and takes the terminal.
pub(super) fn suspend() -> io::Result<()> {
    restore();
    // SIGSTOP cannot be caught: it takes effect before this call returns. (SIGTSTP has a handler.)
    #[cfg(unix)]
    rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::STOP)?;
    take()
}

/// Takes the terminal again after the process was stopped from outside: the shell may have changed its mode.
pub(super) fn resume() -> io::Result<()> {
    restore();
    take()
}

fn take() -> io::Result<()> {
    enable_raw_mode()?;
    TAKEN.store(true, Ordering::SeqCst);
    execute!(stdout(), EnterAlternateScreen, EnableBracketedPaste)
}

/// Ignores errors: if the terminal is gone, there is nothing to restore.
fn restore() {
    if TAKEN.swap(false, Ordering::SeqCst) {
        let _ = execute!(stdout(), DisableBracketedPaste, LeaveAlternateScreen, crossterm::cursor::Show);
        let _ = disable_raw_mode();
        let _ = stdout().flush();
    }
}
