//! The files of lessons of one's own: looked at in the background, and read again when they have changed.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use tokio::sync::mpsc;

use super::opener;
use crate::domain::excerpt::sanitise;
use crate::domain::lesson::LessonFault;
use crate::domain::{LocalizedText, WorldId};
use crate::lesson::Lesson;
use crate::model::Msg;
use crate::model::lessons::{LessonCard, OwnLessons};

/// The longest file, in bytes: ten times the longest that comes with the program.
const MOST_BYTES: u64 = 128 << 10;

/// The most files.
const MOST_FILES: usize = 200;

/// What shows that a file has changed: when it was written, and its length.
type FileTrace = Option<(SystemTime, u64)>;

/// A path as it was looked at last.
type KnownFiles = BTreeMap<PathBuf, (FileTrace, LessonCard)>;

/// See the module's documentation. Lives inside a tokio runtime.
#[derive(Debug)]
pub(super) struct LessonFiles {
    /// Files, and folders of files.
    pub(super) paths: Vec<PathBuf>,
    answers: mpsc::Sender<Msg>,
    known: Arc<Mutex<KnownFiles>>,
    looking: Arc<AtomicBool>,
}

impl LessonFiles {
    pub(super) fn new(answers: mpsc::Sender<Msg>) -> Self {
        Self { paths: vec![], answers, known: Arc::default(), looking: Arc::default() }
    }

    /// Looks at all of them in the background, and answers if one has changed or one is to be played.
    pub(super) fn look(&self, play: Option<(String, u32)>) {
        if play.is_none() && self.looking.swap(true, Ordering::AcqRel) {
            return;
        }
        let Self { paths, answers, known, looking } = self;
        let (known, looking) = (Arc::clone(known), Arc::clone(looking));
        let (answers, paths) = (answers.clone(), paths.clone());
        tokio::task::spawn_blocking(move || {
            let cards = changed(&mut known.lock().unwrap_or_else(PoisonError::into_inner), &paths);
            looking.store(false, Ordering::Release);
            if cards.is_some() || play.is_some() {
                // Fails only when the session is over.
                let _ = answers.blocking_send(Msg::Lessons(OwnLessons { cards, play }));
            }
        });
    }
}

/// The files there: those given, and those of the folders given, in the order of their names; and the folders that have
/// too many.
pub(super) fn found(paths: &[PathBuf]) -> (Vec<PathBuf>, bool) {
    let mut files = Vec::new();
    for path in paths {
        match fs::read_dir(path) {
            Ok(entries) => {
                let inside = entries.flatten().map(|entry| entry.path());
                let mut inside: Vec<_> =
                    inside.filter(|path| path.extension().is_some_and(|end| end == "toml")).collect();
                inside.sort();
                files.extend(inside);
            }
            Err(_) => files.push(path.clone()),
        }
    }
    let too_many = files.len() > MOST_FILES;
    files.truncate(MOST_FILES);
    (files, too_many)
}

/// All of them as the list has them, if anything has changed.
fn changed(known: &mut KnownFiles, paths: &[PathBuf]) -> Option<Vec<LessonCard>> {
    let (files, too_many) = found(paths);
    let mut now = KnownFiles::new();
    let mut same = files.len() == known.len();
    let mut cards = Vec::new();
    for path in files {
        let trace = trace(&path);
        let card = match known.remove(&path) {
            Some((before, card)) if before == trace => card,
            _ => {
                same = false;
                card(&path, read(&path))
            }
        };
        cards.push(card.clone());
        now.insert(path, (trace, card));
    }
    *known = now;
    if too_many && let Some(path) = paths.first() {
        cards.push(card(path, Err(LessonFault::TooMany(MOST_FILES))));
    }
    (!same).then_some(cards)
}

fn trace(path: &Path) -> FileTrace {
    let metadata = fs::metadata(path).ok()?;
    Some((metadata.modified().ok()?, metadata.len()))
}

/// Its name on the list is its path, which no name of an embedded lesson is.
fn card(path: &Path, lesson: Result<Lesson, LessonFault>) -> LessonCard {
    let name = sanitise(path.display().to_string().as_bytes());
    let lesson = lesson.and_then(|lesson| match lesson.world {
        WorldId::Wire => lesson.limit().map(|()| lesson).map_err(LessonFault::Invalid),
        WorldId::Host => Err(LessonFault::OnThisMachine),
    });
    match lesson {
        Ok(lesson) => Lesson::card(&Arc::new(lesson), name, true),
        Err(fault) => {
            let nothing = || LocalizedText { en: String::new(), pt: String::new() };
            LessonCard { name, title: nothing(), about: nothing(), steps: 0, own: true, body: Err(fault) }
        }
    }
}

