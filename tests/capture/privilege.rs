//! The one capability: what it takes to capture, that it is given up, and what is said without it. Needs root, who plays
//! a user that has given the program its capability, and one who has not.

use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

use rustix::thread::{CapabilitySet, capabilities};
use socklab::domain::Errno;
use socklab::observe::capture::{Key, Need, Remedy};

use super::trace::Folder;
use super::tshark;

/// Nobody in particular.
const USER: u32 = 65_534;

/// Runs one of the two tests below as an ordinary user, from a copy of this very program.
fn as_user(program: &Path, test: &str) {
    let output = Command::new(program)
        .args(["--exact", test, "--include-ignored", "--nocapture"])
        .uid(USER)
        .gid(USER)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && said.contains("1 passed"), "{said}{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn a_user_needs_one_capability_which_is_given_up_at_once() {
    if !rustix::process::geteuid().is_root() || !tshark::have_it("setcap", "-h") {
        tshark::missing("capture (not root, or no setcap)");
        return;
    }
    let folder = Folder::new("privilege");
    let program = folder.file("copy");
    std::fs::copy(std::env::current_exe().unwrap(), &program).unwrap();
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
    as_user(&program, "privilege::without_it_the_command_is_said");
    let done = Command::new("setcap").arg("cap_net_raw+ep").arg(&program).status().unwrap();
    if !done.success() {
        tshark::missing("capture (files cannot have capabilities here)");
        return;
    }
    as_user(&program, "privilege::with_it_the_key_is_taken_and_nothing_is_left");
}

#[test]
#[ignore = "run by the test above, as an ordinary user"]
fn without_it_the_command_is_said() {
    let error = Key::take().unwrap_err();
    assert_eq!((&error.need, error.errno), (&Need::Socket, Errno::Perm));
    let path = std::env::current_exe().unwrap();
    assert_eq!(error.remedy, Remedy::SetCap(path.clone()));
    assert_eq!(error.remedy.command().unwrap(), format!("sudo setcap cap_net_raw+ep {}", path.display()));
}

#[test]
#[ignore = "run by the test above, as an ordinary user"]
fn with_it_the_key_is_taken_and_nothing_is_left() {
    assert!(capabilities(None).unwrap().effective.contains(CapabilitySet::NET_RAW));
    let _key = Key::take().unwrap();
    let left = capabilities(None).unwrap();
    assert!(left.effective.is_empty() && left.permitted.is_empty() && left.inheritable.is_empty(), "{left:?}");
    assert_eq!(Key::open().unwrap_err().errno, Errno::Perm);
}
