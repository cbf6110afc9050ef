//! What is said about a port check, and about the host that clients go to.

use super::NumberFormat;
use crate::domain::ports::PortsErrorKind;
use crate::domain::{AddressScope, PortReport, Reason, ScanChange, TargetChange, Unresolved, Verdict};

/// See the module's head.
#[derive(Debug)]
pub struct ChecksText {
    /// What a port is, in a word.
    pub verdict: fn(Verdict) -> &'static str,
    /// What that means, as a sentence.
    pub means: fn(Verdict) -> &'static str,
    /// What was observed, in a few words.
    pub reason: fn(Reason) -> &'static str,
    /// Questions that were sent: SYNs or datagrams.
    pub sent: fn(bool, u32) -> String,
    /// Who sent the ICMP message.
    pub from: fn(&str) -> String,
    /// After this time.
    pub after: fn(&str) -> String,
    /// The head of a check: the host, its address, the protocol, how many ports.
    pub title: fn(&str, &str, &str, &str, usize) -> String,
    /// Other addresses of the same name, which are not asked.
    pub others: fn(&str) -> String,
    /// The columns: port, verdict, reason.
    pub columns: [&'static str; 3],
    /// So many more have this verdict.
    pub not_shown: fn(&str, usize, &str) -> String,
    /// The last line: how many ports, after what time.
    pub done: fn(&str, usize, &str) -> String,
    /// Somebody stopped it.
    pub stopped: &'static str,
    /// No address for this name.
    pub unresolved: fn(&str, Unresolved) -> String,
    /// The address is in no network that is asked without a question.
    pub unconfirmed: fn(&str, AddressScope) -> String,
    /// How to say yes on the command line.
    pub say_yes: &'static str,
    /// The question, to be answered with the letter.
    pub ask: &'static str,
    /// The letter that is yes.
    pub yes: char,
    /// What is wrong with a list of ports.
    pub ports: fn(PortsErrorKind) -> &'static str,
    /// Clients go there from now on: it is being looked for.
    pub set: fn(&str) -> String,
    /// These are its addresses.
    pub found: fn(&str, &str) -> String,
    /// This address is the one.
    pub chosen: fn(&str, bool) -> String,
    /// Clients go to the servers here again.
    pub dropped: &'static str,
}

impl ChecksText {
    /// What was observed, with all that is known of it: `no answer to 4 SYNs, after 4.0 s`.
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

    /// One port in a line: `65432/tcp open: SYN-ACK, after 0.3 ms`.
    pub fn report(&self, numbers: &NumberFormat, report: &PortReport) -> String {
        let PortReport { port, proto, verdict, .. } = report;
        format!("{port}/{proto} {}: {}", (self.verdict)(*verdict), self.why(numbers, report))
    }

    /// What happened in a port check, as a line.
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

    /// What happened to the clients' target, as a line.
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
