//! Many packets at once: each is captured or counted as lost.

use std::net::UdpSocket;
use std::time::{Duration, Instant};

use socklab::api::domain::{EventKind, Note};

use super::live::start;
use crate::harness::{Need::Capture, Test, test};

pub(crate) fn tests() -> Vec<Test> {
    vec![test(of_a_hundred_thousand_packets_a_second_none_is_lost_silently, &[Capture])]
}

/// Sends `count` datagrams of `len` bytes at `per_second`, and returns how long it took.
fn send(to: std::net::SocketAddr, count: u32, len: usize, per_second: u32) -> Duration {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.connect(to).unwrap();
    let begin = Instant::now();
    for n in 0..count {
        let due = begin + Duration::from_secs(1) * n / per_second;
        while Instant::now() < due {
            std::hint::spin_loop();
        }
        socket.send(&vec![b'x'; len]).unwrap();
    }
    begin.elapsed()
}

fn of_a_hundred_thousand_packets_a_second_none_is_lost_silently() {
    let receiver = UdpSocket::bind("127.0.0.1:0").unwrap();
    let to = receiver.local_addr().unwrap();
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<u32>().ok());
    let (count, per_second) = (number("SOCKLAB_FLOOD").unwrap_or(100_000), number("SOCKLAB_RATE").unwrap_or(100_000));
    let (capture, heard) = start([to.port()]);
    let mut reported = 0;
    let mut lost = 0;
    let mut hear = |seen: &socklab::api::domain::Observation| match &seen.kind {
        EventKind::Packet(_) => reported += 1,
        EventKind::Note(Note::CaptureLost { count }) => lost += count,
        _ => {}
    };
    let took = std::thread::scope(|threads| {
        let sender = threads.spawn(|| send(to, count, 64, per_second));
        while !sender.is_finished() {
            heard.next(Duration::from_millis(5)).iter().for_each(&mut hear);
        }
        sender.join().unwrap()
    });
    let store = capture.stop();
    while let Some(seen) = heard.next(Duration::ZERO) {
        hear(&seen);
    }
    let dropped_by_queue = store.packets().last().map_or(0, |packet| packet.number) - reported;
    let captured = reported + dropped_by_queue;
    println!(
        "{count} sent in {took:?} ({:.0}/s): {captured} captured, {lost} lost by the kernel, {dropped_by_queue} not queued",
        f64::from(count) / took.as_secs_f64()
    );
    assert_eq!(captured + lost, u64::from(count));
}
