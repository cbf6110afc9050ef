//! `socklab-tui run`: scenarios without the screen, as a transcript to read or as JSON Lines.

use std::ffi::OsStr;
use std::io::{self, Write as _};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, anyhow};
use serde::Serialize;

use super::cli::RunArgs;
use super::recorder::Recorder;
use super::runner::Runner;
use super::transcript::Transcript;
use super::{lesson_files, locale, piped, runtime, status, target, tell, transcript};
use crate::domain::excerpt::sanitise;
use crate::domain::{HostId, Lang};
use crate::lesson::packetdrill::script;
use crate::lesson::{self, Lesson, LessonPhase, NotRemote, StepItem};
use crate::text;
use crate::view::sentences::{of_act, of_expect};

/// Runs the scenarios in order. The exit status is 0 if every expectation was met, 1 if not, and 2 if a file is invalid;
/// then nothing is run.
pub(super) fn run(args: &RunArgs) -> anyhow::Result<ExitCode> {
    let lang = args.lang.unwrap_or_else(locale::lang);
    if args.list {
        return list(lang, &args.lessons);
    }
    if args.help_language {
        return language(lang);
    }
    if let Some(host) = args.pkt {
        return packetdrill(args, host, lang);
    }
    let mut lessons = Vec::new();
    for name in &args.files {
        match read(name, &args.lessons).and_then(|lesson| towards_target(args, lesson, lang)) {
            Ok(lesson) => lessons.push((name, lesson)),
            Err(error) => {
                tell(&format!("{name}: {error:#}"));
                return Ok(ExitCode::from(2));
            }
        }
    }
    let runtime = runtime()?;
    let there = match &args.target {
        Some(target) => {
            let tcp = lessons.iter().any(|(_, lesson)| lesson.connects_by_tcp());
            match runtime.block_on(target::find(target, tcp, text::of(lang)))? {
                Ok(there) => Some(there),
                Err(why) => {
                    tell(&why);
                    return Ok(ExitCode::FAILURE);
                }
            }
        }
        None => None,
    };
    let mut passed = true;
    for (name, lesson) in lessons {
        passed &= runtime.block_on(one(args, lang, name, lesson, there)).with_context(|| name.clone())?;
    }
    Ok(status(passed))
}

/// The file of this path; if there is none, the embedded scenario of this name, or the file of this name among one's own.
fn source(name: &str, own: &[PathBuf]) -> io::Result<String> {
    if Path::new(name).exists() {
        return std::fs::read_to_string(name);
    }
    if let Some(entry) = lesson::catalogue::find(name) {
        return Ok(entry.source.to_owned());
    }
    let is_it = |path: &PathBuf| [path.file_stem(), path.file_name()].contains(&Some(OsStr::new(name)));
    let path = lesson_files::found(own).0.into_iter().find(is_it).unwrap_or_else(|| name.into());
    std::fs::read_to_string(path)
}

fn read(name: &str, own: &[PathBuf]) -> anyhow::Result<Lesson> {
    Ok(Lesson::parse(&source(name, own)?)?)
}

/// Prints scenarios as scripts for packetdrill; 2 if a file is invalid, or says what a script cannot.
fn packetdrill(args: &RunArgs, host: HostId, lang: Lang) -> anyhow::Result<ExitCode> {
    let words = &text::of(lang).lessons;
    let mut scripts = String::new();
    for name in &args.files {
        let script = source(name, &args.lessons).map_err(Into::into).and_then(|source| {
            let lesson = Lesson::parse(&source)?;
            script(&lesson, &source, host).map_err(|unsayable| {
                let what = match &unsayable.item {
                    StepItem::Act(act) => of_act(words, act),
                    StepItem::Expect(expect) => of_expect(words, expect),
                };
                anyhow!((words.not_in_packetdrill)(unsayable.line, unsayable.step, &what, unsayable.why))
            })
        });
        match script {
            Ok(script) => scripts.push_str(&script),
            Err(error) => {
                tell(&format!("{name}: {error:#}"));
                return Ok(ExitCode::from(2));
            }
        }
    }
    piped(io::stdout().lock().write_all(scripts.as_bytes()), ())?;
    Ok(ExitCode::SUCCESS)
}

