//! The transcript of a lesson's run: what each step says, what it expects, and what was seen.

use std::io::{self, Write};

use crate::domain::Lang;
use crate::domain::excerpt::sanitise;
use crate::lesson::{Engine, ExpectationState, Lesson, LessonPhase};
use crate::text::Text;
use crate::text::lesson::LessonsText;
use crate::view::sentences::{of_act, of_expect, of_seen};

/// The width of a paragraph, in columns.
const WIDTH: usize = 96;

/// Writes the transcript while the lesson runs.
#[derive(Debug)]
pub(super) struct Transcript<W: Write> {
    out: W,
    text: &'static LessonsText,
    lang: Lang,
}

impl<W: Write> Transcript<W> {
    pub(super) const fn onto(out: W, text: &'static Text, lang: Lang) -> Self {
        Self { out, text: &text.lessons, lang }
    }

    /// Writes one line. The text and name of a lesson file may come from anywhere, so they are sanitised.
    fn line(&mut self, words: &str) -> io::Result<()> {
        writeln!(self.out, "{}", sanitise(words.as_bytes()))
    }

    pub(super) fn title(&mut self, name: &str, lesson: &Lesson) -> io::Result<()> {
        self.line(&format!("{} ({name})", lesson.title.lang(self.lang)))?;
        self.paragraph("", lesson.about.lang(self.lang))
    }

    /// Before a step: its number and its text.
    pub(super) fn begin(&mut self, engine: &Engine) -> io::Result<()> {
        writeln!(self.out)?;
        let number = format!("{:>2}. ", engine.place() + 1);
        let said = engine.step().and_then(|step| step.say.as_ref()).map_or("", |say| say.lang(self.lang));
        self.paragraph(&number, said)?;
        self.out.flush()
    }

    /// After a step: each expectation, ticked or not, and what it says once it has passed.
    pub(super) fn end(&mut self, engine: &Engine) -> io::Result<()> {
        let Some(step) = engine.step() else { return Ok(()) };
        if let Some(act) = engine.stuck().and_then(|place| step.acts.get(place)) {
            self.line(&format!("    ✗ {}", (self.text.not_done)(&of_act(self.text, act))))?;
        }
        for (expect, tick) in step.expect.iter().zip(engine.ticks()) {
            let what = of_expect(self.text, expect);
            match tick {
                ExpectationState::Met => self.line(&format!("    ✓ {what}"))?,
                ExpectationState::Open => self.line(&format!("    · {what}"))?,
                ExpectationState::Missed(seen) => self.line(&format!("    ✗ {what}; {}", of_seen(self.text, seen)))?,
            }
        }
        if let (LessonPhase::Passed, Some(after)) = (engine.phase(), &step.after) {
            self.paragraph("    ", after.lang(self.lang))?;
        }
        self.out.flush()
    }

    pub(super) fn verdict(&mut self, passed: bool, expectations: usize) -> io::Result<()> {
        let verdict = if passed { (self.text.passed)(expectations) } else { self.text.failed.to_owned() };
        writeln!(self.out, "\n{verdict}")?;
        self.out.flush()
    }

    /// Writes lines of at most [`WIDTH`] columns, the first after `lead`.
    fn paragraph(&mut self, lead: &str, words: &str) -> io::Result<()> {
        let mut line = lead.to_owned();
        let indent = " ".repeat(lead.len());
        for word in words.split_whitespace() {
            let room = line.chars().count() + word.chars().count() < WIDTH;
            if !room {
                self.line(line.trim_end())?;
                line.clone_from(&indent);
            }
            line.push_str(word);
            line.push(' ');
        }
        self.line(line.trim_end())
    }
}

/// The acts and expectations of the current step that failed, one sentence each.
pub(super) fn failures(engine: &Engine, text: &'static Text) -> Vec<String> {
    let text = &text.lessons;
    let number = engine.place() + 1;
    let Some(step) = engine.step() else { return vec![] };
    let stuck = engine.stuck().and_then(|place| step.acts.get(place));
    let not_done = stuck.map(|act| (text.not_done)(&of_act(text, act)));
    let missed = step.expect.iter().zip(engine.ticks()).filter_map(|(expect, tick)| match tick {
        ExpectationState::Missed(seen) => Some(format!("{}; {}", of_expect(text, expect), of_seen(text, seen))),
        ExpectationState::Met | ExpectationState::Open => None,
    });
    not_done.into_iter().chain(missed).map(|what| format!("{} {number}: {what}", text.step)).collect()
}
