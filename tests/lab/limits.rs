//! The machine's limits are reported and never a crash. Each test runs in a process of its own with the limit set.
#![cfg(unix)]

use std::process::Command;

use socklab::api::domain::ServiceModel::{Async, Sequential, Threaded};
use socklab::api::domain::{
    ClientChange, ClientPlan, Errno, EventKind, LabOrder, Note, ServerChange, ServerId, ServerSpec, Syscall,
};

use crate::harness::{Need::Namespace, Test, async_test};
use crate::test_lab::{TestLab, change_of, did, is_answer, is_client, note, tcp};

pub(crate) fn tests() -> Vec<Test> {
    Vec::from([
        async_test(without_descriptors_a_burst_is_cut_and_servers_wait, &[]),
        async_test(the_soft_limit_is_raised_to_the_hard_one, &[]),
        #[cfg(target_os = "linux")]
        async_test(without_ephemeral_ports_a_burst_is_cut, &[Namespace]),
    ])
}

/// Set in the process that runs with the limit.
const INSIDE: &str = "SOCKLAB_TEST_INSIDE_LIMIT";

/// Runs this very test again in a shell that has set the limit first. `true` in that process.
fn inside(shell: &[&str], limit: &str, test: &str) -> bool {
    if std::env::var_os(INSIDE).is_some() {
        return true;
    }
    let me = std::env::current_exe().unwrap();
    let script = format!("{limit} && exec \"$0\" --exact {test} --nocapture");
    let run = Command::new(shell[0]).args(&shell[1..]).args(["-c", &script]).arg(me).env(INSIDE, "1").output().unwrap();
    let said = String::from_utf8_lossy(&run.stdout);
    assert!(run.status.success() && said.contains("1 passed"), "{said}\n{}", String::from_utf8_lossy(&run.stderr));
    false
}

async fn without_descriptors_a_burst_is_cut_and_servers_wait() {
    if !inside(&["sh"], "ulimit -n 64", "limits::without_descriptors_a_burst_is_cut_and_servers_wait") {
        return;
    }
    for model in [Sequential, Threaded, Async] {
        let (mut test, addr) = TestLab::with(model).await;
        test.spawn(1000, ClientPlan::Stay, addr);
        let cut = |kind: &EventKind| match note(kind) {
            Some(Note::BurstCut { asked: 1000, made, errno: Errno::Mfile }) => Some(*made),
            _ => None,
        };
        let made = test.until("the burst is cut", |seen| seen.iter().find_map(cut)).await;
        assert!((10..64).contains(&made), "{made}");
        if model != Sequential {
            let paused = |kind: &EventKind| {
                matches!(change_of(kind, ServerId(0)), Some(ServerChange::Paused { errno: Errno::Mfile }))
            };
            test.times(1, "accept pauses", paused).await;
        }
        test.order(LabOrder::CloseAll);
        let over = |kind: &EventKind| matches!(kind, EventKind::Client(event) if event.change == ClientChange::Ended);
        // The one that got no socket has ended too.
        test.times(made as usize + 1, "all ended", over).await;
        let served = |kind: &EventKind| matches!(change_of(kind, ServerId(0)), Some(ServerChange::Served { .. }));
        test.times(made as usize, "every server's end is closed: all descriptors are free", served).await;
        test.reported.seen.clear();
        test.spawn(5, ClientPlan::Stay, addr);
        let expected = if model == Sequential { 1 } else { 5 };
        test.times(expected, "it serves on", is_answer).await;
        let seen = test.end().await;
        assert!(seen.iter().any(|kind| did(kind, Syscall::Connect, is_client)));
    }
}

async fn the_soft_limit_is_raised_to_the_hard_one() {
    if !inside(&["sh"], "ulimit -Sn 100 && ulimit -Hn 500", "limits::the_soft_limit_is_raised_to_the_hard_one") {
        return;
    }
    let (mut test, sink) = TestLab::with_sink();
    socklab::api::lab::raise_descriptor_limit(&sink);
    drop(sink);
    test.times(1, "told", |kind| note(kind) == Some(&Note::Descriptors { was: 100, now: 500 })).await;
    let files: Vec<_> = (0..300).map(|_| std::fs::File::open("/dev/null").unwrap()).collect();
    drop(files);
    test.end().await;
}

#[cfg(target_os = "linux")]
async fn without_ephemeral_ports_a_burst_is_cut() {
    const PRIVATE: [&str; 3] = ["unshare", "-rn", "sh"];
    const RANGE: &str = "ip link set lo up && echo 40000 40009 > /proc/sys/net/ipv4/ip_local_port_range";
    if !inside(&PRIVATE, RANGE, "limits::without_ephemeral_ports_a_burst_is_cut") {
        return;
    }
    let mut test = TestLab::of(vec![ServerSpec { addr: "127.0.0.1:65432".parse().unwrap(), ..tcp(Threaded) }]);
    test.lab.start_all();
    let addr = test.started(ServerId(0)).await;
    test.spawn(25, ClientPlan::Stay, addr);
    let cut = Note::BurstCut { asked: 25, made: 10, errno: Errno::AddrNotAvail };
    test.times(1, "ten ports, ten clients", |kind| note(kind) == Some(&cut)).await;
    test.times(10, "they are answered", is_answer).await;
    test.end().await;
}
