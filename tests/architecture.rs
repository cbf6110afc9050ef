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
    ("view", &["model", "domain", "text"]),
    ("lab", &["domain"]),
    ("observe", &["domain", "packet"]),
    ("wire", &["domain", "packet"]),
    ("app", &["domain", "packet", "text", "model", "view", "lab", "observe", "wire"]),
];

/// Crate → the layers it is kept out of everywhere else.
const CRATES: &[(&str, &[&str])] = &[
    ("ratatui", &["view", "app"]),
    ("crossterm", &["app"]),
    ("tokio", &["lab", "wire", "app"]),
    ("socket2", &["lab", "observe", "wire", "app"]),
    ("etherparse", &["packet", "wire"]),
    ("netstat2", &["observe"]),
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
    let is_test = |path: &PathBuf| path.iter().any(|part| part.to_string_lossy().contains("test"));
    let code = |path: &PathBuf| {
        let text = fs::read_to_string(path).unwrap();
        let text = text.split("#[cfg(test)]\nmod ").next().unwrap_or_default().to_owned();
        text.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
    };
    files.iter().filter(|path| !is_test(path)).map(|path| (path.clone(), code(path))).collect()
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
                if code.contains(&format!("{krate}::")) {
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
