//! A capture file is opened: its name is typed, the shell reads it, and it is shown in place of the live traffic until
//! the key or Esc goes back.

use std::sync::Arc;

use super::super::Model;
use super::super::effect::{Effect, PacketsEffect};
use super::super::ui::{Mode, View};
use super::file::{CaptureFile, CaptureFiles, PacketOrigin, Recording};
use super::{Packets, PacketsAnswer};
use crate::domain::keys::Key;
use crate::domain::{CaptureEvent, EventKind, FileFault, FileId, Note, Observation};
use crate::model::journal::Journal;

/// Asks for the name of a file, or goes back to live traffic if a file is shown.
pub(super) fn toggle(model: &mut Model) -> Vec<Effect> {
    if model.files.shown.take().is_some() {
        return vec![Effect::Packets(PacketsEffect::CloseFile)];
    }
    model.files.fault = None;
    model.ui.mode = Mode::Opening;
    vec![]
}

/// The command line asks for a file, as the key and the name would.
pub(in super::super) fn open_named(model: &mut Model, path: &str) -> Vec<Effect> {
    model.ui.view = View::Packets;
    model.ui.mode = Mode::Opening;
    model.files.line = super::super::line::TypedLine::with(path);
    open(model)
}

/// Keys while a name is typed. While the file is read the name cannot be changed, and Esc cancels.
pub(in super::super) fn typed(model: &mut Model, key: Key) -> Vec<Effect> {
    let files = &mut model.files;
    match key {
        Key::Esc => {
            files.fault = None;
            model.ui.mode = Mode::Command;
            return files.reading.take().map_or_else(Vec::new, |_| vec![Effect::Packets(PacketsEffect::CloseFile)]);
        }
        _ if files.reading.is_some() => {}
        Key::Enter => return open(model),
        Key::Tab | Key::BackTab => {
            let typed = files.line.input.value();
            return vec![Effect::Packets(PacketsEffect::CompletePath(typed.to_owned()))];
        }
        Key::Up | Key::Down => {
            files.fault = None;
            files.line.recall(key == Key::Up);
        }
        _ => {
            files.fault = None;
            files.line.edit(key);
        }
    }
    vec![]
}

fn open(model: &mut Model) -> Vec<Effect> {
    let files = &mut model.files;
    let path = unquoted(files.line.input.value()).to_owned();
    if path.is_empty() {
        files.fault = Some(FileFault::NoName);
        return vec![];
    }
    files.fault = None;
    files.latest = FileId(files.latest.0 + 1);
    files.reading = Some(files.latest);
    vec![Effect::Packets(PacketsEffect::OpenFile(files.latest, path))]
}

/// A name without quotes: terminals quote the names of files that are dropped on them.
fn unquoted(typed: &str) -> &str {
    let typed = typed.trim();
    let inner = |quote| typed.strip_prefix(quote).and_then(|rest| rest.strip_suffix(quote));
    inner('\'').or_else(|| inner('"')).unwrap_or(typed)
}

/// Takes in what the shell found out.
pub(in super::super) fn answered(model: &mut Model, answer: PacketsAnswer) {
    match answer {
        PacketsAnswer::Inspected(origin, details) => {
            if let Some((packets, journal)) = lists_of(model, origin) {
                packets.inspected(details, journal);
            }
        }
        PacketsAnswer::Followed(origin, stream) => {
            if let Some((packets, journal)) = lists_of(model, origin) {
                packets.followed(stream, journal);
            }
        }
        PacketsAnswer::Interfaces(all) => model.capture.all = all,
        PacketsAnswer::Read(id, recording) => {
            if model.files.reading == Some(id) {
                model.files.read = Some(recording);
            }
        }
        PacketsAnswer::Completed { typed, path } => {
            // Too late when more was typed, or when the name was entered.
            let CaptureFiles { line, fault, reading, .. } = &mut model.files;
            let waits = model.ui.mode == Mode::Opening && reading.is_none();
            if waits && line.input.value() == typed && typed != path {
                line.input = tui_input::Input::new(path);
                *fault = None;
            }
        }
    }
}

fn lists_of(model: &mut Model, origin: PacketOrigin) -> Option<(&mut Packets, &Journal)> {
    match origin {
        PacketOrigin::Live => Some((&mut model.packets, &model.journal)),
        PacketOrigin::File(id) => {
            let file = model.files.shown.as_mut().filter(|file| file.id == id)?;
            Some((&mut file.packets, file.recording.journal()))
        }
    }
}

/// Follows what happens to capture files. One that was saved is the first that one may want to open.
pub(in super::super) fn follow(model: &mut Model, seen: &Observation) {
    let files = &mut model.files;
    match &seen.kind {
        EventKind::Note(Note::CaptureSaved { file, .. }) => files.line.remember(file),
        EventKind::Capture(CaptureEvent::FileOpened { file, name, summary }) if files.reading == Some(*file) => {
            files.reading = None;
            files.line.take();
            let name = name.rsplit(['/', std::path::MAIN_SEPARATOR]).next().unwrap_or_default();
            let recording = files.read.take().unwrap_or_else(|| Arc::new(Recording::without_packets(summary.clone())));
            files.shown = Some(Box::new(CaptureFile::new(*file, name.to_owned(), recording)));
            if model.ui.mode == Mode::Opening {
                model.ui.mode = Mode::Command;
            }
        }
        EventKind::Capture(CaptureEvent::FileRefused { file, fault, .. }) if files.reading == Some(*file) => {
            files.reading = None;
            files.fault = Some(*fault);
        }
        EventKind::Capture(CaptureEvent::FileCounted { file, packets }) => {
            if let Some(shown) = files.shown.as_mut().filter(|shown| shown.id == *file) {
                shown.all = Some(*packets);
            }
        }
        _ => {}
    }
}
