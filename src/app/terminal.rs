//! The terminal, borrowed: taken when a screen is wanted, and given back whatever happens.

use std::io::{self, Write, stdout};
use std::sync::atomic::{AtomicBool, Ordering};

use crossterm::event::{DisableBracketedPaste, EnableBracketedPaste};
use crossterm::execute;
use crossterm::terminal::{EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode};

/// Whether we have the terminal: giving it back twice would undo what the shell did since.
static TAKEN: AtomicBool = AtomicBool::new(false);

/// Holds the terminal until dropped.
#[derive(Debug)]
pub(super) struct Borrowed(());

impl Borrowed {
    /// Takes the terminal: raw keys, the alternate screen, pasted text marked as such. A panic of any thread gives it
    /// back before its message is printed, and ends the program: what is wrong then must be readable.
    pub(super) fn take() -> io::Result<Self> {
        static HOOK: std::sync::Once = std::sync::Once::new();
        HOOK.call_once(|| {
            let default = std::panic::take_hook();
            std::panic::set_hook(Box::new(move |panic| {
                give_back();
                default(panic);
                // Elsewhere than in the main thread nobody would notice, and the screen would be drawn over the message.
                if std::thread::current().name() != Some("main") {
                    std::process::exit(101);
                }
            }));
        });
        take()?;
        Ok(Self(()))
    }
}

impl Drop for Borrowed {
    fn drop(&mut self) {
        give_back();
    }
}

/// Gives the terminal back, stops this process until it is continued, and takes the terminal again.
/// Where there is no such thing, only the screen is taken anew.
pub(super) fn suspend() -> io::Result<()> {
    give_back();
    // SIGSTOP cannot be caught: it takes effect before this call returns. (SIGTSTP is listened for.)
    #[cfg(unix)]
    rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::STOP)?;
    take()
}

/// Takes the terminal again although nobody gave it back: a shell may have changed its mode meanwhile.
pub(super) fn resume() -> io::Result<()> {
    give_back();
    take()
}

fn take() -> io::Result<()> {
    enable_raw_mode()?;
    TAKEN.store(true, Ordering::SeqCst);
    execute!(stdout(), EnterAlternateScreen, EnableBracketedPaste)
}

/// Errors are of no use here: the terminal may be gone, and then there is nothing to give back.
fn give_back() {
    if TAKEN.swap(false, Ordering::SeqCst) {
        let _ = execute!(stdout(), DisableBracketedPaste, LeaveAlternateScreen, crossterm::cursor::Show);
        let _ = disable_raw_mode();
        let _ = stdout().flush();
    }
}
