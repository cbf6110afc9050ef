//! `run`, `exec` and `doctor`: what they print and how they end.

use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};

use super::headless::{program, run};
use crate::fixtures::ScenarioFile;
use crate::harness::Need::{Namespace, Wire};
use crate::harness::{Test, test};

pub(crate) fn tests() -> Vec<Test> {
    vec![
        test(an_expectation_that_is_not_met_is_named_and_ends_with_1, &[Wire]),
        test(an_act_that_cannot_be_done_is_named, &[Wire]),
        test(a_wrong_file_ends_with_2_and_says_where, &[]),
        test(the_transcript_is_in_the_language_asked_for, &[Wire]),
        test(scenarios_are_listed, &[]),
        test(lessons_of_ones_own_are_found_by_name, &[]),
        test(a_lesson_on_the_machine_itself_needs_no_wire, &[]),
        test(exec_runs_a_program_on_a_host_of_the_open_wire, &[Wire]),
        test(doctor_says_what_works_and_how_to_get_the_rest, &[]),
        test(doctor_says_how_loopback_is_raised, &[Namespace]),
    ]
}

/// A lesson that expects what cannot be.
const WRONG: &str = r#"
title = { en = "t", pt = "t" }
about = { en = "a", pt = "a" }
[[step]]
do = [{ listen = { socket = "listener" } }]
expect = [{ state = { of = "listener", is = "ESTABLISHED" } }]
within_ms = 300
"#;

fn an_expectation_that_is_not_met_is_named_and_ends_with_1() {
    let file = ScenarioFile::new("wrong", WRONG);
    let run = run(file.path());
    let result = run.result.unwrap();
    assert_eq!((run.code, &result["passed"]), (Some(1), &false.into()));
    assert_eq!(result["failed"][0], "step 1: listener is ESTABLISHED; seen: LISTEN (listen)");
    assert_eq!((&result["file"], &result["expectations"]), (&file.path().into(), &1.into()));
}

fn an_act_that_cannot_be_done_is_named() {
    let text = WRONG.replace("}]\nexpect", "}, { deliver = { flags = \"SYN\" } }]\nexpect");
    let file = ScenarioFile::new("stuck", &text);
    let run = run(file.path());
    assert_eq!(run.code, Some(1));
    assert_eq!(run.result.unwrap()["failed"][0], "step 1: could not be done in time: deliver SYN");
}

fn a_wrong_file_ends_with_2_and_says_where() {
    let file = ScenarioFile::new("typo", &WRONG.replace("within_ms", "within_s"));
    let output = program().args(["run", file.path()]).output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{errors}");
    assert!(errors.contains("line 7, column 1: unknown field `within_s`"), "{errors}");
    let none = program().args(["run", "no-such-scenario"]).output().unwrap();
    assert_eq!(none.status.code(), Some(2));
}

fn the_transcript_is_in_the_language_asked_for() {
    for (lang, words) in [
        ("en", ["The SYN is delivered", "from the server", "The server's kernel recorded"]),
        ("pt-BR", ["O SYN é entregue", "do servidor", "O kernel do servidor anotou"]),
    ] {
        let output = program().args(["run", "open", "--lang", lang]).output().unwrap();
        let text = String::from_utf8_lossy(&output.stdout);
        let mut rest = text.split(words[0]).nth(1).unwrap_or_default();
        // What is said afterwards comes after what was seen.
        for word in &words[1..] {
            rest = rest.split_once(word).unwrap_or_else(|| panic!("{word}: {text}")).1;
        }
        assert!(output.status.success(), "{text}");
    }
}

