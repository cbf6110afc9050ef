//! A capture file in place of live traffic, as a class sees it.

use crate::domain::keys::Key;
use std::sync::Arc;

use super::lab::Lab;
use super::packets::{forbidden, life};
use super::{scenes, screen, text};
use crate::domain::{CaptureEvent, CapturedInterface, EventKind, Evidence, FileDamage, FileFault, Lang, Stamp};
use crate::model::packets::{Packets, PacketsAnswer, Recording};
use crate::model::ui::View;
use crate::model::{Msg, update};

/// A capture file is open. It ends in the middle of a packet, and some of its packets are not listed.
pub(crate) fn opened(lang: Lang) -> Lab {
    let talk = life(lang);
    let mut recording = Recording::default();
    let begun = talk.model.journal.events().find(|event| Packets::of(event).is_some()).unwrap().seen.at;
    for event in talk.model.journal.events() {
        let at = Stamp::ZERO.after(event.seen.at.since(begun));
        match &event.seen.kind {
            EventKind::Packet(packet) => recording.packet(at, packet.clone()),
            EventKind::State(change) if change.flow.peer.is_some() => {
                recording.change(at, Evidence::Packet, change.clone());
            }
            _ => {}
        }
        recording.summary.lasted = recording.summary.lasted.max(at.since(Stamp::ZERO));
    }
    (recording.summary.read, recording.summary.others) = (13, 3);
    recording.summary.damage = Some(FileDamage::Cut);
    let mut lab = scenes::lesson(lang);
    lab.capture(CaptureEvent::Started { interfaces: vec![CapturedInterface::up("lo")] });
    lab.model.ui.view = View::Packets;
    lab.keys("Oaulas/eco-com-perda.pcapng");
    lab.key(Key::Enter);
    let id = lab.model.files.reading.unwrap();
    let summary = recording.summary.clone();
    update(&mut lab.model, Msg::Answer(PacketsAnswer::Read(id, Arc::new(recording))));
    lab.capture(CaptureEvent::FileOpened { file: id, name: "aulas/eco-com-perda.pcapng".into(), summary });
    lab
}

/// The name of a missing file was typed.
pub(crate) fn misspelt(lang: Lang) -> Lab {
    let mut lab = forbidden(lang);
    lab.keys("Oaulas/eco.pcpang");
    lab.key(Key::Enter);
    let id = lab.model.files.reading.unwrap();
    lab.capture(CaptureEvent::FileRefused { file: id, name: "aulas/eco.pcpang".into(), fault: FileFault::NoFile });
    lab
}

#[test]
fn a_file_is_labelled_and_never_mixed_with_live_packets() {
    for lang in [Lang::En, Lang::PtBr] {
        for (columns, rows) in [(60, 20), (80, 24), (160, 45)] {
            for keys in ["", "l", "ll"] {
                let mut lab = opened(lang);
                lab.keys(keys);
                let shown = text(&screen(&mut lab.model, columns, rows).0);
                let words = &crate::text::of(lang).files;
                let named = format!("{} eco-com-perda.pcapng", words.file);
                // On the first line, and on the frame.
                assert_eq!(shown.matches(&named).count(), 2, "{shown}");
                assert!(shown.contains(words.not_live) && !shown.contains("capturing on"), "{shown}");
                let footer = shown.lines().last().unwrap();
                assert!(footer.contains(&format!("O {}", crate::text::of(lang).keys.now.live)), "{footer}");
                assert!(!footer.contains(" S ") && !footer.contains(" c "), "{footer}");
            }
        }
    }
}
