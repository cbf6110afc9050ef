//! `docs/lessons.md` is the reference of the language of lessons, made from its types: every word has a description, the
//! comment on its field or variant, and an example, a line of `docs/every-word.toml`.
//!
//! `UPDATE_DOCS=1 cargo test --test language` writes it again.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::Command;

use socklab::api::lesson::catalogue::CatalogueEntry;
use syn::punctuated::Punctuated;
use syn::{Attribute, Expr, ExprLit, Fields, Item, ItemEnum, Lit, Meta, Token, Type};

/// The files with the types of the language.
const LANGUAGE: [&str; 11] = [
    "file",
    "step",
    "act",
    "socket_act",
    "forge",
    "expect",
    "matcher",
    "amount",
    "segment_options",
    "settings",
    "link",
];

/// The files with the types of values that the rest of the program has too.
const DOMAIN: [&str; 14] = [
    "id",
    "state",
    "client",
    "server",
    "row",
    "flow",
    "event",
    "call",
    "script",
    "info",
    "setting",
    "forged",
    "kernel_verdict",
    "wire",
];

const EXAMPLES: &str = include_str!("../docs/every-word.toml");

const REFERENCE: &str = "docs/lessons.md";

const INTRODUCTION: &str = "\
A lesson, or scenario, is a TOML file: what has to be set up, and steps. In each step acts are done, one after the other,
and then everything that is expected has to be seen within a time limit. A word that is not in this list is an error, with
its line and column. `socklab-tui run FILE` plays a file without the screen; all words in one file are in
[`every-word.toml`](every-word.toml), and the lessons that come with the program in
[`assets/lessons`](../assets/lessons).

";

/// The sections: the heading, the type whose words it lists, and how the lines with examples begin.
const SECTIONS: [(&str, &str, &[&str]); 14] = [
    ("A lesson", "Lesson", &[""]),
    ("A step", "LessonStep", &[""]),
    ("Timers that a step depends on", "TimerNeed", &["timers = "]),
    ("Acts", "Act", &[]),
    ("Expectations", "Expect", &[]),
    ("Packets", "PacketMatch", &["{ packet = ", "{ held = ", "{ deliver = ", "{ drop = ", "{ duplicate = "]),
    ("Options of a segment", "OptionsMatch", &["{ held = { options = {"]),
    ("Options of a forged segment", "OptionList", &["{ inject = "]),
    ("Options of a socket", "SocketOptions", &["{ setsockopt = { socket = \"server\", options = {"]),
    ("Keepalive", "KeepAlive", &["{ setsockopt = { socket = \"server\", options = { keep_alive = {"]),
    ("Settings", "HostSettings", &["settings."]),
    ("Which host a setting is for", "LessonSettings", &["settings."]),
    ("Links", "LinkSettings", &["link."]),
    ("Which direction of the link", "LessonLink", &["link."]),
];

/// The types that are one of a few values.
const VALUES: [&str; 21] = [
    "LessonGroup",
    "WorldId",
    "HostId",
    "ServerKind",
    "ServiceModel",
    "ClientPlan",
    "CloseHow",
    "ModeName",
    "ShutdownHow",
    "Congestion",
    "CongestionState",
    "TcpState",
    "TimerKind",
    "Proto",
    "Syscall",
    "EcnCodepoint",
    "ForgedChecksum",
    "Disposition",
    "KernelAnswer",
    "KernelCause",
    "LossReason",
];

/// One word of the language.
struct Word {
    name: String,
    about: String,
    /// Of what type its value is; none for a word by itself.
    value: Option<Type>,
    /// The words inside its value, where they are written with it.
    inside: Vec<Word>,
    /// What holds if it is left out; none if it must not be.
    left_out: Option<String>,
}

