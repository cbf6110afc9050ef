//! The port check on loopback, as an ordinary user.

use std::net::{Ipv4Addr, SocketAddr, TcpListener, UdpSocket};
use std::time::Duration;

use socklab::api::domain::{
    AddressScope, EventKind, LabOrder, PortReport, Proto, Reason, ScanChange, ScanPlan, TargetChange, TargetHost,
    Verdict,
};

use crate::harness::{Test, async_test};
use crate::test_lab::TestLab;

pub(crate) fn tests() -> Vec<Test> {
    Vec::from([
        async_test(an_open_and_a_closed_port_are_told_apart, &[]),
        async_test(udp_answers_refuses_or_is_silent, &[]),
        async_test(a_check_can_be_stopped_and_the_next_takes_its_place, &[]),
        async_test(public_hosts_are_probed_only_after_a_yes_and_multicast_never, &[]),
        async_test(the_address_that_serves_is_chosen_among_all, &[]),
    ])
}

fn plan(ports: &[u16], proto: Proto) -> ScanPlan {
    let list: Vec<_> = ports.iter().map(u16::to_string).collect();
    ScanPlan::new("127.0.0.1", list.join(",").parse().unwrap(), proto)
}

fn change(kind: &EventKind) -> Option<&ScanChange> {
    if let EventKind::Scan(event) = kind { Some(&event.change) } else { None }
}

/// Waits until the check has ended. Returns the reports in the order of the ports, and whether it was stopped.
async fn ended(test: &mut TestLab) -> (Vec<PortReport>, bool) {
    test.until("the check ends", |seen| {
        let changes = || seen.iter().filter_map(change);
        let stopped = changes().find_map(|change| match change {
            ScanChange::Ended { stopped } => Some(*stopped),
            _ => None,
        })?;
        let reports = changes().filter_map(|change| match change {
            ScanChange::Port { report } => Some(report.clone()),
            _ => None,
        });
        let mut reports: Vec<_> = reports.collect();
        reports.sort_by_key(|report| report.port);
        Some((reports, stopped))
    })
    .await
}

fn told(reports: &[PortReport]) -> Vec<(u16, Verdict, Reason)> {
    reports.iter().map(|report| (report.port, report.verdict, report.reason)).collect()
}

/// The port of a socket that was closed again.
fn closed_port() -> u16 {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port()
}

async fn an_open_and_a_closed_port_are_told_apart() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let open = listener.local_addr().unwrap().port();
    let closed = closed_port();
    let mut test = TestLab::of(vec![]);
    test.order(LabOrder::Scan(plan(&[open, closed], Proto::Tcp)));
    let (reports, stopped) = ended(&mut test).await;
    let mut expected = [(open, Verdict::Open, Reason::SynAck), (closed, Verdict::Closed, Reason::Rst)];
    expected.sort_by_key(|(port, ..)| *port);
    assert_eq!((told(&reports), stopped), (expected.into(), false));
    test.lab.shutdown().await;
}

async fn udp_answers_refuses_or_is_silent() {
    let silent = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let silent_port = silent.local_addr().unwrap().port();
    let closed = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port();
    let mut test = TestLab::of(vec![]);
    test.order(LabOrder::Scan(ScanPlan {
        timeout: Duration::from_millis(1_200),
        ..plan(&[silent_port, closed], Proto::Udp)
    }));
    let (reports, _) = ended(&mut test).await;
    let mut expected =
        [(silent_port, Verdict::OpenOrFiltered, Reason::NoResponse), (closed, Verdict::Closed, Reason::PortUnreach)];
    expected.sort_by_key(|(port, ..)| *port);
    assert_eq!(told(&reports), expected);
    // A datagram may be lost: it was sent again, and both came.
    let report = reports.iter().find(|report| report.port == silent_port).unwrap();
    assert_eq!(report.sent, Some(2));
    silent.set_nonblocking(true).unwrap();
    assert_eq!(std::iter::from_fn(|| silent.recv(&mut [0; 64]).ok()).count(), 2);
    test.lab.shutdown().await;
}

async fn a_check_can_be_stopped_and_the_next_takes_its_place() {
    let mut test = TestLab::of(vec![]);
    test.order(LabOrder::Scan(ScanPlan {
        rate: Some(1),
        ..plan(&[closed_port(), closed_port(), closed_port()], Proto::Tcp)
    }));
    test.order(LabOrder::StopScan);
    let (_, stopped) = ended(&mut test).await;
    assert!(stopped);
    test.order(LabOrder::Scan(plan(&[closed_port()], Proto::Tcp)));
    test.until("the second ends", |seen| {
        let ended = ScanChange::Ended { stopped: false };
        let is_end =
            |kind: &EventKind| matches!(kind, EventKind::Scan(event) if event.scan == 2 && event.change == ended);
        seen.iter().any(is_end).then_some(())
    })
    .await;
    test.lab.shutdown().await;
}

async fn public_hosts_are_probed_only_after_a_yes_and_multicast_never() {
    let mut test = TestLab::of(vec![]);
    for (host, confirmed) in [("8.8.8.8", false), ("224.0.0.1", true)] {
        test.order(LabOrder::Scan(ScanPlan { host: host.into(), confirmed, ..plan(&[53], Proto::Tcp) }));
        let scope = test
            .until("it is not asked", |seen| {
                seen.iter().filter_map(change).find_map(|change| match change {
                    ScanChange::Unconfirmed { asked, scope, .. } if asked == host => Some(*scope),
                    _ => None,
                })
            })
            .await;
        assert_eq!(scope, if confirmed { AddressScope::Group } else { AddressScope::Public });
    }
    assert!(!test.reported.seen.iter().filter_map(change).any(|change| matches!(change, ScanChange::Begun { .. })));
    test.lab.shutdown().await;
}

/// `localhost` is ::1 and 127.0.0.1 on many machines: the one that serves is the one.
async fn the_address_that_serves_is_chosen_among_all() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let addr = listener.local_addr().unwrap();
    let mut test = TestLab::of(vec![]);
    let target = TargetHost { name: "localhost".into(), port: Some(addr.port()) };
    test.order(LabOrder::Target(Some(target.clone())));
    let (chosen, answers): (SocketAddr, bool) = test
        .until("an address is chosen", |seen| {
            seen.iter().find_map(|kind| match kind {
                EventKind::Target(event) => match event.change {
                    TargetChange::Chosen { addr, answers } => Some((addr, answers)),
                    _ => None,
                },
                _ => None,
            })
        })
        .await;
    assert_eq!((chosen, answers), (addr, true));
    test.order(LabOrder::Target(None));
    let dropped = |kind: &EventKind| matches!(kind, EventKind::Target(event) if event.target == target && event.change == TargetChange::Dropped);
    test.until("it is dropped", |seen| seen.iter().any(dropped).then_some(())).await;
    test.lab.shutdown().await;
}
