//! Names and calls that belong in one place.

use std::fs;
use std::path::{Path, PathBuf};

use crate::source::{CRATE, rust_files};

#[test]
fn colours_are_named_in_one_file() {
    let names_a_colour =
        |path: &Vec<String>| path[0] == "ratatui" && path.iter().rev().skip(1).any(|segment| segment == "Color");
    let files = CRATE.layer("view").filter(|file| CRATE.paths(file).iter().any(names_a_colour));
    let files: Vec<_> = files.map(|file| &file.path).collect();
    assert_eq!(files, [Path::new("view/theme.rs")]);
}

/// The compiler drops `#[test]` in a target without the standard harness, and such a test would never run.
#[test]
fn a_target_with_a_list_of_tests_has_no_test_outside_it() {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
    let files: Vec<PathBuf> = rust_files(&tests).into_iter().map(|path| tests.join(path)).collect();
    let read = |path: &Path| fs::read_to_string(path).unwrap();
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

/// Flags are joined by a plus sign, on the screen, in the documents, in scenarios and in comments.
#[test]
fn flags_have_one_spelling() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files =
        ["README.md", "README.pt-BR.md", "CHANGELOG.md", "CONTRIBUTING.md"].map(|name| root.join(name)).to_vec();
    for folder in ["src", "tests", "benches"] {
        files.extend(rust_files(&root.join(folder)).into_iter().map(|path| root.join(folder).join(path)));
    }
    files.extend(fs::read_dir(root.join("assets/lessons")).unwrap().map(|entry| entry.unwrap().path()));
    assert!(files.iter().any(|path| path.ends_with("assets/lessons/open.toml")));
    // A filter also takes what others write.
    files.retain(|path| !path.ends_with("src/domain/filter/tests/packets.rs"));
    let others: Vec<_> = ["SYN", "FIN", "PSH", "RST"]
        .iter()
        .flat_map(|flag| ["-", "/", " ", ""].map(|between| format!("{flag}{between}ACK")))
        .collect();
    for path in files {
        let text = fs::read_to_string(&path).unwrap();
        for (line, number) in text.lines().zip(1..) {
            let found = others.iter().find(|other| line.contains(other.as_str()));
            assert!(found.is_none(), "{}:{number} says {found:?}; say SYN+ACK", path.display());
        }
    }
}

/// Bytes from the network become text only in `domain::excerpt`, which removes what a terminal would obey.
#[test]
fn untrusted_bytes_become_text_in_one_place() {
    // Text that is parsed and not shown: a request, the kernel's tables, rows that we wrote ourselves, and the name of
    // this program's own file, which is sanitised a line later.
    const NOT_SHOWN: [&str; 4] =
        ["domain/server.rs", "domain/filter/search_line.rs", "observe/trace/instance.rs", "observe/process.rs"];
    const CONVERSIONS: [&str; 7] = [
        "from_utf8",
        "from_utf8_lossy",
        "from_utf8_unchecked",
        "to_string_lossy",
        "utf8_chunks",
        "escape_ascii",
        "utf8_lossy",
    ];
    let converts = CRATE.files.iter().filter(|file| CONVERSIONS.iter().any(|name| file.words.contains(*name)));
    let known = |path: &Path| NOT_SHOWN.iter().chain(&["domain/excerpt.rs"]).any(|known| path == Path::new(known));
    let wrong: Vec<_> = converts.map(|file| &file.path).filter(|path| !known(path)).collect();
    assert!(wrong.is_empty(), "use domain::excerpt::sanitise: {wrong:#?}");
}
