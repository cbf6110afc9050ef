//! The line in which a program for one of the wire's hosts is typed: the host, then the program.

use super::Model;
use super::effect::{Effect, WireEffect};
use super::line::TypedLine;
use super::mode::Mode;
use crate::domain::keys::Key;
use crate::domain::{HostId, Lang};

/// See the module's head.
#[derive(Debug, Clone)]
pub struct RunPrompt {
    /// The typed line.
    pub line: TypedLine,
    /// Why the program as typed cannot be run: no host is named.
    pub no_host: bool,
    /// The host that the empty line begins with.
    offered: HostId,
}

impl Default for RunPrompt {
    fn default() -> Self {
        Self { line: TypedLine::default(), no_host: false, offered: HostId::Client }
    }
}

/// The hosts as the screen calls them, in either language.
const HOST_WORDS: [(&str, HostId); 4] =
    [("client", HostId::Client), ("cliente", HostId::Client), ("server", HostId::Server), ("servidor", HostId::Server)];

const fn host_word(host: HostId, lang: Lang) -> &'static str {
    match (host, lang) {
        (HostId::Client, Lang::En) => "client",
        (HostId::Client, Lang::PtBr) => "cliente",
        (HostId::Server, Lang::En) => "server",
        (HostId::Server, Lang::PtBr) => "servidor",
    }
}

/// The host and the program of a line. Of several hosts the last one counts: the line begins with one, and who types
/// another corrects it.
fn parse(line: &str) -> (Option<HostId>, &str) {
    let (mut host, mut rest) = (None, line.trim());
    while let Some((word, after)) = rest.split_once(char::is_whitespace).or((!rest.is_empty()).then_some((rest, "")))
        && let Some((_, named)) = HOST_WORDS.iter().find(|(name, _)| *name == word)
    {
        (host, rest) = (Some(*named), after.trim_start());
    }
    (host, rest)
}

/// Begins to type. A line without a program names the host that is likely to be meant.
pub(super) fn open(model: &mut Model) {
    let prompt = &mut model.ui.wire.run;
    if parse(prompt.line.input.value()).1.is_empty() {
        prompt.line.input = format!("{} ", host_word(prompt.offered, model.ui.lang)).into();
    }
    prompt.no_host = false;
    model.ui.mode = Mode::Running;
}

/// A key while the line is typed.
pub(super) fn pressed(model: &mut Model, key: Key) -> Vec<Effect> {
    let prompt = &mut model.ui.wire.run;
    match key {
        Key::Esc | Key::Tab | Key::BackTab => model.ui.mode = Mode::Command,
        Key::Up => prompt.line.recall(true),
        Key::Down => prompt.line.recall(false),
        Key::Enter => {
            let line = prompt.line.input.value().trim().to_owned();
            let (host, program) = parse(&line);
            prompt.no_host = host.is_none() || program.is_empty();
            let (Some(host), false) = (host, prompt.no_host) else { return vec![] };
            // The line is remembered as it was meant.
            prompt.line.remember(&format!("{} {program}", host_word(host, model.ui.lang)));
            prompt.line.input = tui_input::Input::default();
            // After a server comes its client.
            prompt.offered = HostId::Client;
            model.ui.mode = Mode::Command;
            return vec![Effect::Wire(WireEffect::Run(host, program.to_owned()))];
        }
        _ => {
            prompt.no_host = false;
            prompt.line.edit(key);
        }
    }
    vec![]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_host_named_counts_and_programs_keep_their_words() {
        for (line, host, program) in [
            ("client nc 192.0.2.1 65432", Some(HostId::Client), "nc 192.0.2.1 65432"),
            ("client server python3 server.py", Some(HostId::Server), "python3 server.py"),
            ("cliente  cliente python3 client.py", Some(HostId::Client), "python3 client.py"),
            ("servidor", Some(HostId::Server), ""),
            ("python3 server.py", None, "python3 server.py"),
            ("client python3 server", Some(HostId::Client), "python3 server"),
            ("", None, ""),
        ] {
            assert_eq!(parse(line), (host, program), "{line}");
        }
    }
}
