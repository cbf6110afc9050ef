//! However a wire lab ends, nothing is left of it; and the programs that other processes run on its hosts.
//!
//! The wire lab under test runs in a process of its own, the victim: this test binary, started with a variable set.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::os::fd::AsFd;
use std::os::unix::process::ExitStatusExt as _;
use std::process::{ChildStdout, Command, Stdio};

use socklab::api::domain::{EventKind, HostId, WireEvent};
use socklab::api::wire::{ExecError, ProgramSpec, Remote, open_wires};

use super::bench::Bench;
use crate::fixtures::{KilledOnDrop, wait_until};
use crate::harness::{Need::Wire, Test, test};

pub(crate) fn tests() -> Vec<Test> {
    vec![
        test(nothing_is_left_of_a_killed_main_process, &[Wire]),
        test(nothing_is_left_of_a_killed_helper_and_the_main_process_knows, &[Wire]),
        test(a_killed_program_takes_nothing_else_with_it, &[Wire]),
        test(a_program_from_outside_sees_its_host_and_nothing_else, &[Wire]),
        test(a_program_from_outside_is_signalled_and_ends_with_its_caller, &[Wire]),
        test(a_program_that_cannot_be_started_is_an_error, &[Wire]),
        test(closing_waits_until_everything_has_ended, &[Wire]),
    ]
}

/// Set in the process that is the victim.
pub(crate) const VICTIM: &str = "SOCKLAB_VICTIM";

/// Not a test: the process that the tests below kill. It opens a wire lab, runs a program that starts another one, prints that,
/// and prints the reason when the wire lab has ended.
pub(crate) fn victim() {
    let bench = Bench::open();
    let null = null();
    let (reader, writer) = std::io::pipe().unwrap();
    let program = shell("setsid sleep 1000 & echo started; exec sleep 1000");
    let standard = [null.as_fd(), writer.as_fd(), null.as_fd()];
    let (_running, _ended) = bench.wire.exec(HostId::Client, &program, standard).unwrap();
    drop(writer);
    let mut line = String::new();
    BufReader::new(reader).read_line(&mut line).unwrap();
    println!("\nvictim open");
    let why = bench.journal.wait_long("the end", |seen| {
        seen.iter().find_map(|event| match event.kind {
            EventKind::Wire(WireEvent::Closed { why, .. }) => Some(why),
            _ => None,
        })
    });
    println!("\nvictim {why}");
}

fn null() -> File {
    File::options().read(true).write(true).open("/dev/null").unwrap()
}

fn shell(script: &str) -> ProgramSpec {
    let argv = ["sh", "-c", script].map(String::from);
    ProgramSpec { argv: argv.into(), env: vec![("PATH".into(), "/usr/bin:/bin".into())], cwd: "/".into() }
}

struct Victim {
    process: KilledOnDrop,
    output: BufReader<ChildStdout>,
}

impl Victim {
    fn start() -> Self {
        let mut process =
            Command::new(std::env::current_exe().unwrap()).env(VICTIM, "1").stdout(Stdio::piped()).spawn().unwrap();
        let output = BufReader::new(process.stdout.take().unwrap());
        let mut victim = Self { process: KilledOnDrop(process), output };
        assert_eq!(victim.says(), "open");
        victim
    }

    fn pid(&self) -> u32 {
        self.process.0.id()
    }

    /// The next word that it prints.
    fn says(&mut self) -> String {
        loop {
            let mut line = String::new();
            assert_ne!(self.output.read_line(&mut line).unwrap(), 0, "the victim prints nothing");
            if let Some(word) = line.strip_prefix("victim ") {
                return word.trim().into();
            }
        }
    }

    /// Its descendants: the helper's two halves and two programs, once all have started.
    fn descendants(&self) -> Vec<Process> {
        let sleeping = |all: &[Process]| all.iter().filter(|process| process.name == "sleep").count();
        wait_until("four processes run", || {
            let below = below(self.pid());
            below.len() == 4 && sleeping(&below) == 2
        });
        below(self.pid())
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Process {
    pid: u32,
    parent: u32,
    name: String,
    network: Option<String>,
    started: String,
}

fn process(pid: u32) -> Option<Process> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let (head, tail) = stat.rsplit_once(") ")?;
    let fields: Vec<&str> = tail.split_whitespace().collect();
    // A zombie has ended.
    if fields[0] == "Z" {
        return None;
    }
    let network = fs::read_link(format!("/proc/{pid}/ns/net")).ok().map(|link| link.display().to_string());
    let name = head.split_once('(')?.1.into();
    Some(Process { pid, parent: fields[1].parse().ok()?, name, network, started: fields[19].into() })
}

fn all() -> Vec<Process> {
    let entries = fs::read_dir("/proc").unwrap().flatten();
    entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok()).filter_map(process).collect()
}

fn below(top: u32) -> Vec<Process> {
    let all = all();
    let mut found = Vec::<Process>::new();
    let mut parents = vec![top];
    while let Some(parent) = parents.pop() {
        for child in all.iter().filter(|process| process.parent == parent) {
            parents.push(child.pid);
            found.push(child.clone());
        }
    }
    found
}

/// Waits until none of these processes exists, and no process is in their network namespaces.
fn gone(were: &[Process]) {
    let own = fs::read_link("/proc/self/ns/net").unwrap().display().to_string();
    let networks: BTreeSet<_> =
        were.iter().filter_map(|process| process.network.clone()).filter(|n| *n != own).collect();
    assert!(!networks.is_empty());
    let is_left = |now: &Process| {
        were.iter().any(|was| (was.pid, &was.started) == (now.pid, &now.started))
            || now.network.as_ref().is_some_and(|network| networks.contains(network))
    };
    wait_until("nothing is left", || !all().iter().any(is_left));
}

