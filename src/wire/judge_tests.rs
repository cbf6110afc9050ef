//! Each cause, from the counters that move with it.

use super::*;
use TcpState::{Established, FinWait1, FinWait2, SynRecv, SynSent, TimeWait};

/// What moves with every packet that reaches its protocol.
const ARRIVED: &str = "IpInReceives IpInDelivers IpExtInOctets IpExtInNoECTPkts";

fn moved(names: &str) -> MovedCounters {
    let mut moved = MovedCounters::new();
    for name in ARRIVED.split(' ').chain(names.split_whitespace()) {
        *moved.entry(name.into()).or_default() += 1;
    }
    moved
}

fn segment(flags: Flags, before: impl Into<Option<TcpState>>, after: impl Into<Option<TcpState>>) -> JudgedPacket {
    let (before, after) = (before.into(), after.into());
    JudgedPacket { protocol: protocol::TCP, flags, before, after, ..JudgedPacket::default() }
}

fn said(names: &str, packet: &JudgedPacket) -> String {
    let Some((did, why, answer)) = judge(&moved(names), packet) else { return "nothing".into() };
    let parts = [Some(did.name()), why.map(KernelCause::name), answer.map(KernelAnswer::name)];
    parts.into_iter().flatten().collect::<Vec<_>>().join(" ")
}

const DATA: Flags = Flags(Flags::PSH.0 | Flags::ACK.0);
const SYN_ACK: Flags = Flags(Flags::SYN.0 | Flags::ACK.0);

fn data() -> JudgedPacket {
    JudgedPacket { data: true, ..segment(DATA, Established, Established) }
}

#[test]
fn what_an_open_connection_receives() {
    let ack = segment(Flags::ACK, Established, Established);
    let rst = segment(Flags::RST, Established, Established);
    let syn = segment(Flags::SYN, Established, Established);
    let late = |flags| JudgedPacket { data: false, ..segment(flags, TimeWait, TimeWait) };
    for (names, packet, expected) in [
        ("TcpInErrs TcpInCsumErrors", &JudgedPacket { is_damaged: true, ..data() }, "discarded checksum"),
        ("TcpInErrs", &data(), "discarded malformed"),
        ("TcpInSegs", &data(), "taken"),
        ("TcpInSegs TcpExtTCPHPHits", &data(), "taken in_order"),
        ("TcpInSegs TcpOutSegs TcpExtTCPHPHits", &data(), "taken in_order ack"),
        ("TcpInSegs TcpExtTCPOFOQueue TcpOutSegs", &data(), "taken out_of_order ack"),
        (
            "TcpInSegs TcpExtTCPOFOQueue TcpExtTCPDSACKOfoSent TcpOutSegs",
            &data(),
            "answered out_of_order_duplicate ack",
        ),
        ("TcpExtDelayedACKLost TcpExtTCPDSACKOldSent TcpOutSegs", &data(), "discarded old_duplicate ack"),
        ("TcpExtTCPDSACKOldSent TcpOutSegs", &data(), "taken partly_old ack"),
        ("TcpExtTCPZeroWindowDrop TcpOutSegs", &data(), "discarded zero_window ack"),
        ("TcpExtTCPRcvQDrop", &data(), "discarded receive_buffer"),
        ("TcpExtTCPOFODrop", &data(), "discarded out_of_order_full"),
        ("TcpExtTCPToZeroWindowAdv TcpOutSegs", &data(), "taken window_closed ack"),
        ("TcpExtBeyondWindow TcpOutSegs", &data(), "discarded beyond_window ack"),
        ("TcpExtPAWSEstab TcpOutSegs", &data(), "discarded paws ack"),
        ("TcpExtPAWSActive", &data(), "discarded paws"),
        ("TcpExtPAWSOldAck", &ack, "discarded paws_old_ack"),
        ("TcpExtTSEcrRejected", &ack, "discarded timestamp_echo"),
        ("TcpExtTCPACKSkippedSeq", &ack, "discarded ack_skipped"),
        ("TcpExtTCPChallengeACK TcpOutSegs", &rst, "answered challenge_ack ack"),
        ("TcpExtTCPChallengeACK TcpOutSegs", &ack, "answered ack_outside ack"),
        ("TcpInErrs TcpExtTCPChallengeACK TcpExtTCPSYNChallenge TcpOutSegs", &syn, "answered syn_challenge ack"),
        ("TcpInErrs TcpExtTCPACKSkippedChallenge TcpExtTCPSYNChallenge", &syn, "discarded ack_skipped"),
        ("", &rst, "discarded rst_outside"),
        ("TcpEstabResets", &segment(Flags::RST, Established, None), "taken reset"),
        ("TcpOutSegs", &ack, "answered outside_window ack"),
        ("TcpExtTCPPureAcks", &ack, "taken pure_ack"),
        ("TcpExtTCPHPAcks", &ack, "taken pure_ack"),
        ("TcpExtTCPDSACKRecv", &ack, "taken duplicate_reported"),
        ("TcpExtTCPPureAcks TcpExtTCPFastRetrans TcpRetransSegs TcpOutSegs", &ack, "taken fast_retransmit"),
        ("TcpOutSegs", &late(Flags::FIN.with(Flags::ACK)), "answered time_wait ack"),
        ("", &late(Flags::ACK), "nothing"),
        ("TcpExtPAWSTimewait TcpOutSegs", &late(Flags::SYN), "discarded paws ack"),
        ("TcpExtTCPBacklogDrop", &data(), "discarded backlog"),
        ("TcpExtPFMemallocDrop", &data(), "discarded memory"),
        ("TcpExtTCPMinTTLDrop", &data(), "discarded min_ttl"),
        ("TcpExtTCPMD5NotFound", &data(), "discarded signature"),
        ("TcpExtTCPAOBad", &data(), "discarded signature"),
        (
            "TcpOutRsts TcpOutSegs TcpExtTCPAbortOnData",
            &JudgedPacket { data: true, ..segment(DATA, FinWait1, None) },
            "answered data_after_close rst",
        ),
        (
            "TcpOutRsts TcpOutSegs",
            &JudgedPacket { data: true, ..segment(DATA, FinWait2, None) },
            "answered data_after_close rst",
        ),
    ] {
        assert_eq!(said(names, packet), expected, "{names}");
    }
}

