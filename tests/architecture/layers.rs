//! The imports that each layer may have: the table in `src/lib.rs`, and which layers may use which other crate.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use crate::source::{CRATE, SourceFile, root, rust_files, table};

/// Crate → the layers that may use it. Those that are not listed may be used everywhere.
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
    ("if_addrs", &["observe"]),
    ("flate2", &["observe"]),
    ("ruzstd", &["observe"]),
    ("qrcode", &["view"]),
    ("netstat2", &["observe"]),
    ("serde_json", &["wire", "app"]),
    ("sys_locale", &["app"]),
    ("toml", &["lesson"]),
    ("clap", &["app"]),
    ("anyhow", &["app"]),
];

/// Layer → the layers that it may import, as the table in `src/lib.rs` says.
fn rules() -> BTreeMap<String, BTreeSet<String>> {
    let rows = layer_table("src/lib.rs");
    let all: BTreeSet<String> = rows.keys().cloned().collect();
    let allowed = |cell: &str| match cell {
        "–" => BTreeSet::new(),
        "all" => all.clone(),
        list => list.split(", ").map(str::to_owned).collect(),
    };
    rows.iter().map(|(layer, cells)| (layer.clone(), allowed(&cells[1]))).collect()
}

fn layer_table(file: &str) -> BTreeMap<String, Vec<String>> {
    let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(file)).unwrap();
    table(&text.replace("//! ", ""), "layer")
}

/// The imports of one file that the rules forbid. The root is the façade: only the outside goes through it.
fn forbidden(file: &SourceFile, rules: &BTreeMap<String, BTreeSet<String>>) -> Vec<String> {
    let Some((layer, allowed)) = file.module.first().and_then(|layer| rules.get_key_value(layer)) else {
        return Vec::new();
    };
    let mut wrong = Vec::new();
    for path in CRATE.paths(file) {
        let may = match path.first().map(String::as_str) {
            Some("crate") => path.get(1).is_some_and(|other| other == layer || allowed.contains(other)),
            Some("socklab") => false,
            Some(name) => CRATES.iter().all(|(krate, layers)| *krate != name || layers.contains(&layer.as_str())),
            None => true,
        };
        if !may {
            wrong.push(format!("{}: {}", file.path.display(), path.join("::")));
        }
    }
    wrong
}

#[test]
fn every_folder_is_a_layer_with_a_rule() {
    let folders = fs::read_dir(root()).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_dir());
    let folders: BTreeSet<_> = folders.map(|path| path.file_name().unwrap().to_string_lossy().into_owned()).collect();
    let rules = rules();
    assert_eq!(folders, rules.keys().cloned().collect());
    for (layer, allowed) in &rules {
        assert!(allowed.is_subset(&folders), "{layer} may import {allowed:?}");
    }
}

#[test]
fn contributing_has_the_same_table() {
    assert_eq!(layer_table("CONTRIBUTING.md"), layer_table("src/lib.rs"));
}

#[test]
fn a_layer_imports_only_what_it_may() {
    let rules = rules();
    let wrong: Vec<_> = CRATE.files.iter().flat_map(|file| forbidden(file, &rules)).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// A row that allows more than its layer imports would not be checked by anything.
#[test]
fn the_table_allows_no_more_than_is_used() {
    for (layer, allowed) in rules().into_iter().filter(|(layer, _)| layer != "app") {
        let paths = CRATE.layer(&layer).flat_map(|file| CRATE.paths(file));
        let used: BTreeSet<_> = paths.filter(|path| path[0] == "crate").map(|path| path[1].clone()).collect();
        assert_eq!(used.into_iter().filter(|other| *other != layer).collect::<BTreeSet<_>>(), allowed, "{layer}");
    }
}

#[test]
fn every_file_is_read() {
    let read: BTreeSet<PathBuf> = CRATE.files.iter().map(|file| file.path.clone()).collect();
    let mut on_disk = rust_files(&root());
    assert!(on_disk.remove(Path::new("main.rs")), "the binary is a crate of its own");
    assert_eq!(on_disk, read.union(&CRATE.test_files).cloned().collect());
    assert!(read.is_disjoint(&CRATE.test_files));
}

#[test]
fn every_file_is_read_to_its_end() {
    let marker = ["crate", "planted", "Marker"].map(str::to_owned);
    for file in &CRATE.files {
        let planted = CRATE.planted(file.path.to_str().unwrap(), "use crate::planted::Marker;");
        assert!(CRATE.paths(&planted).contains(&marker[..]), "{}", file.path.display());
    }
}

#[test]
fn a_forbidden_import_is_found_in_every_shape() {
    let shapes = [
        "use crate::view::Theme;",
        "use crate::view;",
        "use crate::{domain::Flow, view::Theme};",
        "use crate::{domain, view as drawn};",
        "use crate::view::*;",
        "pub use crate::view::Theme as Colours;",
        "use super::super::view::Theme;",
        "mod inline { use super::super::super::view::Theme; }",
        "#[cfg(any(target_os = \"linux\", test))] use crate::view::Theme;",
        "#[cfg(not(test))] use crate::view::Theme;",
        "fn planted() { use crate::view::Theme; }",
        "fn planted() { crate::view::line(); }",
        "fn planted(theme: &crate::view::Theme) {}",
        "fn planted() -> Vec<crate::view::Theme> { Vec::new() }",
        "impl From<crate::view::Theme> for u8 { }",
        "fn planted() { if let crate::view::Theme { .. } = x {} }",
        "fn planted() { println!(\"{}\", crate::view::line()); }",
        "fn planted() { vec![Some(super::super::view::line())]; }",
        "const PLANTED: usize = size_of::<crate::view::Theme>();",
        "#[derive(crate::view::Drawn)] struct Planted;",
        "use crate as root; fn planted() { root::view::line(); }",
        "use socklab::api::Theme;",
        "use ratatui::style::Color;",
        "use ::ratatui::style::Color;",
        "use {ratatui as drawing};",
        "fn planted() { ratatui::init(); }",
        "fn planted() { matches!(x, ratatui::style::Color::Red); }",
    ];
    let rules = rules();
    for shape in shapes {
        for path in ["text/en/mod.rs", "model/wire/mod.rs"] {
            let found = forbidden(&CRATE.planted(path, shape), &rules);
            assert!(!found.is_empty(), "{path}: {shape}");
        }
    }
}

#[test]
fn imports_for_tests_have_no_rules() {
    let shapes = [
        "#[cfg(test)] use crate::view::Theme;",
        "#[cfg(all(test, unix))] mod tests { use crate::view::Theme; }",
        "#[cfg(test)] fn planted() { crate::view::line(); }",
        "// use crate::view::Theme;",
        "/// See [`crate::view::Theme`].\nstruct Planted;",
        "const PLANTED: &str = \"crate::view::Theme\";",
    ];
    let rules = rules();
    for shape in shapes {
        let found = forbidden(&CRATE.planted("text/mod.rs", shape), &rules);
        assert_eq!(found, Vec::<String>::new(), "{shape}");
    }
}