/// The lesson as it is played against the target, if there is one; or why it cannot be.
fn towards_target(args: &RunArgs, lesson: Lesson, lang: Lang) -> anyhow::Result<Lesson> {
    let Some(target) = &args.target else { return Ok(lesson) };
    let words = &text::of(lang).lessons;
    lesson.remote().map_err(|why| match why {
        NotRemote::OnTheWire => anyhow!(words.on_the_wire),
        NotRemote::Needs(items) => {
            let line = |(step, item): &(usize, StepItem)| match item {
                StepItem::Act(act) => format!("\n  {} {step}: {}", words.step, of_act(words, act)),
                StepItem::Expect(expect) => format!("\n  {} {step}: {}", words.step, of_expect(words, expect)),
            };
            anyhow!(items.iter().fold((words.needs_here)(&target.name), |said, item| said + &line(item)))
        }
    })
}

fn list(lang: Lang, own: &[PathBuf]) -> anyhow::Result<ExitCode> {
    let mut lines = Vec::new();
    for entry in lesson::catalogue() {
        writeln!(lines, "{:<28} {}", entry.name, entry.lesson()?.title.lang(lang))?;
    }
    for path in lesson_files::found(own).0 {
        let said = match lesson_files::read(&path) {
            Ok(lesson) => lesson.title.lang(lang).to_owned(),
            Err(fault) => (text::of(lang).lessons.list.fault)(&fault),
        };
        writeln!(lines, "{:<28} {}", sanitise(path.display().to_string().as_bytes()), sanitise(said.as_bytes()))?;
    }
    piped(io::stdout().lock().write_all(&lines), ())?;
    Ok(ExitCode::SUCCESS)
}

/// The reference of the language, made from its types; a test keeps it so.
const REFERENCE: &str = include_str!("../../docs/lessons.md");

/// Prints the reference. Its text is that of the comments in the source, in English; its headings are in this language.
fn language(lang: Lang) -> anyhow::Result<ExitCode> {
    let [en, headings] = [Lang::En, lang].map(|lang| &text::of(lang).lessons.headings);
    let mut lines = Vec::new();
    for line in REFERENCE.lines() {
        let heading = |level: &str| {
            let place = en.iter().position(|known| line.strip_prefix(level) == Some(known))?;
            Some(format!("{level}{}", headings[place]))
        };
        writeln!(lines, "{}", heading("# ").or_else(|| heading("## ")).as_deref().unwrap_or(line))?;
    }
    piped(io::stdout().lock().write_all(&lines), ())?;
    Ok(ExitCode::SUCCESS)
}

/// The last line of a file's JSON.
#[derive(Debug, Serialize)]
struct ResultLine<'a> {
    kind: &'static str,
    file: &'a str,
    passed: bool,
    expectations: usize,
    failed: Vec<String>,
}

async fn one(
    args: &RunArgs,
    lang: Lang,
    name: &str,
    lesson: Lesson,
    there: Option<SocketAddr>,
) -> anyhow::Result<bool> {
    let expectations = lesson.expectations();
    let played = lesson.clone();
    let mut runner = match there {
        Some(there) => Runner::open_away(name, lesson, lang, there)?,
        None => Runner::open(name, lesson, lang)?,
    };
    let out = || io::BufWriter::new(io::stdout());
    runner.record(args.json.then(|| Recorder::boxed(io::stdout())));
    let mut told = (!args.json).then(|| Transcript::onto(out(), text::of(lang), lang));
    let mut failed = Vec::new();
    if let Some(told) = &mut told {
        told.title(name, &played)?;
    }
    let ended = loop {
        if let (Some(told), Some(engine)) = (&mut told, runner.engine()) {
            told.begin(engine)?;
        }
        let phase = runner.step().await;
        if let (Some(told), Some(engine)) = (&mut told, runner.engine()) {
            told.end(engine)?;
        }
        if let Some(engine) = runner.engine()
            && !matches!(phase, Ok(LessonPhase::Passed))
        {
            failed = transcript::failures(engine, text::of(args.lang.unwrap_or(Lang::En)));
        }
        match phase {
            Ok(LessonPhase::Passed) if runner.next_step() => {}
            other => break other,
        }
    };
    Box::pin(runner.close()).await;
    let passed = ended? == LessonPhase::Passed;
    if args.json {
        let line = ResultLine { kind: "result", file: name, passed, expectations, failed };
        println!("{}", serde_json::to_string(&line)?);
    }
    if let Some(told) = &mut told {
        told.verdict(passed, expectations)?;
    }
    Ok(passed)
}
