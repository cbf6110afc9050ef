//! What a kernel did with a packet, judged by the counters that moved while it handled it. Pure.
//!
//! Between two readings of the counters other things can move them: timers, calls of programs, packets on the host's own
//! loopback interface. So a verdict rests on counters that only an arrival moves, where there is one; those that a call
//! can move as well (`OutRsts`, `AttemptFails`, `EstabResets`) count together with the state of the socket; those of
//! timers (`DelayedACKs`, `TCPTimeouts`, `TW` …) never count; and when IP received anything but one packet meanwhile,
//! nothing is said. The names are those of Linux 6.18; a kernel without one of them never moves it.

use Disposition::{Answered, Discarded, Taken};
use KernelAnswer::{Ack, EchoReply, Rst, SynAck, Unreachable};

use crate::domain::{Disposition, Flags, KernelAnswer, KernelCause, MovedCounters, TcpState};
use crate::packet::protocol;

/// A packet, and the socket that it was for.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct JudgedPacket {
    /// IP's number of its protocol.
    pub(super) protocol: u8,
    /// Of a TCP segment.
    pub(super) flags: Flags,
    /// Whether a segment has data.
    pub(super) data: bool,
    /// Whether its checksum is wrong by our own reckoning.
    pub(super) is_damaged: bool,
    /// The state of the socket before, and after; `None` for one that is not there or in CLOSED.
    pub(super) before: Option<TcpState>,
    pub(super) after: Option<TcpState>,
    /// Whether a socket listens on its port.
    pub(super) listens: bool,
}

/// What was done, why, and what was sent back.
pub(super) type Judgement = (Disposition, Option<KernelCause>, Option<KernelAnswer>);

