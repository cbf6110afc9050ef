//! The texts of a port check, and of the host that clients go to.

use super::NumberFormat;
use crate::domain::ports::PortsErrorKind;
use crate::domain::{AddressScope, PortReport, Reason, ScanChange, TargetChange, Unresolved, Verdict};

/// Port checks, and the clients' target.
#[derive(Debug)]
pub struct ChecksText {
    /// A verdict in a word.
    pub verdict: fn(Verdict) -> &'static str,
    /// The meaning of a verdict, as a sentence.
    pub means: fn(Verdict) -> &'static str,
    /// An observation in a few words.
    pub reason: fn(Reason) -> &'static str,
    /// The number of probes sent: SYNs (`true`) or datagrams.
    pub sent: fn(bool, u32) -> String,
    /// The sender of the ICMP message.
    pub from: fn(&str) -> String,
    /// The time until the observation.
    pub after: fn(&str) -> String,
    /// The heading: the host, its address, the protocol, the number of ports.
    pub title: fn(&str, &str, &str, &str, usize) -> String,
    /// Other addresses of the same name, which are not checked.
    pub others: fn(&str) -> String,
    /// The columns: port, verdict, reason.
    pub columns: [&'static str; 3],
    /// The number of further ports with this verdict.
    pub not_shown: fn(&str, usize, &str) -> String,
    /// The last line: the number of ports, and the time it took.
    pub done: fn(&str, usize, &str) -> String,
    /// The check was stopped by the user.
    pub stopped: &'static str,
    /// No address for this name.
    pub unresolved: fn(&str, Unresolved) -> String,
    /// The address needs a confirmation: it is in no network that is checked at once.
    pub unconfirmed: fn(&str, AddressScope) -> String,
    /// How to say yes on the command line.
    pub say_yes: &'static str,
    /// The question, answered with `yes`.
    pub ask: &'static str,
    /// The letter for yes.
    pub yes: char,
    /// The error in a list of ports.
    pub ports: fn(PortsErrorKind) -> &'static str,
    /// Clients go there from now on; its address is being looked up.
    pub set: fn(&str) -> String,
    /// The addresses that were found.
    pub found: fn(&str, &str) -> String,
    /// The address that was chosen, and whether it answers.
    pub chosen: fn(&str, bool) -> String,
    /// Clients go to the servers here again.
    pub dropped: &'static str,
}

impl ChecksText {
    /// The observation with its details: `no answer to 4 SYNs, after 4.0 s`.
    pub fn why(&self, numbers: &NumberFormat, report: &PortReport) -> String {
        let mut said = (self.reason)(report.reason).to_owned();
        if let (Reason::NoResponse, Some(sent)) = (report.reason, report.sent) {
            said = format!("{said} {}", (self.sent)(report.proto == crate::domain::Proto::Tcp, sent));
        }
        match (&report.icmp, report.errno) {
            (Some(icmp), _) if icmp.from != report.address && report.reason != Reason::NoNeighbour => {
                said = format!("{said} {}", (self.from)(&icmp.from.to_string()));
            }
            (_, Some(errno)) if report.verdict == Verdict::Unknown => said = format!("{said} ({errno})"),
            _ => {}
        }
        format!("{said}, {}", (self.after)(&numbers.lapse(report.took)))
    }

    /// One port on one line: `65432/tcp open: SYN+ACK, after 0.3 ms`.
    pub fn report(&self, numbers: &NumberFormat, report: &PortReport) -> String {
        let PortReport { port, proto, verdict, .. } = report;
        format!("{port}/{proto} {}: {}", (self.verdict)(*verdict), self.why(numbers, report))
    }

    /// A change in a port check, as a line.
    pub fn scan(&self, numbers: &NumberFormat, change: &ScanChange) -> String {
        match change {
            ScanChange::Begun { asked, address, proto, ports, .. } => {
                let count = ports.count();
                let proto = proto.name().to_uppercase();
                (self.title)(asked, &address.to_string(), &proto, &numbers.count(count as u64), count)
            }
            ScanChange::Unresolved { asked, why } => (self.unresolved)(asked, *why),
            ScanChange::Unconfirmed { address, scope, .. } => (self.unconfirmed)(&address.to_string(), *scope),
            ScanChange::Port { report } => format!("{} {}", report.address, self.report(numbers, report)),
            ScanChange::Ended { stopped: true } => self.stopped.into(),
            ScanChange::Ended { stopped: false } => String::new(),
        }
    }

    /// A change of the clients' target, as a line.
    pub fn target(&self, numbers: &NumberFormat, target: &str, change: &TargetChange) -> String {
        match change {
            TargetChange::Set => (self.set)(target),
            TargetChange::Found { addresses, .. } => {
                let list: Vec<_> = addresses.iter().map(ToString::to_string).collect();
                (self.found)(target, &list.join(", "))
            }
            TargetChange::Lost { why } => (self.unresolved)(target, *why),
            TargetChange::Tried { report } => format!("{} {}", report.address, self.report(numbers, report)),
            TargetChange::Chosen { addr, answers } => (self.chosen)(&addr.ip().to_string(), *answers),
            TargetChange::Dropped => self.dropped.into(),
        }
    }
}
