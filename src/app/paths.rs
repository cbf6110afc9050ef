//! File names as typed: expanding `~`, and completion.

use std::fs;
use std::path::{MAIN_SEPARATOR, Path, PathBuf};

/// The path with `~` expanded to the user's home, as in a shell.
pub(super) fn expanded(typed: &str) -> PathBuf {
    let home = || std::env::var_os("HOME").filter(|home| !home.is_empty());
    match typed.strip_prefix('~').zip(home()) {
        Some(("", home)) => home.into(),
        Some((rest, home)) if rest.starts_with(MAIN_SEPARATOR) => Path::new(&home).join(&rest[1..]),
        _ => typed.into(),
    }
}

/// Completes a name up to the longest common prefix of the existing files that begin with it; unchanged if there are none.
/// If only one matches and it is a directory, a separator is appended.
pub(super) fn completed(typed: &str) -> String {
    let begin = typed.rfind(MAIN_SEPARATOR).map_or(0, |at| at + 1);
    let (folder, begun) = typed.split_at(begin);
    let looked_in = if folder.is_empty() { PathBuf::from(".") } else { expanded(folder) };
    let Ok(entries) = fs::read_dir(looked_in) else { return typed.into() };
    // Skip names that are not UTF-8, which cannot be typed, and hidden files unless the typed name begins with a dot.
    let named = entries.flatten().filter_map(|entry| Some((entry.file_name().into_string().ok()?, entry)));
    let matches = |name: &str| name.starts_with(begun) && (begun.starts_with('.') || !name.starts_with('.'));
    let mut found = named.filter(|(name, _)| matches(name) && !name.contains(char::is_control));
    let Some((mut common, first)) = found.next() else { return typed.into() };
    let mut only = true;
    for (name, _) in found {
        only = false;
        let same = common.chars().zip(name.chars()).take_while(|(one, other)| one == other);
        let len = same.map(|(c, _)| c.len_utf8()).sum();
        common.truncate(len);
    }
    if only && first.path().is_dir() {
        common.push(MAIN_SEPARATOR);
    }
    format!("{folder}{common}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_completed_to_the_longest_common_prefix() {
        let folder = std::env::temp_dir().join(format!("socklab-paths-{}", std::process::id()));
        fs::create_dir_all(folder.join("aulas")).unwrap();
        for name in ["captura-1.pcapng", "captura-2.pcapng", ".escondida", "aulas/ação.pcap", "aulas/açaí.pcap"] {
            fs::write(folder.join(name), b"").unwrap();
        }
        let complete = |typed: &str| {
            let typed = format!("{}/{typed}", folder.display());
            completed(&typed).strip_prefix(&format!("{}/", folder.display())).unwrap().to_owned()
        };
        for (typed, whole) in [
            ("c", "captura-"),
            ("captura-2", "captura-2.pcapng"),
            ("a", "aulas/"),
            ("aulas/", "aulas/aç"),
            ("aulas/açã", "aulas/ação.pcap"),
            (".e", ".escondida"),
            ("nada", "nada"),
            ("nada/mesmo", "nada/mesmo"),
            ("", ""),
        ] {
            assert_eq!(complete(typed), whole, "{typed}");
        }
        fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn a_tilde_is_expanded_as_in_a_shell() {
        let home = std::env::var("HOME").unwrap_or_default();
        if !home.is_empty() {
            assert_eq!(expanded("~/x.pcap"), Path::new(&home).join("x.pcap"));
        }
        assert_eq!((expanded("~x"), expanded("a/~")), ("~x".into(), "a/~".into()));
    }
}
