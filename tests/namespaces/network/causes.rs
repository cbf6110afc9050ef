//! No effect stands before its cause in what `serve --json`, `client --json` and `run --json` print, and no time long after
//! the time of what follows it.

use std::collections::{BTreeMap, HashMap};

use serde_json::Value;

use super::hosts::hosts;
use crate::harness::Need::{Network, Wire};
use crate::harness::{Test, test};

pub(crate) fn tests() -> Vec<Test> {
    Vec::from([
        test(serve_and_client_tell_causes_before_effects, &[Network]),
        test(the_wires_journal_tells_causes_before_effects, &[Network, Wire]),
    ])
}

/// Something at the client's end, or at the server's.
type Side = (bool, &'static str);

const fn client(what: &'static str) -> Side {
    (true, what)
}

const fn server(what: &'static str) -> Side {
    (false, what)
}

/// What happens before what, along one connection that the client opens.
const ORDER: [(Side, Side); 22] = [
    (client("connect"), client("SYN_SENT")),
    (client("connect"), client("connect returns")),
    (client("ESTABLISHED"), client("connect returns")),
    (client("CLOSED"), client("connect fails")),
    (client("connect"), server("accept")),
    (client("SYN_SENT"), server("SYN_RECV")),
    (server("SYN_RECV"), client("ESTABLISHED")),
    (client("ESTABLISHED"), server("ESTABLISHED")),
    (server("ESTABLISHED"), server("accept")),
    (client("send"), server("recv")),
    (server("send"), client("recv")),
    (client("close"), client("FIN_WAIT1")),
    (client("FIN_WAIT1"), server("CLOSE_WAIT")),
    (server("CLOSE_WAIT"), server("recv 0")),
    (client("close"), server("recv 0")),
    (server("CLOSE_WAIT"), server("LAST_ACK")),
    (server("close"), server("LAST_ACK")),
    (server("close"), server("FIN_WAIT1")),
    (server("FIN_WAIT1"), client("CLOSE_WAIT")),
    (client("CLOSE_WAIT"), client("recv 0")),
    (client("close"), client("LAST_ACK")),
    (server("LAST_ACK"), client("TIME_WAIT")),
];

/// How far the times of a journal may run back, in milliseconds. It takes in a batch at a time: what came within a frame
/// (16 ms). What the table showed in it is dated back to its cause, by 40 ms at most, and a call that waits to its entry.
const BATCH: f64 = 60.0;

/// The first time of each thing that happened at an end, for each connection by its two addresses. A call whose effects
/// others notice happens when it is entered: where it waits, that is told first, and its result is another thing.
fn lives(events: &[Value]) -> BTreeMap<[String; 2], HashMap<(String, String), f64>> {
    let mut lives: BTreeMap<_, HashMap<_, _>> = BTreeMap::new();
    for event in events.iter().filter(|event| event["proto"] == "tcp") {
        let (Some(local), Some(peer)) = (event["local"].as_str(), event["peer"].as_str()) else { continue };
        let what = match (event["kind"].as_str(), event["call"].as_str()) {
            (Some("state"), _) => event["to"].as_str().unwrap().to_owned(),
            (_, Some("accept" | "recv")) if event["phase"] == "waits" => continue,
            (_, Some("connect")) if event["waited"] == true => {
                format!("connect {}", if event["result"] == "ok" { "returns" } else { "fails" })
            }
            (_, Some(call)) if event["waited"] == true && !matches!(call, "accept" | "recv") => {
                format!("{call} returns")
            }
            (Some("call"), Some("recv")) if event["len"] == 0 => "recv 0".to_owned(),
            (Some("call"), Some("shutdown")) => "close".to_owned(),
            (Some("call"), Some(call)) => call.to_owned(),
            _ => continue,
        };
        let mut key = [local.to_owned(), peer.to_owned()];
        key.sort();
        let at = event["t_ms"].as_f64().unwrap();
        lives.entry(key).or_default().entry((local.to_owned(), what)).or_insert(at);
    }
    lives
}

/// Checks that times run on, and that the result of a call that waited stands after its entry.
fn check_times(journal: &str, events: &[Value]) {
    let mut latest: f64 = 0.0;
    let mut entered: HashMap<_, Vec<f64>> = HashMap::new();
    for event in events {
        // The last line of a run is its result.
        let Some(at) = event["t_ms"].as_f64() else { continue };
        assert!(latest - at <= BATCH, "{journal}: {latest} before {event}");
        latest = latest.max(at);
        let of_call = entered.entry((event["socket"].as_str(), event["call"].as_str())).or_default();
        if event["phase"] == "waits" {
            of_call.push(at);
        } else if event["waited"] == true {
            let since = at - event["took_us"].as_f64().unwrap() / 1_000.0;
            // Each of the three is a whole number of microseconds.
            let place = of_call.iter().position(|entered| (entered - since).abs() < 0.003);
            of_call.remove(place.unwrap_or_else(|| panic!("{journal}: entered at {of_call:?}: {event}")));
        }
    }
}

/// Checks a journal. Counts in `compared` how often the two of each line of [`ORDER`] were both there.
fn check(journal: &str, events: &[Value], compared: &mut [usize; ORDER.len()]) {
    check_times(journal, events);
    for (ends, life) in lives(events) {
        let opens = |end: &&String| life.contains_key(&((*end).clone(), "SYN_SENT".to_owned()));
        let Some(of_client) = ends.iter().find(opens) else { continue };
        let of_server = ends.iter().find(|end| *end != of_client).unwrap();
        let when = |(is_client, what): Side| {
            let end = if is_client { of_client } else { of_server };
            life.get(&(end.clone(), what.to_owned())).copied()
        };
        for (line, (cause, effect)) in ORDER.into_iter().enumerate() {
            let (Some(earlier), Some(later)) = (when(cause), when(effect)) else { continue };
            assert!(earlier <= later, "{journal}: {cause:?} at {earlier} after {effect:?} at {later}\n{life:#?}");
            compared[line] += 1;
        }
    }
}

fn events(lines: &str) -> Vec<Value> {
    lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn serve_and_client_tell_causes_before_effects() {
    const CLIENTS: usize = 12;
    let (_other, host) = hosts();
    let mut running = host.serve_as(&[]);
    let mut served = Vec::new();
    let mut until = |count: usize, change: &str| {
        let mut seen = 0;
        running.until(change, |event| {
            served.push(event.clone());
            seen += usize::from(event["change"] == *change);
            (seen == count).then_some(())
        });
    };
    until(4, "started");
    let mut compared = [0; ORDER.len()];
    for no in 0..CLIENTS {
        let addr = format!("127.0.0.1:{}", 65_432 + no % 3);
        let (code, told) = host.lab(&["client", "tcp", &addr, "oi", "--json"]);
        assert_eq!(code, 0, "{told}");
        check("client", &events(&told), &mut compared);
    }
    assert!(compared[0] >= CLIENTS, "every client's connect and SYN_SENT: {compared:?}");
    until(CLIENTS, "served");
    // What the kernel says of the last ones may come later.
    let is_close_wait = |event: &Value| event["kind"] == "state" && event["to"] == "CLOSE_WAIT";
    let is_end = |event: &Value| is_close_wait(event) || (event["call"] == "recv" && event["len"] == 0);
    let mut left = 2 * CLIENTS - served.iter().filter(|event| is_end(event)).count();
    while left > 0 {
        running.until("the end of every connection", |event| {
            served.push(event.clone());
            is_end(event).then_some(())
        });
        left -= 1;
    }
    let mut compared = [0; ORDER.len()];
    check("serve", &served, &mut compared);
    let of_server = ORDER.iter().position(|pair| *pair == (server("CLOSE_WAIT"), server("recv 0"))).unwrap();
    // A client may have gone before the table was read.
    assert!(compared[of_server] >= CLIENTS - 1, "every connection's end: {compared:?}");
}

fn the_wires_journal_tells_causes_before_effects() {
    let (_other, host) = hosts();
    let mut compared = [0; ORDER.len()];
    for scenario in
        // The lost SYN is one whose connect waits.
        [
            "open",
            "close-by-client",
            "close-by-server",
            "half-close",
            "lost-data",
            "lost-syn",
            "address-in-use",
            "closed-port",
        ]
    {
        let (code, told) = host.lab(&["run", scenario, "--json"]);
        assert_eq!(code, 0, "{scenario}: {told}");
        check(scenario, &events(&told), &mut compared);
    }
    let missing: Vec<_> = ORDER.iter().zip(compared).filter(|(_, count)| *count == 0).map(|(pair, _)| pair).collect();
    assert!(missing.is_empty(), "never both there: {missing:?}");
}
