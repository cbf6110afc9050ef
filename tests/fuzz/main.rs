//! A small fuzzer: known packets and files, changed at random, for `SOCKLAB_FUZZ_SECONDS` of processor time each
//! (default 1).
//!
//! `SOCKLAB_FUZZ_SEED` repeats a run. Inputs that once failed are kept in `tests/fuzz/found` and are always run first.

mod seeds;
mod targets;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::time::Duration;

use socklab::api::domain::Filter;

/// A pseudo-random number generator (`SplitMix64`).
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `end`, or 0.
    fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() >> 1).unwrap_or(0) % end.max(1)
    }

    fn byte(&mut self) -> u8 {
        self.next().to_le_bytes()[0]
    }
}

/// Changes, removes or inserts some bytes.
fn mutate(dice: &mut Dice, bytes: &mut Vec<u8>, other: &[u8]) {
    const EDGES: [u8; 10] = [0, 1, 2, 7, 0x45, 0x7f, 0x80, 0xfe, 0xff, 0x60];
    const NUMBERS: [u32; 8] = [0, 1, 11, 12, 13, 0x7fff_ffff, 0x8000_0000, u32::MAX];
    for _ in 0..=dice.below(6) {
        let at = dice.below(bytes.len());
        match dice.below(8) {
            0 | 1 if !bytes.is_empty() => bytes[at] ^= 1 << dice.below(8),
            2 if !bytes.is_empty() => bytes[at] = EDGES[dice.below(EDGES.len())],
            3 if !bytes.is_empty() => bytes[at] = dice.byte(),
            4 if bytes.len() >= 4 => {
                let at = at.min(bytes.len() - 4) & !3;
                let number = NUMBERS[dice.below(NUMBERS.len())].wrapping_add(u32::from(dice.byte() & 3));
                let number = if dice.below(2) == 0 { number.to_le_bytes() } else { number.to_be_bytes() };
                bytes[at..at + 4].copy_from_slice(&number);
            }
            5 => bytes.truncate(at),
            6 => {
                let end = (at + dice.below(40)).min(bytes.len());
                bytes.drain(at..end);
            }
            _ => {
                let from = dice.below(other.len());
                let piece = &other[from..(from + dice.below(60)).min(other.len())];
                bytes.splice(at..at, piece.iter().copied());
            }
        }
    }
}

fn found(target: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz/found");
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    files.filter(|path| path.file_name().unwrap().to_string_lossy().starts_with(target)).collect()
}

/// The processor time of this thread: on a busy machine, elapsed time would be spent waiting.
#[cfg(unix)]
fn spent() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec.cast_unsigned(), u32::try_from(time.tv_nsec).unwrap())
}

#[cfg(not(unix))]
fn spent() -> Duration {
    static BEGIN: std::sync::LazyLock<std::time::Instant> = std::sync::LazyLock::new(std::time::Instant::now);
    BEGIN.elapsed()
}

fn fuzz(target: &str, seeds: &[Vec<u8>], mut run: impl FnMut(&[u8])) {
    for path in found(target) {
        run(&std::fs::read(path).unwrap());
    }
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let patience = Duration::from_secs(number("SOCKLAB_FUZZ_SECONDS").unwrap_or(1));
    let begin = number("SOCKLAB_FUZZ_SEED").unwrap_or(0x50c7_1ab0);
    let mut dice = Dice(begin);
    let end = spent() + patience;
    let mut pool = seeds.to_vec();
    let mut count = 0_u64;
    while spent() < end {
        for _ in 0..64 {
            let mut bytes = pool[dice.below(pool.len())].clone();
            let other = dice.below(seeds.len());
            mutate(&mut dice, &mut bytes, &seeds[other]);
            if let Err(panic) = catch_unwind(AssertUnwindSafe(|| run(&bytes))) {
                let name = std::env::temp_dir().join(format!("{target}-{begin:x}-{count}.bin"));
                std::fs::write(&name, &bytes).unwrap();
                eprintln!("put {} into tests/fuzz/found", name.display());
                std::panic::resume_unwind(panic);
            }
            count += 1;
            // Some of the inputs are changed further.
            if dice.below(50) == 0 && bytes.len() < 100_000 {
                if pool.len() > seeds.len() * 20 {
                    pool.swap_remove(seeds.len() + dice.below(pool.len() - seeds.len()));
                }
                pool.push(bytes);
            }
        }
    }
    println!("{target}: {count} inputs in {} s of processor time from seed {begin}", patience.as_secs());
}

