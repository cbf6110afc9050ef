//! Wireshark's command line, where it is installed, as the judge of what we say.

use std::path::Path;
use std::process::Command;

use super::trace::FIELDS;

/// What tshark prints for a file.
pub(crate) fn tshark(file: &Path, arguments: &[&str]) -> String {
    let output = Command::new("tshark").arg("-r").arg(file).args(arguments).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    String::from_utf8(output.stdout).unwrap()
}

/// The fields of each packet, one line each with tabs between.
pub(crate) fn fields(file: &Path, names: &[&str]) -> Vec<Vec<String>> {
    let mut arguments = vec!["-n", "-T", "fields"];
    for name in names {
        arguments.extend(["-e", *name]);
    }
    tshark(file, &arguments).lines().map(|line| line.split('\t').map(str::to_owned).collect()).collect()
}

/// Which of [`FIELDS`] tshark sets for each packet.
pub(crate) fn marks(file: &Path) -> Vec<Vec<&'static str>> {
    let names: Vec<&'static str> = FIELDS.iter().map(|(name, _)| *name).collect();
    let set = |row: Vec<String>| {
        names.iter().zip(row).filter(|(_, value)| !value.is_empty()).map(|(name, _)| *name).collect()
    };
    fields(file, &names).into_iter().map(set).collect()
}
