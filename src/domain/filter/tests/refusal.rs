//! Texts that are no filter, and where the error points.

use super::*;
use crate::domain::filter::filter_field::FilterField;
use FilterErrorKind::{
    BadAddress, BadNumber, BadRange, ExpectedTerm, ExpectedValue, NoOrder, TooDeep, TooLong, UnclosedParenthesis,
    UnclosedQuote, UnexpectedToken, UnknownField, UnknownFlag, UnknownProto, UnknownState,
};

#[test]
fn an_error_points_at_the_wrong_part() {
    let port = FilterField::Port;
    let state = FilterField::State;
    let host = FilterField::Host;
    for (text, at, kind) in [
        ("foo = 5", 0..3, UnknownField("foo".into())),
        ("65432 tcp.port==80", 6..14, UnknownField("tcp.port".into())),
        ("port", 4..4, ExpectedValue { field: port }),
        ("port and udp", 5..8, ExpectedValue { field: port }),
        ("port 1,", 7..7, ExpectedValue { field: port }),
        ("state = = listen", 8..9, ExpectedValue { field: state }),
        ("and", 0..3, UnexpectedToken),
        ("udp or", 6..6, ExpectedTerm),
        ("udp or and", 7..10, UnexpectedToken),
        ("()", 1..2, UnexpectedToken),
        ("udp)", 3..4, UnexpectedToken),
        ("udp, tcp", 3..4, UnexpectedToken),
        ("port < 5,6", 8..9, UnexpectedToken),
        ("udp (port 5 (tcp)", 4..5, UnclosedParenthesis),
        ("udp \"té", 4..8, UnclosedQuote),
        ("foo\"", 3..4, UnclosedQuote),
        ("port 65536", 5..10, BadNumber { field: port }),
        ("port +80", 5..8, BadNumber { field: port }),
        ("pid 99999999999", 4..15, BadNumber { field: FilterField::Pid }),
        ("pid :5", 4..6, BadNumber { field: FilterField::Pid }),
        ("70000-70001", 0..11, BadNumber { field: port }),
        ("port 2-1", 5..8, BadRange { field: port }),
        ("port 5-", 5..7, BadRange { field: port }),
        ("port < 0", 7..8, BadRange { field: port }),
        ("sport > 65535", 8..13, BadRange { field: FilterField::Sport }),
        ("port < 1-2", 7..10, BadRange { field: port }),
        ("flags syn,foo", 10..13, UnknownFlag),
        ("flags < syn", 6..7, NoOrder { field: FilterField::Flags }),
        ("flags syn+", 6..10, UnknownFlag),
        ("host 127.0.0.1/33", 5..17, BadAddress { field: host }),
        ("host 127.0.0", 5..12, BadAddress { field: host }),
        ("host [::1", 5..9, BadAddress { field: host }),
        ("state open", 6..10, UnknownState),
        ("state listen,sleeping", 13..21, UnknownState),
        ("state > listen", 6..7, NoOrder { field: state }),
        ("proto sctp", 6..10, UnknownProto),
    ] {
        assert_eq!(Filter::parse(text), Err(FilterError { at, kind }), "{text}");
    }
}

#[test]
fn length_and_nesting_are_bounded() {
    let nested = |depth| format!("{}65432{}", "(".repeat(depth), ")".repeat(depth));
    assert!(Filter::parse(&nested(Filter::MAX_DEPTH)).is_ok());
    let deep = Filter::parse(&nested(Filter::MAX_DEPTH + 1)).unwrap_err();
    assert_eq!((deep.at, deep.kind), (Filter::MAX_DEPTH..Filter::MAX_DEPTH + 1, TooDeep));
    assert!(Filter::parse(&"() ".repeat(300)).is_err());
    assert!(Filter::parse(&"(65432) ".repeat(128)).is_ok(), "one after another is not one inside another");
    assert!(Filter::parse(&format!("{}udp", "!".repeat(Filter::MAX_LEN - 3))).is_ok());
    let long = format!("{}é", "a".repeat(Filter::MAX_LEN - 1));
    let error = Filter::parse(&long).unwrap_err();
    assert_eq!((error.at, error.kind), (Filter::MAX_LEN - 1..Filter::MAX_LEN + 1, TooLong));
}
