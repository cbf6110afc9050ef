//! The port checks as the events left them.

use std::collections::{BTreeMap, VecDeque};
use std::net::IpAddr;

use super::bounded;
use crate::domain::{AddressScope, PortList, PortReport, Proto, ScanChange, ScanEvent, Stamp, Unresolved, Verdict};

/// How far a check has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ScanProgress {
    /// Ports are being asked.
    Asking,
    /// All were asked.
    Done(Stamp),
    /// It was stopped.
    Stopped(Stamp),
    /// The name could not be resolved.
    Unresolved(Unresolved),
    /// The host needs a confirmation that was not given.
    Unconfirmed(AddressScope),
}

/// One port check.
#[derive(Debug, Clone)]
pub struct Scan {
    /// Its number, from 1.
    pub no: u32,
    /// The host as it was asked for.
    pub asked: String,
    /// The address that is checked, once it is known.
    pub address: Option<IpAddr>,
    /// TCP or UDP.
    pub proto: Proto,
    /// The ports; none when it never began.
    pub ports: Option<PortList>,
    /// When it began.
    pub since: Stamp,
    /// Its phase.
    pub progress: ScanProgress,
    /// How many ports have each verdict.
    pub counts: BTreeMap<Verdict, usize>,
    reports: BTreeMap<u16, PortReport>,
}

impl Scan {
    /// How many reports are kept of ports that are open, and as many of those that are not.
    const KEPT: usize = 512;

    /// The reports by port, ascending. Of a large check not all are kept.
    pub fn reports(&self) -> impl DoubleEndedIterator<Item = &PortReport> + ExactSizeIterator {
        self.reports.values()
    }

    /// How many ports were asked.
    pub fn asked_ports(&self) -> usize {
        self.counts.values().sum()
    }

    /// How many were asked whose reports are not kept.
    pub fn unlisted(&self) -> usize {
        self.asked_ports() - self.reports.len()
    }

    fn take(&mut self, report: &PortReport) {
        let is_new = !self.reports.contains_key(&report.port);
        let open = report.verdict == Verdict::Open;
        let alike = self.reports.values().filter(|kept| (kept.verdict == Verdict::Open) == open).count();
        if is_new {
            *self.counts.entry(report.verdict).or_default() += 1;
        }
        if is_new && alike < Self::KEPT {
            self.reports.insert(report.port, report.clone());
        }
    }
}

/// The latest checks, the earliest first.
#[derive(Debug, Clone, Default)]
pub struct Scans(VecDeque<Scan>);

impl Scans {
    const KEPT: usize = 4;

    /// The latest check.
    pub fn latest(&self) -> Option<&Scan> {
        self.0.back()
    }

    pub(super) fn apply(&mut self, at: Stamp, event: &ScanEvent) {
        let begin = |asked: &str, progress| Scan {
            no: event.scan,
            asked: asked.to_owned(),
            address: None,
            proto: Proto::Tcp,
            ports: None,
            since: at,
            progress,
            counts: BTreeMap::new(),
            reports: BTreeMap::new(),
        };
        let begun = match &event.change {
            ScanChange::Begun { asked, address, proto, ports, .. } => Scan {
                address: Some(*address),
                proto: *proto,
                ports: Some(ports.clone()),
                ..begin(asked, ScanProgress::Asking)
            },
            ScanChange::Unresolved { asked, why } => begin(asked, ScanProgress::Unresolved(*why)),
            ScanChange::Unconfirmed { asked, address, scope } => {
                Scan { address: Some(*address), ..begin(asked, ScanProgress::Unconfirmed(*scope)) }
            }
            ScanChange::Port { report } => {
                self.with(event.scan, |scan| scan.take(report));
                return;
            }
            ScanChange::Ended { stopped } => {
                self.with(event.scan, |scan| {
                    scan.progress = if *stopped { ScanProgress::Stopped(at) } else { ScanProgress::Done(at) };
                });
                return;
            }
        };
        bounded::push(&mut self.0, begun, Self::KEPT);
    }

    fn with(&mut self, no: u32, change: impl FnOnce(&mut Scan)) {
        if let Some(scan) = self.0.iter_mut().rev().find(|scan| scan.no == no) {
            change(scan);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::domain::Reason;

    fn report(port: u16, verdict: Verdict) -> ScanChange {
        ScanChange::Port {
            report: PortReport {
                host: "lab".into(),
                address: "192.0.2.1".parse().unwrap(),
                port,
                proto: Proto::Tcp,
                verdict,
                reason: Reason::Rst,
                took: Duration::from_millis(1),
                sent: None,
                errno: None,
                icmp: None,
            },
        }
    }

    fn begun() -> ScanChange {
        let address = "192.0.2.1".parse().unwrap();
        let ports = "-".parse().unwrap();
        ScanChange::Begun { asked: "lab".into(), address, others: vec![], proto: Proto::Tcp, ports }
    }

    fn told(changes: impl IntoIterator<Item = (u32, ScanChange)>) -> Scans {
        let mut scans = Scans::default();
        changes.into_iter().for_each(|(scan, change)| scans.apply(Stamp::ZERO, &ScanEvent { scan, change }));
        scans
    }

    #[test]
    fn a_large_check_counts_all_and_lists_what_is_open() {
        let closed = (1..=60_000).map(|port| (1, report(port, Verdict::Closed)));
        let open = (60_001..=60_010).map(|port| (1, report(port, Verdict::Open)));
        let scans = told([(1, begun())].into_iter().chain(closed).chain(open));
        let scan = scans.latest().unwrap();
        assert_eq!((scan.counts[&Verdict::Closed], scan.counts[&Verdict::Open]), (60_000, 10));
        assert_eq!(scan.reports().filter(|report| report.verdict == Verdict::Open).count(), 10);
        assert_eq!((scan.reports().len(), scan.unlisted()), (Scan::KEPT + 10, 60_000 - Scan::KEPT));
    }

    #[test]
    fn a_port_reported_twice_counts_once_in_any_order() {
        let twice = told([
            (1, begun()),
            (1, report(1, Verdict::Closed)),
            (1, report(1, Verdict::Closed)),
            (7, report(2, Verdict::Closed)),
            (7, ScanChange::Ended { stopped: false }),
            (1, ScanChange::Ended { stopped: true }),
        ]);
        let scan = twice.latest().unwrap();
        assert_eq!((scan.asked_ports(), scan.progress), (1, ScanProgress::Stopped(Stamp::ZERO)));
    }

    #[test]
    fn only_the_latest_are_remembered() {
        let many = told((1..=9).map(|no| (no, begun())));
        assert_eq!(many.0.iter().map(|scan| scan.no).collect::<Vec<_>>(), [6, 7, 8, 9]);
    }
}
