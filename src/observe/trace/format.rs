//! The layout of records and pages: the `format` files of tracefs.

use std::ops::Range;

/// Where the fields of `sock:inet_sock_set_state` lie in a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct EventFormat {
    /// The event's number, with which its records begin.
    pub(super) id: u16,
    /// The thread that ran when it was recorded, by the kernel's own count.
    pub(super) thread: Range<usize>,
    /// The address of the kernel's socket: identifies it until both its ports are known.
    pub(super) socket: Range<usize>,
    pub(super) from: Range<usize>,
    pub(super) to: Range<usize>,
    pub(super) sport: Range<usize>,
    pub(super) dport: Range<usize>,
    pub(super) family: Range<usize>,
    pub(super) saddr: Range<usize>,
    pub(super) daddr: Range<usize>,
    pub(super) saddr_v6: Range<usize>,
    pub(super) daddr_v6: Range<usize>,
}

/// Where the parts of a page lie, from `events/header_page`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct PageFormat {
    /// The time that the first event's delta counts from, in nanoseconds.
    pub(super) timestamp: Range<usize>,
    /// How much of the data is in use, and flags.
    pub(super) commit: Range<usize>,
    /// The events, up to the end of the page.
    pub(super) data: Range<usize>,
}

impl EventFormat {
    /// Reads `events/sock/inet_sock_set_state/format`. `None` when a required field is missing or has an unexpected
    /// length.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let id = text.lines().find_map(|line| line.strip_prefix("ID:"))?.trim().parse().ok()?;
        let of = |name: &str, len: usize| field(text, name).filter(|range| range.len() == len);
        (field(text, "common_type")? == (0..2)).then_some(())?;
        Some(Self {
            id,
            thread: of("common_pid", 4)?,
            socket: of("skaddr", 8).or_else(|| of("skaddr", 4))?,
            from: of("oldstate", 4)?,
            to: of("newstate", 4)?,
            sport: of("sport", 2)?,
            dport: of("dport", 2)?,
            family: of("family", 2)?,
            saddr: of("saddr", 4)?,
            daddr: of("daddr", 4)?,
            saddr_v6: of("saddr_v6", 16)?,
            daddr_v6: of("daddr_v6", 16)?,
        })
    }
}

impl PageFormat {
    pub(super) fn parse(text: &str) -> Option<Self> {
        Some(Self {
            timestamp: field(text, "timestamp").filter(|range| range.len() == 8)?,
            commit: field(text, "commit").filter(|range| matches!(range.len(), 4 | 8))?,
            data: field(text, "data")?,
        })
    }

    pub(super) const fn page(&self) -> usize {
        self.data.end
    }
}

/// The byte range of a field, from a line such as `field:__u8 saddr[4]; offset:32; size:4; signed:0;`.
fn field(text: &str, name: &str) -> Option<Range<usize>> {
    text.lines().find_map(|line| {
        let mut parts = line.trim().strip_prefix("field:")?.split(';').map(str::trim);
        let declared = parts.next()?.split(&[' ', '*', '[']).rfind(|word| !word.is_empty() && !word.ends_with(']'))?;
        (declared == name).then_some(())?;
        let offset: usize = parts.next()?.strip_prefix("offset:")?.parse().ok()?;
        let size: usize = parts.next()?.strip_prefix("size:")?.parse().ok()?;
        Some(offset..offset.checked_add(size)?)
    })
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(in super::super) const EVENT: &str = "name: inet_sock_set_state
ID: 2287
format:
	field:unsigned short common_type;	offset:0;	size:2;	signed:0;
	field:unsigned char common_flags;	offset:2;	size:1;	signed:0;
	field:int common_pid;	offset:4;	size:4;	signed:1;

	field:const void * skaddr;	offset:8;	size:8;	signed:0;
	field:int oldstate;	offset:16;	size:4;	signed:1;
	field:int newstate;	offset:20;	size:4;	signed:1;
	field:__u16 sport;	offset:24;	size:2;	signed:0;
	field:__u16 dport;	offset:26;	size:2;	signed:0;
	field:__u16 family;	offset:28;	size:2;	signed:0;
	field:__u16 protocol;	offset:30;	size:2;	signed:0;
	field:__u8 saddr[4];	offset:32;	size:4;	signed:0;
	field:__u8 daddr[4];	offset:36;	size:4;	signed:0;
	field:__u8 saddr_v6[16];	offset:40;	size:16;	signed:0;
	field:__u8 daddr_v6[16];	offset:56;	size:16;	signed:0;

print fmt: \"family=%s\", REC->family
";

    pub(in super::super) const PAGE: &str = "	field: u64 timestamp;	offset:0;	size:8;	signed:0;
	field: local_t commit;	offset:8;	size:8;	signed:1;
	field: int overwrite;	offset:8;	size:1;	signed:1;
	field: char data;	offset:16;	size:4080;	signed:0;
";

    #[test]
    fn the_layout_is_read_from_the_kernels_description() {
        let event = EventFormat::parse(EVENT).unwrap();
        assert_eq!((event.id, event.socket, event.sport, event.daddr_v6), (2287, 8..16, 24..26, 56..72));
        let page = PageFormat::parse(PAGE).unwrap();
        assert_eq!((page.timestamp.clone(), page.commit.clone(), page.page()), (0..8, 8..16, 4096));
    }

    #[test]
    fn a_description_that_lacks_a_field_is_rejected() {
        for lost in ["skaddr", "newstate", "saddr_v6", "ID:", "common_type"] {
            let text: String = EVENT.lines().filter(|line| !line.contains(lost)).collect::<Vec<_>>().join("\n");
            assert_eq!(EventFormat::parse(&text), None, "without {lost}");
        }
        assert_eq!(EventFormat::parse(&EVENT.replace("size:16", "size:8")), None);
        assert_eq!(PageFormat::parse(""), None);
    }
}
