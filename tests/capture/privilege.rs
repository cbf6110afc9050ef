//! The one capability: that it suffices to capture, that it is given up, and the advice without it. Needs root, to run as
//! a user with and without the capability on the program.

use std::fs::Permissions;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use rustix::thread::{CapabilitySet, capabilities};
use socklab::api::domain::{Errno, Lack, Need, Remedy};
use socklab::api::observe::capture::CaptureAccess;

use super::trace::Folder;
use crate::harness::{Need::FileCapabilities, Test, on_request, test};

pub(crate) fn tests() -> Vec<Test> {
    vec![
        test(a_user_needs_one_capability_which_is_given_up_at_once, &[FileCapabilities]),
        test(the_command_that_gives_the_capability_names_the_program, &[FileCapabilities]),
        test(no_thread_of_a_program_that_captures_has_a_capability, &[FileCapabilities]),
        test(the_wire_opens_for_a_program_that_has_the_capability, &[FileCapabilities]),
        on_request(without_it_the_remedy_is_the_capability, "run by another test, as an ordinary user"),
        on_request(with_it_access_is_taken_and_no_capability_is_left, "run by another test, as an ordinary user"),
    ]
}

/// The user `nobody`.
const USER: u32 = 65_534;

/// A command that an ordinary user runs.
fn by_user(program: &Path) -> Command {
    let mut command = Command::new(program);
    command.uid(USER).gid(USER).env("LANG", "C.UTF-8").stdin(Stdio::null());
    command
}

/// Runs one of the two tests below as an ordinary user, from a copy of this program.
fn as_user(program: &Path, test: &str) {
    let output = by_user(program).args(["--exact", test, "--include-ignored", "--nocapture"]).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && said.contains("1 passed"), "{said}{}", String::from_utf8_lossy(&output.stderr));
}

/// A copy of a program that every user may run. Another process writes it: a descriptor of ours that is open for writing
/// may be inherited by a child of another test, and then the copy is busy (execve(2), ETXTBSY).
fn copy(folder: &Folder, program: &Path) -> PathBuf {
    let copy = folder.file("copy");
    assert!(Command::new("cp").args([program, &copy]).status().unwrap().success());
    std::fs::set_permissions(&copy, Permissions::from_mode(0o755)).unwrap();
    copy
}

/// Gives it the capability.
fn give(program: &Path) {
    let done = Command::new("setcap").arg("cap_net_raw+ep").arg(program).status().unwrap();
    assert!(done.success(), "{done}");
}

fn a_user_needs_one_capability_which_is_given_up_at_once() {
    let folder = Folder::new("privilege");
    let program = copy(&folder, &std::env::current_exe().unwrap());
    as_user(&program, "privilege::without_it_the_remedy_is_the_capability");
    give(&program);
    as_user(&program, "privilege::with_it_access_is_taken_and_no_capability_is_left");
}

fn the_command_that_gives_the_capability_names_the_program() {
    let folder = Folder::new("advice");
    let program = copy(&folder, Path::new(env!("CARGO_BIN_EXE_socklab-tui")));
    let output = by_user(&program).arg("capture").output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains(&format!("\n  sudo setcap cap_net_raw+ep {}\n", program.display())), "{said}");
}

/// The program with its capability, run by an ordinary user.
fn given(folder: &Folder, arguments: &[&str]) -> Command {
    let program = copy(folder, Path::new(env!("CARGO_BIN_EXE_socklab-tui")));
    let mut command = by_user(&program);
    command.args(arguments);
    give(&program);
    command
}

fn no_thread_of_a_program_that_captures_has_a_capability() {
    let folder = Folder::new("given");
    let mut command = given(&folder, &["capture", "-w", "/dev/null"]);
    let mut program = command.stderr(Stdio::piped()).spawn().unwrap();
    let mut said = BufReader::new(program.stderr.take().unwrap()).lines();
    assert_eq!(said.next().unwrap().unwrap(), "socklab-tui: capturing on lo");
    let threads = std::fs::read_dir(format!("/proc/{}/task", program.id())).unwrap();
    let mut sets = 0;
    for thread in threads {
        let status = std::fs::read_to_string(thread.unwrap().path().join("status")).unwrap();
        for line in status.lines().filter(|line| line.starts_with("Cap") && !line.starts_with("CapBnd")) {
            assert!(line.ends_with("\t0000000000000000"), "{status}");
            sets += 1;
        }
    }
    // Inheritable, permitted, effective and ambient, of at least the two threads that there are.
    assert!(sets >= 8, "{sets} sets");
    rustix::process::kill_process(rustix::process::Pid::from_child(&program), rustix::process::Signal::INT).unwrap();
    assert_eq!(said.next().unwrap().unwrap(), "socklab-tui: 0 packets, none lost");
    assert!(program.wait().unwrap().success());
}

fn the_wire_opens_for_a_program_that_has_the_capability() {
    let folder = Folder::new("wired");
    let mut command = given(&folder, &["doctor", "--lang", "en"]);
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(said.contains("\n✓ capturing packets"), "{said}");
    // A machine may forbid user namespaces altogether; the capability must not make a difference.
    let program = Path::new(env!("CARGO_BIN_EXE_socklab-tui"));
    let without = by_user(program).args(["doctor", "--lang", "en"]).output().unwrap();
    let wire = |said: &str| said.split_once("The wire lab needs:").unwrap().1.to_owned();
    let plain = String::from_utf8_lossy(&without.stdout);
    // The paths in the advice are those of two copies.
    let marks =
        |said: &str| wire(said).lines().filter(|line| !line.contains('$')).map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(marks(&said), marks(&plain));
}

fn without_it_the_remedy_is_the_capability() {
    let lack = CaptureAccess::take().unwrap_err();
    let expected = Lack { need: Need::PacketSocket, errno: Errno::Perm, remedy: Remedy::FileCapability };
    assert_eq!(lack, expected);
}

fn with_it_access_is_taken_and_no_capability_is_left() {
    assert!(capabilities(None).unwrap().effective.contains(CapabilitySet::NET_RAW));
    let _key = CaptureAccess::take().unwrap();
    let left = capabilities(None).unwrap();
    assert!(left.effective.is_empty() && left.permitted.is_empty() && left.inheritable.is_empty(), "{left:?}");
    assert_eq!(CaptureAccess::open().unwrap_err().errno, Errno::Perm);
}
