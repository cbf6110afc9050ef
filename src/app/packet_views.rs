//! Answers about stored packets, captured or read from a file: one packet, or one conversation.

use std::sync::Arc;

use tokio::sync::mpsc;

use crate::domain::Flow;
use crate::domain::excerpt::sanitise;
use crate::model::Msg;
use crate::model::packets::{PacketDetails, PacketOrigin, PacketsAnswer, StreamText, StreamTurn};
use crate::observe::capture::stream::StreamPiece;
use crate::observe::capture::{PacketStore, follow_stream};
use crate::packet::dissect;

/// The most of a conversation that is shown, in bytes.
const MOST_SAID: usize = 256 * 1024;

/// Longer lines of text are split; in characters.
const LONGEST_LINE: usize = 120;

/// Dissects a packet. One that is no longer kept has no layers.
pub(super) fn inspected(store: Option<&PacketStore>, number: u64) -> PacketDetails {
    let Some(packet) = store.and_then(|store| store.get(number)) else {
        return PacketDetails { number, ..PacketDetails::default() };
    };
    PacketDetails {
        number,
        layers: dissect(packet.link, &packet.bytes),
        bytes: packet.bytes.as_ref().into(),
        comments: packet.comments.iter().map(|comment| sanitise(comment.as_bytes())).collect(),
    }
}

/// Reassembles a conversation in the background.
pub(super) fn follow(
    store: Option<Arc<PacketStore>>,
    origin: PacketOrigin,
    conversation: Flow,
    answers: mpsc::Sender<Msg>,
) {
    tokio::task::spawn_blocking(move || {
        let stream = store.map_or_else(|| nothing(conversation), |store| said(&store, conversation));
        // Fails only when the session is over.
        let _ = answers.blocking_send(Msg::Answer(PacketsAnswer::Followed(origin, stream)));
    });
}

const fn nothing(conversation: Flow) -> StreamText {
    StreamText { conversation, turns: Vec::new(), cut: false }
}

/// The conversation, in lines that are safe to show.
fn said(store: &PacketStore, conversation: Flow) -> StreamText {
    let Some(stream) = follow_stream(&store.packets(), &conversation, None, MOST_SAID) else {
        return nothing(conversation);
    };
    let turns = stream.said.iter().map(|said| {
        let from = if said.by_client { stream.ends.client } else { stream.ends.server };
        let (lines, missing) = match &said.piece {
            StreamPiece::Data(bytes) => (lines(bytes), 0),
            StreamPiece::Missing(count) => (vec![], u64::from(*count)),
        };
        StreamTurn { from, packet: said.packet, lines, missing }
    });
    StreamText { conversation, turns: turns.collect(), cut: stream.cut }
}

/// The lines of a piece of data, each with its end: without one the line goes on in the next piece.
fn lines(bytes: &[u8]) -> Vec<String> {
    bytes.split_inclusive(|byte| *byte == b'\n').flat_map(|line| pieces(&sanitise(line))).collect()
}

/// Splits a long line into pieces.
fn pieces(line: &str) -> Vec<String> {
    let chars: Vec<char> = line.chars().collect();
    chars.chunks(LONGEST_LINE).map(String::from_iter).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_cut_into_lines_and_made_safe() {
        assert_eq!(lines(b"GET /\r\nHost: x\r\n"), ["GET /␍⏎", "Host: x␍⏎"]);
        assert_eq!(lines(b"\x1b[31m\n\nb"), ["␛[31m⏎", "⏎", "b"]);
        // A word that the border of two segments breaks.
        assert_eq!([lines(b"500 wh"), lines(b"at?\r\n")].concat(), ["500 wh", "at?␍⏎"]);
        assert!(lines(b"").is_empty());
        let long = lines(&[b"ab".repeat(100), b"\nc".to_vec()].concat());
        assert_eq!(long.iter().map(|line| line.chars().count()).collect::<Vec<_>>(), [120, 81, 1]);
    }
}
