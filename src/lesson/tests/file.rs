//! What a file says, and what is refused.

use super::*;

#[test]
fn an_invalid_file_is_rejected_with_its_line() {
    let recv = |most: u64| {
        format!(
            "[[step]]\ndo = [{{ listen = {{ socket = \"a\" }} }}, {{ recv = {{ socket = \"a\", most = {most} }} }}]"
        )
    };
    let sends = recv(0).replace("recv", "send").replace("most = 0", "bytes = 12");
    assert!(lesson(&recv(16 << 20)).is_ok() && lesson(&sends).is_ok());
    let inject = |more: &str| {
        format!("[[step]]\ndo = [{{ inject = {{ from = \"client\", source = 1, destination = 2, {more} }} }}]")
    };
    assert!(lesson(&inject("bytes = 1460, seq = \"next-1\", ack = \"raw 7\", ttl = 0")).is_ok());
    let listens: Vec<_> = (0..=256).map(|no| format!("{{ listen = {{ socket = \"s{no}\" }} }}")).collect();
    let cases = [
        ("tilte = 1\n[[step]]", 3, "unknown field `tilte`"),
        ("[[step]]\nsay = { en = \"x\" }", 4, "missing field `pt`"),
        ("[[step]]\ndo = [{ dance = \"a\" }]", 4, "unknown variant `dance`"),
        ("[[step]]\ndo = [{ listen = { socket = \"a\", prot = 1 } }]", 4, "unknown field `prot`"),
        ("[[step]]\ndo = [\n  { close = { socket = \"ghost\" } },\n]", 5, "there is no ghost yet"),
        (
            "[[step]]\ndo = [{ listen = { socket = \"a\" } }, { listen = { socket = \"a\" } }]",
            4,
            "there is a a already",
        ),
        ("[[step]]\nexpect = [{ state = { of = \"b/peer\", is = \"LISTEN\" } }]", 4, "there is no b yet"),
        ("[[step]]\nexpect = [{ held = { flags = \"SIN\" } }]", 4, "Flags"),
        ("[[step]]\nexpect = [{ held = { len = \">many\" } }]", 4, "neither a number nor a bound"),
        ("[[step]]\ndo = [{ connect = { socket = \"a\" } }]", 4, "`to` or `port`"),
        (
            "[[step]]\ndo = [{ listen = { socket = \"l\" } }, { connect = { socket = \"a\", to = \"l\", itself = true } }]",
            4,
            "no `to`",
        ),
        ("[[step]]\ndo = [{ start = \"echo\" }]", 1, "does not list echo"),
        ("", 1, "needs a [[step]]"),
        (&recv(1 << 60), 4, "more than 16777216"),
        (&sends.replace("12", "17000000"), 4, "more than 16777216"),
        (
            "servers = [\"echo\"]\n[[step]]\ndo = [{ spawn = { server = \"echo\", count = 4000000000 } }, { spawn = { server = \"echo\", count = 4000000000 } }]",
            1,
            "more than 99999",
        ),
        (&format!("[[step]]\ndo = [{}]", listens.join(", ")), 4, "too many listen"),
        ("[[step]]\ndo = [\n  { inject = { from = \"client\", socket = \"ghost\" } },\n]", 5, "there is no ghost yet"),
        ("[[step]]\ndo = [{ inject = { from = \"client\", source = 7 } }]", 4, "`source` and `destination`"),
        (&inject("seq = \"next*2\""), 4, "neither a number nor one such as"),
        (&inject("seq = \"next+4294967296\""), 4, "neither a number nor one such as"),
        (&inject("seq = -1"), 4, "expected a sequence number"),
        (&inject("options = { ts = 4294967296 }"), 4, "more than 4294967295"),
        (&inject("options = { wscale = 15 }"), 4, "more than 14"),
        (&inject("bytes = 1461"), 4, "more than the 1460"),
        (&inject("bytes = 9000000000000000000"), 4, "more than the 1460"),
        (&inject("bytes = 1449, options = { ts = 0 }"), 4, "more than the 1448"),
        (&inject("text = \"a\", bytes = 1"), 4, "either `text` or `bytes`"),
        (&inject("proto = \"icmp\""), 4, "by `unreachable`"),
        (&inject("ttl = 256"), 4, "256"),
        (&inject("ecn = \"yes\""), 4, "EcnCodepoint"),
        ("[[step]]\ndo = [{ change = { packet = {}, bytes = 1461 } }]", 4, "more than the 1460"),
        (
            "[[step]]\ndo = [{ listen = { socket = \"l\" } }, { inject = { from = \"client\", socket = \"l\" } }]",
            4,
            "l has no peer: `source` is needed",
        ),
        ("[[step]]\nexpect = [{ verdict = { packet = {}, did = \"eaten\" } }]", 4, "Disposition"),
    ];
    for (text, line, says) in cases {
        let error = lesson(text).unwrap_err();
        assert!(error.what.contains(says) && error.line == line, "{text}\n{error}");
    }
}

#[test]
fn amounts_can_be_bounds() {
    for (text, number, is) in [
        ("3", 3, true),
        ("3", 4, false),
        (">0", 0, false),
        (">0", 1, true),
        (">=5", 5, true),
        ("<5", 5, false),
        ("<=5", 5, true),
        ("2-5", 5, true),
        ("2-5", 1, false),
    ] {
        assert_eq!(text.parse::<matcher::Amount>().unwrap().is(number), is, "{text} {number}");
    }
    assert!(["<0", "5-2", "-2", "2-"].iter().all(|text| text.parse::<matcher::Amount>().is_err()));
}

#[test]
fn every_socket_gets_the_id_that_the_journal_has() {
    let lesson = lesson(
        "servers = [\"echo\"]\n[[step]]\ndo = [{ listen = { socket = \"l\" } }, { spawn = { count = 2, server = \"echo\" } },
         { connect = { socket = \"a\", to = \"l\" } }, { accept = { socket = \"s\", from = \"l\" } }]",
    )
    .unwrap();
    let ids = ["echo", "c1", "c2", "c3", "l", "a", "s"]
        .map(|name| lesson.symbols.socket(name).map(|socket| socket.id.to_string()));
    let wanted = [Some("s0"), Some("c1"), Some("c2"), None, Some("s1"), Some("c3"), Some("s1.1")];
    assert_eq!(ids, wanted.map(|id| id.map(ToOwned::to_owned)));
}

#[test]
fn every_file_of_the_catalogue_is_on_a_card() {
    let cards = catalogue::cards();
    assert_eq!(cards.len(), catalogue().len());
    for (card, entry) in cards.iter().zip(catalogue()) {
        assert_eq!(card.name, entry.name);
        assert_eq!(catalogue::lesson(entry.name).unwrap().steps.len(), card.steps);
    }
}

#[test]
fn a_name_has_to_fit_the_marks() {
    let named = |en: &str| lesson(&format!("[[step]]\nname = {{ en = \"{en}\", pt = \"é\" }}"));
    assert!(named(&"é".repeat(32)).is_ok());
    let error = named(&"é".repeat(33)).unwrap_err().to_string();
    assert!(error.contains("longer than 32 columns") && error.starts_with("line 4, column "), "{error}");
}