#[test]
fn what_opens_a_connection_or_fails_to() {
    let listens = |packet: JudgedPacket| JudgedPacket { listens: true, ..packet };
    let syn = |after| segment(Flags::SYN, None, after);
    for (names, packet, expected) in [
        ("TcpOutSegs", listens(syn(Some(SynRecv))), "answered syn_answered syn_ack"),
        ("TcpOutSegs", segment(Flags::SYN, SynSent, SynRecv), "answered syn_answered syn_ack"),
        ("TcpRetransSegs TcpExtTCPSynRetrans", segment(Flags::SYN, SynRecv, SynRecv), "answered syn_again syn_ack"),
        ("TcpOutRsts TcpOutSegs", syn(None), "answered closed_port rst"),
        ("TcpOutRsts TcpOutSegs", listens(segment(Flags::ACK, None, None)), "answered no_connection rst"),
        ("", segment(Flags::RST, None, None), "discarded rst_for_none"),
        ("TcpExtListenOverflows TcpExtListenDrops", listens(syn(None)), "discarded accept_queue_full"),
        ("TcpExtListenDrops", listens(syn(None)), "discarded listen_drop"),
        ("TcpExtTCPReqQFullDrop TcpExtListenDrops", listens(syn(None)), "discarded syn_queue_full"),
        (
            "TcpExtTCPReqQFullDoCookies TcpExtSyncookiesSent TcpOutSegs",
            listens(syn(None)),
            "answered syn_cookie syn_ack",
        ),
        (
            "TcpExtSyncookiesRecv TcpPassiveOpens",
            listens(segment(Flags::ACK, None, Established)),
            "taken cookie_accepted",
        ),
        (
            "TcpExtSyncookiesFailed TcpOutRsts TcpOutSegs",
            listens(segment(Flags::ACK, None, None)),
            "answered cookie_failed rst",
        ),
        ("TcpExtTCPDeferAcceptDrop", segment(Flags::ACK, SynRecv, SynRecv), "discarded defer_accept"),
        ("TcpPassiveOpens", segment(Flags::ACK, SynRecv, Established), "taken handshake_done"),
        ("TcpOutSegs", segment(SYN_ACK, SynSent, Established), "taken connected ack"),
        ("TcpOutRsts TcpOutSegs", segment(SYN_ACK, SynSent, SynSent), "answered wrong_ack rst"),
        ("TcpAttemptFails", segment(Flags::RST.with(Flags::ACK), SynSent, None), "taken refused"),
        ("TcpExtEmbryonicRsts TcpAttemptFails", segment(Flags::RST, SynRecv, None), "taken embryonic_reset"),
        ("TcpExtTCPFastOpenPassive", listens(syn(Some(SynRecv))), "taken fast_open"),
        ("TcpExtTCPFastOpenCookieReqd", listens(syn(Some(SynRecv))), "answered fast_open_cookie"),
        ("TcpExtTCPFastOpenPassiveFail", listens(syn(Some(SynRecv))), "answered fast_open_failed"),
        ("TcpExtTCPFastOpenListenOverflow", listens(syn(Some(SynRecv))), "answered fast_open_full"),
    ] {
        assert_eq!(said(names, &packet), expected, "{names}");
    }
}