fn kill(pid: u32) {
    let pid = rustix::process::Pid::from_raw(pid.cast_signed()).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::KILL).unwrap();
}

fn nothing_is_left_of_a_killed_main_process() {
    let victim = Victim::start();
    let were = victim.descendants();
    kill(victim.pid());
    gone(&were);
}

fn nothing_is_left_of_a_killed_helper_and_the_main_process_knows() {
    // The outer half, which the main process started, and the inner half, which serves.
    for half in 0..2 {
        let mut victim = Victim::start();
        let were = victim.descendants();
        kill(were.iter().filter(|process| process.name != "sleep").nth(half).unwrap().pid);
        assert_eq!(victim.says(), "helper_ended");
        gone(&were);
    }
}

fn a_killed_program_takes_nothing_else_with_it() {
    let victim = Victim::start();
    let were = victim.descendants();
    let (programs, helper): (Vec<_>, Vec<_>) = were.into_iter().partition(|process| process.name == "sleep");
    kill(programs[0].pid);
    wait_until("it has ended", || process(programs[0].pid).is_none());
    assert!(helper.iter().all(|half| process(half.pid).is_some()));
    assert!(process(programs[1].pid).is_some());
}

/// Runs a script on the client of a victim's wire lab from here.
fn remote(victim: &Victim, script: &str, input: &str) -> (Option<i32>, String) {
    let (given, mut give) = std::io::pipe().unwrap();
    let (mut take, taken) = std::io::pipe().unwrap();
    let standard = [given.as_fd(), taken.as_fd(), taken.as_fd()];
    let remote = Remote::start(HostId::Client, &shell(script), standard, Some(victim.pid())).unwrap();
    drop((given, taken));
    give.write_all(input.as_bytes()).unwrap();
    drop(give);
    let mut output = String::new();
    take.read_to_string(&mut output).unwrap();
    (remote.wait().code(), output)
}

fn a_program_from_outside_sees_its_host_and_nothing_else() {
    let victim = Victim::start();
    assert!(open_wires().unwrap().contains(&victim.pid()));
    assert_eq!(remote(&victim, "cat; exit 7", "through\n"), (Some(7), "through\n".into()));
    let (_, network) = remote(&victim, "cat /proc/net/fib_trie", "");
    assert!(network.contains("192.0.2.2"), "{network}");
    let addresses: BTreeSet<_> = network.lines().filter_map(|line| line.trim().strip_prefix("|-- ")).collect();
    assert!(
        addresses.iter().all(|addr| addr.starts_with("192.0.2.") || addr.starts_with("127.") || *addr == "0.0.0.0")
    );
    let (_, descriptors) = remote(&victim, "ls /proc/self/fd", "");
    assert_eq!(descriptors.split_whitespace().collect::<Vec<_>>(), ["0", "1", "2", "3"], "3 is the listing itself");
    let (_, status) = remote(&victim, "cat /proc/self/status", "");
    for line in ["SigIgn:", "SigBlk:"] {
        let mask = status.lines().find_map(|text| text.strip_prefix(line)).unwrap();
        // Signals 32 and 33 are reserved by the C library.
        let ours = u64::from_str_radix(mask.trim(), 16).unwrap() & !(0b11 << 31);
        assert_eq!(ours, 0, "{line} {mask}");
    }
    let (_, environment) = remote(&victim, "env | cut -d= -f1 | grep -v -E '^(PATH|PWD|OLDPWD|SHLVL|_)$'", "");
    assert_eq!(environment, "");
}

fn a_program_from_outside_is_signalled_and_ends_with_its_caller() {
    let victim = Victim::start();
    let before = victim.descendants();
    let null = null();
    let standard = [null.as_fd(); 3];
    let start = || Remote::start(HostId::Server, &shell("exec sleep 1000"), standard, Some(victim.pid())).unwrap();
    let signalled = start();
    signalled.signal(15).unwrap();
    assert_eq!(signalled.wait().signal(), Some(15));
    let left = start();
    let pid = left.pid();
    assert!(process(pid).is_some());
    drop(left);
    wait_until("it has ended", || process(pid).is_none());
    assert_eq!(below(victim.pid()), before);
}

fn a_program_that_cannot_be_started_is_an_error() {
    let victim = Victim::start();
    let null = null();
    let program = ProgramSpec { argv: vec!["no-such-program".into()], ..shell("") };
    let failed = Remote::start(HostId::Server, &program, [null.as_fd(); 3], Some(victim.pid())).unwrap_err();
    assert!(matches!(&failed, ExecError::Program(error) if error.raw_os_error() == Some(2)), "{failed}");
    let elsewhere = Remote::start(HostId::Server, &program, [null.as_fd(); 3], Some(1));
    assert!(matches!(elsewhere, Err(ExecError::NoWire)));
}

fn closing_waits_until_everything_has_ended() {
    let bench = Bench::open();
    let null = null();
    let (_, ended) = bench.wire.exec(HostId::Server, &shell("exec sleep 1000"), [null.as_fd(); 3]).unwrap();
    let host = bench.wire.host(HostId::Server);
    bench.wire.close();
    assert_eq!(ended.try_recv().map(|status| status.signal()), Ok(Some(9)));
    assert!(host.stream("192.0.2.1:1".parse().unwrap()).is_err());
}
