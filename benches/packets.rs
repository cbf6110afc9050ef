//! How long a packet takes: decoding and analysis are to stay below a microsecond.

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use etherparse::{PacketBuilder, TcpHeader, TcpOptionElement};
use socklab::api::packet::{Analysis, Frame, LinkType, dissect};

/// The packets of `count` echo connections over loopback as Linux sends them: with timestamps, checksums left out.
fn exchange(count: u16) -> Vec<Vec<u8>> {
    let mut all = Vec::new();
    for client in 0..count {
        let mut segment = |out: bool, flags: &str, seq: u32, ack: u32, payload: &[u8]| {
            let (from, to) = if out { (32_768 + client, 65_432) } else { (65_432, 32_768 + client) };
            let mut header = TcpHeader::new(from, to, seq, 512);
            header.syn = flags.contains('S');
            header.fin = flags.contains('F');
            header.psh = flags.contains('P');
            header.ack = flags.contains('.');
            header.acknowledgment_number = ack;
            let mut options = vec![TcpOptionElement::Noop, TcpOptionElement::Noop, TcpOptionElement::Timestamp(1, 2)];
            if header.syn {
                options.extend([TcpOptionElement::MaximumSegmentSize(65_495), TcpOptionElement::WindowScale(7)]);
            }
            header.set_options(&options).unwrap();
            let mut bytes = Vec::new();
            let builder = PacketBuilder::ethernet2([0; 6], [0; 6]).ipv4([127, 0, 0, 1], [127, 0, 0, 1], 64);
            builder.tcp_header(header).write(&mut bytes, payload).unwrap();
            all.push(bytes);
        };
        segment(true, "S", 99, 0, b"");
        segment(false, "S.", 499, 100, b"");
        segment(true, ".", 100, 500, b"");
        segment(true, "P.", 100, 500, b"Hello, world");
        segment(false, ".", 500, 112, b"");
        segment(false, "P.", 500, 112, b"HELLO, WORLD");
        segment(true, ".", 112, 512, b"");
        segment(true, "F.", 112, 512, b"");
        segment(false, "F.", 512, 113, b"");
        segment(true, ".", 113, 513, b"");
    }
    all
}

fn frame(number: u64, bytes: &[u8]) -> Frame<'_> {
    let wire_len = u32::try_from(bytes.len()).unwrap();
    Frame { number, at: number * 1_000, link: LinkType::ETHERNET, wire_len, bytes }
}

fn packets(criterion: &mut Criterion) {
    for connections in [10, 10_000] {
        let packets = exchange(connections);
        let mut analysis = Analysis::default();
        let mut number = 0_usize;
        criterion.bench_function(&format!("decode and analyse, {connections} connections"), |bench| {
            bench.iter(|| {
                let bytes = &packets[number % packets.len()];
                number += 1;
                black_box(analysis.see(&frame(number as u64, black_box(bytes))))
            });
        });
    }
    let packets = exchange(1);
    criterion.bench_function("dissect", |bench| {
        bench.iter(|| black_box(dissect(LinkType::ETHERNET, black_box(&packets[3]))));
    });
}

criterion_group!(benches, packets);
criterion_main!(benches);
