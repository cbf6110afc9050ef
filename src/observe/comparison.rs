//! The socket table compared with another reader's count of it.

use std::collections::BTreeMap;
use std::io;

use super::portable;
use super::scope::Scope;
use super::source::Source;
use crate::domain::note::TableSource;
use crate::domain::{Errno, Flow, Proto, Row};

/// The TCP sockets that the table has, and what `netstat2` read at the same time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TableComparison {
    /// Where the table comes from.
    pub source: TableSource,
    /// How many sockets the table had before and after the reading of netstat2. Those that came or went meanwhile prove
    /// nothing.
    pub sockets: usize,
    /// How netstat2's reading differs, or why there is none.
    pub netstat2: Result<TableDifference, Errno>,
}

/// How another reading of the table differs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct TableDifference {
    /// How many of the table's sockets it does not have.
    pub lacks: usize,
    /// How many sockets it has that the table had neither before nor after.
    pub more: usize,
}

/// Reads the table with the best source, then with netstat2, then once more with the best source.
///
/// # Errors
/// Those of the best source.
pub fn compare() -> io::Result<TableComparison> {
    let mut source = Source::best();
    let before = count(|each| source.dump(&Scope::All, each).map(drop))?;
    let other = count(|each| portable::dump(&Scope::All, each).map(drop));
    let after = count(|each| source.dump(&Scope::All, each).map(drop))?;
    Ok(TableComparison {
        source: source.name(),
        sockets: stood(&before, &after).values().sum(),
        netstat2: other.map(|other| difference(&before, &other, &after)).map_err(Errno::from),
    })
}

/// How many sockets have the same addresses: listeners may share theirs (`SO_REUSEPORT`).
type Counts = BTreeMap<Flow, usize>;

fn count(read: impl FnOnce(&mut dyn FnMut(Row)) -> io::Result<()>) -> io::Result<Counts> {
    let mut counts = Counts::new();
    read(&mut |row| {
        if row.flow.proto == Proto::Tcp {
            *counts.entry(row.flow).or_default() += 1;
        }
    })?;
    Ok(counts)
}

/// The sockets of both readings.
fn stood(before: &Counts, after: &Counts) -> Counts {
    before.iter().map(|(flow, count)| (*flow, (*count).min(of(after, flow)))).collect()
}

fn difference(before: &Counts, other: &Counts, after: &Counts) -> TableDifference {
    let stood = stood(before, after);
    let lacks = stood.iter().map(|(flow, count)| count.saturating_sub(of(other, flow))).sum();
    let known = |flow: &Flow| of(before, flow).max(of(after, flow));
    let more = other.iter().map(|(flow, count)| count.saturating_sub(known(flow))).sum();
    TableDifference { lacks, more }
}

fn of(counts: &Counts, flow: &Flow) -> usize {
    counts.get(flow).copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_or_goes_between_the_readings_is_no_difference() {
        let counts = |ports: &[u16]| {
            let mut counts = Counts::new();
            for port in ports {
                let flow = Flow::unconnected(Proto::Tcp, ([127, 0, 0, 1], *port).into());
                *counts.entry(flow).or_default() += 1;
            }
            counts
        };
        for (before, other, after, lacks, more) in [
            (&[1, 2][..], &[1, 2][..], &[1, 2][..], 0, 0),
            (&[1, 2], &[1], &[1], 0, 0),
            (&[1], &[1, 2], &[1, 2], 0, 0),
            (&[1, 2], &[1], &[1, 2], 1, 0),
            (&[1], &[1, 3], &[1], 0, 1),
            (&[1, 1], &[1], &[1, 1], 1, 0),
        ] {
            let found = difference(&counts(before), &counts(other), &counts(after));
            assert_eq!(found, TableDifference { lacks, more }, "{before:?} {other:?} {after:?}");
        }
    }
}
