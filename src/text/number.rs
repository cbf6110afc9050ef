//! A language's format of numbers, amounts of bytes and spans of time.

use std::time::Duration;

/// The signs and units of one language.
#[derive(Debug, Clone, Copy)]
pub struct NumberFormat {
    /// The separator between thousands.
    pub group: char,
    /// The decimal separator.
    pub point: char,
}

impl NumberFormat {
    /// A whole number, grouped: `28,225`.
    pub fn count(&self, number: u64) -> String {
        let digits = number.to_string();
        let mut written = String::with_capacity(digits.len() + digits.len() / 3);
        for (at, digit) in digits.char_indices() {
            if at > 0 && (digits.len() - at).is_multiple_of(3) {
                written.push(self.group);
            }
            written.push(digit);
        }
        written
    }

    /// Seconds since the start, with milliseconds: `1.204`.
    pub fn clock(&self, at: Duration) -> String {
        format!("{}{}{:03}", at.as_secs(), self.point, at.subsec_millis())
    }

    /// Seconds since the start, with microseconds: on loopback a handshake takes about thirty.
    pub fn precise(&self, at: Duration) -> String {
        format!("{}{}{:06}", at.as_secs(), self.point, at.subsec_micros())
    }

    /// An age or a wait in its largest unit, whole seconds below a minute: `43 s`, `2 min`, `3 h`. Rounded down.
    #[expect(clippy::unused_self, reason = "called like the other formats; another language may need it")]
    pub fn span(&self, span: Duration) -> String {
        match span.as_secs() {
            seconds @ 0..=59 => format!("{seconds} s"),
            seconds @ 60..=3_599 => format!("{} min", seconds / 60),
            seconds => format!("{} h", seconds / 3_600),
        }
    }

    /// Time left in whole seconds, rounded up, so that a row that still exists is never "gone in 0 s".
    pub fn left(&self, span: Duration) -> String {
        let whole = span.as_secs() + u64::from(span.subsec_nanos() > 0);
        if whole < 120 { format!("{whole} s") } else { self.span(Duration::from_secs(whole)) }
    }

    /// The wire's delay, or a timer: `200 ms`, `1.5 s`, `12 s`. Rounded down.
    pub fn short(&self, span: Duration) -> String {
        match span.as_millis() {
            0..1_000 => self.millis(span),
            millis @ 1_000..10_000 => format!("{}{}{} s", millis / 1_000, self.point, millis % 1_000 / 100),
            _ => self.span(span),
        }
    }

    /// A time in tenths of a second: `0.5 s`.
    pub fn tenths(&self, span: Duration) -> String {
        let tenths = span.as_millis() / 100;
        format!("{}{}{} s", tenths / 10, self.point, tenths % 10)
    }

    /// A round-trip time in milliseconds, from one second on in seconds: `0.2 ms`, `44 ms`, `27.3 s`.
    pub fn millis(&self, span: Duration) -> String {
        let micros = span.as_micros();
        match micros {
            0..=99 => format!("{micros} µs"),
            100..=9_999 => format!("{}{}{} ms", micros / 1_000, self.point, micros % 1_000 / 100),
            10_000..=999_999 => format!("{} ms", micros / 1_000),
            _ => self.tenths(span),
        }
    }

    /// Elapsed time with two or three significant digits: `61 µs`, `0.2 ms`, `44 ms`, `2.3 s`, `4 min`.
    pub fn lapse(&self, span: Duration) -> String {
        match span.as_millis() {
            0 => format!("{} µs", span.as_micros()),
            1..=999 => self.millis(span),
            1_000..=59_999 => format!("{}{}{} s", span.as_secs(), self.point, span.subsec_millis() / 100),
            _ => self.span(span),
        }
    }

    /// An amount of bytes: `12 B`, `1.2 kB`.
    pub fn bytes(&self, bytes: u64) -> String {
        let mut unit = 1_000;
        for name in ["kB", "MB", "GB"] {
            if bytes >= unit && (bytes < unit * 1_000 || name == "GB") {
                return format!("{}{}{} {name}", bytes / unit, self.point, bytes % unit / (unit / 10));
            }
            unit *= 1_000;
        }
        format!("{bytes} B")
    }

    /// The rate of a link, as exact as it is: `512 kbit/s`, `1 Mbit/s`, `1.5 Mbit/s`, `1.234 Mbit/s`.
    pub fn rate(&self, kbit: u32) -> String {
        let (unit, digits, name) = match kbit {
            1_000_000.. => (1_000_000, 6, "Gbit/s"),
            1_000.. => (1_000, 3, "Mbit/s"),
            _ => return format!("{kbit} kbit/s"),
        };
        let rest = format!("{:0digits$}", kbit % unit);
        let rest = rest.trim_end_matches('0');
        let point = if rest.is_empty() { String::new() } else { self.point.to_string() };
        format!("{}{point}{rest} {name}", kbit / unit)
    }
}
