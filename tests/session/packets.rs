//! The packets view of a whole session: real packets on the real loopback, their bytes and conversations.

use std::path::PathBuf;

use crossterm::event::KeyCode;
use socklab::api::domain::{Errno, EventKind, Flags, Lack, Need, Remedy};
use socklab::api::observe::capture::CaptureAccess;

use crate::harness::{Need::Capture, Test, async_test};
use crate::stage::{FOUR, Stage, all_up};

pub(crate) fn tests() -> Vec<Test> {
    vec![
        async_test(a_connection_is_a_ladder_with_both_ends_states, &[Capture]),
        async_test(the_fields_of_a_packet_and_a_conversation_are_shown, &[Capture]),
        async_test(a_file_is_opened_where_nothing_can_be_captured, &[]),
        async_test(a_file_is_opened_while_the_capture_goes_on, &[Capture]),
    ]
}

/// A session that captures, on a large terminal.
async fn capturing() -> Stage {
    let key = CaptureAccess::open().unwrap();
    let mut stage = Stage::open_with(&FOUR, (120, 36), |laboratory| laboratory.capture(Ok(key))).await;
    stage.until("four servers run", all_up).await;
    stage
}

async fn a_connection_is_a_ladder_with_both_ends_states() {
    let mut stage = capturing().await;
    stage.presses(KeyCode::F(3));
    stage.says("capturing on lo").await;
    stage.types("o");
    stage.types("l");
    // The last thing to be known: the client's end is in the table as TIME_WAIT.
    let shown = stage
        .until("a whole life", |shown| {
            let all =
                ["SYN seq 0", "SYN+ACK seq 0 ack 1", "FIN seq 13", "TIME_WAIT"].iter().all(|word| shown.says(word));
            all.then(|| shown.clone())
        })
        .await;
    let one = |words: &[&str]| assert_eq!(shown.lines_with(words).len(), 1, "{words:?}\n{}", shown.text());
    one(&["SYN seq 0", "SYN_SENT", "▶"]);
    one(&["SYN+ACK", "SYN_RECV", "◀"]);
    one(&["12 B \"Hello, world\"", "▶"]);
    one(&["12 B \"HELLO, WORLD\"", "◀"]);
    assert!(shown.says("none lost"), "{}", shown.text());
    stage.quits().await;
}

async fn the_fields_of_a_packet_and_a_conversation_are_shown() {
    let mut stage = capturing().await;
    stage.presses(KeyCode::F(3));
    stage.types("o");
    stage.says("FIN seq 13").await;
    stage.types("/len > 0");
    stage.presses(KeyCode::Enter);
    stage.says("2 of ").await;
    stage.presses(KeyCode::Enter);
    // The bytes of the selected packet, as the capture has them: the dump is beside its fields.
    stage.says(" WORLD  ").await;
    stage.types("z");
    let shown = stage.says("▾ Payload").await;
    assert!(shown.says("Source port") && shown.says("Window"), "{}", shown.text());
    stage.presses(KeyCode::Esc);
    stage.presses(KeyCode::Esc);
    stage.types("ll");
    stage.says("What was said").await;
    let shown = stage.says("◀ HELLO, WORLD").await;
    assert!(shown.says("▶ Hello, world"), "{}", shown.text());
    stage.quits().await;
}

/// A classic pcap file of raw IP, as `tcpdump` writes it: a client says hello to a server elsewhere and closes. It is
/// removed with the test.
struct Lesson(PathBuf);

impl Lesson {
    fn written(name: &str) -> Self {
        const SYN: u8 = 2;
        const FIN: u8 = 1;
        const ACK: u8 = 16;
        // Whether the client sends it, its flags, its numbers, what it says.
        let segments: [(bool, u8, u32, u32, &str); 10] = [
            (true, SYN, 0, 0, ""),
            (false, SYN | ACK, 0, 1, ""),
            (true, ACK, 1, 1, ""),
            (true, ACK, 1, 1, "bom dia"),
            (false, ACK, 1, 8, ""),
            (false, ACK, 1, 8, "BOM DIA"),
            (true, ACK, 8, 8, ""),
            (true, FIN | ACK, 8, 8, ""),
            (false, FIN | ACK, 8, 9, ""),
            (true, ACK, 9, 9, ""),
        ];
        let mut file = Vec::new();
        // Microseconds, and link type 101: an IP header comes first.
        for word in [0xa1b2_c3d4_u32, 0x0004_0002, 0, 0, 65_535, 101] {
            file.extend(word.to_le_bytes());
        }
        for (number, (client, flags, seq, ack, data)) in (0_u32..).zip(segments) {
            let len = 40 + u16::try_from(data.len()).unwrap();
            for word in [1_700_000_000, number * 100, u32::from(len), u32::from(len)] {
                file.extend(word.to_le_bytes());
            }
            let ((from, to), (here, there)) =
                if client { ((2_u8, 1_u8), (40_123_u16, 7_u16)) } else { ((1, 2), (7, 40_123)) };
            file.extend([0x45, 0].into_iter().chain(len.to_be_bytes()).chain([0, 0, 0x40, 0, 64, 6, 0, 0]));
            file.extend([192, 0, 2, from, 192, 0, 2, to]);
            file.extend(here.to_be_bytes().into_iter().chain(there.to_be_bytes()));
            let base = |client: bool| if client { 1_000_u32 } else { 9_000 };
            file.extend((base(client) + seq).to_be_bytes());
            file.extend(if flags & ACK == 0 { [0; 4] } else { (base(!client) + ack).to_be_bytes() });
            file.extend([0x50, flags, 0xff, 0xff, 0, 0, 0, 0]);
            file.extend(data.as_bytes());
        }
        let path = std::env::temp_dir().join(format!("socklab-{}-{name}.pcap", std::process::id()));
        std::fs::write(&path, file).unwrap();
        Self(path)
    }

