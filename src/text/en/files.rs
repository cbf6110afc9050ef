//! English: a capture file in place of live traffic.

use super::super::FilesText;
use super::plural;
use crate::domain::{FileFlaw, Unread};

pub(super) const FILES: FilesText = FilesText {
    file: "FILE",
    prompt: "Open a capture file",
    hint: "pcap or pcapng, as Wireshark, tcpdump and this program write them, also as .gz or .zst. The lab goes on meanwhile.",
    reading: "Reading…",
    no_name: "Type the name of a file; Tab completes it.",
    no_file: "There is no such file. Names without a / are looked up where socklab-tui was started.",
    forbidden: "You may not read this file: its owner can allow it with chmod a+r.",
    directory: "This is a directory: type the name of a file in it; Tab completes it.",
    not_a_file: "This is not a file: to read from a pipe, use socklab-tui capture -r - instead.",
    not_a_capture: "This is not a capture file: neither pcap nor pcapng. Wireshark and tcpdump -w write those.",
    compressed: |with, command| {
        format!("This file is compressed with {with}. Unpack it: {command} FILE > OTHER, and open OTHER.")
    },
    unpacked: |with, command| {
        format!("This file is compressed with {with}, which is not read: {command} FILE | socklab-tui capture -r -")
    },
    io: |errno| format!("The file cannot be read: {errno}."),
    not_live: "not live",
    back: "live traffic",
    cut: |packets| format!("The file ends in the middle of a packet, after {packets}."),
    damaged: |at, what, packets| format!("The file is damaged at byte {at}, after {packets}: {what}."),
    flaw,
    stopped: |errno, packets| format!("The file could not be read beyond {packets}: {errno}."),
    more: |packets, all| {
        let all = all.map_or_else(String::new, |all| format!(", of {all}"));
        format!(
            "These are the first {packets}{all}. For others: socklab-tui capture -r FILE -w PART 'port 65432', and open PART."
        )
    },
    others: |number, count| {
        let are = plural(count, "packet of another protocol is", "packets of other protocols are");
        format!("{number} {are} not listed.")
    },
    unread: |number, count, unread| {
        let packets = plural(count, "packet", "packets");
        match unread {
            Unread::LinkType(_) => format!("{number} {packets} of {unread}, which this program does not read."),
            Unread::EtherType(_) | Unread::Llc(_) | Unread::Ppp(_) | Unread::IpProtocol(_) => {
                format!("{number} {packets} of {unread}: not TCP, UDP or ICMP.")
            }
            Unread::Wireless => format!("{number} 802.11 {packets} without readable data: management, or encrypted."),
            Unread::Malformed => format!("{number} {packets} whose headers are cut off or impossible."),
        }
    },
    not_written: |errno, what| format!("The packets cannot be written: {errno}, {what}."),
    left_out: |list| format!("Not in the copy: {list}."),
    empty: "There is no packet in this file.",
    none_listed: "No packet in this file is TCP, UDP or ICMP.",
    instead: |key| format!("A capture file can be opened all the same: {key}."),
};

const fn flaw(what: FileFlaw) -> &'static str {
    match what {
        FileFlaw::Packed => "compressed data that cannot be unpacked",
        FileFlaw::FrameLength => "a frame longer than any link has",
        FileFlaw::ByteOrder => "no byte order",
        FileFlaw::SectionLength => "a section header of impossible length",
        FileFlaw::BlockLength => "a block of impossible length",
        FileFlaw::BlockLengths => "a block whose two lengths differ",
        FileFlaw::Packet => "a packet that does not fit its block, or names no interface",
        FileFlaw::Interface => "an interface that does not fit its block",
        FileFlaw::Interfaces => "more interfaces than any machine has",
    }
}