fn read(path: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The comment on an item, as one paragraph.
fn comment(attributes: &[Attribute]) -> String {
    let lines = attributes.iter().filter_map(|attribute| match &attribute.meta {
        Meta::NameValue(pair) if pair.path.is_ident("doc") => match &pair.value {
            Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => Some(text.value().trim().to_owned()),
            _ => None,
        },
        _ => None,
    });
    // A link of rustdoc leads nowhere here.
    lines.collect::<Vec<_>>().join(" ").trim().replace("[`", "`").replace("`]", "`")
}

/// The attributes for serde, each with its text if it has one.
fn serde(attributes: &[Attribute]) -> BTreeMap<String, Option<String>> {
    let mut found = BTreeMap::new();
    for attribute in attributes.iter().filter(|attribute| attribute.path().is_ident("serde")) {
        for meta in attribute.parse_args_with(Punctuated::<Meta, Token![,]>::parse_terminated).unwrap() {
            let text = match &meta {
                Meta::NameValue(pair) => match &pair.value {
                    Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => Some(text.value()),
                    _ => None,
                },
                _ => None,
            };
            found.insert(meta.path().get_ident().unwrap().to_string(), text);
        }
    }
    found
}

fn snake(name: &str) -> String {
    let mut snake = String::new();
    for c in name.chars() {
        if c.is_uppercase() && !snake.is_empty() {
            snake.push('_');
        }
        snake.extend(c.to_lowercase());
    }
    snake
}

/// A type's last segment, and what it is of.
fn parts(of: &Type) -> (String, Vec<Type>) {
    match of {
        Type::Path(path) => {
            let last = path.path.segments.last().unwrap();
            let inner = match &last.arguments {
                syn::PathArguments::AngleBracketed(inner) => inner
                    .args
                    .iter()
                    .filter_map(
                        |argument| if let syn::GenericArgument::Type(of) = argument { Some(of.clone()) } else { None },
                    )
                    .collect(),
                _ => vec![],
            };
            (last.ident.to_string(), inner)
        }
        Type::Tuple(tuple) => ("tuple".into(), tuple.elems.iter().cloned().collect()),
        _ => panic!("the language has a type that this test does not know"),
    }
}

/// The types of the language and of its values.
struct Types {
    items: BTreeMap<String, Item>,
    functions: BTreeMap<String, String>,
}

impl Types {
    fn read() -> Self {
        let mut types = Self { items: BTreeMap::new(), functions: BTreeMap::new() };
        let files = LANGUAGE.iter().map(|file| format!("src/lesson/{file}.rs"));
        for path in files.chain(DOMAIN.iter().map(|file| format!("src/domain/{file}.rs"))) {
            for item in syn::parse_file(&read(&path)).unwrap().items {
                types.take(item);
            }
        }
        types
    }

    fn take(&mut self, item: Item) {
        match item {
            Item::Struct(item) => _ = self.items.insert(item.ident.to_string(), Item::Struct(item)),
            Item::Enum(item) => _ = self.items.insert(item.ident.to_string(), Item::Enum(item)),
            Item::Macro(item) if item.mac.path.is_ident("text_enum") => {
                let item: ItemEnum = syn::parse2(item.mac.tokens).unwrap();
                self.items.insert(item.ident.to_string(), Item::Enum(item));
            }
            Item::Fn(item) => self.default(None, &item.sig, &item.block),
            Item::Impl(item) => {
                let of = parts(&item.self_ty).0;
                for inner in item.items {
                    if let syn::ImplItem::Fn(inner) = inner {
                        self.default(Some(&of), &inner.sig, &inner.block);
                    }
                }
            }
            _ => {}
        }
    }

    /// A function that gives the value of a word left out.
    fn default(&mut self, of: Option<&str>, signature: &syn::Signature, block: &syn::Block) {
        let value = match block.stmts.as_slice() {
            [syn::Stmt::Expr(Expr::Lit(literal), None)] => match &literal.lit {
                Lit::Int(number) => number.base10_digits().to_owned(),
                _ => return,
            },
            [syn::Stmt::Expr(Expr::Path(path), None)] => snake(&path.path.segments.last().unwrap().ident.to_string()),
            _ => return,
        };
        let name = of.map_or_else(|| signature.ident.to_string(), |of| format!("{of}::{}", signature.ident));
        self.functions.insert(name, value);
    }

    fn about(&self, of: &str) -> String {
        match &self.items[of] {
            Item::Struct(item) => comment(&item.attrs),
            Item::Enum(item) => comment(&item.attrs),
            _ => unreachable!("only these are taken"),
        }
    }

    fn words(&self, of: &str) -> Vec<Word> {
        match self.items.get(of).unwrap_or_else(|| panic!("there is no {of}")) {
            Item::Struct(item) => {
                let all = serde(&item.attrs).contains_key("default");
                self.fields(&item.fields, all)
            }
            Item::Enum(item) => item.variants.iter().map(|variant| self.variant(variant)).collect(),
            _ => unreachable!("only these are taken"),
        }
    }

    fn fields(&self, fields: &Fields, all_default: bool) -> Vec<Word> {
        let mut words = Vec::new();
        for field in fields {
            let serde = serde(&field.attrs);
            if serde.contains_key("skip") {
                continue;
            }
            let ident = field.ident.as_ref().unwrap().to_string();
            let name = serde.get("rename").cloned().flatten().unwrap_or(ident);
            let (outer, inner) = parts(&field.ty);
            let optional = outer == "Option";
            let left_out = match serde.get("default") {
                Some(Some(function)) => {
                    let value = self.functions.get(function);
                    Some(value.unwrap_or_else(|| panic!("{function} is no literal")).clone())
                }
                _ if optional => Some(String::new()),
                Some(None) if outer == "bool" => Some("false".into()),
                Some(None) => Some(self.default_variant(&outer).unwrap_or_default()),
                None if all_default => Some(String::new()),
                None => None,
            };
            let value = Some(if optional { inner[0].clone() } else { field.ty.clone() });
            let about = match comment(&field.attrs) {
                none if none.is_empty() => self.setting(&name).unwrap_or_default(),
                about => about,
            };
            words.push(Word { name, about, value, inside: vec![], left_out });
        }
        words
    }

    /// The variant that a value has if nothing is said.
    fn default_variant(&self, of: &str) -> Option<String> {
        let Some(Item::Enum(item)) = self.items.get(of) else { return None };
        let variant = item.variants.iter().find(|v| v.attrs.iter().any(|a| a.path().is_ident("default")))?;
        Some(self.variant(variant).name)
    }

    /// What is said of a kernel setting where it is changed.
    fn setting(&self, name: &str) -> Option<String> {
        let plain = |name: &str| name.replace('_', "").to_lowercase();
        let Some(Item::Enum(settings)) = self.items.get("Setting") else { return None };
        let found = settings.variants.iter().find(|variant| plain(&variant.ident.to_string()) == plain(name))?;
        Some(comment(&found.attrs))
    }

    fn variant(&self, variant: &syn::Variant) -> Word {
        let name = match &variant.discriminant {
            Some((_, Expr::Lit(ExprLit { lit: Lit::Str(text), .. }))) => text.value(),
            _ => snake(&variant.ident.to_string()),
        };
        let about = comment(&variant.attrs);
        let (value, inside) = match &variant.fields {
            Fields::Unit => (None, vec![]),
            Fields::Named(_) => (None, self.fields(&variant.fields, false)),
            Fields::Unnamed(fields) => {
                let of = fields.unnamed[0].ty.clone();
                let own = parts(&of).0;
                let described = SECTIONS.iter().any(|(_, listed, _)| *listed == own);
                match self.items.get(&own) {
                    Some(Item::Struct(item)) if !described && matches!(item.fields, Fields::Named(_)) => {
                        (None, self.words(&own))
                    }
                    _ => (Some(of), vec![]),
                }
            }
        };
        Word { name, about, value, inside, left_out: None }
    }

    /// A type in words.
    fn value(&self, of: &Type) -> String {
        let (name, inner) = parts(of);
        match name.as_str() {
            "Option" | "Box" => self.value(&inner[0]),
            "Vec" => format!("list of {}", self.value(&inner[0])),
            "tuple" => inner.iter().map(|of| self.value(of)).collect::<Vec<_>>().join(", "),
            "u8" | "u16" | "u32" | "u64" | "i32" | "i64" | "usize" => "number".into(),
            "bool" => "`true` or `false`".into(),
            "String" => "text".into(),
            "LocalizedText" => "text as `en` and `pt`".into(),
            "SocketName" | "Spanned" => "name of a socket".into(),
            "SpannedEnd" => "an end: `a`, or `a/peer` for the other end of its connection".into(),
            "Amount" => "number, a bound such as `\">0\"`, or a range such as `\"2-9\"`".into(),
            "OptionMatch" => "`true` or `false`, or a number, a bound or a range".into(),
            "SackMatch" => "`true` or `false`, or two numbers".into(),
            "WaitTime" => "number".into(),
            "OptionsMatch" => "options of a segment".into(),
            "SocketOptions" => "options of a socket".into(),
            "KeepAlive" => "keepalive".into(),
            "CauseMatch" => "a call, flags, or `timer`".into(),
            "Flags" => "flags such as `SYN+ACK`".into(),
            "Outcome" => "`ok`, or an error's name".into(),
            "Icmp" => "text such as `port unreachable`".into(),
            "SpannedHost" => "`client`, `server`".into(),
            "ForgedNumber" => {
                "number as the ladder shows it, from the next one as `\"next+5\"`, or as it stands in the header: `\"raw 7\"`".into()
            }
            "OptionList" => "options of a segment".into(),
            "PacketMatch" | "SpannedPacket" => "a packet".into(),
            "Act" => "act".into(),
            "Expect" => "expectation".into(),
            "TimerNeed" => "timer".into(),
            "LessonStep" => "step".into(),
            "LessonSettings" | "HostSettings" => "settings".into(),
            "LessonLink" | "LinkSettings" => "conditions of a link".into(),
            "TcpState" => "state".into(),
            "Syscall" => "call".into(),
            _ => match self.items.get(&name) {
                Some(Item::Enum(item)) if VALUES.contains(&name.as_str()) => {
                    let names: Vec<_> = item.variants.iter().map(|v| format!("`{}`", self.variant(v).name)).collect();
                    names.join(", ")
                }
                _ => panic!("what does a file write for a {name}?"),
            },
        }
    }
}

/// The value that follows `name = ` in a line, outside of texts and at the end of a word.
fn follows(line: &str, name: &str) -> Option<String> {
    let wanted = format!("{name} = ");
    let starts = |at: usize| at == 0 || line[..at].ends_with([' ', '.', '{']);
    let at = line.match_indices(&wanted).map(|(at, _)| at).find(|at| starts(*at))?;
    let rest = &line[at..];
    let (mut depth, mut quoted) = (0_i32, false);
    let ends = rest.char_indices().find(|(_, c)| {
        match c {
            '"' => quoted = !quoted,
            _ if quoted => {}
            '{' | '[' => depth += 1,
            '}' | ']' => depth -= 1,
            _ => {}
        }
        !quoted && (depth < 0 || (depth == 0 && *c == ','))
    });
    let example = rest[..ends.map_or(rest.len(), |(at, _)| at)].trim_end();
    (depth <= 0).then(|| example.to_owned())
}

/// The example of a word among the lines that begin so.
fn example(begins: &[&str], word: &str) -> Option<String> {
    let lines = || EXAMPLES.lines().map(str::trim).filter(|line| begins.iter().any(|begin| line.starts_with(begin)));
    let rest = |line: &'static str| begins.iter().find_map(|begin| line.strip_prefix(begin));
    let whole = |line: &&str| line.contains(&format!("{word}.")) || *line == format!("[[{word}]]");
    let mut rests = lines().filter_map(rest);
    rests.find_map(|line| follows(line, word)).or_else(|| lines().find(whole).map(str::to_owned))
}

/// The line of an act or an expectation.
fn line_of(word: &str) -> Option<&'static str> {
    let begins = [format!("{{ {word} = "), format!("\"{word}\"")];
    let mut lines = EXAMPLES.lines().map(str::trim);
    Some(lines.find(|line| begins.iter().any(|begin| line.starts_with(begin)))?.trim_end_matches(','))
}

