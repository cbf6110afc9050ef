//! As many colours as the terminal has, and none with `NO_COLOR`.

use crate::pty::Running;

/// Every colour that an `SGR` sequence names (ECMA-48 §8.3.117), as its parameters; resets are none.
fn colours(written: &[u8]) -> Vec<Vec<u16>> {
    let text = String::from_utf8_lossy(written);
    let mut colours = Vec::new();
    for rest in text.split("\x1b[").skip(1) {
        let end = rest.find(|c: char| !(c.is_ascii_digit() || c == ';')).unwrap_or(rest.len());
        if !rest[end..].starts_with('m') {
            continue;
        }
        let mut parameters = rest[..end].split(';').filter_map(|p| p.parse().ok());
        while let Some(first) = parameters.next() {
            match first {
                38 | 48 | 58 => {
                    let kind = parameters.next().unwrap_or(0);
                    let values = if kind == 2 { 3 } else { 1 };
                    colours.push([first, kind].into_iter().chain(parameters.by_ref().take(values)).collect());
                }
                30..=37 | 40..=47 | 90..=97 | 100..=107 => colours.push(vec![first]),
                _ => {}
            }
        }
    }
    colours
}

fn session(env: &[(&str, &str)], args: &[&str]) -> Vec<Vec<u16>> {
    let mut running = Running::start_with(args, (120, 36), env);
    running.until("the lab", |running| running.says("LISTEN") && running.says("What happened"));
    running.types(b"3c");
    running.until("clients", |running| running.says("3 clients") && running.says("ESTABLISHED"));
    running.quits();
    colours(&running.written)
}

#[test]
fn no_color_is_no_colour() {
    assert_eq!(session(&[("NO_COLOR", "1"), ("COLORTERM", "truecolor")], &[]), Vec::<Vec<u16>>::new());
    assert_eq!(session(&[], &["--theme", "mono"]), Vec::<Vec<u16>>::new());
}

#[test]
fn a_terminal_gets_the_colours_it_has() {
    let full = session(&[("COLORTERM", "truecolor")], &[]);
    assert!(full.iter().any(|p| p.starts_with(&[38, 2])), "{full:?}");
    let many = session(&[("TERM", "xterm-256color")], &[]);
    assert!(many.iter().any(|p| matches!(p[..], [38, 5, 16..=255])), "{many:?}");
    assert!(!many.iter().any(|p| p.get(1) == Some(&2)), "{many:?}");
    let few = session(&[("TERM", "xterm")], &[]);
    let of_sixteen = |p: &Vec<u16>| matches!(p[..], [30..=37 | 40..=47 | 90..=97 | 100..=107] | [38 | 48, 5, 0..=15]);
    assert!(!few.is_empty() && few.iter().all(of_sixteen), "{few:?}");
}
