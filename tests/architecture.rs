//! The layers and what each may import: the rule of `src/lib.rs`, held by reading the imports.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// Layer → the layers it may import.
const RULE: &[(&str, &[&str])] = &[
    ("domain", &[]),
    ("packet", &["domain"]),
    ("text", &["domain"]),
    ("model", &["domain"]),
    ("lesson", &["domain", "model"]),
    ("view", &["model", "domain", "text", "lesson"]),
    ("lab", &["domain"]),
    ("observe", &["domain", "packet"]),
    ("wire", &["domain", "packet"]),
    ("app", &["domain", "packet", "text", "model", "lesson", "view", "lab", "observe", "wire"]),
];

/// Crate → the layers that may use it: it is kept out of everywhere else.
const CRATES: &[(&str, &[&str])] = &[
    ("ratatui", &["view", "app"]),
    ("tui_big_text", &["view"]),
    ("tui_input", &["model"]),
    ("crossterm", &["app"]),
    ("futures_util", &["app"]),
    ("tokio", &["lab", "wire", "app"]),
    ("tokio_util", &["lab"]),
    ("socket2", &["lab", "observe", "wire", "app"]),
    ("rustix", &["lab", "observe", "wire", "app"]),
    ("libc", &["lab", "observe", "wire", "app"]),
    ("etherparse", &["packet", "wire"]),
    ("if_addrs", &["observe"]),
    ("qrcode", &["view"]),
    ("netstat2", &["observe"]),
    ("serde_json", &["wire", "app"]),
    ("toml", &["lesson"]),
    ("clap", &["app"]),
    ("anyhow", &["app"]),
];

fn sources(under: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(under).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

/// The files of a layer, without comments and without what only tests see.
fn layer(name: &str) -> BTreeMap<PathBuf, String> {
    let mut files = Vec::new();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    sources(&root.join(name), &mut files);
    assert!(!files.is_empty(), "{name} has files");
    // Below `src`: where the project lies is nobody's business.
    let below = |path: &PathBuf| path.strip_prefix(&root).unwrap_or(path).to_path_buf();
    let is_test = |path: &PathBuf| below(path).iter().any(|part| part.to_string_lossy().contains("test"));
    let code = |path: &PathBuf| {
        let text = fs::read_to_string(path).unwrap();
        let text = text.split("#[cfg(test)]\nmod ").next().unwrap_or_default().to_owned();
        text.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
    };
    files.iter().filter(|path| !is_test(path)).map(|path| (path.clone(), code(path))).collect()
}

/// Whether a path begins with this crate: `serde::`, and not `crate::domain::serde::`, nor `my_serde::`.
fn uses(code: &str, krate: &str) -> bool {
    let path = format!("{krate}::");
    let begins = |at: usize| !code[..at].ends_with(|c: char| c == ':' || c == '_' || c.is_alphanumeric());
    code.match_indices(&path).any(|(at, _)| begins(at))
}

fn layers() -> Vec<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let folders = fs::read_dir(root).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_dir());
    folders.map(|path| path.file_name().unwrap().to_string_lossy().into_owned()).collect()
}

#[test]
fn every_folder_is_a_layer_with_a_rule() {
    let mut folders = layers();
    folders.sort();
    let mut ruled: Vec<_> = RULE.iter().map(|(name, _)| (*name).to_owned()).collect();
    ruled.sort();
    assert_eq!(folders, ruled);
}

#[test]
fn a_layer_imports_only_what_it_may() {
    let mut wrong = Vec::new();
    for (name, may) in RULE {
        for (path, code) in layer(name) {
            for (other, _) in RULE.iter().filter(|(other, _)| other != name && !may.contains(other)) {
                if code.contains(&format!("crate::{other}::")) || code.contains(&format!("crate::{other};")) {
                    wrong.push(format!("{} imports {other}", path.display()));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn a_crate_stays_in_its_layers() {
    let mut wrong = Vec::new();
    for (krate, homes) in CRATES {
        for (name, _) in RULE.iter().filter(|(name, _)| !homes.contains(name)) {
            for (path, code) in layer(name) {
                if uses(&code, krate) {
                    wrong.push(format!("{} uses {krate}", path.display()));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn colours_are_named_in_one_file() {
    let named: Vec<_> = layer("view").into_iter().filter(|(_, code)| code.contains("Color::")).map(|f| f.0).collect();
    assert!(named.len() == 1 && named[0].ends_with("theme.rs"), "{named:?}");
}

/// The compiler drops `#[test]` where the harness is another one, and says nothing of a test that never runs.
#[test]
fn what_has_a_list_of_tests_has_no_test_outside_it() {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
    let mut files = Vec::new();
    sources(&tests, &mut files);
    let read = |path: &Path| fs::read_to_string(path).unwrap_or_default();
    let lists: Vec<_> = files.iter().filter(|path| read(path).contains("\nmod harness;")).collect();
    // `x.rs` and `x/main.rs` have their files in `x`.
    let folder =
        |root: &Path| if root.ends_with("main.rs") { root.with_file_name("") } else { root.with_extension("") };
    let folders: Vec<_> = lists.into_iter().map(|root| folder(root)).collect();
    assert!(folders.iter().any(|folder| folder.is_dir()), "{folders:?}");
    let ours = files.iter().filter(|path| folders.iter().any(|folder| path.starts_with(folder)));
    let outside: Vec<_> = ours
        .filter(|path| read(path).lines().any(|line| line == "#[test]" || line.contains("#[tokio::test")))
        .collect();
    assert!(outside.is_empty(), "fn tests() lists a test, not #[test]: {outside:#?}");
}

/// Bytes become text by `domain::excerpt` alone, which leaves nothing in it that a terminal would obey.
#[test]
fn strangers_bytes_become_text_in_one_place() {
    // Text that is read and not shown: a request, the kernel's own tables and rows that we wrote ourselves, and the name
    // of this program's own file, which is made safe a line later.
    const NOT_SHOWN: [&str; 4] =
        ["domain/server.rs", "domain/filter/line.rs", "observe/trace/instance.rs", "observe/process.rs"];
    let ways = ["from_utf8", "to_string_lossy", "utf8_chunks", ".escape_ascii(", ".utf8_lossy("];
    let mut wrong = Vec::new();
    for (name, _) in RULE {
        for (path, code) in layer(name) {
            let known = NOT_SHOWN.iter().chain(&["domain/excerpt.rs"]).any(|known| path.ends_with(known));
            if !known && ways.iter().any(|way| code.contains(way)) {
                wrong.push(path);
            }
        }
    }
    assert!(wrong.is_empty(), "use domain::excerpt::sanitise: {wrong:#?}");
}
