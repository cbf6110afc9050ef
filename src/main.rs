//! The thin binary: everything is in the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    // Before anything starts a thread: namespaces are entered by a process that has only one.
    #[cfg(target_os = "linux")]
    if std::env::args_os().nth(1).is_some_and(|word| word == socklab::api::wire::SUBCOMMAND) {
        return socklab::api::wire::helper_main();
    }
    socklab::api::app::main()
}
