//! English: what a kernel did with a packet.

use super::super::verdict::VerdictText;
use crate::domain::{Disposition, HostId, KernelAnswer, KernelCause};

pub(super) const VERDICT: VerdictText = VerdictText {
    thrown_away: |by, why| match by {
        HostId::Client => format!("thrown away by the client: {why}"),
        HostId::Server => format!("thrown away by the server: {why}"),
    },
    thrown_away_short: "thrown away",
    did,
    brief,
    why,
};

fn did(by: HostId, did: Disposition, answer: Option<KernelAnswer>) -> String {
    let kernel = match by {
        HostId::Client => "The client's kernel",
        HostId::Server => "The server's kernel",
    };
    let answer = answer.map(|answer| match answer {
        KernelAnswer::SynAck => "a SYN+ACK",
        KernelAnswer::Ack => "an ACK",
        KernelAnswer::Rst => "a RST",
        KernelAnswer::Unreachable => "ICMP destination unreachable",
        KernelAnswer::EchoReply => "an ICMP echo reply",
    });
    match (did, answer) {
        (Disposition::Taken, None) => format!("{kernel} took it"),
        (Disposition::Taken, Some(answer)) => format!("{kernel} took it and sent {answer}"),
        (Disposition::Answered, None) => format!("{kernel} answered it"),
        (Disposition::Answered, Some(answer)) => format!("{kernel} answered it with {answer}"),
        (Disposition::Discarded, None) => format!("{kernel} threw it away"),
        (Disposition::Discarded, Some(answer)) => format!("{kernel} threw it away and sent {answer}"),
    }
}

pub(super) const fn brief(why: KernelCause) -> &'static str {
    match why {
        KernelCause::Checksum => "wrong checksum",
        KernelCause::IpHeader => "bad IP header",
        KernelCause::Truncated => "cut short",
        KernelCause::Address => "not its address",
        KernelCause::NoRoute => "no route back",
        KernelCause::UnknownProtocol => "unknown protocol",
        KernelCause::IpDiscard => "IP had no room",
        KernelCause::NotDelivered => "filtered",
        KernelCause::Malformed => "unreadable",
        KernelCause::ClosedPort => "closed port",
        KernelCause::NoConnection | KernelCause::RstForNone => "no connection",
        KernelCause::AcceptQueueFull => "accept queue full",
        KernelCause::ListenDrop => "the listener has no room",
        KernelCause::SynQueueFull => "SYN queue full",
        KernelCause::SynCookie => "SYN cookie",
        KernelCause::CookieAccepted => "valid cookie",
        KernelCause::CookieFailed => "no valid cookie",
        KernelCause::DeferAccept => "waits for data",
        KernelCause::SynAnswered => "SYN answered",
        KernelCause::SynAgain => "SYN again",
        KernelCause::Connected => "connected",
        KernelCause::HandshakeDone => "handshake complete",
        KernelCause::Refused => "refused",
        KernelCause::EmbryonicReset | KernelCause::Reset => "reset",
        KernelCause::WrongAck | KernelCause::AckOutside => "wrong ACK",
        KernelCause::DataAfterClose => "data after close",
        KernelCause::ChallengeAck | KernelCause::SynChallenge => "challenge ACK",
        KernelCause::RstOutside => "RST not in the window",
        KernelCause::AckSkipped => "an ACK too many",
        KernelCause::Paws => "old timestamp (PAWS)",
        KernelCause::PawsOldAck => "overtaken ACK",
        KernelCause::TimestampEcho => "wrong timestamp echo",
        KernelCause::OldDuplicate => "old duplicate",
        KernelCause::PartlyOld => "partly old",
        KernelCause::OutOfOrderDuplicate => "duplicate behind a gap",
        KernelCause::OutsideWindow => "number not expected",
        KernelCause::BeyondWindow => "beyond the window",
        KernelCause::ZeroWindow => "window closed",
        KernelCause::ReceiveBuffer => "receive buffer full",
        KernelCause::OutOfOrderFull => "out-of-order queue full",
        KernelCause::OutOfOrder => "out of order",
        KernelCause::WindowClosed => "window closed now",
        KernelCause::InOrder => "in order",
        KernelCause::PureAck => "pure ACK",
        KernelCause::DuplicateReported => "D-SACK",
        KernelCause::FastRetransmit => "fast retransmission",
        KernelCause::FastOpen => "Fast Open",
        KernelCause::FastOpenCookie => "asks for a cookie",
        KernelCause::FastOpenFailed => "wrong Fast Open cookie",
        KernelCause::FastOpenFull => "Fast Open queue full",
        KernelCause::TimeWait => "TIME_WAIT",
        KernelCause::Backlog => "socket busy",
        KernelCause::MinTtl => "TTL too low",
        KernelCause::Signature => "wrong signature",
        KernelCause::Memory => "no memory",
        KernelCause::IcmpOutside => "not in flight",
        KernelCause::IcmpBusy => "socket busy",
        KernelCause::IcmpForNone => "no such socket",
        KernelCause::IcmpError => "error noted",
        KernelCause::Echo => "echo",
    }
}