/// The reference as it is written.
struct Reference {
    types: Types,
    text: String,
    /// The words without a description or an example.
    lacking: Vec<String>,
}

impl Reference {
    fn write() -> Self {
        let text = "# The language of lessons\n\n".to_owned() + INTRODUCTION;
        let mut reference = Self { types: Types::read(), text, lacking: Vec::new() };
        for (heading, of, begins) in SECTIONS {
            reference.section(heading, of, begins);
        }
        reference.values();
        reference.text.truncate(reference.text.trim_end().len());
        reference.text.push('\n');
        reference
    }

    fn section(&mut self, heading: &str, of: &str, begins: &[&str]) {
        let about = self.types.about(of);
        write!(self.text, "## {heading}\n\n{about}\n\n").unwrap();
        for word in self.types.words(of) {
            let path = format!("{of}.{}", word.name);
            if begins.is_empty() {
                self.action(&path, &word);
            } else {
                self.item(&path, &word, example(begins, &word.name));
            }
        }
        if !begins.is_empty() {
            self.text.push('\n');
        }
    }

    /// An act or an expectation, and the words inside it.
    fn action(&mut self, path: &str, word: &Word) {
        let Some(line) = line_of(&word.name) else { return self.lacking.push(format!("{path}: no example")) };
        if word.about.is_empty() {
            self.lacking.push(format!("{path}: no description"));
        }
        let value = word.value.as_ref().map(|of| format!(" Its value: {}.", self.types.value(of))).unwrap_or_default();
        write!(self.text, "### {}\n\n{}{value}\n\n```toml\n{line}\n```\n\n", word.name, word.about).unwrap();
        let begin = format!("{{ {} = ", word.name);
        for inside in &word.inside {
            self.item(&format!("{path}.{}", inside.name), inside, example(&[&begin], &inside.name));
        }
        if !word.inside.is_empty() {
            self.text.push('\n');
        }
    }

