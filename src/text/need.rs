//! A remedy in words, and as a command.

use std::path::Path;

use crate::domain::excerpt::sanitise;

/// A remedy: a sentence, and a command if one does it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Advice {
    /// What to do, as a sentence.
    pub sentence: &'static str,
    /// The command as it is typed; `{exe}` is this program's path.
    pub command: Option<&'static str>,
}

impl Advice {
    /// The command as it is typed, with the path of this program quoted for the shell where it has to be.
    pub fn command(&self, program: &Path) -> Option<String> {
        let path = sanitise(program.as_os_str().as_encoded_bytes());
        let plain = path.chars().all(|c| c.is_alphanumeric() || "/._-+".contains(c));
        let path = if plain { path } else { format!("'{}'", path.replace('\'', r"'\''")) };
        self.command.map(|command| command.replace("{exe}", &path))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_can_be_pasted_as_it_is() {
        let advice = Advice { sentence: "", command: Some("sudo setcap cap_net_raw+ep {exe}") };
        let command = |path: &str| advice.command(Path::new(path)).unwrap();
        assert_eq!(command("/usr/local/bin/socklab-tui"), "sudo setcap cap_net_raw+ep /usr/local/bin/socklab-tui");
        assert_eq!(command("/home/ana/redes 1/it's"), r"sudo setcap cap_net_raw+ep '/home/ana/redes 1/it'\''s'");
        assert_eq!(Advice { command: None, ..advice }.command(Path::new("/bin/x")), None);
    }
}
