//! Opens a capture file in the background: reads its first packets, analyses them like live traffic, and keeps them until
//! the file is closed.

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::mpsc;

use super::{packet_views, paths};
use crate::domain::excerpt::sanitise;
use crate::domain::{
    CaptureEvent, Clock, EventKind, Evidence, FileFault, FileId, Finding, Flow, Observation, Stamp, UnreadCounts,
    WorldId,
};
use crate::model::Msg;
use crate::model::packets::{PacketDetails, PacketOrigin, PacketsAnswer, Recording};
use crate::observe::capture::PacketStore;
use crate::observe::capture::file::{CaptureClock, CaptureReader};
use crate::packet::{Analysis, ConnectionStates};

/// The most packets of a file to keep, and the most bytes: more than anyone reads, and little enough for a laptop.
const MOST: (u64, usize) = (100_000, 128 << 20);

/// The open file, which was read or is being read.
#[derive(Debug)]
struct OpenFile {
    id: FileId,
    /// Set when the file is closed.
    cancelled: Arc<AtomicBool>,
    /// Its packets, once they are read.
    store: Arc<Mutex<Option<Arc<PacketStore>>>>,
}

/// See the module's documentation. Lives inside a tokio runtime.
#[derive(Debug)]
pub(super) struct Opener {
    answers: mpsc::Sender<Msg>,
    clock: Clock,
    open: Option<OpenFile>,
}

impl Opener {
    pub(super) const fn new(answers: mpsc::Sender<Msg>, clock: Clock) -> Self {
        Self { answers, clock, open: None }
    }

    /// Reads a file in the background. Closes the previous one.
    pub(super) fn open(&mut self, id: FileId, name: &str) {
        self.close();
        let cancelled = Arc::<AtomicBool>::default();
        let store = Arc::<Mutex<Option<Arc<PacketStore>>>>::default();
        self.open = Some(OpenFile { id, cancelled: Arc::clone(&cancelled), store: Arc::clone(&store) });
        let path = paths::expanded(name);
        let name = sanitise(name.as_bytes());
        let answers = self.answers.clone();
        let clock = self.clock;
        tokio::task::spawn_blocking(move || {
            // Both go through the same channel: the packets come before the event that says so, and neither is dropped in
            // a flood of events. Fails only when the session is over.
            let send = |msg| _ = answers.blocking_send(msg);
            let report = |event| {
                let kind = EventKind::Capture(event);
                let world = WorldId::Host;
                let evidence = Evidence::Called;
                send(Msg::Seen(Observation { at: clock.now(), world, host: None, evidence, kind }));
            };
            let mut reading = match FileReading::begin(&path, cancelled) {
                Ok(reading) => reading,
                Err(fault) => return report(CaptureEvent::FileRefused { file: id, name, fault }),
            };
            let recording = reading.read(MOST);
            let summary = recording.summary.clone();
            let more = summary.more;
            *store.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(reading.take_store()));
            send(Msg::Answer(PacketsAnswer::Read(id, Arc::new(recording))));
            report(CaptureEvent::FileOpened { file: id, name, summary });
            if more && let Some(packets) = reading.count() {
                report(CaptureEvent::FileCounted { file: id, packets });
            }
        });
    }

    /// Closes the file.
    pub(super) fn close(&mut self) {
        if let Some(open) = self.open.take() {
            open.cancelled.store(true, Ordering::Relaxed);
        }
    }

    /// Dissects one of its packets.
    pub(super) fn inspect(&self, id: FileId, number: u64) {
        let store = self.store(id);
        let inspected: PacketDetails = packet_views::inspected(store.as_deref(), number);
        // The loop reads answers as fast as it sends requests; one that does not fit is out of date.
        let _ = self.answers.try_send(Msg::Answer(PacketsAnswer::Inspected(PacketOrigin::File(id), inspected)));
    }

    /// Reassembles one of its conversations in the background.
    pub(super) fn follow(&self, id: FileId, conversation: Flow) {
        packet_views::follow(self.store(id), PacketOrigin::File(id), conversation, self.answers.clone());
    }

    /// Completes the name of a file in the background.
    pub(super) fn complete(&self, typed: String) {
        let answers = self.answers.clone();
        tokio::task::spawn_blocking(move || {
            let path = paths::completed(&typed);
            let _ = answers.blocking_send(Msg::Answer(PacketsAnswer::Completed { typed, path }));
        });
    }

    fn store(&self, id: FileId) -> Option<Arc<PacketStore>> {
        let open = self.open.as_ref().filter(|open| open.id == id)?;
        open.store.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Drop for Opener {
    /// Cancels a file that is still being read, so that it does not delay the exit.
    fn drop(&mut self) {
        self.close();
    }
}

/// A file whose reads fail once it is cancelled.
#[derive(Debug)]
struct CancellableFile {
    file: File,
    cancelled: Arc<AtomicBool>,
}

impl Read for CancellableFile {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        if self.cancelled.load(Ordering::Relaxed) {
            return Err(io::Error::other("cancelled"));
        }
        self.file.read(buf)
    }
}

