//! Lessons against servers elsewhere.

use super::*;

/// A lesson on this machine, with the echo server.
fn host_lesson(steps: &str) -> Lesson {
    lesson(&format!("world = \"host\"\nservers = [\"echo\"]\n{steps}")).unwrap()
}

#[test]
fn with_remote_servers_nothing_is_started_and_a_name_is_a_port() {
    let remote = host_lesson(
        r#"
[[step]]
do = [
  { start = "echo" }, { spawn = { server = "echo" } }, { connect = { socket = "a", to = "echo" } },
  { listen = { socket = "mine", host = "client", port = 0 } }, { connect = { socket = "b", to = "mine" } },
]
expect = [
  { state = { of = "c1", is = "ESTABLISHED" } }, { state = { of = "b/peer", is = "ESTABLISHED" } },
  { count = { host = "client", state = "ESTABLISHED", is = 2 } },
]
"#,
    )
    .remote()
    .unwrap();
    let acts = &remote.steps[0].acts;
    assert!(matches!(acts[0], Act::Spawn { .. }), "{acts:?}");
    assert!(matches!(&acts[1], Act::Connect(connect) if connect.to.is_none() && connect.port == Some(65_433)));
    assert!(matches!(&acts[3], Act::Connect(connect) if connect.to.is_some()));
    assert_eq!(remote.ports().collect::<Vec<_>>(), [65_433, 65_433]);
}

#[test]
fn a_lesson_of_datagrams_does_not_connect_by_tcp() {
    let connects = |acts: &str| {
        let text = format!("world = \"host\"\nservers = [\"echo\", \"udp\"]\n[[step]]\ndo = [{acts}]");
        lesson(&text).unwrap().remote().unwrap().connects_by_tcp()
    };
    assert!(connects(r#"{ spawn = { server = "echo" } }"#));
    assert!(connects(r#"{ connect = { socket = "a", to = "echo" } }"#));
    assert!(connects(r#"{ connect = { socket = "a", port = 7 } }"#));
    assert!(!connects(r#"{ start = "echo" }, { spawn = { server = "udp" } }"#));
    assert!(!connects(
        r#"{ datagram = { socket = "u", host = "client" } }, { send = { socket = "u", text = "oi", to = 7 } }"#
    ));
    let own =
        r#"{ listen = { socket = "mine", host = "client", port = 0 } }, { connect = { socket = "b", to = "mine" } }"#;
    assert!(!connects(own));
}

#[test]
fn items_that_need_a_server_here_are_named() {
    for part in [
        r#"do = [{ stop = "echo" }]"#,
        r#"do = [{ switch = { server = "echo", model = "threaded" } }]"#,
        r#"do = [{ listen = { socket = "a" } }]"#,
        r#"do = [{ datagram = { socket = "a", host = "server" } }]"#,
        r#"expect = [{ state = { of = "c1/peer", is = "ESTABLISHED" } }]"#,
        r#"expect = [{ call = { of = "echo", call = "accept" } }]"#,
        r#"expect = [{ absent = { for_ms = 1, what = { row = { of = "c1/peer" } } } }]"#,
        r#"expect = [{ count = { state = "ESTABLISHED", is = 2 } }]"#,
    ] {
        let steps = format!("[[step]]\ndo = [{{ spawn = {{ server = \"echo\" }} }}]\n[[step]]\n{part}");
        let Err(NotRemote::Needs(needs)) = host_lesson(&steps).remote() else { panic!("{part}") };
        assert_eq!(needs.iter().map(|(step, _)| *step).collect::<Vec<_>>(), [2], "{part}");
    }
    let wire = lesson("[[step]]\ndo = [{ listen = { socket = \"a\" } }]").unwrap();
    assert_eq!(wire.remote(), Err(NotRemote::OnTheWire));
}

#[test]
fn the_port_of_the_target_replaces_those_of_the_lesson() {
    let remote =
        |port| HostAddresses { server: ([10, 0, 0, 9], port).into(), ..HostAddresses::new([10, 0, 0, 1], [0; 4]) };
    assert_eq!(remote(0).of(HostId::Server, 65_433), ([10, 0, 0, 9], 65_433).into());
    assert_eq!(remote(7000).of(HostId::Server, 65_433), ([10, 0, 0, 9], 7000).into());
    assert_eq!(remote(7000).of(HostId::Client, 5000), ([10, 0, 0, 1], 5000).into());
}
