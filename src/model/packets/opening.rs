//! A capture file is opened: its name is typed, the shell reads it, and it is shown in place of the live traffic until
//! the key or Esc goes back.

use super::super::Model;
use super::super::effect::{Effect, PacketsEffect};
use super::super::ui::{Mode, View};
use super::file::{CaptureFile, CaptureFiles, FileFault, FileId, PacketOrigin};
use super::{News, Packets};
use crate::domain::excerpt::sanitise;
use crate::domain::keys::Key;
use crate::domain::{EventKind, Note, Observation};

/// Asks for the name of a file; or goes back to live traffic, where one is shown.
pub(super) fn toggle(model: &mut Model) -> Vec<Effect> {
    if model.files.shown.take().is_some() {
        return vec![Effect::Packets(PacketsEffect::CloseFile)];
    }
    model.files.fault = None;
    model.ui.mode = Mode::Opening;
    vec![]
}

/// The command line asks for a file, as the key and the name would.
pub(in super::super) fn asked(model: &mut Model, path: &str) -> Vec<Effect> {
    model.ui.view = View::Packets;
    model.ui.mode = Mode::Opening;
    model.files.line = super::super::line::TypedLine::with(path);
    open(model)
}

/// Keys while a name is typed. While a file is read it stays as it is, and Esc gives up.
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

/// A name as it was meant: terminals quote the names of files that are dropped on them.
fn unquoted(typed: &str) -> &str {
    let typed = typed.trim();
    let inner = |quote| typed.strip_prefix(quote).and_then(|rest| rest.strip_suffix(quote));
    inner('\'').or_else(|| inner('"')).unwrap_or(typed)
}

/// Takes in what the shell tells.
pub(in super::super) fn told(model: &mut Model, news: News) {
    match news {
        News::Inspected(origin, inspected) => {
            if let Some(packets) = lists_of(model, origin) {
                packets.detail.take(inspected);
            }
        }
        News::Followed(origin, stream) => {
            if let Some(packets) = lists_of(model, origin) {
                packets.followed(stream);
            }
        }
        News::Capturing(capturing) => model.packets.capturing = capturing,
        News::Opened(id, recording) if model.files.reading == Some(id) => {
            let files = &mut model.files;
            files.reading = None;
            let path = files.line.take();
            let name = unquoted(&path).rsplit(['/', std::path::MAIN_SEPARATOR]).next().unwrap_or_default();
            files.shown = Some(Box::new(CaptureFile::new(id, sanitise(name.as_bytes()), recording)));
            if model.ui.mode == Mode::Opening {
                model.ui.mode = Mode::Command;
            }
        }
        News::Refused(id, fault) if model.files.reading == Some(id) => {
            model.files.reading = None;
            model.files.fault = Some(fault);
        }
        News::Counted(id, all) => {
            if let Some(file) = model.files.shown.as_mut().filter(|file| file.id == id) {
                file.all = Some(all);
            }
        }
        News::Completed { typed, path } => {
            // Whoever typed on does not want it any more; and what is read is what was asked for.
            let CaptureFiles { line, fault, reading, .. } = &mut model.files;
            let waits = model.ui.mode == Mode::Opening && reading.is_none();
            if waits && line.input.value() == typed && typed != path {
                line.input = tui_input::Input::new(path);
                *fault = None;
            }
        }
        // Somebody gave up waiting for it.
        News::Opened(..) | News::Refused(..) => {}
    }
}

fn lists_of(model: &mut Model, origin: PacketOrigin) -> Option<&mut Packets> {
    match origin {
        PacketOrigin::Live => Some(&mut model.packets),
        PacketOrigin::File(id) => model.files.shown.as_mut().filter(|file| file.id == id).map(|file| &mut file.packets),
    }
}

/// A capture that was saved is the first that one may want to open.
pub(in super::super) fn heard(model: &mut Model, seen: &Observation) {
    if let EventKind::Note(Note::CaptureSaved { file, .. }) = &seen.kind {
        model.files.line.remember(file);
    }
}