const fn why(why: KernelCause) -> &'static str {
    match why {
        KernelCause::Checksum => "its checksum is wrong (RFC 1071; counter InCsumErrors)",
        KernelCause::IpHeader => "its IP header is not valid (RFC 1122 §3.2.1; counter IpInHdrErrors)",
        KernelCause::Truncated => "it is shorter than its IP header says (counter IpExtInTruncatedPkts)",
        KernelCause::Address => {
            "its destination is no address of this host (RFC 1122 §3.2.1.3; counter IpInAddrErrors)"
        }
        KernelCause::NoRoute => "no route leads back to its sender (ip-sysctl, rp_filter)",
        KernelCause::UnknownProtocol => "IP knows no such protocol (RFC 1122 §3.2.2.1; counter IpInUnknownProtos)",
        KernelCause::IpDiscard => "IP had no room for it (counter IpInDiscards)",
        KernelCause::NotDelivered => {
            "IP received it and did not hand it on, as with a firewall's rule (nft(8); IpInDelivers stood still)"
        }
        KernelCause::Malformed => "a length or a header in it is wrong (counter InErrs or InErrors)",
        KernelCause::ClosedPort => "no socket has that port (RFC 9293 §3.10.7.1; for UDP RFC 1122 §4.1.3.1)",
        KernelCause::NoConnection => "it belongs to no connection, and the port only listens (RFC 9293 §3.10.7.2)",
        KernelCause::RstForNone => "it is a RST for no connection, and a RST is never answered (RFC 9293 §3.10.7.1)",
        KernelCause::AcceptQueueFull => "the accept queue is full (listen(2); counter TcpExtListenOverflows)",
        KernelCause::ListenDrop => "the listener had no room for it (counter TcpExtListenDrops)",
        KernelCause::SynQueueFull => {
            "the SYN queue is full and cookies are off (tcp(7), tcp_syncookies; counter TcpExtTCPReqQFullDrop)"
        }
        KernelCause::SynCookie => {
            "nothing is stored for this SYN: the number of the SYN+ACK is a cookie (RFC 4987 §3.6)"
        }
        KernelCause::CookieAccepted => "it brings a valid cookie back, and the connection is open (RFC 4987 §3.6)",
        KernelCause::CookieFailed => "it brings no valid SYN cookie (RFC 4987 §3.6; counter TcpExtSyncookiesFailed)",
        KernelCause::DeferAccept => "the server waits for data before the connection opens (TCP_DEFER_ACCEPT, tcp(7))",
        KernelCause::SynAnswered => "it asks for a connection (RFC 9293 §3.10.7.2)",
        KernelCause::SynAgain => "the same SYN was answered before (RFC 9293 §3.10.7.4)",
        KernelCause::Connected => "it acknowledges the SYN (RFC 9293 §3.10.7.3)",
        KernelCause::HandshakeDone => "the handshake is complete, and the connection waits for accept() (accept(2))",
        KernelCause::Refused => "its RST ends the attempt to connect (RFC 9293 §3.10.7.3)",
        KernelCause::EmbryonicReset => {
            "its RST ends a half-open connection (RFC 9293 §3.10.7.4; counter TcpExtEmbryonicRsts)"
        }
        KernelCause::Reset => "its RST ends the connection (RFC 9293 §3.10.7.4)",
        KernelCause::WrongAck => "it acknowledges what was never sent (RFC 9293 §3.10.7.3)",
        KernelCause::AckOutside => "what it acknowledges is not in flight, and it may be forged (RFC 5961 §5)",
        KernelCause::DataAfterClose => "its data came after close(), and nobody can read it (RFC 9293 §3.6.1)",
        KernelCause::ChallengeAck => {
            "its number is not exactly the expected one, so its RST may be forged (RFC 5961 §3.2)"
        }
        KernelCause::SynChallenge => "a SYN on an open connection may be forged (RFC 5961 §4.2)",
        KernelCause::RstOutside => "the number of its RST is not in the window (RFC 5961 §3.2)",
        KernelCause::AckSkipped => "it wants an ACK, and one was sent just before (ip-sysctl, tcp_invalid_ratelimit)",
        KernelCause::Paws => "its timestamp is older than the last one: PAWS (RFC 7323 §5.3)",
        KernelCause::PawsOldAck => "its timestamp is old: an ACK that was overtaken (RFC 7323 §5.3)",
        KernelCause::TimestampEcho => "it echoes a timestamp that was never sent (RFC 7323 §3.2)",
        KernelCause::OldDuplicate => "its bytes have arrived before (RFC 9293 §3.10.7.4; counter TcpExtDelayedACKLost)",
        KernelCause::PartlyOld => "some of its bytes have arrived before (RFC 2883; counter TcpExtTCPDSACKOldSent)",
        KernelCause::OutOfOrderDuplicate => {
            "bytes that wait behind a gap came again, which a D-SACK reports (RFC 2883)"
        }
        KernelCause::OutsideWindow => {
            "its number is not the expected one, as in a keepalive or a window probe (RFC 9293 §3.10.7.4)"
        }
        KernelCause::BeyondWindow => "it ends beyond the window (RFC 9293 §3.10.7.4; counter TcpExtBeyondWindow)",
        KernelCause::ZeroWindow => "the window is closed (RFC 9293 §3.8.6; counter TcpExtTCPZeroWindowDrop)",
        KernelCause::ReceiveBuffer => "the receive buffer is full (SO_RCVBUF, socket(7))",
        KernelCause::OutOfOrderFull => "there is no room for what comes out of order (counter TcpExtTCPOFODrop)",
        KernelCause::OutOfOrder => "it waits behind a gap (RFC 9293 §3.10.7.4; counter TcpExtTCPOFOQueue)",
        KernelCause::WindowClosed => "it filled the receive buffer, and the window is closed now (RFC 9293 §3.8.6)",
        KernelCause::InOrder => "it brings the next bytes in order (counter TcpExtTCPHPHits)",
        KernelCause::PureAck => "an ACK without data (counter TcpExtTCPPureAcks or TcpExtTCPHPAcks)",
        KernelCause::DuplicateReported => "its D-SACK reports bytes that arrived twice (RFC 2883)",
        KernelCause::FastRetransmit => "it shows a loss, and the missing bytes go out again at once (RFC 5681 §3.2)",
        KernelCause::FastOpen => "its Fast Open cookie is valid, and the data in the SYN counts (RFC 7413 §4.2)",
        KernelCause::FastOpenCookie => "it asks for a Fast Open cookie (RFC 7413 §4.1.2)",
        KernelCause::FastOpenFailed => "its Fast Open cookie is wrong: an ordinary handshake follows (RFC 7413 §4.2)",
        KernelCause::FastOpenFull => "too many Fast Open requests wait: an ordinary handshake follows (RFC 7413 §5.1)",
        KernelCause::TimeWait => "the connection is in TIME_WAIT, and this came late (RFC 9293 §3.10.7.4)",
        KernelCause::Backlog => {
            "the socket was busy, and too much waited for it already (counter TcpExtTCPBacklogDrop)"
        }
        KernelCause::MinTtl => "its TTL is lower than the socket accepts (IP_MINTTL, ip(7))",
        KernelCause::Signature => "its signature is missing or wrong (RFC 2385, RFC 5925)",
        KernelCause::Memory => "there is no memory for it (tcp(7), udp(7))",
        KernelCause::IcmpOutside => "it is about a number that is not in flight (RFC 5927 §4.1)",
        KernelCause::IcmpBusy => "the socket that it is about was busy (counter TcpExtLockDroppedIcmps)",
        KernelCause::IcmpForNone => "it is about no socket of this host (counter IcmpInErrors)",
        KernelCause::IcmpError => "it is about a socket of this host (icmp(7))",
        KernelCause::Echo => "an echo request (RFC 792)",
    }
}