/// A file that is being read.
struct FileReading<R: Read> {
    reader: CaptureReader<R>,
    store: PacketStore,
    /// The bytes of the packets in `store`.
    stored: usize,
    /// How many packets were read.
    read: u64,
}

impl FileReading<BufReader<CancellableFile>> {
    fn begin(path: &Path, cancelled: Arc<AtomicBool>) -> Result<Self, FileFault> {
        let file = open(path).map_err(|error| FileFault::from(&error))?;
        let kind = file.metadata().map_err(|error| FileFault::from(&error))?;
        if kind.is_dir() {
            return Err(FileFault::Directory);
        }
        if !kind.is_file() {
            return Err(FileFault::NotAFile);
        }
        Self::of(BufReader::with_capacity(1 << 16, CancellableFile { file, cancelled }))
    }
}

impl<R: Read> FileReading<R> {
    fn of(input: R) -> Result<Self, FileFault> {
        let reader = CaptureReader::new(input).map_err(|error| error.fault())?;
        // The store itself is unbounded, because it would drop the first packets; `read` stops early instead.
        Ok(Self { reader, store: PacketStore::new(usize::MAX), stored: 0, read: 0 })
    }

    fn take_store(&mut self) -> PacketStore {
        std::mem::replace(&mut self.store, PacketStore::new(0))
    }

    /// Reads at most this many packets and bytes.
    fn read(&mut self, (packets, bytes): (u64, usize)) -> Recording {
        let mut recording = Recording::default();
        let mut analysis = Analysis::default();
        let mut states = ConnectionStates::default();
        let mut changes = Vec::new();
        let mut clock = CaptureClock::default();
        let mut unread = UnreadCounts::new();
        loop {
            let packet = match self.reader.next_packet() {
                Ok(Some(packet)) => packet,
                Ok(None) => break,
                Err(error) => {
                    recording.summary.damage = Some(error.damage());
                    break;
                }
            };
            self.read += 1;
            if recording.summary.read == packets || self.stored > bytes {
                recording.summary.more = true;
                break;
            }
            recording.summary.read += 1;
            let since = clock.since(packet.at);
            recording.summary.lasted = recording.summary.lasted.max(since);
            let at = Stamp::ZERO.after(since);
            match analysis.see(&packet.frame()) {
                Some(mut seen) => {
                    let interface = self.reader.interfaces().get(packet.interface as usize);
                    seen.interface = interface.and_then(|interface| interface.name.clone());
                    if packet.at.is_none() {
                        seen.findings.add(Finding::NoTime);
                    }
                    states.see(at, &seen, &mut changes);
                    recording.packet(at, seen);
                    changes.drain(..).for_each(|(at, evidence, change)| recording.change(at, evidence, change));
                }
                None => {
                    recording.summary.others += 1;
                    *unread.entry(packet.frame().unread()).or_default() += 1;
                }
            }
            self.stored += packet.bytes.len();
            self.store.add(packet);
        }
        recording.summary.unread = unread.into_iter().collect();
        states.finish(&mut changes);
        changes.drain(..).for_each(|(at, evidence, change)| recording.change(at, evidence, change));
        recording
    }

    /// Reads on and counts all packets of the file; `None` if the rest cannot be read.
    fn count(&mut self) -> Option<u64> {
        while let Some(_packet) = self.reader.next_packet().ok()? {
            self.read += 1;
        }
        Some(self.read)
    }
}