/// Reads a file of at most [`MOST_BYTES`].
pub(super) fn read(path: &Path) -> Result<Lesson, LessonFault> {
    let unreadable = |error: io::Error| LessonFault::Unreadable(error.into());
    let file = opener::open(path).map_err(unreadable)?;
    let metadata = file.metadata().map_err(unreadable)?;
    if !metadata.is_file() {
        return Err(LessonFault::NotAFile);
    }
    if metadata.len() > MOST_BYTES {
        return Err(LessonFault::TooLong(MOST_BYTES));
    }
    let mut text = String::new();
    match file.take(MOST_BYTES).read_to_string(&mut text) {
        Ok(_) => {}
        Err(error) if error.kind() == io::ErrorKind::InvalidData => {
            return Err(LessonFault::Invalid(error.to_string()));
        }
        Err(error) => return Err(unreadable(error)),
    }
    Lesson::parse(&text).map_err(|error| LessonFault::Invalid(sanitise(error.to_string().as_bytes())))
}

#[cfg(test)]
mod tests {
    use super::*;

    const LESSON: &str = r#"
title = { en = "Mine", pt = "Minha" }
about = { en = "a", pt = "b" }
[[step]]
do = [{ listen = { socket = "a" } }]
"#;

    /// A folder of its own, which is removed at the end.
    struct Folder(PathBuf);

    impl Folder {
        fn new(name: &str) -> Self {
            let path = std::env::temp_dir().join(format!("socklab-{name}-{}", std::process::id()));
            fs::create_dir_all(&path).unwrap();
            Self(path)
        }

        fn write(&self, name: &str, text: impl AsRef<[u8]>) {
            fs::write(self.0.join(name), text).unwrap();
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    fn faults(cards: &[LessonCard]) -> Vec<Option<&LessonFault>> {
        cards.iter().map(|card| card.body.as_ref().err()).collect()
    }

    #[test]
    fn a_file_is_read_again_when_it_has_changed() {
        let folder = Folder::new("lesson-changes");
        folder.write("mine.toml", LESSON);
        let paths = [folder.0.clone()];
        let mut known = KnownFiles::new();
        let cards = changed(&mut known, &paths).unwrap();
        assert_eq!((cards.len(), cards[0].title.en.as_str(), cards[0].steps), (1, "Mine", 1));
        assert!(cards[0].own && cards[0].name.ends_with("mine.toml"));
        assert_eq!(changed(&mut known, &paths), None);
        folder.write("mine.toml", LESSON.replace("Mine", "My second"));
        assert_eq!(changed(&mut known, &paths).unwrap()[0].title.en, "My second");
        folder.write("other.toml", LESSON);
        folder.write("notes.txt", "no lesson");
        assert_eq!(changed(&mut known, &paths).unwrap().len(), 2);
        fs::remove_file(folder.0.join("other.toml")).unwrap();
        assert_eq!(changed(&mut known, &paths).unwrap().len(), 1);
        assert_eq!(changed(&mut known, &paths), None);
    }

    #[test]
    fn what_is_no_lesson_is_named_with_the_reason() {
        let folder = Folder::new("lesson-faults");
        folder.write("a.toml", LESSON.replace("listen", "dance"));
        folder.write("b.toml", "#".repeat(200_000));
        folder.write("c.toml", b"\xff");
        folder.write("d.toml", format!("world = \"host\"\n{LESSON}"));
        folder.write("dd.toml", LESSON.to_owned() + &"[[step]]\n".repeat(100));
        fs::create_dir_all(folder.0.join("e.toml")).unwrap();
        let missing = folder.0.join("none.toml");
        let cards = changed(&mut KnownFiles::new(), &[folder.0.clone(), missing]).unwrap();
        let faults = faults(&cards);
        let [Some(LessonFault::Invalid(what)), long, Some(LessonFault::Invalid(_)), host, large, directory, missing] =
            &faults[..]
        else {
            panic!("{faults:#?}")
        };
        assert!(what.starts_with("line 5, column ") && what.contains("unknown variant `dance`"), "{what}");
        assert_eq!(*long, Some(&LessonFault::TooLong(MOST_BYTES)));
        assert_eq!(*host, Some(&LessonFault::OnThisMachine));
        assert_eq!(*large, Some(&LessonFault::Invalid("101 steps are more than 100".into())));
        assert_eq!(*directory, Some(&LessonFault::NotAFile));
        assert!(matches!(missing, Some(LessonFault::Unreadable(_))), "{missing:?}");
    }

    #[test]
    fn a_folder_of_too_many_files_is_cut() {
        let folder = Folder::new("lesson-many");
        for number in 0..=MOST_FILES {
            folder.write(&format!("{number:03}.toml"), "");
        }
        let mut known = KnownFiles::new();
        let cards = changed(&mut known, std::slice::from_ref(&folder.0)).unwrap();
        assert_eq!(cards.len(), MOST_FILES + 1);
        assert_eq!(cards.last().unwrap().body, Err(LessonFault::TooMany(MOST_FILES)));
        assert_eq!(changed(&mut known, std::slice::from_ref(&folder.0)), None);
    }

    #[cfg(unix)]
    #[test]
    fn a_pipe_without_a_writer_does_not_block() {
        let folder = Folder::new("lesson-pipe");
        let pipe = folder.0.join("pipe.toml");
        rustix::fs::mknodat(rustix::fs::CWD, &pipe, rustix::fs::FileType::Fifo, 0o600.into(), 0).unwrap();
        assert_eq!(read(&pipe), Err(LessonFault::NotAFile));
    }
}