    fn item(&mut self, path: &str, word: &Word, example: Option<String>) {
        if word.about.is_empty() {
            self.lacking.push(format!("{path}: no description"));
        }
        let Some(example) = example else { return self.lacking.push(format!("{path}: no example")) };
        let left_out = match word.left_out.as_deref() {
            None => String::new(),
            Some("") => "; may be left out".into(),
            Some(value) => format!("; `{value}` if left out"),
        };
        let value = word.value.as_ref().map(|of| self.types.value(of)).unwrap_or_default();
        writeln!(self.text, "- **`{}`** ({value}{left_out}): {}\n  `{example}`", word.name, word.about).unwrap();
    }

    fn values(&mut self) {
        self.text.push_str("## Values\n\n");
        for of in VALUES {
            let about = self.types.about(of);
            write!(self.text, "{about}\n\n").unwrap();
            for word in self.types.words(of) {
                let about = if of == "Syscall" { format!("`man 2 {}`", word.name) } else { word.about };
                if about.is_empty() {
                    self.lacking.push(format!("{of}.{}: no description", word.name));
                }
                writeln!(self.text, "- `{}`: {about}", word.name).unwrap();
            }
            self.text.push('\n');
        }
    }
}

#[test]
fn the_reference_is_the_types() {
    let Reference { text, lacking, .. } = Reference::write();
    assert!(lacking.is_empty(), "{lacking:#?}");
    if std::env::var_os("UPDATE_DOCS").is_some_and(|value| value == "1") {
        fs::write(Path::new(env!("CARGO_MANIFEST_DIR")).join(REFERENCE), text).unwrap();
        return;
    }
    assert!(read(REFERENCE) == text, "{REFERENCE}: UPDATE_DOCS=1 cargo test --test language writes it again");
}

#[test]
fn every_example_is_valid() {
    let examples = CatalogueEntry { name: "every-word", source: EXAMPLES };
    examples.lesson().unwrap_or_else(|error| panic!("docs/every-word.toml: {error}"));
}

#[test]
fn the_program_prints_it_with_headings_in_the_language() {
    let printed = |lang: &str| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_socklab-tui"));
        let output = command.args(["run", "--help-language", "--lang", lang]).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    let is_heading = |line: &&str| line.starts_with("# ") || line.starts_with("## ");
    let [en, pt] = ["en", "pt-BR"].map(printed);
    assert_eq!(en, read(REFERENCE));
    let headings = en.lines().zip(pt.lines()).filter(|(en, _)| is_heading(en));
    let same: Vec<_> = headings.filter(|(en, pt)| en == pt || !is_heading(pt)).collect();
    assert!(same.is_empty(), "without a translation: {same:#?}");
    assert_eq!(en.lines().filter(is_heading).count(), SECTIONS.len() + 2, "the title and the values");
    let rest = |text: &str| text.lines().filter(|line| !is_heading(line)).map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(rest(&en), rest(&pt));
}
