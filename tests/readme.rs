//! The READMEs agree with the program: its keys, its options, and the two commands that are all the set-up.
//!
//! `UPDATE_README=1 cargo test --test readme` writes the key tables again from the program's own.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use clap::{Command, CommandFactory as _};
use socklab::api::app::Cli;
use socklab::api::domain::{BINDINGS, Lang};
use socklab::api::view::keys_table;

/// A README, its language, and the heading of its key table.
const READMES: [(&str, Lang, [&str; 3]); 2] = [
    ("README.md", Lang::En, ["Key", "What it does", "Where"]),
    ("README.pt-BR.md", Lang::PtBr, ["Tecla", "O que faz", "Onde"]),
];

/// The commands for a machine that has only Rust.
const COMMANDS: [&str; 2] = ["cargo run --release", "cargo test"];

/// Options in a README that are other programs'.
const OTHERS: [&str; 1] = ["--release"];

fn path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

fn read(name: &str) -> String {
    fs::read_to_string(path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// The key table as Markdown, a line for each binding.
fn table(lang: Lang, heading: [&str; 3]) -> String {
    let line = |cells: [&str; 3]| format!("| {} |\n", cells.join(" | "));
    let rows = keys_table(lang).into_iter().map(|row| {
        let keys: Vec<_> = row.keys.iter().map(|key| format!("`{key}`")).collect();
        line([&keys.join(" "), row.what, row.place])
    });
    [line(heading), line(["---"; 3])].into_iter().chain(rows).collect()
}

/// The start and end of the text between `<!-- name -->` and `<!-- /name -->`, each on its own line.
fn between(text: &str, name: &str) -> Option<(usize, usize)> {
    let open = format!("<!-- {name} -->\n");
    let close = format!("<!-- /{name} -->\n");
    let from = text.find(&open)? + open.len();
    let to = from + text.get(from..)?.find(&close)?;
    Some((from, to))
}

/// The options in a text: words that begin with two dashes and a letter.
fn options(text: &str) -> BTreeSet<&str> {
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '-';
    let words = text.split(|c: char| !is_part(c));
    words.filter(|word| word.strip_prefix("--").is_some_and(|rest| rest.starts_with(char::is_alphabetic))).collect()
}

/// The options of a command and of its subcommands, as `--help` shows them, and the names of the subcommands.
fn taken(command: &Command, flags: &mut BTreeSet<String>, subcommands: &mut BTreeSet<String>) {
    let shown = command.get_arguments().filter(|arg| !arg.is_hide_set());
    flags.extend(shown.filter_map(|arg| arg.get_long()).map(|long| format!("--{long}")));
    for sub in command.get_subcommands().filter(|sub| sub.get_name() != "help" && !sub.is_hide_set()) {
        subcommands.insert(sub.get_name().to_owned());
        taken(sub, flags, subcommands);
    }
}

#[test]
fn the_key_tables_are_the_programs() {
    for (name, lang, heading) in READMES {
        let text = read(name);
        let table = table(lang, heading);
        let (from, to) = between(&text, "keys").unwrap_or_else(|| panic!("{name}: no place for the keys"));
        if std::env::var_os("UPDATE_README").is_some_and(|value| value == "1") {
            fs::write(path(name), format!("{}{table}{}", &text[..from], &text[to..])).unwrap();
            continue;
        }
        assert_eq!(&text[from..to], table, "{name}: UPDATE_README=1 cargo test --test readme writes it again");
    }
}

#[test]
fn every_binding_is_in_the_table_once() {
    for (_, lang, _) in READMES {
        assert_eq!(keys_table(lang).len(), BINDINGS.len());
    }
}

/// Every option and subcommand that there is, and none that there is not.
#[test]
fn options_are_named_as_they_are() {
    let mut command = Cli::command();
    command.build();
    let mut flags = BTreeSet::new();
    let mut subcommands = BTreeSet::new();
    taken(&command, &mut flags, &mut subcommands);
    assert!(flags.contains("--record") && flags.contains("--help") && subcommands.contains("netstat"), "{flags:?}");
    for (name, ..) in READMES {
        let text = read(name);
        let named: BTreeSet<_> = options(&text).into_iter().filter(|word| !OTHERS.contains(word)).collect();
        let known: BTreeSet<_> = flags.iter().map(String::as_str).collect();
        let forgotten = &known - &named;
        let invented = &named - &known;
        assert!(forgotten.is_empty() && invented.is_empty(), "{name}: not named {forgotten:?}, unknown {invented:?}");
        for sub in &subcommands {
            assert!(text.contains(&format!("socklab-tui {sub}")), "{name}: {sub}");
        }
    }
}

/// The commands stand alone in the first block of code, in this order, and CI runs the one that can be run there.
#[test]
fn two_commands_are_all_the_set_up() {
    let block = format!("```sh\n{}\n```\n", COMMANDS.join("\n"));
    for (name, ..) in READMES {
        let text = read(name);
        let first = text.find("```sh\n").unwrap_or_else(|| panic!("{name}: no commands"));
        assert!(text[first..].starts_with(&block), "{name}");
    }
    let ci = read(".ci/run");
    // A redirection after the command only keeps its output.
    let mut commands = ci.lines().map(|line| line.split(" 2>").next().unwrap_or(line).trim_end());
    assert!(commands.any(|command| command.ends_with(COMMANDS[1])), ".ci/run does not run the README's tests");
}
