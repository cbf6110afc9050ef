//! What holds for the texts of every language.

use std::time::Duration;

use super::of;
use crate::domain::note::TableSource;
use crate::domain::{Errno, Evidence, Lang, Note};

#[test]
fn numbers_are_written_as_the_language_writes_them() {
    let (en, pt) = (&of(Lang::En).numbers, &of(Lang::PtBr).numbers);
    assert_eq!((en.count(28_225), pt.count(28_225)), ("28,225".into(), "28.225".into()));
    assert_eq!((en.count(0), en.count(999), en.count(1_000_000)), ("0".into(), "999".into(), "1,000,000".into()));
    assert_eq!(en.clock(Duration::from_micros(1_204_900)), "1.204");
    assert_eq!(pt.millis(Duration::from_micros(212)), "0,2 ms");
    assert_eq!(en.millis(Duration::from_micros(61)), "61 µs");
    let lapses = [61, 212, 3_400, 44_000, 2_300_000, 240_000_000].map(|us| pt.lapse(Duration::from_micros(us)));
    assert_eq!(lapses, ["61 µs", "212 µs", "3,4 ms", "44 ms", "2,3 s", "4 min"]);
    assert_eq!(en.left(Duration::from_millis(42_001)), "43 s");
    assert_eq!((en.span(Duration::from_secs(59)), en.span(Duration::from_mins(1))), ("59 s".into(), "1 min".into()));
    assert_eq!((en.bytes(12), en.bytes(1_250), pt.bytes(3_400_000)), ("12 B".into(), "1.2 kB".into(), "3,4 MB".into()));
    assert_eq!(en.bytes(7_000_000_000_000), "7000.0 GB");
}

#[test]
fn one_is_not_many() {
    let (en, pt) = (of(Lang::En), of(Lang::PtBr));
    assert_eq!(((en.header.clients)("0", 0), (pt.header.clients)("0", 0)), ("0 clients".into(), "0 clientes".into()));
    assert_eq!(((en.header.clients)("1", 1), (pt.header.clients)("1", 1)), ("1 client".into(), "1 cliente".into()));
    assert_eq!(((en.servers.threads)(3), (pt.servers.tasks)(2)), ("3 threads".into(), "2 tasks".into()));
}

/// Two languages that share a whole sentence share it by mistake.
#[test]
fn every_sentence_is_translated() {
    let (en, pt) = (of(Lang::En), of(Lang::PtBr));
    let errors = (1..=20).map(|n| Errno::from(std::io::Error::from_raw_os_error(n)));
    let named = [Errno::AddrInUse, Errno::Mfile, Errno::ConnRefused, Errno::ConnReset, Errno::Pipe, Errno::TimedOut];
    for errno in errors.chain(named).chain([Errno::Other(7)]) {
        let (one, other) = ((en.errno)(errno), (pt.errno)(errno));
        assert!(one.what != other.what && !one.remedy.is_empty() && !other.remedy.is_empty(), "{errno}");
    }
    for &evidence in Evidence::ALL {
        assert_ne!((en.evidence)(evidence).means, (pt.evidence)(evidence).means);
    }
    let notes = [
        Note::Dropped { count: 1 },
        Note::Descriptors { was: 1_024, now: 524_288 },
        Note::Descriptors { was: 256, now: 256 },
        Note::BurstCut { asked: 1_000, made: 118, errno: Errno::Mfile },
        Note::Has { what: Evidence::Sampled },
        Note::Lacks { what: Evidence::Traced, errno: Errno::Perm },
        Note::TableFrom { source: TableSource::SockDiag },
        Note::TableFrom { source: TableSource::Netstat2 },
        Note::TableFailed { errno: Errno::Mfile },
        Note::PortRange { low: 32_768, high: 60_999 },
        Note::Observing { servers: vec![] },
        Note::NoThread { errno: Errno::Again },
        Note::CaptureLost { count: 2 },
        Note::CaptureSaved { file: "a.pcapng".into(), packets: 1, dropped: 2 },
        Note::CaptureNotSaved { errno: Errno::Access },
    ];
    for note in notes {
        let (one, other) = ((en.note)(&note), (pt.note)(&note));
        assert!(one != other && one.ends_with('.') && other.ends_with('.'), "{one} / {other}");
    }
}
