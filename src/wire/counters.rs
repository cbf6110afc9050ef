//! The counters of a host's kernel, as `/proc/net/snmp` and `/proc/net/netstat` of its network namespace show them.

use std::io;
use std::os::fd::OwnedFd;

use rustix::io::pread;

use crate::domain::MovedCounters;

/// The two files, open in the host's namespace: whoever reads them, they are about that one.
#[derive(Debug)]
pub(super) struct CounterFiles([OwnedFd; 2]);

impl CounterFiles {
    /// More than both files have: some 9 kB in Linux 6.18.
    const ROOM: usize = 1 << 15;

    /// Of `snmp` and `netstat`.
    pub(super) const fn of(files: [OwnedFd; 2]) -> Self {
        Self(files)
    }

    /// Reads all counters: about 50 µs.
    pub(super) fn read(&self) -> io::Result<CounterReading> {
        let mut text = vec![0; Self::ROOM];
        let mut end = 0;
        for file in &self.0 {
            // The kernel makes the whole text at offset 0, and returns it at once where there is room.
            end += pread(file, &mut text[end..], 0)?;
        }
        text.truncate(end);
        // The kernel writes ASCII.
        Ok(CounterReading(text.into_iter().map(char::from).collect()))
    }
}

/// All counters at one moment: pairs of lines, the names and their values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct CounterReading(String);

impl CounterReading {
    #[cfg(test)]
    pub(super) fn of(text: &str) -> Self {
        Self(text.into())
    }

    /// The counters that have grown since `before`, by the names of `nstat(8)`. A gauge that fell is none of them.
    pub(super) fn since(&self, before: &Self) -> MovedCounters {
        let mut moved = MovedCounters::new();
        for (names, now) in self.pairs() {
            // A group whose counters appear with their first event has other names then: `IcmpMsg`.
            let Some((_, then)) = before.pairs().find(|(same, _)| *same == names) else { continue };
            let Some((group, names)) = names.split_once(": ").filter(|_| now != then) else { continue };
            let values = |line: &'_ str| line.split(' ').skip(1).map(|value| value.parse().unwrap_or(0)).collect();
            let (now, then): (Vec<i64>, Vec<i64>) = (values(now), values(then));
            for ((name, now), then) in names.split(' ').zip(now).zip(then) {
                if let Ok(by @ 1..) = u64::try_from(now.wrapping_sub(then)) {
                    moved.insert(format!("{group}{name}"), by);
                }
            }
        }
        moved
    }

    fn pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        let mut lines = self.0.lines();
        std::iter::from_fn(move || Some((lines.next()?, lines.next()?)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_grew_has_the_name_that_nstat_gives_it() {
        let read = |mss: u32, icmp: &str, established: i32| {
            CounterReading::of(&format!(
                "Ip: Forwarding InReceives\nIp: 2 7\n{icmp}Tcp: MaxConn CurrEstab InErrs\nTcp: -1 {established} {mss}\n"
            ))
        };
        let icmp = "IcmpMsg: InType3\nIcmpMsg: 1\n";
        let moved = read(9, icmp, 1).since(&read(8, icmp, 2));
        assert_eq!(moved, [("TcpInErrs".to_owned(), 1)].into());
        assert_eq!(read(8, "", 2).since(&read(8, "", 2)), MovedCounters::new());
        assert_eq!(read(8, "", 2).since(&CounterReading::of("")), MovedCounters::new());
    }
}
