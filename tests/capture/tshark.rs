//! Wireshark's command line, if installed, as the reference for our findings.

use std::path::Path;
use std::process::Command;

use super::trace::FIELDS;

/// tshark's output for a file.
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

/// Our own command line, printing a file.
fn printed(file: &Path) -> String {
    let mut program = Command::new(env!("CARGO_BIN_EXE_socklab-tui"));
    let output = program.args(["capture", "-r"]).arg(file).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// The number of remarks in the output of `socklab-tui capture -r FILE` that satisfy `is`.
fn remarked(text: &str, is: impl Fn(&str) -> bool) -> usize {
    let remarks =
        text.lines().filter_map(|line| line.strip_suffix(']')?.rsplit_once("  [").map(|(_, remarks)| remarks));
    remarks.filter(|remarks| remarks.split(", ").any(&is)).count()
}

/// Compares the counts of remarks that we print with the counts of packets that `tshark -Y` finds.
pub(crate) fn counts_as_we_print(file: &Path) -> Vec<(&'static str, usize)> {
    type Remark = (&'static str, fn(&str) -> bool);
    // tshark counts the special kinds of retransmissions among the others.
    const REMARKS: [Remark; 7] = [
        ("retransmission", |remark| remark.contains("retransmission")),
        ("fast_retransmission", |remark| remark.starts_with("fast retransmission")),
        ("spurious_retransmission", |remark| remark.starts_with("spurious retransmission")),
        ("duplicate_ack", |remark| remark.starts_with("duplicate ack ")),
        ("out_of_order", |remark| remark == "out of order"),
        ("zero_window", |remark| remark == "zero window"),
        ("window_update", |remark| remark == "window update"),
    ];
    let text = printed(file);
    let counted = REMARKS.map(|(name, is)| (name, remarked(&text, is)));
    let theirs =
        REMARKS.map(|(name, _)| (name, tshark(file, &["-n", "-Y", &format!("tcp.analysis.{name}")]).lines().count()));
    assert_eq!(counted, theirs, "{}", file.display());
    counted.to_vec()
}

/// tshark's remarks on each packet of a file.
pub(crate) fn expert(file: &Path) -> Vec<Vec<String>> {
    fields(file, &["frame.len", "_ws.expert.message", "_ws.expert.severity", "_ws.expert.group"])
}
