//! What the receiving kernel did with a packet, as far as its own counters tell.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::id::HostId;
use super::text_enum::text_enum;

text_enum! {
    /// What became of a packet in the kernel that received it.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
    pub enum Disposition {
        /// Its protocol took it in.
        Taken = "taken",
        /// The kernel itself answered it, as the protocol demands; no program learned of it.
        Answered = "answered",
        /// It was thrown away.
        Discarded = "discarded",
    }
}

text_enum! {
    /// What the kernel sent back by itself while it handled a packet.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
    pub enum KernelAnswer {
        /// A SYN+ACK.
        SynAck = "syn_ack",
        /// An ACK without data.
        Ack = "ack",
        /// A RST.
        Rst = "rst",
        /// ICMP: destination unreachable.
        Unreachable = "unreachable",
        /// ICMP: an echo reply.
        EchoReply = "echo_reply",
    }
}

text_enum! {
    /// Why the kernel did so. Each is named by counters of `/proc/net/snmp` and `/proc/net/netstat`
    /// (`Documentation/networking/snmp_counter`), or by what the socket table showed where TCP counts nothing.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
    pub enum KernelCause {
        /// A checksum is wrong: `InCsumErrors` of TCP, UDP, ICMP or IP.
        Checksum = "checksum",
        /// The IP header is wrong: `IpInHdrErrors`.
        IpHeader = "ip_header",
        /// The packet is shorter than its IP header says: `IpExtInTruncatedPkts`.
        Truncated = "truncated",
        /// Its address is not this host's: `IpInAddrErrors`.
        Address = "address",
        /// No route leads back to its sender: `IpExtInNoRoutes`, `TcpExtIPReversePathFilter`.
        NoRoute = "no_route",
        /// IP knows no such protocol: `IpInUnknownProtos`.
        UnknownProtocol = "unknown_protocol",
        /// IP had no room for it: `IpInDiscards`.
        IpDiscard = "ip_discard",
        /// IP counted it and did not hand it on: `IpInDelivers` stood still, as with a firewall's rule.
        NotDelivered = "not_delivered",
        /// TCP, UDP or ICMP could not read it: `InErrs`, `InErrors`.
        Malformed = "malformed",
        /// No socket has that port: `OutRsts`, or `UdpNoPorts`.
        ClosedPort = "closed_port",
        /// The port listens, but the segment belongs to no connection: `OutRsts`.
        NoConnection = "no_connection",
        /// A RST for no connection, which nobody answers.
        RstForNone = "rst_for_none",
        /// The accept queue is full: `TcpExtListenOverflows`.
        AcceptQueueFull = "accept_queue_full",
        /// The listener did not take it for another reason: `TcpExtListenDrops` alone.
        ListenDrop = "listen_drop",
        /// The SYN queue is full and cookies are off: `TcpExtTCPReqQFullDrop`.
        SynQueueFull = "syn_queue_full",
        /// A SYN was answered with a cookie in place of a place in the queue: `TcpExtSyncookiesSent`.
        SynCookie = "syn_cookie",
        /// An ACK brought a valid cookie: `TcpExtSyncookiesRecv`.
        CookieAccepted = "cookie_accepted",
        /// An ACK for a listener brought no valid cookie: `TcpExtSyncookiesFailed`.
        CookieFailed = "cookie_failed",
        /// A bare ACK does not open the connection, since the server waits for data: `TcpExtTCPDeferAcceptDrop`.
        DeferAccept = "defer_accept",
        /// A SYN was answered.
        SynAnswered = "syn_answered",
        /// A SYN that was answered before was answered again: `TcpExtTCPSynRetrans`.
        SynAgain = "syn_again",
        /// A SYN+ACK opened the connection.
        Connected = "connected",
        /// The last segment of the handshake: `TcpPassiveOpens`.
        HandshakeDone = "handshake_done",
        /// A RST ended a connection that was being opened: `TcpAttemptFails`.
        Refused = "refused",
        /// A RST ended a half-open connection of a listener: `TcpExtEmbryonicRsts`.
        EmbryonicReset = "embryonic_reset",
        /// A RST ended the connection: `TcpEstabResets`.
        Reset = "reset",
        /// It acknowledges what was never sent while the connection is opened.
        WrongAck = "wrong_ack",
        /// Data came after `close`, for nobody to read: `TcpExtTCPAbortOnData`.
        DataAfterClose = "data_after_close",
        /// What it acknowledges is not in flight, which was answered with a challenge ACK: `TcpExtTCPChallengeACK`.
        AckOutside = "ack_outside",
        /// A RST that may be forged was answered with a challenge ACK: `TcpExtTCPChallengeACK`.
        ChallengeAck = "challenge_ack",
        /// A SYN on an open connection was answered with a challenge ACK: `TcpExtTCPSYNChallenge`.
        SynChallenge = "syn_challenge",
        /// A RST outside the window.
        RstOutside = "rst_outside",
        /// Its ACK would be one too many in half a second: `TcpExtTCPACKSkipped…`.
        AckSkipped = "ack_skipped",
        /// Its timestamp is older than the last: `TcpExtPAWSEstab`, `PAWSActive`, `PAWSTimewait`.
        Paws = "paws",
        /// An old ACK, overtaken on its way: `TcpExtPAWSOldAck`.
        PawsOldAck = "paws_old_ack",
        /// It echoes a timestamp that was never sent: `TcpExtTSEcrRejected`.
        TimestampEcho = "timestamp_echo",
        /// Its bytes were here before: `TcpExtDelayedACKLost`, `TcpExtTCPDSACKOldSent`.
        OldDuplicate = "old_duplicate",
        /// Some of its bytes were here before: `TcpExtTCPDSACKOldSent` alone.
        PartlyOld = "partly_old",
        /// Its bytes wait already behind a gap: `TcpExtTCPDSACKOfoSent`.
        OutOfOrderDuplicate = "out_of_order_duplicate",
        /// Its number lies outside the window: it brings nothing and was answered with an ACK.
        OutsideWindow = "outside_window",
        /// It ends beyond the window: `TcpExtBeyondWindow`.
        BeyondWindow = "beyond_window",
        /// The window is closed: `TcpExtTCPZeroWindowDrop`.
        ZeroWindow = "zero_window",
        /// The receive buffer is full: `TcpExtTCPRcvQDrop`, `UdpRcvbufErrors`.
        ReceiveBuffer = "receive_buffer",
        /// There is no room for what comes out of order: `TcpExtTCPOFODrop`.
        OutOfOrderFull = "out_of_order_full",
        /// It waits behind a gap: `TcpExtTCPOFOQueue`.
        OutOfOrder = "out_of_order",
        /// It closed the receive window: `TcpExtTCPToZeroWindowAdv`.
        WindowClosed = "window_closed",
        /// The next bytes in order, by the short way: `TcpExtTCPHPHits`.
        InOrder = "in_order",
        /// An ACK without data: `TcpExtTCPPureAcks`, `TcpExtTCPHPAcks`.
        PureAck = "pure_ack",
        /// It reports bytes that arrived twice: `TcpExtTCPDSACKRecv`, `TcpExtTCPDSACKOfoRecv`.
        DuplicateReported = "duplicate_reported",
        /// It made the kernel send lost bytes again at once: `TcpExtTCPFastRetrans`.
        FastRetransmit = "fast_retransmit",
        /// A Fast Open SYN brought a valid cookie: `TcpExtTCPFastOpenPassive`.
        FastOpen = "fast_open",
        /// A Fast Open SYN asked for a cookie: `TcpExtTCPFastOpenCookieReqd`.
        FastOpenCookie = "fast_open_cookie",
        /// The cookie of a Fast Open SYN was wrong: `TcpExtTCPFastOpenPassiveFail`.
        FastOpenFailed = "fast_open_failed",
        /// Too many Fast Open requests wait: `TcpExtTCPFastOpenListenOverflow`.
        FastOpenFull = "fast_open_full",
        /// The connection is in TIME_WAIT, whose answer to what comes late is an ACK.
        TimeWait = "time_wait",
        /// The socket was busy and too many segments waited for it: `TcpExtTCPBacklogDrop`.
        Backlog = "backlog",
        /// Its TTL is lower than the socket accepts: `TcpExtTCPMinTTLDrop`.
        MinTtl = "min_ttl",
        /// Its signature is missing or wrong: `TcpExtTCPMD5…`, `TcpExtTCPAO…`.
        Signature = "signature",
        /// There is no memory: `UdpMemErrors`, `TcpExtPFMemallocDrop`, `TcpExtTCPAbortOnMemory`.
        Memory = "memory",
        /// An ICMP message about a number that is not in flight: `TcpExtOutOfWindowIcmps`.
        IcmpOutside = "icmp_outside",
        /// An ICMP message for a socket that was busy: `TcpExtLockDroppedIcmps`.
        IcmpBusy = "icmp_busy",
        /// An ICMP message about a socket that is not there: `IcmpInErrors`.
        IcmpForNone = "icmp_for_none",
        /// An ICMP message went to the socket that it is about: `IcmpInDestUnreachs`, `IcmpInTimeExcds`.
        IcmpError = "icmp_error",
        /// An echo request: `IcmpInEchos`.
        Echo = "echo",
    }
}

/// Counters that moved, by the names of `nstat(8)` (`TcpInErrs`, `TcpExtPAWSEstab`), each with its difference.
pub type MovedCounters = BTreeMap<String, u64>;

/// What the kernel of one host did with a packet that was delivered to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KernelVerdict {
    /// The number of the packet.
    pub packet: u64,
    /// The host that received it.
    pub by: HostId,
    /// What its kernel did with it.
    pub did: Disposition,
    /// Why, if a counter or the socket table says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<KernelCause>,
    /// What it sent back meanwhile.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answer: Option<KernelAnswer>,
    /// The counters that moved with it.
    #[serde(default, skip_serializing_if = "MovedCounters::is_empty")]
    pub counters: MovedCounters,
}

impl KernelVerdict {
    /// Whether it is what happens to most packets: taken, or a SYN that was answered.
    pub fn is_usual(&self) -> bool {
        self.did == Disposition::Taken || self.why == Some(KernelCause::SynAnswered)
    }
}