/// Opens a file. `O_NONBLOCK`, because opening a pipe without a writer would block; the caller then refuses the pipe.
pub(super) fn open(path: &Path) -> io::Result<File> {
    let mut options = File::options();
    options.read(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.custom_flags(rustix::fs::OFlags::NONBLOCK.bits().cast_signed());
    }
    options.open(path)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::domain::FileDamage;
    use crate::domain::TcpState;
    use crate::model::packets::Packets;
    use crate::observe::capture::file::{Interface, Packet, PcapngWriter};
    use crate::packet::LinkType;

    /// A SYN and its answer, repeatedly; every third packet is not IP.
    fn capture(count: u64) -> Vec<u8> {
        let mut file = Vec::new();
        let mut writer = PcapngWriter::new(&mut file).unwrap();
        let link = LinkType::RAW;
        writer.interface(&Interface { name: Some("lo".into()), description: String::new(), link }).unwrap();
        for number in 1..=count {
            let (from, to, seq, ack, flags) =
                if number % 2 == 1 { (40_000_u16, 80_u16, 7_u32, 0_u32, 2) } else { (80, 40_000, 99, 8, 0x12) };
            let mut bytes = vec![0x45, 0, 0, 40, 0, 0, 0, 0, 64, 6, 0, 0, 10, 0, 0, 1, 10, 0, 0, 1];
            bytes.extend(from.to_be_bytes().into_iter().chain(to.to_be_bytes()));
            bytes.extend(seq.to_be_bytes().into_iter().chain(ack.to_be_bytes()));
            bytes.extend([0x50, flags, 1, 0, 0, 0, 0, 0]);
            if number % 3 == 0 {
                bytes = vec![0; 20];
            }
            let at = 1_000_000_000 + number * 1_000_000;
            let wire_len = u32::try_from(bytes.len()).unwrap();
            let bytes = bytes.into();
            let packet = Packet { number, at: Some(at), interface: 0, link, wire_len, bytes, comments: Vec::new() };
            writer.packet(&packet, &[]).unwrap();
        }
        file
    }

    fn listed(recording: &Recording) -> Vec<u64> {
        recording.journal().events().filter_map(Packets::of).map(|packet| packet.number).collect()
    }

    #[test]
    fn a_file_is_analysed_like_live_traffic_including_states() {
        let bytes = capture(5);
        let mut reading = FileReading::of(&bytes[..]).unwrap();
        let recording = reading.read(MOST);
        assert_eq!((listed(&recording), reading.take_store().len()), (vec![1, 2, 4, 5], 5));
        let summary = &recording.summary;
        assert_eq!((summary.read, summary.others, summary.more, summary.damage), (5, 1, false, None));
        assert_eq!(summary.lasted, Duration::from_millis(4));
        let first = recording.journal().events().find_map(Packets::of).unwrap().flow;
        let book = &recording.world().histories;
        assert_eq!(book.state(&first).map(|(state, _)| state), Some(TcpState::SynSent));
        assert_eq!(book.state(&first.mirror().unwrap()).map(|(state, _)| state), Some(TcpState::SynRecv));
    }

    #[test]
    fn the_first_packets_of_a_long_file_are_kept_and_all_are_counted() {
        let bytes = capture(50);
        for (most, read) in [((10, usize::MAX), 10), ((u64::MAX, 100), 4), ((50, usize::MAX), 50)] {
            let mut reading = FileReading::of(&bytes[..]).unwrap();
            let recording = reading.read(most);
            assert_eq!((recording.summary.read, recording.summary.more), (read, read < 50));
            assert_eq!((reading.take_store().len() as u64, reading.count()), (read, Some(50)));
        }
    }

    #[test]
    fn the_readable_part_of_a_damaged_file_is_kept() {
        let bytes = capture(5);
        let cut = FileReading::of(&bytes[..bytes.len() - 3]).unwrap().read(MOST);
        assert_eq!((cut.summary.read, cut.summary.damage), (4, Some(FileDamage::Cut)));
        let mut wrong = bytes.clone();
        // The length of the last block but one.
        let at = bytes.len() - 4;
        wrong[at] ^= 0xff;
        let wrong = FileReading::of(&wrong[..]).unwrap().read(MOST);
        assert!(
            matches!(wrong.summary.damage, Some(FileDamage::Damaged { .. })) && wrong.summary.read == 4,
            "{wrong:?}"
        );
        assert_eq!(FileReading::of(&b"GIF89a, no capture"[..]).err(), Some(FileFault::NotACapture));
        assert_eq!(FileReading::of(&b""[..]).err(), Some(FileFault::NotACapture));
    }

    #[test]
    fn anything_but_a_regular_file_is_refused_without_blocking() {
        let begin = |path: &Path| FileReading::begin(path, Arc::default()).err();
        assert_eq!(begin(Path::new("/nonexistent/x")), Some(FileFault::NoFile));
        assert_eq!(begin(&std::env::temp_dir()), Some(FileFault::Directory));
        #[cfg(unix)]
        assert_eq!(begin(Path::new("/dev/null")), Some(FileFault::NotAFile));
        #[cfg(target_os = "linux")]
        {
            // A pipe without a writer.
            let path = std::env::temp_dir().join(format!("socklab-fifo-{}", std::process::id()));
            rustix::fs::mknodat(rustix::fs::CWD, &path, rustix::fs::FileType::Fifo, 0o600.into(), 0).unwrap();
            assert_eq!(begin(&path), Some(FileFault::NotAFile));
            std::fs::remove_file(path).unwrap();
        }
    }

    #[test]
    fn a_cancelled_file_is_not_read_to_its_end() {
        let path = std::env::temp_dir().join(format!("socklab-cancelled-{}", std::process::id()));
        std::fs::write(&path, capture(5_000)).unwrap();
        let cancelled = Arc::new(AtomicBool::new(false));
        let mut reading = FileReading::begin(&path, Arc::clone(&cancelled)).unwrap();
        std::fs::remove_file(path).unwrap();
        cancelled.store(true, Ordering::Relaxed);
        let recording = reading.read(MOST);
        assert!(recording.summary.read < 5_000 && matches!(recording.summary.damage, Some(FileDamage::Io { .. })));
    }
}
