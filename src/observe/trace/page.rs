//! Splits a page of the ring buffer into records (`events/header_event`).

use super::format::PageFormat;
use crate::observe::native::{double, half, word};

/// Bits of the commit word: records before this page were overwritten; their number follows the data.
const MISSED: u64 = 1 << 31;
const MISSED_STORED: u64 = 1 << 30;
const LENGTH: u64 = (1 << 20) - 1;

const PADDING: u32 = 29;
const TIME_EXTEND: u32 = 30;
const TIME_STAMP: u32 = 31;
const DELTA_BITS: u32 = 27;

#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct TracePage<'a> {
    /// Time in nanoseconds of the trace's clock, and the record's bytes.
    pub(super) records: Vec<(u64, &'a [u8])>,
    /// At least this many records were overwritten before this page could be read.
    pub(super) missed: u64,
}

/// Decodes a page, up to the first entry that does not fit. No input makes this panic.
pub(super) fn decode<'a>(format: &PageFormat, page: &'a [u8]) -> TracePage<'a> {
    let mut out = TracePage::default();
    let Some((mut time, commit)) = number(page, &format.timestamp).zip(number(page, &format.commit)) else {
        return out;
    };
    let len = usize::try_from(commit & LENGTH).unwrap_or(usize::MAX);
    let data = page.get(format.data.start..).unwrap_or_default();
    if commit & MISSED != 0 {
        out.missed = if commit & MISSED_STORED == 0 { 1 } else { double(data, len).unwrap_or(1) };
    }
    let mut rest = data.get(..len).unwrap_or_default();
    while let Some((event, after)) = event(rest) {
        rest = after;
        match event {
            RingEvent::Later(delta) => time = time.saturating_add(delta),
            // An absolute time lacks its upper five bits; they are taken from the time so far.
            RingEvent::At(low) => time = (time & !((1 << 59) - 1)) | low,
            RingEvent::Record(delta, bytes) => {
                time = time.saturating_add(delta);
                out.records.push((time, bytes));
            }
        }
    }
    out
}

enum RingEvent<'a> {
    Later(u64),
    At(u64),
    Record(u64, &'a [u8]),
}

/// The next event and what follows it; `None` at the end of the page.
fn event(data: &[u8]) -> Option<(RingEvent<'_>, &[u8])> {
    let head = word(data, 0)?;
    let kind = head & 31;
    let delta = u64::from(head >> 5);
    let second = || word(data, 4);
    let (event, len) = match kind {
        // Padding without a delta fills the page to its end.
        PADDING if delta == 0 => return None,
        PADDING => (RingEvent::Later(delta), 4 + usize::try_from(second()?).ok()?),
        TIME_EXTEND => (RingEvent::Later(u64::from(second()?) << DELTA_BITS | delta), 8),
        TIME_STAMP => (RingEvent::At(u64::from(second()?) << DELTA_BITS | delta), 8),
        // The length, including itself, is in the next word.
        0 => {
            let len = usize::try_from(second()?).ok()?.checked_add(4)?;
            (RingEvent::Record(delta, data.get(8..len)?), len)
        }
        words => {
            let len = 4 + 4 * usize::try_from(words).ok()?;
            (RingEvent::Record(delta, data.get(4..len)?), len)
        }
    };
    let after = data.get(len.next_multiple_of(4)..)?;
    Some((event, after))
}

/// A number of two, four or eight bytes in native order.
pub(super) fn number(bytes: &[u8], at: &std::ops::Range<usize>) -> Option<u64> {
    match at.len() {
        2 => half(bytes, at.start).map(u64::from),
        4 => word(bytes, at.start).map(u64::from),
        8 => double(bytes, at.start),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::format::tests::PAGE;
    use super::*;

    fn format() -> PageFormat {
        PageFormat::parse(PAGE).unwrap()
    }

    /// A page of 4096 bytes, as the kernel lays it out.
    fn page(flags: u64, words: &[u32], after: Option<u64>) -> Vec<u8> {
        let data: Vec<u8> = words.iter().flat_map(|word| word.to_ne_bytes()).collect();
        let commit = data.len() as u64 | flags;
        let mut page = [1000_u64.to_ne_bytes(), commit.to_ne_bytes()].concat();
        page.extend(data);
        page.extend(after.into_iter().flat_map(u64::to_ne_bytes));
        page.resize(4096, 0);
        page
    }

    #[test]
    fn deltas_add_up_over_every_kind_of_event() {
        let words = [
            2 | 5 << 5,
            0xaaaa_aaaa,
            0xbbbb_bbbb, // 8 bytes, 5 ns later
            TIME_EXTEND | 1 << 5,
            1, // 2^27 + 1 ns later
            1 | 2 << 5,
            0xcccc_cccc, // 4 bytes, 2 ns later
            PADDING | 3 << 5,
            8,
            0, // a discarded record, 3 ns later
            0,
            12,
            0xdddd_dddd,
            0xeeee_eeee, // its length in a word, at the same time
            PADDING,
            0, // the rest of the page
        ];
        let page = page(0, &words, None);
        let page = decode(&format(), &page);
        let later = 1000 + 5 + (1 << 27) + 1 + 2;
        let times: Vec<(u64, usize)> = page.records.iter().map(|(time, bytes)| (*time, bytes.len())).collect();
        assert_eq!(times, [(1005, 8), (later, 4), (later + 3, 8)]);
        assert_eq!(page.missed, 0);
    }

    #[test]
    fn overwritten_records_are_counted() {
        let one = [1, 7];
        assert_eq!(decode(&format(), &page(MISSED | MISSED_STORED, &one, Some(42))).missed, 42);
        assert_eq!(decode(&format(), &page(MISSED, &one, None)).missed, 1);
    }

    #[test]
    fn a_page_cut_at_any_byte_gives_the_records_before_the_cut() {
        let whole = page(0, &[2, 1, 2, 2, 3, 4, 1, 5], None);
        for cut in 0..whole.len() {
            let records = decode(&format(), &whole[..cut]).records.len();
            assert!(records <= 3 && (cut < 16 + 32 || records == 3), "{records} at {cut}");
        }
    }

    proptest! {
        #[test]
        fn no_page_makes_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..512)) {
            let _ = decode(&format(), &bytes);
        }
    }
}
