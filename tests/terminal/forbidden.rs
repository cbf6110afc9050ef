//! Where a sandbox forbids `sock_diag`: the table comes from `/proc/net`, and `doctor` says so.

use std::os::unix::process::CommandExt as _;
use std::process::Command;

use crate::netstat::{connection, text};
use crate::pty::PROGRAM;

/// A filter for `seccomp(2)`: `socket(AF_NETLINK, _, NETLINK_SOCK_DIAG)` fails with EPERM, everything else is allowed.
fn forbidding_sock_diag() -> [libc::sock_filter; 8] {
    let statement = |code: u32, k: u32| libc::sock_filter { code: u16::try_from(code).unwrap(), jt: 0, jf: 0, k };
    // Where the value is another one, the rest of the tests is skipped, up to the last statement.
    let unless = |k: u32, jf: u8| libc::sock_filter { jf, ..statement(libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K, k) };
    let load = libc::BPF_LD | libc::BPF_W | libc::BPF_ABS;
    let argument = |n: usize| {
        let low = if cfg!(target_endian = "big") { 4 } else { 0 };
        u32::try_from(std::mem::offset_of!(libc::seccomp_data, args) + 8 * n + low).unwrap()
    };
    [
        statement(load, u32::try_from(std::mem::offset_of!(libc::seccomp_data, nr)).unwrap()),
        unless(u32::try_from(libc::SYS_socket).unwrap(), 5),
        statement(load, argument(0)),
        unless(libc::AF_NETLINK.cast_unsigned(), 3),
        statement(load, argument(2)),
        unless(libc::NETLINK_SOCK_DIAG.cast_unsigned(), 1),
        statement(libc::BPF_RET | libc::BPF_K, libc::SECCOMP_RET_ERRNO | libc::EPERM.cast_unsigned()),
        statement(libc::BPF_RET | libc::BPF_K, libc::SECCOMP_RET_ALLOW),
    ]
}

/// The output of the program, to which `sock_diag` is forbidden.
#[expect(unsafe_code, reason = "a filter is installed between fork and exec, and by prctl alone")]
fn printed(args: &[&str]) -> String {
    let mut command = Command::new(PROGRAM);
    command.args(args).env("LANG", "C.UTF-8").env_remove("LC_ALL");
    let mut filter = forbidding_sock_diag();
    let len = u16::try_from(filter.len()).unwrap();
    let forbid = move || {
        let program = libc::sock_fprog { len, filter: filter.as_mut_ptr() };
        // SAFETY: `program` and the filter that it points to live during the calls.
        let forbidden = unsafe {
            libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0
                && libc::prctl(libc::PR_SET_SECCOMP, libc::SECCOMP_MODE_FILTER, &raw const program) == 0
        };
        if forbidden { Ok(()) } else { Err(std::io::Error::last_os_error()) }
    };
    // SAFETY: between fork and exec only `prctl` is called, which is async-signal-safe.
    unsafe { command.pre_exec(forbid) };
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", text(&output.stderr));
    text(&output.stdout)
}

#[test]
fn the_table_comes_from_proc_net() {
    let (_listener, client, _server, port) = connection();
    let server = format!("127.0.0.1:{port}");
    let own = client.local_addr().unwrap().to_string();
    let table = printed(&["netstat", &port.to_string()]);
    let rows: Vec<Vec<_>> = table.lines().map(|line| line.split_whitespace().collect()).collect();
    for row in [
        // The backlog is not in /proc/net.
        ["tcp", "0", "-", &server, "0.0.0.0:*", "LISTEN"],
        ["tcp", "0", "0", &own, &server, "ESTABLISHED"],
        ["tcp", "0", "0", &server, &own, "ESTABLISHED"],
    ] {
        assert!(rows.iter().any(|found| *found == row), "{row:?}: {table}");
    }
}

#[test]
fn doctor_names_the_source_of_the_table() {
    let first = |text: &str| text.lines().next().unwrap().to_owned();
    let forbidden = printed(&["doctor", "--lang", "en"]);
    assert!(first(&forbidden).contains("/proc/net"), "{forbidden}");
    let netstat2 = forbidden.lines().nth(1).unwrap();
    assert!(netstat2.contains("netstat2 cannot read"), "it asks sock_diag, too: {netstat2}");
    let (_listener, _client, _server, _) = connection();
    let allowed = Command::new(PROGRAM).args(["doctor", "--lang", "en"]).output().unwrap();
    let allowed = text(&allowed.stdout);
    assert!(first(&allowed).contains("sock_diag"), "{allowed}");
    let netstat2 = allowed.lines().nth(1).unwrap();
    let count = netstat2.split_whitespace().nth(1).and_then(|count| count.replace(',', "").parse::<usize>().ok());
    assert!(count.is_some_and(|count| count >= 3) && netstat2.contains("netstat2 counts"), "{netstat2}");
}
