//! Programs that the presenter runs on the wire's hosts: starts them, and reports their output line by line.

use std::io::{self, BufRead, BufReader, Read};
use std::os::fd::{AsFd, OwnedFd};
use std::thread;
use std::time::{Duration, Instant};

use crate::domain::excerpt::sanitise;
use crate::domain::{Errno, EventKind, EventSink, Evidence, HostId, WireEvent};
use crate::wire::{ProgramSpec, Wire, program_here};

/// The longest part of a line that is shown, in bytes.
const LONGEST: usize = 200;
/// How many lines of one stream are shown per second; the others are counted.
const LINES_PER_SECOND: u32 = 50;

/// Starts a program, and reports its output, or that it could not be started, on `sink`. Blocks until it has started.
pub(super) fn run(wire: &Wire, sink: &EventSink, host: HostId, line: &str) {
    if let Err(error) = start(wire, sink, host, line) {
        let failed = WireEvent::ProgramFailed { name: sanitise(line.as_bytes()), errno: Errno::from(&error) };
        sink.report(Evidence::Called, EventKind::Wire(failed));
    }
}

fn start(wire: &Wire, sink: &EventSink, host: HostId, line: &str) -> io::Result<()> {
    let program = program(line)?;
    let input = OwnedFd::from(std::fs::File::open("/dev/null")?);
    let (out, output) = io::pipe()?;
    let (err, errors) = io::pipe()?;
    let (running, _) = wire.exec(host, &program, [input.as_fd(), output.as_fd(), errors.as_fd()])?;
    for (stream, error) in [(out, false), (err, true)] {
        let sink = sink.clone();
        let pid = running.pid();
        // Ends when the last process that holds the pipe ends: at the latest with the wire's hosts.
        thread::Builder::new().name("program output".into()).spawn(move || tell(stream, pid, error, &sink))?;
    }
    Ok(())
}

/// Parses a command line into a program with our environment and directory.
fn program(line: &str) -> io::Result<ProgramSpec> {
    let argv = words(line).ok_or(io::ErrorKind::InvalidInput)?;
    let mut program = program_here(argv)?;
    // Python buffers output to a pipe; the class would wait for it.
    program.env.push(("PYTHONUNBUFFERED".into(), "1".into()));
    Ok(program)
}

/// Splits a line into words as a shell does, with quotes and backslashes; `None` if a quote is not closed or there is no
/// word.
fn words(line: &str) -> Option<Vec<String>> {
    let mut words = Vec::new();
    let mut word = None::<String>;
    let mut quote = None;
    let mut chars = line.chars();
    while let Some(c) = chars.next() {
        match (quote, c) {
            (Some(open), c) if c == open => quote = None,
            (None, '"' | '\'') => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            (None | Some('"'), '\\') => word.get_or_insert_default().push(chars.next()?),
            (None, c) if c.is_whitespace() => words.extend(word.take()),
            (_, c) => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    (quote.is_none() && !words.is_empty()).then_some(words)
}

/// Reports a program's output line by line, at most [`LINES_PER_SECOND`].
fn tell(stream: impl Read, pid: u32, error: bool, sink: &EventSink) {
    let mut stream = BufReader::new(stream);
    let mut since = Instant::now();
    let mut shown = 0;
    let mut skipped = 0;
    let say = |line: &[u8], skipped| {
        let said = WireEvent::ProgramSaid { pid, line: sanitise(line), error, skipped };
        sink.report(Evidence::Called, EventKind::Wire(said));
    };
    let mut last = None;
    while let Ok(Some(line)) = line(&mut stream) {
        if since.elapsed() > Duration::from_secs(1) {
            since = Instant::now();
            shown = 0;
        }
        if shown == LINES_PER_SECOND {
            skipped += u64::from(last.replace(line).is_some());
            continue;
        }
        shown += 1;
        skipped += u64::from(last.take().is_some());
        say(&line, std::mem::take(&mut skipped));
    }
    // The last line is always shown, with the number of lines skipped before it.
    if let Some(last) = last {
        say(&last, skipped);
    }
}

/// The first [`LONGEST`] bytes of the next line, without its end; `None` after the last.
fn line(stream: &mut impl BufRead) -> io::Result<Option<Vec<u8>>> {
    let mut kept = Vec::new();
    let mut any = false;
    loop {
        let bytes = stream.fill_buf()?;
        if bytes.is_empty() {
            return Ok(any.then_some(kept));
        }
        any = true;
        let end = bytes.iter().position(|byte| *byte == b'\n');
        let part = &bytes[..end.unwrap_or(bytes.len())];
        kept.extend(&part[..part.len().min(LONGEST - kept.len())]);
        let used = end.map_or(bytes.len(), |end| end + 1);
        stream.consume(used);
        if end.is_some() {
            return Ok(Some(kept));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_split_into_words_as_in_a_shell() {
        let divided = |line| words(line).map(|words| words.join("|"));
        assert_eq!(divided("python3  client.py 192.0.2.1"), Some("python3|client.py|192.0.2.1".into()));
        assert_eq!(
            divided(r#"sh -c 'echo "olá  mundo"' a\ b "c'd" """#),
            Some(r#"sh|-c|echo "olá  mundo"|a b|c'd|"#.into())
        );
        assert_eq!((divided("nc 'x"), divided("  ")), (None, None));
    }

    #[test]
    fn of_many_lines_the_first_and_the_last_are_shown_and_the_others_counted() {
        let (sink, mut events) = crate::app::queue::open(crate::domain::Clock::start());
        let text = (1..=1_000).map(|line| line.to_string()).collect::<Vec<_>>().join("\n");
        tell(text.as_bytes(), 1, false, &sink);
        let told: Vec<_> = std::iter::from_fn(|| events.try_recv())
            .map(|seen| match seen.kind {
                EventKind::Wire(WireEvent::ProgramSaid { line, skipped, .. }) => (line, skipped),
                other => panic!("{other:?}"),
            })
            .collect();
        assert!(told.len() > LINES_PER_SECOND as usize, "{told:?}");
        assert_eq!(told.iter().map(|(_, skipped)| 1 + skipped).sum::<u64>(), 1_000);
        assert_eq!(told.last().map(|(line, _)| line.as_str()), Some("1000"));
    }

    #[test]
    fn only_the_beginning_of_a_long_line_is_kept() {
        let text = [vec![b'x'; 100_000], b"\nshort\nlast".to_vec()].concat();
        let mut stream = BufReader::with_capacity(512, &text[..]);
        let lines: Vec<_> = std::iter::from_fn(|| line(&mut stream).unwrap()).collect();
        assert_eq!(lines, [vec![b'x'; LONGEST], b"short".to_vec(), b"last".to_vec()]);
    }
}
