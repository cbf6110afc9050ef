//! The journal on disk or on standard output, as it happens: one event a line.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;

use crate::model::journal::Journal;

/// Writes every event of the journal to a file (`--record`) or to standard output.
#[derive(Debug)]
pub struct Recorder<W: Write> {
    file: W,
    /// The number of the last event written.
    written: u64,
}

impl Recorder<BufWriter<Box<dyn Write + Send>>> {
    /// Creates the file, or empties it.
    pub fn create(path: &Path) -> io::Result<Self> {
        Ok(Self::boxed(File::create(path)?))
    }

    /// Writes to this writer.
    pub fn boxed(file: impl Write + Send + 'static) -> Self {
        Self::onto(BufWriter::new(Box::new(file)))
    }
}

impl<W: Write> Recorder<W> {
    /// Writes to this writer.
    pub const fn onto(file: W) -> Self {
        Self { file, written: 0 }
    }

    /// Writes the new events. Cheap if there are none.
    pub fn follow(&mut self, journal: &Journal) -> io::Result<()> {
        for seq in self.written + 1..=journal.last_seq() {
            if let Some(event) = journal.get(seq) {
                serde_json::to_writer(&mut self.file, event)?;
                self.file.write_all(b"\n")?;
            }
        }
        self.written = journal.last_seq();
        // Flushed at once, for readers that follow the file, and so that a killed program loses none.
        self.file.flush()
    }
}
