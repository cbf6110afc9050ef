//! Watches the counters of the hosts' kernels around each delivery, and reports what they did with the packet.

use std::time::Duration;

use super::core::WireDelivery;
use super::counters::CounterReading;
use super::judge::{DAMAGED, JudgedPacket, judge, told};
use super::sample::{Sampler, Tables};
use crate::domain::{ChecksumStatus, Flow, HostId, KernelVerdict, MovedCounters, PerHost, TcpState};
use crate::packet::{Bytes, Ip, protocol, transport_checksum};

/// Damaged datagrams whose checksum nobody has looked at: UDP may do so only when a program reads (RFC 1122 §4.1.3.4 wants
/// them discarded silently, whenever that is).
#[derive(Debug, Default)]
pub(super) struct KernelWatch {
    unread: PerHost<Unseen>,
}

#[derive(Debug, Default)]
struct Unseen {
    datagrams: Vec<(u64, Flow)>,
    /// The counters as they were read last.
    since: Option<CounterReading>,
    /// How often they were read in vain.
    in_vain: u8,
}

/// A packet before its delivery.
pub(super) struct Watched {
    packet: JudgedPacket,
    at_receiver: Flow,
    before: CounterReading,
}

impl KernelWatch {
    const KEPT: usize = 64;
    const SOON: Duration = Duration::from_millis(20);
    const OFTEN: u8 = 10;

    /// Reads the counters before a delivery.
    pub(super) fn before<T: Tables>(sampler: &mut Sampler<T>, delivery: &WireDelivery) -> Option<Watched> {
        let outline = delivery.outline?;
        let to = delivery.from.other();
        let at_receiver = outline.flow.mirror()?;
        let bytes = Bytes::of(&delivery.bytes);
        let ip = Ip::read(bytes, 0, delivery.bytes.len())?;
        if ip.fragment.is_some() {
            // It only waits for the others, and nothing tells which of them made the datagram whole.
            return None;
        }
        let packet = JudgedPacket {
            protocol: ip.protocol,
            flags: outline.flags.unwrap_or_default(),
            data: outline.data,
            is_damaged: transport_checksum(bytes, &ip) == ChecksumStatus::Wrong,
            before: state(sampler, to, &at_receiver),
            after: None,
            listens: sampler.listens(to, at_receiver),
        };
        Some(Watched { packet, at_receiver, before: sampler.counters(to)? })
    }

    /// What the counters say, once the tables were read after the delivery.
    pub(super) fn after<T: Tables>(
        &mut self,
        sampler: &Sampler<T>,
        delivery: &WireDelivery,
        watched: Watched,
        now: CounterReading,
    ) -> Option<KernelVerdict> {
        let Watched { mut packet, at_receiver, before } = watched;
        let by = delivery.from.other();
        packet.after = state(sampler, by, &at_receiver);
        let moved = now.since(&before);
        let unread = self.unread.of_mut(by);
        let waits = packet.is_damaged && packet.protocol == protocol::UDP && !unread.datagrams.is_empty();
        // Where another one waits, it may be that one which was looked at.
        let judged = if waits { None } else { judge(&moved, &packet) };
        if judged.is_none() && packet.is_damaged && packet.protocol == protocol::UDP {
            if unread.datagrams.is_empty() {
                unread.since = Some(now);
                unread.in_vain = 0;
            }
            if unread.datagrams.len() < Self::KEPT {
                unread.datagrams.push((delivery.number, at_receiver));
            }
        }
        let (did, why, answer) = judged?;
        Some(KernelVerdict { packet: delivery.number, by, did, why, answer, counters: told(moved) })
    }

    /// When to read the counters once more: a program that waits for a damaged datagram reads it at once. `None` if none
    /// has arrived or nobody seems to read it.
    pub(super) fn again(&self) -> Option<Duration> {
        let soon = |unread: &Unseen| !unread.datagrams.is_empty() && unread.in_vain < Self::OFTEN;
        self.unread.iter().any(|(_, unread)| soon(unread)).then_some(Self::SOON)
    }

    /// The verdicts about damaged datagrams whose checksums have been looked at since. Only they move that counter.
    pub(super) fn late<T: Tables>(&mut self, sampler: &mut Sampler<T>, by: HostId) -> Vec<KernelVerdict> {
        const COUNTERS: [&str; 2] = ["UdpInCsumErrors", "UdpInErrors"];
        let Unseen { datagrams, since, in_vain } = self.unread.of_mut(by);
        if datagrams.is_empty() {
            return Vec::new();
        }
        let Some(now) = sampler.counters(by) else { return Vec::new() };
        let moved = since.replace(now.clone()).map_or_else(MovedCounters::new, |before| now.since(&before));
        let count = moved.get(COUNTERS[0]).map_or(0, |by| usize::try_from(*by).unwrap_or(usize::MAX));
        let one_socket = datagrams.windows(2).all(|pair| pair[0].1.local == pair[1].1.local);
        *in_vain = if count == 0 { in_vain.saturating_add(1) } else { 0 };
        if count == 0 {
            return Vec::new();
        }
        // Of several sockets nothing tells which one was read.
        if count < datagrams.len() && !one_socket {
            datagrams.clear();
            return Vec::new();
        }
        let (did, why, answer) = DAMAGED;
        let counters: MovedCounters = COUNTERS.map(|name| (name.to_owned(), 1)).into();
        let read = datagrams.drain(..count.min(datagrams.len()));
        read.map(|(packet, _)| KernelVerdict { packet, by, did, why, answer, counters: counters.clone() }).collect()
    }
}

/// The state of the socket that segments of this flow find: one in CLOSED, which a program still holds, is none.
fn state<T: Tables>(sampler: &Sampler<T>, host: HostId, flow: &Flow) -> Option<TcpState> {
    sampler.state(host, flow).filter(|state| *state != TcpState::Closed)
}
