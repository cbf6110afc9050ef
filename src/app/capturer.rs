//! The capture of a session: starts it, keeps it where the traffic is, answers requests about packets and conversations,
//! and saves it to a file.

use std::fs::File;
use std::io::{self, BufWriter, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::MissedTickBehavior;

use super::capture_keeper::CaptureKeeper;
use super::packet_views;
use crate::domain::excerpt::sanitise;
use crate::domain::interface::CapturePlan;
use crate::domain::need::Lack;
use crate::domain::{CaptureEvent, Errno, EventKind, EventSink, Evidence, Flow, Note};
use crate::model::Msg;
use crate::model::packets::{PacketOrigin, PacketsAnswer};
use crate::observe::Scope;
use crate::observe::capture::{Capture, CaptureAccess, CaptureInterface, PacketStore};

/// The capture of a session, if it is available.
#[derive(Debug)]
pub(super) struct Capturer {
    capture: Option<RunningCapture>,
    sink: EventSink,
    answers: mpsc::Sender<Msg>,
    /// Why there is no capture.
    errno: Option<Errno>,
}

/// How often the interfaces are looked at, which takes a few system calls.
const LOOK: Duration = Duration::from_secs(1);

/// A capture, and the task that looks at the interfaces until this is dropped.
#[derive(Debug)]
struct RunningCapture {
    keeper: Arc<Mutex<CaptureKeeper>>,
    store: Arc<PacketStore>,
    looking: JoinHandle<()>,
}

impl RunningCapture {
    fn keep(capture: Capture, sink: EventSink, answers: mpsc::Sender<Msg>) -> Self {
        let mut keeper = CaptureKeeper::new(capture, sink, answers);
        let store = Arc::clone(keeper.store());
        keeper.look();
        let keeper = Arc::new(Mutex::new(keeper));
        let kept = Arc::clone(&keeper);
        let looking = tokio::spawn(async move {
            let mut round = tokio::time::interval(LOOK);
            round.set_missed_tick_behavior(MissedTickBehavior::Delay);
            loop {
                round.tick().await;
                let kept = Arc::clone(&kept);
                // It may wait for packets that came before a change.
                let look = move || kept.lock().unwrap_or_else(PoisonError::into_inner).look();
                if tokio::task::spawn_blocking(look).await.is_err() {
                    break;
                }
            }
        });
        Self { keeper, store, looking }
    }

    /// A poisoned lock holds what was true before the panic, which has been reported.
    fn with(&self, act: impl FnOnce(&mut CaptureKeeper)) {
        act(&mut self.keeper.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

impl Drop for RunningCapture {
    fn drop(&mut self) {
        self.looking.abort();
    }
}

impl Capturer {
    /// Captures on loopback if there is a key; otherwise reports what is missing. Must be called in a tokio runtime.
    pub(super) fn start(
        key: Result<CaptureAccess, Lack>,
        sink: &EventSink,
        scope: Scope,
        answers: mpsc::Sender<Msg>,
    ) -> Self {
        let on = CaptureInterface::Loopback;
        let started = match key {
            Ok(key) => {
                let started = Capture::start(sink.clone(), &key, &on, scope);
                // Closing a packet socket waits for an RCU grace period of the kernel (20 ms): do it elsewhere.
                tokio::task::spawn_blocking(move || drop(key));
                started
            }
            Err(lack) => {
                let lacks = Err(lack);
                sink.note_start(Evidence::Packet, &lacks);
                lacks
            }
        };
        let errno = started.as_ref().err().map(|lack| lack.errno);
        let capture = match started {
            Ok(capture) => Some(RunningCapture::keep(capture, sink.clone(), answers.clone())),
            Err(lack) => {
                let failed = CaptureEvent::failed(lack, &super::program());
                sink.report(Evidence::Called, EventKind::Capture(failed));
                None
            }
        };
        Self { capture, sink: sink.clone(), answers, errno }
    }

    /// Changes which packets are captured.
    pub(super) fn scope(&self, scope: Scope) {
        if let Some(capture) = &self.capture {
            capture.with(|keeper| keeper.scope(scope));
        }
    }

    /// Changes where packets are captured. Returns when it is so: what comes next may send packets there.
    pub(super) fn turn_to(&self, plan: CapturePlan) {
        if let Some(capture) = &self.capture {
            capture.with(|keeper| keeper.turn_to(plan));
        }
    }

    /// Dissects a packet. One that is no longer kept has no layers.
    pub(super) fn inspect(&self, number: u64) {
        let store = self.capture.as_ref().map(|capture| &*capture.store);
        let details = packet_views::inspected(store, number);
        // The loop reads answers as fast as it sends requests; one that does not fit is out of date.
        let _ = self.answers.try_send(Msg::Answer(PacketsAnswer::Inspected(PacketOrigin::Live, details)));
    }

    /// Reassembles a conversation in the background.
    pub(super) fn follow(&self, conversation: Flow) {
        let store = self.capture.as_ref().map(|capture| Arc::clone(&capture.store));
        packet_views::follow(store, PacketOrigin::Live, conversation, self.answers.clone());
    }

    /// Saves the kept packets to a new file in the current directory, and reports its name.
    pub(super) fn save(&self, marks: Vec<(u64, String)>) {
        let sink = self.sink.clone();
        let Some(capture) = &self.capture else {
            let errno = self.errno.unwrap_or(Errno::Perm);
            sink.report(Evidence::Called, EventKind::Note(Note::CaptureNotSaved { errno }));
            return;
        };
        let store = Arc::clone(&capture.store);
        tokio::task::spawn_blocking(move || {
            let note = match write(&store, &marks, Path::new(""), SystemTime::now()) {
                Ok(note) => note,
                Err(error) => Note::CaptureNotSaved { errno: Errno::from(&error) },
            };
            sink.report(Evidence::Called, EventKind::Note(note));
        });
    }
}

/// Writes a new file; never overwrites an existing one.
fn write(store: &PacketStore, marks: &[(u64, String)], folder: &Path, now: SystemTime) -> io::Result<Note> {
    let path: PathBuf = folder.join(format!("socklab-{}.pcapng", moment(now)));
    let mut file = BufWriter::with_capacity(1 << 20, Unflushed(File::create_new(&path)?));
    let saved = store.save(&mut file, marks)?;
    file.flush()?;
    Ok(Note::CaptureSaved {
        file: sanitise(path.as_os_str().as_encoded_bytes()),
        packets: saved.packets,
        dropped: saved.dropped,
    })
}

/// A file that ignores `flush` after each packet: it is not read before it is complete.
struct Unflushed(File);

impl io::Write for Unflushed {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A time in UTC, for the name of a file: `20261122-174900Z`.
fn moment(now: SystemTime) -> String {
    let seconds = now.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    let of_day = seconds % 86_400;
    // Count years from March, so that the leap day is their last day.
    let days = seconds / 86_400 + 719_468;
    let era = days / 146_097;
    let day = days % 146_097;
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    let year = year + era * 400 + u64::from(month <= 2);
    let hour = of_day / 3_600;
    let minute = of_day / 60 % 60;
    let second = of_day % 60;
    format!("{year:04}{month:02}{day:02}-{hour:02}{minute:02}{second:02}Z")
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn moments_agree_with_date() {
        // As printed by `date -u -d @N +%Y%m%d-%H%M%SZ`.
        for (seconds, name) in [
            (0, "19700101-000000Z"),
            (951_782_400, "20000229-000000Z"),
            (1_709_251_199, "20240229-235959Z"),
            (1_735_689_599, "20241231-235959Z"),
            (1_795_369_740, "20261122-174900Z"),
            (4_107_542_400, "21000301-000000Z"),
        ] {
            assert_eq!(moment(UNIX_EPOCH + Duration::from_secs(seconds)), name);
        }
    }

    #[test]
    fn an_existing_file_is_never_overwritten() {
        let folder = std::env::temp_dir().join(format!("socklab-save-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let store = PacketStore::new(1_024);
        let saved = write(&store, &[], &folder, UNIX_EPOCH).unwrap();
        assert!(matches!(saved, Note::CaptureSaved { packets: 0, .. }));
        let again = write(&store, &[], &folder, UNIX_EPOCH).unwrap_err();
        assert_eq!(again.kind(), io::ErrorKind::AlreadyExists);
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