/// A counter that settles the matter alone.
type CounterRule = (&'static str, Disposition, KernelCause);

/// IP's, which come before those of any protocol.
const IP: [CounterRule; 8] = [
    ("IpExtInCsumErrors", Discarded, KernelCause::Checksum),
    ("IpExtInTruncatedPkts", Discarded, KernelCause::Truncated),
    ("IpInHdrErrors", Discarded, KernelCause::IpHeader),
    ("IpInAddrErrors", Discarded, KernelCause::Address),
    ("IpExtInNoRoutes", Discarded, KernelCause::NoRoute),
    ("TcpExtIPReversePathFilter", Discarded, KernelCause::NoRoute),
    ("IpInUnknownProtos", Answered, KernelCause::UnknownProtocol),
    ("IpInDiscards", Discarded, KernelCause::IpDiscard),
];

/// TCP's that only an arriving segment moves; the first that moved holds.
const TCP: [CounterRule; 48] = [
    ("TcpInCsumErrors", Discarded, KernelCause::Checksum),
    ("TcpExtTCPMinTTLDrop", Discarded, KernelCause::MinTtl),
    ("TcpExtTCPMD5NotFound", Discarded, KernelCause::Signature),
    ("TcpExtTCPMD5Unexpected", Discarded, KernelCause::Signature),
    ("TcpExtTCPMD5Failure", Discarded, KernelCause::Signature),
    ("TcpExtTCPAORequired", Discarded, KernelCause::Signature),
    ("TcpExtTCPAOBad", Discarded, KernelCause::Signature),
    ("TcpExtTCPAOKeyNotFound", Discarded, KernelCause::Signature),
    ("TcpExtTCPBacklogDrop", Discarded, KernelCause::Backlog),
    ("TcpExtPFMemallocDrop", Discarded, KernelCause::Memory),
    ("TcpExtListenOverflows", Discarded, KernelCause::AcceptQueueFull),
    ("TcpExtTCPReqQFullDrop", Discarded, KernelCause::SynQueueFull),
    ("TcpExtListenDrops", Discarded, KernelCause::ListenDrop),
    ("TcpExtSyncookiesFailed", Answered, KernelCause::CookieFailed),
    ("TcpExtSyncookiesSent", Answered, KernelCause::SynCookie),
    ("TcpExtTCPReqQFullDoCookies", Answered, KernelCause::SynCookie),
    ("TcpExtSyncookiesRecv", Taken, KernelCause::CookieAccepted),
    ("TcpExtTCPDeferAcceptDrop", Discarded, KernelCause::DeferAccept),
    ("TcpExtPAWSActive", Discarded, KernelCause::Paws),
    ("TcpExtPAWSEstab", Discarded, KernelCause::Paws),
    ("TcpExtPAWSTimewait", Discarded, KernelCause::Paws),
    ("TcpExtPAWSOldAck", Discarded, KernelCause::PawsOldAck),
    ("TcpExtTSEcrRejected", Discarded, KernelCause::TimestampEcho),
    ("TcpExtBeyondWindow", Discarded, KernelCause::BeyondWindow),
    ("TcpExtTCPACKSkippedChallenge", Discarded, KernelCause::AckSkipped),
    ("TcpExtTCPSYNChallenge", Answered, KernelCause::SynChallenge),
    ("TcpExtTCPChallengeACK", Answered, KernelCause::ChallengeAck),
    ("TcpExtTCPACKSkippedSynRecv", Discarded, KernelCause::AckSkipped),
    ("TcpExtTCPACKSkippedPAWS", Discarded, KernelCause::AckSkipped),
    ("TcpExtTCPACKSkippedSeq", Discarded, KernelCause::AckSkipped),
    ("TcpExtTCPACKSkippedFinWait2", Discarded, KernelCause::AckSkipped),
    ("TcpExtTCPACKSkippedTimeWait", Discarded, KernelCause::AckSkipped),
    ("TcpExtTCPZeroWindowDrop", Discarded, KernelCause::ZeroWindow),
    ("TcpExtTCPOFODrop", Discarded, KernelCause::OutOfOrderFull),
    ("TcpExtTCPRcvQDrop", Discarded, KernelCause::ReceiveBuffer),
    ("TcpExtDelayedACKLost", Discarded, KernelCause::OldDuplicate),
    ("TcpExtTCPDSACKOfoSent", Answered, KernelCause::OutOfOrderDuplicate),
    // Those before may move it too.
    ("TcpInErrs", Discarded, KernelCause::Malformed),
    ("TcpExtEmbryonicRsts", Taken, KernelCause::EmbryonicReset),
    ("TcpExtTCPFastOpenListenOverflow", Answered, KernelCause::FastOpenFull),
    ("TcpExtTCPFastOpenPassiveFail", Answered, KernelCause::FastOpenFailed),
    ("TcpExtTCPFastOpenPassive", Taken, KernelCause::FastOpen),
    ("TcpExtTCPFastOpenCookieReqd", Answered, KernelCause::FastOpenCookie),
    ("TcpExtTCPOFOQueue", Taken, KernelCause::OutOfOrder),
    ("TcpExtTCPDSACKRecv", Taken, KernelCause::DuplicateReported),
    ("TcpExtTCPDSACKOfoRecv", Taken, KernelCause::DuplicateReported),
    ("TcpPassiveOpens", Taken, KernelCause::HandshakeDone),
    ("TcpExtTCPHPHits", Taken, KernelCause::InOrder),
];

/// Those of an ACK without data: they say the least, so they come last.
const PURE_ACK: [&str; 2] = ["TcpExtTCPPureAcks", "TcpExtTCPHPAcks"];

const UDP: [CounterRule; 3] = [
    ("UdpNoPorts", Answered, KernelCause::ClosedPort),
    ("UdpRcvbufErrors", Discarded, KernelCause::ReceiveBuffer),
    ("UdpMemErrors", Discarded, KernelCause::Memory),
];

const ICMP: [CounterRule; 9] = [
    ("IcmpInCsumErrors", Discarded, KernelCause::Checksum),
    ("TcpExtOutOfWindowIcmps", Discarded, KernelCause::IcmpOutside),
    ("TcpExtLockDroppedIcmps", Discarded, KernelCause::IcmpBusy),
    ("TcpExtTCPAODroppedIcmps", Discarded, KernelCause::Signature),
    ("IcmpInErrors", Discarded, KernelCause::IcmpForNone),
    ("IcmpInDestUnreachs", Taken, KernelCause::IcmpError),
    ("IcmpInTimeExcds", Taken, KernelCause::IcmpError),
    ("IcmpInParmProbs", Taken, KernelCause::IcmpError),
    ("IcmpOutEchoReps", Answered, KernelCause::Echo),
];

/// Counters that an arrival moves, but also a call or a timer: they are told with a verdict that rests on them.
const SHARED: [&str; 11] = [
    "TcpOutRsts",
    "TcpAttemptFails",
    "TcpEstabResets",
    "TcpExtTCPAbortOnData",
    "TcpExtTCPSynRetrans",
    "TcpExtTCPToZeroWindowAdv",
    "TcpExtTCPFastRetrans",
    "TcpExtTCPDSACKOldSent",
    "UdpInErrors",
    "UdpInCsumErrors",
    "IcmpOutDestUnreachs",
];

/// Whether only an arrival moves this counter, so that the verdicts' sum is what the host counted.
pub(super) fn is_of_arrivals(counter: &str) -> bool {
    let rules = IP.iter().chain(&TCP).chain(&UDP).chain(&ICMP);
    rules.map(|(name, ..)| *name).chain(PURE_ACK).any(|name| name == counter)
}

/// The counters to tell with a verdict.
pub(super) fn told(moved: MovedCounters) -> MovedCounters {
    moved.into_iter().filter(|(name, _)| is_of_arrivals(name) || SHARED.contains(&name.as_str())).collect()
}

/// Judges what was done with a packet; `None` where neither the counters nor the state say enough.
pub(super) fn judge(moved: &MovedCounters, packet: &JudgedPacket) -> Option<Judgement> {
    let has = |name: &str| moved.contains_key(name);
    let first = |rules: &[CounterRule]| rules.iter().find(|(name, ..)| has(name)).map(|&(_, did, why)| (did, why));
    // With another packet meanwhile, nothing tells which of the two moved what.
    if moved.get("IpInReceives") != Some(&1) {
        return None;
    }
    let unreachable = has("IcmpOutDestUnreachs").then_some(Unreachable);
    if let Some((did, why)) = first(&IP) {
        return Some((did, Some(why), unreachable));
    }
    if !has("IpInDelivers") {
        return Some((Discarded, Some(KernelCause::NotDelivered), None));
    }
    match packet.protocol {
        protocol::TCP => tcp(moved, packet, first(&TCP)),
        protocol::UDP => match first(&UDP) {
            // The rate of ICMP messages is limited (`icmp_ratelimit`, icmp(7)): then nothing goes back.
            Some((_, KernelCause::ClosedPort)) if unreachable.is_none() => {
                Some((Discarded, Some(KernelCause::ClosedPort), None))
            }
            Some((did, why)) => Some((did, Some(why), unreachable)),
            None if packet.is_damaged && has("UdpInCsumErrors") => Some(DAMAGED),
            // The checksum of a datagram may be looked at only when it is read.
            None if packet.is_damaged => None,
            None => Some((Taken, None, None)),
        },
        protocol::ICMP => {
            let (did, why) = first(&ICMP)?;
            Some((did, Some(why), (why == KernelCause::Echo).then_some(EchoReply)))
        }
        _ => None,
    }
}

/// Thrown away for its checksum.
pub(super) const DAMAGED: Judgement = (Discarded, Some(KernelCause::Checksum), None);

fn tcp(moved: &MovedCounters, packet: &JudgedPacket, rule: Option<(Disposition, KernelCause)>) -> Option<Judgement> {
    let &JudgedPacket { flags, data, before, after, listens, is_damaged, .. } = packet;
    let answer = tcp_answer(moved, packet);
    let yes = |did, why| Some((did, Some(why), answer));
    match rule {
        // An ACK is challenged as well (RFC 5961 §5).
        Some((did, KernelCause::ChallengeAck)) if !flags.has(Flags::RST) => return yes(did, KernelCause::AckOutside),
        Some((did, why)) => return yes(did, why),
        None => {}
    }
    if is_damaged {
        return None;
    }
    if flags.has(Flags::RST) {
        return rst(moved, packet).map(|(did, why)| (did, Some(why), None));
    }
    let opening = matches!(before, Some(TcpState::SynSent | TcpState::SynRecv));
    if answer == Some(Rst) {
        return match before {
            None if listens => yes(Answered, KernelCause::NoConnection),
            None => yes(Answered, KernelCause::ClosedPort),
            Some(_) if opening => yes(Answered, KernelCause::WrongAck),
            Some(TcpState::FinWait1 | TcpState::FinWait2) if data && after.is_none() => {
                yes(Answered, KernelCause::DataAfterClose)
            }
            // A program may have made the call that sent it.
            Some(_) => None,
        };
    }
    match (flags.has(Flags::SYN), flags.has(Flags::ACK)) {
        (true, false) if after == Some(TcpState::SynRecv) && before == after => yes(Answered, KernelCause::SynAgain),
        (true, false) if after == Some(TcpState::SynRecv) => yes(Answered, KernelCause::SynAnswered),
        (true, true) if before == Some(TcpState::SynSent) && after == Some(TcpState::Established) => {
            yes(Taken, KernelCause::Connected)
        }
        (true, _) => None,
        (false, _) => in_connection(moved, packet, answer),
    }
}

/// A segment of an open connection that no rule knows.
fn in_connection(moved: &MovedCounters, packet: &JudgedPacket, answer: Option<KernelAnswer>) -> Option<Judgement> {
    let has = |name: &str| moved.contains_key(name);
    let yes = |did, why| Some((did, Some(why), answer));
    let empty = !packet.data && !packet.flags.has(Flags::FIN);
    // The end of a handshake after which nothing is left to be accepted (RFC 7413 §4.2.2).
    let opens = (packet.before, packet.after) == (Some(TcpState::SynRecv), Some(TcpState::Established));
    if opens && empty && PURE_ACK.into_iter().any(has) {
        return yes(Taken, KernelCause::PureAck);
    }
    let before = packet.before.filter(|state| !matches!(state, TcpState::SynSent | TcpState::SynRecv))?;
    if before == TcpState::TimeWait {
        // A late ACK without data is silently dropped there (RFC 9293 §3.10.7.4).
        return if answer == Some(Ack) { yes(Answered, KernelCause::TimeWait) } else { None };
    }
    // What brings nothing is not acknowledged (RFC 9293 §3.10.7.4), so its number was not the expected one.
    if empty && answer == Some(Ack) && packet.after == packet.before {
        return yes(Answered, KernelCause::OutsideWindow);
    }
    if packet.data && has("TcpExtTCPDSACKOldSent") {
        return yes(Taken, KernelCause::PartlyOld);
    }
    if packet.data && has("TcpExtTCPToZeroWindowAdv") {
        return yes(Taken, KernelCause::WindowClosed);
    }
    if has("TcpExtTCPFastRetrans") {
        return yes(Taken, KernelCause::FastRetransmit);
    }
    if empty && PURE_ACK.into_iter().any(has) {
        return yes(Taken, KernelCause::PureAck);
    }
    Some((Taken, None, answer))
}

fn rst(moved: &MovedCounters, packet: &JudgedPacket) -> Option<(Disposition, KernelCause)> {
    let JudgedPacket { before, after, .. } = packet;
    match (before, after) {
        (None, None) => Some((Discarded, KernelCause::RstForNone)),
        (Some(TcpState::SynSent | TcpState::SynRecv), None) => {
            moved.contains_key("TcpAttemptFails").then_some((Taken, KernelCause::Refused))
        }
        (Some(_), None) => Some((Taken, KernelCause::Reset)),
        // Ignored on purpose (`tcp_rfc1337`), or for its number: the state does not tell which.
        (Some(TcpState::TimeWait), Some(TcpState::TimeWait)) => Some((Discarded, KernelCause::TimeWait)),
        (before, after) => (before == after).then_some((Discarded, KernelCause::RstOutside)),
    }
}

/// What the kernel sent meanwhile that no program asked for.
fn tcp_answer(moved: &MovedCounters, packet: &JudgedPacket) -> Option<KernelAnswer> {
    let by = |name: &str| moved.get(name).copied().unwrap_or(0);
    // `close` with unread data or without lingering sends a RST as well.
    if by("TcpOutRsts") > 0 && by("TcpExtTCPAbortOnClose") + by("TcpExtTCPAbortOnLinger") == 0 {
        return Some(Rst);
    }
    let by_others = ["TcpOutRsts", "TcpActiveOpens", "TcpExtTCPOrigDataSent", "TcpExtDelayedACKs", "TcpRetransSegs"];
    let is_syn = packet.flags.has(Flags::SYN) && !packet.flags.has(Flags::ACK);
    // A SYN+ACK that is sent again counts as a retransmission.
    if is_syn && by("TcpExtTCPSynRetrans") > 0 {
        return Some(SynAck);
    }
    if by("TcpOutSegs") <= by_others.into_iter().map(by).sum() {
        return None;
    }
    let opens = is_syn && matches!(packet.before, None | Some(TcpState::SynSent | TcpState::TimeWait));
    Some(if opens && packet.after.is_none_or(|state| state == TcpState::SynRecv) { SynAck } else { Ack })
}

#[cfg(test)]
#[path = "judge_tests.rs"]
mod tests;