#[test]
fn what_ip_udp_and_icmp_do() {
    let of = |protocol| JudgedPacket { protocol, ..JudgedPacket::default() };
    let (udp, icmp) = (of(protocol::UDP), of(protocol::ICMP));
    let damaged = JudgedPacket { is_damaged: true, ..udp };
    for (names, packet, expected) in [
        ("", &udp, "taken"),
        ("UdpNoPorts IcmpOutDestUnreachs", &udp, "answered closed_port unreachable"),
        ("UdpNoPorts", &udp, "discarded closed_port"),
        ("UdpInErrors UdpRcvbufErrors", &udp, "discarded receive_buffer"),
        ("UdpInErrors UdpMemErrors", &udp, "discarded memory"),
        ("UdpInErrors UdpInCsumErrors", &damaged, "discarded checksum"),
        ("", &damaged, "nothing"),
        // An earlier datagram was read just then.
        ("UdpInErrors UdpInCsumErrors", &udp, "taken"),
        ("IcmpInErrors IcmpInCsumErrors", &icmp, "discarded checksum"),
        ("IcmpInDestUnreachs TcpExtOutOfWindowIcmps", &icmp, "discarded icmp_outside"),
        ("IcmpInDestUnreachs TcpExtLockDroppedIcmps", &icmp, "discarded icmp_busy"),
        ("IcmpInDestUnreachs IcmpInErrors", &icmp, "discarded icmp_for_none"),
        ("IcmpInDestUnreachs", &icmp, "taken icmp_error"),
        ("IcmpInTimeExcds", &icmp, "taken icmp_error"),
        ("IcmpInEchos IcmpOutEchoReps", &icmp, "answered echo echo_reply"),
        ("IpInHdrErrors IpExtInCsumErrors", &udp, "discarded checksum"),
        ("IpInHdrErrors", &udp, "discarded ip_header"),
        ("IpExtInTruncatedPkts", &udp, "discarded truncated"),
        ("IpInAddrErrors", &udp, "discarded address"),
        ("IpExtInNoRoutes", &udp, "discarded no_route"),
        ("TcpExtIPReversePathFilter", &udp, "discarded no_route"),
        ("IpInUnknownProtos IcmpOutDestUnreachs", &of(253), "answered unknown_protocol unreachable"),
        ("IpInDiscards", &udp, "discarded ip_discard"),
    ] {
        assert_eq!(said(names, packet), expected, "{names}");
    }
    let mut held_back = moved("");
    held_back.remove("IpInDelivers");
    assert_eq!(judge(&held_back, &udp), Some((Discarded, Some(KernelCause::NotDelivered), None)));
}

#[test]
fn what_timers_calls_and_other_packets_move_is_no_verdict() {
    // A delayed ACK of another connection, a retransmission, a new connection, data of a program.
    for others in ["TcpExtDelayedACKs", "TcpRetransSegs", "TcpActiveOpens", "TcpExtTCPOrigDataSent"] {
        assert_eq!(said(&format!("TcpOutSegs {others}"), &data()), "taken", "{others}");
    }
    // A program closed a socket with unread data meanwhile.
    assert_eq!(said("TcpOutRsts TcpOutSegs TcpExtTCPAbortOnClose TcpEstabResets", &data()), "taken");
    // Somebody reset another connection.
    assert_eq!(said("TcpOutRsts TcpOutSegs", &data()), "nothing");
    for timers in ["TcpExtTCPTimeouts", "TcpExtTW", "TcpExtTCPKeepAlive", "TcpExtTCPLossProbes"] {
        assert_eq!(said(timers, &data()), "taken", "{timers}");
    }
    // Two packets arrived.
    assert_eq!(said("IpInReceives TcpInErrs TcpInCsumErrors", &data()), "nothing");
    assert_eq!(judge(&MovedCounters::new(), &data()), None);
}

#[test]
fn only_what_bears_on_a_verdict_is_told() {
    let told = told(moved("TcpInErrs TcpOutRsts TcpOutSegs TcpExtTCPTimeouts TcpExtPAWSEstab"));
    assert_eq!(told.into_keys().collect::<Vec<_>>(), ["TcpExtPAWSEstab", "TcpInErrs", "TcpOutRsts"]);
    assert!(is_of_arrivals("TcpExtTCPPureAcks") && !is_of_arrivals("TcpOutRsts"));
}