fn lessons_of_ones_own_are_found_by_name() {
    let folder = std::env::temp_dir().join(format!("socklab-own-lessons-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let mine = "title = { en = \"Mine\", pt = \"Minha\" }\nabout = { en = \"a\", pt = \"b\" }\nworld = \"host\"
[[step]]\nexpect = [{ count = { state = \"SYN_SENT\", is = \">=0\" } }]\n";
    std::fs::write(folder.join("mine.toml"), mine).unwrap();
    std::fs::write(folder.join("broken.toml"), mine.replace("expect", "expects")).unwrap();
    let run = |args: &[&str]| {
        let output = program().arg("run").args(args).args(["--lang", "en", "--lessons"]).arg(&folder).output().unwrap();
        let said = [&output.stdout[..], &output.stderr[..]].map(|said| String::from_utf8_lossy(said).into_owned());
        (output.status.code(), said.concat())
    };
    let [listed, mine, broken] = [&["--list"][..], &["mine"], &["broken.toml"]].map(run);
    std::fs::remove_dir_all(&folder).unwrap();
    assert!(listed.1.contains("mine.toml Mine") && listed.1.contains("line 5, column 1: unknown field"), "{listed:?}");
    assert!(mine.0 == Some(0) && mine.1.starts_with("Mine (mine)"), "{mine:?}");
    assert!(broken.0 == Some(2) && broken.1.contains("line 5, column 1"), "{broken:?}");
}

fn scenarios_are_listed() {
    let output = program().args(["run", "--list", "--lang", "en"]).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && text.lines().count() >= 22, "{text}");
    assert!(text.lines().next().unwrap().starts_with("open "), "{text}");
}

fn a_lesson_on_the_machine_itself_needs_no_wire() {
    let file = ScenarioFile::new(
        "host",
        r#"
title = { en = "t", pt = "t" }
about = { en = "a", pt = "a" }
world = "host"
servers = ["echo"]
[[step]]
do = [{ start = "echo" }, { spawn = { server = "echo" } }]
expect = [
  { call = { of = "c1", call = "recv", text = "Hello, world" } },
  { state = { of = "c1", is = "ESTABLISHED" } },
  { state = { of = "c1/peer", is = "ESTABLISHED" } },
]
[[step]]
do = [{ end = { client = 1, how = "fin" } }]
expect = [{ state = { of = "c1", is = "TIME_WAIT" } }]
[[step]]
do = [
  { listen = { socket = "mine", host = "client", port = 0 } },
  { connect = { socket = "caller", to = "mine" } },
  { accept = { socket = "called", from = "mine" } },
  { send = { socket = "caller", text = "oi" } },
  { recv = { socket = "called" } },
]
expect = [{ call = { of = "called", call = "recv", text = "oi" } }]
"#,
    );
    let run = run(file.path());
    assert_eq!(run.code, Some(0), "{:?} {}", run.result, run.errors);
    assert!(run.events.iter().all(|event| event["world"] == "host"));
}

fn exec_runs_a_program_on_a_host_of_the_open_wire() {
    // A wire that stands open for as long as this test reads from it: the program that is waited for is ours.
    let file = ScenarioFile::new(
        "standing",
        r#"
title = { en = "t", pt = "t" }
about = { en = "a", pt = "a" }
[[step]]
do = [{ listen = { socket = "listener" } }]
expect = [{ ended = { host = "server", status = 42 } }]
within_ms = 60000
"#,
    );
    let mut wire = program().args(["run", file.path(), "--json"]).stdout(Stdio::piped()).spawn().unwrap();
    let mut said = BufReader::new(wire.stdout.take().unwrap()).lines();
    assert!(said.by_ref().map_while(Result::ok).any(|line| line.contains("\"to\":\"LISTEN\"")), "no listener");
    let of = wire.id().to_string();
    let exec = |host: &str, script: &str| {
        program().args(["exec", host, "--of", &of, "--", "sh", "-c", script]).output().unwrap()
    };
    // 192.0.2.2 and 192.0.2.1, as /proc/net spells them: each host has its own address and no other.
    let addresses = exec("client", "cat /proc/net/fib_trie");
    let text = String::from_utf8_lossy(&addresses.stdout);
    assert!(text.contains("192.0.2.2") && addresses.status.success(), "{text}");
    // 65432 is FF98.
    let listening = exec("server", "cat /proc/net/tcp; exit 42");
    let text = String::from_utf8_lossy(&listening.stdout);
    assert!(text.contains(":FF98"), "{text}");
    assert_eq!(listening.status.code(), Some(42));
    let missing = program().args(["exec", "client", "--of", &of, "--", "/no/such/program"]).output().unwrap();
    assert_ne!(missing.status.code(), Some(0));
    let last = said.map_while(Result::ok).last().unwrap();
    assert!(last.contains("\"passed\":true"), "{last}");
    assert!(wire.wait().unwrap().success());
    let gone = program().args(["exec", "client", "--of", &of, "--lang", "en", "--", "true"]).output().unwrap();
    assert_eq!(gone.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&gone.stderr).contains("no wire lab is open"));
}

fn doctor_says_what_works_and_how_to_get_the_rest() {
    for (lang, works, needs) in [
        ("en", "The laboratory works here.", "a user namespace"),
        ("pt-BR", "O laboratório funciona aqui.", "um namespace de usuário"),
    ] {
        let output = program().args(["doctor", "--lang", lang]).env("NO_COLOR", "1").output().unwrap();
        let text = String::from_utf8_lossy(&output.stdout);
        assert_eq!(output.status.code(), Some(0), "{text}");
        assert!(text.contains(works) && text.contains(needs) && text.contains("$ unset NO_COLOR"), "{text}");
        assert!(text.contains("65432/tcp") && text.contains("65432/udp"), "{text}");
    }
}

fn doctor_says_how_loopback_is_raised() {
    let program = program().get_program().to_owned();
    let output = Command::new("unshare").arg("-rn").arg(program).args(["doctor", "--lang", "en"]).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(1), "{text}");
    let line = text.lines().position(|line| line.contains("sockets on loopback do not work: ENETUNREACH")).unwrap();
    assert!(text.lines().skip(line).take(3).any(|line| line.trim() == "$ ip link set lo up"), "{text}");
}