    fn name(&self) -> &str {
        self.0.file_name().unwrap().to_str().unwrap()
    }
}

impl Drop for Lesson {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

async fn a_file_is_opened_where_nothing_can_be_captured() {
    let lesson = Lesson::written("aula");
    let mut stage = Stage::open_with(&FOUR, (120, 36), |laboratory| {
        laboratory.capture(Err(Lack { need: Need::PacketSocket, errno: Errno::Perm, remedy: Remedy::Unknown }));
    })
    .await;
    stage.presses(KeyCode::F(3));
    stage.says("A capture file can be opened all the same: O").await;
    // A file that does not exist is reported; the beginning of a name is completed.
    stage.types("O/nonexistent/aula.pcap");
    stage.presses(KeyCode::Enter);
    stage.says("There is no such file.").await;
    (0.."/nonexistent/aula.pcap".len()).for_each(|_| stage.presses(KeyCode::Backspace));
    let typed = lesson.0.to_str().unwrap();
    stage.types(&typed[..typed.len() - 5]);
    stage.presses(KeyCode::Tab);
    stage.says(&format!("> {typed}")).await;
    stage.presses(KeyCode::Enter);
    let shown = stage.says("FIN seq 8").await;
    assert_eq!(shown.lines_with(&[&format!("FILE {}", lesson.name())]).len(), 2, "{}", shown.text());
    assert_eq!(shown.lines_with(&["192.0.2.1:7"]).len(), 10, "{}", shown.text());
    // Its bytes are taken apart as those of live packets are.
    stage.says("45 00 00 28").await;
    stage.types("l");
    let shown = stage.says("TIME_WAIT").await;
    let one = |words: &[&str]| assert_eq!(shown.lines_with(words).len(), 1, "{words:?}\n{}", shown.text());
    one(&["#1 ", "■ SYN_SENT", "SYN seq 0"]);
    one(&["#2 ", "SYN+ACK seq 0 ack 1", "■ SYN_RECV"]);
    one(&["#3 ", "■ ESTABLISHED"]);
    one(&["#8 ", "■ FIN_WAIT1", "■ CLOSE_WAIT"]);
    one(&["#9 ", "◇ FIN_WAIT2", "■ LAST_ACK"]);
    // No packet shows that the last one arrived.
    one(&["#10 ", "◇ CLOSED"]);
    stage.types("l");
    let shown = stage.says("◀ BOM DIA").await;
    assert!(shown.says("▶ bom dia"), "{}", shown.text());
    stage.types("O");
    let shown = stage.says("No packets can be captured").await;
    assert!(!shown.says(lesson.name()), "{}", shown.text());
    let events = stage.quits().await;
    assert!(!events.iter().any(|event| matches!(event.seen.kind, EventKind::Packet(_))));
}

async fn a_file_is_opened_while_the_capture_goes_on() {
    let lesson = Lesson::written("live");
    let mut stage = capturing().await;
    stage.presses(KeyCode::F(3));
    stage.types("O");
    stage.types(lesson.0.to_str().unwrap());
    stage.presses(KeyCode::Enter);
    stage.says("10 packets").await;
    stage.types("o");
    // The lab's own connection is captured, and not among those of the file.
    let shown = stage
        .until("its last packet", |shown| {
            let packets = shown.events.iter().filter_map(|event| match &event.seen.kind {
                EventKind::Packet(packet) => packet.tcp.as_ref(),
                _ => None,
            });
            (packets.filter(|tcp| tcp.flags.has(Flags::FIN)).count() == 2).then(|| shown.clone())
        })
        .await;
    assert!(shown.says("10 packets") && !shown.says("127.0.0.1:4"), "{}", shown.text());
    stage.presses(KeyCode::Esc);
    let shown = stage.says("12 B \"HELLO, WORLD\"").await;
    assert!(shown.says("capturing on lo") && !shown.says("192.0.2."), "{}", shown.text());
    let events = stage.quits().await;
    let strange = |event: &&socklab::api::domain::Event| matches!(&event.seen.kind, EventKind::Packet(packet) if packet.flow.has_port(7));
    assert_eq!(events.iter().filter(strange).count(), 0);
}
