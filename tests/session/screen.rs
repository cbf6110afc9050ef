//! The screen of a headless session: ratatui's own test backend, which the session draws on and the test reads.

use std::convert::Infallible;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use ratatui::backend::{Backend, ClearType, TestBackend, WindowSize};
use ratatui::buffer::Cell;
use ratatui::layout::{Position, Size};

/// A screen shared by the session and the test.
#[derive(Debug, Clone)]
pub(crate) struct Screen(Arc<Mutex<TestBackend>>);

impl Screen {
    pub(crate) fn new(columns: u16, rows: u16) -> Self {
        Self(Arc::new(Mutex::new(TestBackend::new(columns, rows))))
    }

    fn with(&self) -> MutexGuard<'_, TestBackend> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn resize(&self, columns: u16, rows: u16) {
        self.with().resize(columns, rows);
    }

    /// A string for each row, without the blanks at its end.
    pub(crate) fn lines(&self) -> Vec<String> {
        let backend = self.with();
        let buffer = backend.buffer();
        let row = |y| (0..buffer.area.width).map(|x| buffer[(x, y)].symbol()).collect::<String>();
        (0..buffer.area.height).map(|y| row(y).trim_end().to_owned()).collect()
    }

    /// Another program writes all over it.
    pub(crate) fn scribble(&self) {
        let mut backend = self.with();
        let Size { width, height } = backend.size().unwrap_or_default();
        let mut cell = Cell::default();
        cell.set_symbol("?");
        let all = (0..height).flat_map(|y| (0..width).map(move |x| (x, y)));
        let all: Vec<_> = all.map(|(x, y)| (x, y, &cell)).collect();
        infallible(backend.draw(all.into_iter())).unwrap();
    }
}

fn infallible<T>(done: Result<T, Infallible>) -> io::Result<T> {
    done.map_err(|never| match never {})
}

/// The loop works with a backend that can fail, as a terminal's can.
impl Backend for Screen {
    type Error = io::Error;

    fn draw<'a, I: Iterator<Item = (u16, u16, &'a Cell)>>(&mut self, content: I) -> io::Result<()> {
        infallible(self.with().draw(content))
    }

    fn hide_cursor(&mut self) -> io::Result<()> {
        infallible(self.with().hide_cursor())
    }

    fn show_cursor(&mut self) -> io::Result<()> {
        infallible(self.with().show_cursor())
    }

    fn get_cursor_position(&mut self) -> io::Result<Position> {
        infallible(self.with().get_cursor_position())
    }

    fn set_cursor_position<P: Into<Position>>(&mut self, position: P) -> io::Result<()> {
        infallible(self.with().set_cursor_position(position))
    }

    fn clear(&mut self) -> io::Result<()> {
        infallible(self.with().clear())
    }

    fn clear_region(&mut self, clear_type: ClearType) -> io::Result<()> {
        infallible(self.with().clear_region(clear_type))
    }

    fn size(&self) -> io::Result<Size> {
        infallible(self.with().size())
    }

    fn window_size(&mut self) -> io::Result<WindowSize> {
        infallible(self.with().window_size())
    }

    fn flush(&mut self) -> io::Result<()> {
        infallible(self.with().flush())
    }
}
