//! Any text is parsed or refused without a panic; a parsed filter agrees with a much simpler evaluator.

use std::net::SocketAddr;

use proptest::prelude::*;

use super::super::parse::expression;
use super::typed::{PORTS, lines, typed};
use super::*;
use crate::domain::filter::complete::Completion;

const ADDRESSES: [&str; 6] = ["127.0.0.1", "127.9.0.1", "10.1.2.3", "::1", "::ffff:127.0.0.1", "fe80::1"];

fn any_row() -> impl Strategy<Value = Row> {
    let end = (prop::sample::select(&ADDRESSES[..]), prop::sample::select(&PORTS[..]))
        .prop_map(|(ip, port)| SocketAddr::new(ip.parse().unwrap(), port));
    let state = prop::option::weighted(0.8, prop::sample::select(TcpState::ALL));
    let process = (prop::sample::select(vec![80, 4121, 65432]), prop::sample::select(vec!["python3", "socklab-tui"]));
    (end.clone(), prop::option::of(end), state, prop::option::of(process)).prop_map(|(local, peer, state, process)| {
        let proto = if state.is_some() { Proto::Tcp } else { Proto::Udp };
        let mut row = row(proto, "0.0.0.0:0", None, state, process);
        row.flow = Flow { proto, local, peer };
        row
    })
}

/// Texts of the language's tokens in any order.
fn soup() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "port", "state", "host", "proto", "src", "pid", "flags", "iface", "syn", "S.", "+", "none", "len", "and", "or",
        "not", "(", ")", "!", "!=", "<", ">=", "=", ":", ",", "\"", "-", "/", "65432", "1-2", "::1", "[", "]",
        "listen", "tcp", "é", "*", " ", " ", " ",
    ]);
    prop::collection::vec(piece, 0..24).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn it_agrees_with_the_simple_evaluator(typed in typed(), rows in prop::collection::vec(any_row(), 8)) {
        let filter = Filter::parse(&typed.text()).unwrap();
        for row in rows {
            prop_assert_eq!(filter.matches(&row), typed.holds(&row), "{} on {:?}", filter, lines(&row));
        }
    }

    #[test]
    fn negation_follows_de_morgan(a in typed(), b in typed(), rows in prop::collection::vec(any_row(), 8)) {
        let a = a.text();
        let b = b.text();
        let read = |text: String| expression(&text, Filter::MAX_DEPTH).unwrap().unwrap();
        prop_assert_eq!(read(format!("not not ({a})")), read(a.clone()));
        let neither = [read(format!("not ({a} or {b})")), read(format!("not ({a}) and not ({b})"))];
        let not_both = [read(format!("not (({a}) and ({b}))")), read(format!("not ({a}) or not ({b})"))];
        for [left, right] in [neither, not_both] {
            for row in &rows {
                prop_assert_eq!(left.matches(row, &mut None), right.matches(row, &mut None), "{} and {}", left, right);
            }
        }
    }

    #[test]
    fn every_matching_row_has_one_of_the_ports(typed in typed(), rows in prop::collection::vec(any_row(), 16)) {
        let filter = Filter::parse(&typed.text()).unwrap();
        if let Some(ports) = filter.ports() {
            // A bare number can be a pid as well: the one case that is left out on purpose.
            for mut row in rows {
                row.process = None;
                let has = ports.iter().any(|port| row.flow.has_port(*port));
                prop_assert!(has || !filter.matches(&row), "{} has {:?}, not {:?}", filter, ports, lines(&row));
            }
        }
    }

    #[test]
    fn any_text_is_parsed_or_refused_within_its_bounds(text in prop_oneof![soup(), "\\PC*", any::<String>()], row in any_row()) {
        match Filter::parse(&text) {
            Err(FilterError { at, .. }) => prop_assert!(text.get(at.clone()).is_some(), "{at:?}"),
            Ok(filter) => {
                prop_assert_eq!(filter.to_string(), text.as_str());
                filter.matches(&row);
                filter.ports();
                if let Some(expr) = filter.expr {
                    let canonical = expr.to_string();
                    let again = expression(&canonical, Filter::MAX_DEPTH);
                    prop_assert_eq!(again, Ok(Some(expr)), "{}", canonical);
                }
            }
        }
    }

    #[test]
    fn a_printed_filter_parses_to_the_same(typed in typed()) {
        let expr = expression(&typed.text(), Filter::MAX_DEPTH).unwrap();
        let canonical = expr.as_ref().unwrap().to_string();
        prop_assert_eq!(expression(&canonical, Filter::MAX_DEPTH).unwrap(), expr, "{}", canonical);
    }

    #[test]
    fn completion_replaces_existing_characters(text in prop_oneof![soup(), "\\PC*"], cursor in 0..60_usize) {
        let Completion { range, candidates } = complete(&text, cursor);
        prop_assert!(range.start <= cursor && text.get(range.clone()).is_some(), "{range:?}");
        for candidate in candidates {
            let done = format!("{}{candidate}", &text[..range.start]);
            let again = complete(&done, done.len());
            prop_assert_eq!(&done[again.range], candidate, "{}", done);
            prop_assert!(again.candidates.contains(&candidate), "{}", done);
        }
    }
}