#[test]
fn packets_of_any_bytes() {
    let mut memory = targets::Memory::default();
    let filter = Filter::parse("65432 or \"nothing has this\" or flags syn or len > 5 seq 1").unwrap();
    let seeds: Vec<Vec<u8>> = seeds::frames()
        .into_iter()
        .map(|(link, frame)| {
            let first = targets::LINKS.iter().position(|known| *known == link.0).unwrap();
            [&[u8::try_from(first).unwrap()][..], &frame].concat()
        })
        .collect();
    fuzz("packet", &seeds, |bytes| targets::packet(&mut memory, &filter, bytes));
}

/// One carrier: everything behind what names it is changed.
fn carried(name: &str) {
    let (_, carrier) = seeds::CARRIERS.into_iter().find(|(known, _)| *known == name).unwrap();
    let first = targets::LINKS.iter().position(|known| *known == carrier.link.0).unwrap();
    let (mut memory, filter) = (targets::Memory::default(), Filter::default());
    fuzz(name, &carrier.seeds(), |bytes| {
        let frame = [&[u8::try_from(first).unwrap()][..], &carrier.frame(bytes)].concat();
        targets::packet(&mut memory, &filter, &frame);
    });
}

#[test]
fn ppp_of_any_bytes() {
    carried("ppp");
}

#[test]
fn hdlc_of_any_bytes() {
    carried("hdlc");
}

#[test]
fn pppoe_of_any_bytes() {
    carried("pppoe");
}

#[test]
fn mpls_of_any_bytes() {
    carried("mpls");
}

#[test]
fn gre_of_any_bytes() {
    carried("gre");
}

#[test]
fn ip_in_ip_of_any_bytes() {
    carried("ipip");
}

#[test]
fn ipv6_in_ipv4_of_any_bytes() {
    carried("6in4");
}

#[test]
fn snap_of_any_bytes() {
    carried("snap");
}

#[test]
fn wireless_frames_of_any_bytes() {
    carried("80211");
}

#[test]
fn ip_of_any_bytes() {
    carried("raw");
}

/// A seed must be read, or its target tries nothing.
#[test]
fn every_carrier_carries() {
    use socklab::api::packet::{Analysis, Frame};
    for (name, carrier) in seeds::CARRIERS {
        let seeds = carrier.seeds();
        let read = seeds.iter().filter(|seed| {
            let bytes = carrier.frame(seed);
            let wire_len = u32::try_from(bytes.len()).unwrap();
            Analysis::default().see(&Frame { number: 1, at: 0, link: carrier.link, wire_len, bytes: &bytes }).is_some()
        });
        assert_eq!(read.count(), seeds.len(), "{name}");
    }
}

#[test]
fn streams_of_any_shape() {
    let talk =
        [[0, 2, 0, 0, 0, 0], [1, 18, 0, 0, 1, 0], [0, 16, 0, 1, 1, 12], [1, 16, 0, 1, 13, 12], [0, 17, 0, 13, 13, 0]];
    let lost =
        [[0, 2, 0, 0, 0, 0], [0, 16, 0, 1, 1, 9], [0, 16, 0, 19, 1, 9], [1, 16, 0, 1, 28, 0], [0, 16, 0, 10, 1, 9]];
    fuzz("stream", &[talk.concat(), lost.concat(), [talk.concat(), lost.concat()].concat()], targets::stream);
}

#[test]
fn fragments_of_any_shape() {
    let three = [[0x60, 1, 0, 0, 240, 65], [0x60, 1, 0, 30, 240, 66], [0x60, 0, 0, 60, 20, 67]];
    let six = [[0, 3, 0, 0, 240, 65], [0, 2, 0, 240, 33, 66]];
    fuzz("fragments", &[three.concat(), six.concat(), [three.concat(), six.concat()].concat()], targets::fragments);
}

#[test]
fn files_of_any_bytes() {
    let seeds = seeds::files();
    // A seed must be valid.
    for seed in &seeds {
        let printed = socklab::api::observe::capture::PacketStore::open(&seed[..], usize::MAX).unwrap();
        assert!(printed.1.is_none() && !printed.0.is_empty(), "{:?}", printed.1);
    }
    fuzz("file", &seeds, targets::file);
}

#[test]
fn every_prefix_of_a_file_is_read_as_far_as_it_goes() {
    for seed in seeds::files() {
        for end in 0..seed.len() {
            targets::file(&seed[..end]);
        }
    }
}
