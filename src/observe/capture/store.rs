//! The captured packets' bytes, for the hex dump, the details and the file. Bounded: the oldest are dropped first.

use std::collections::VecDeque;
use std::io::{self, Write};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::file::{CaptureFileError, CaptureReader, Interface, Packet, PcapngWriter};

/// The packets, shared between the thread that captures and those that read them.
#[derive(Debug)]
pub struct PacketStore {
    stored: Mutex<StoredPackets>,
    capacity: usize,
}

#[derive(Debug, Default)]
struct StoredPackets {
    interfaces: Vec<Interface>,
    /// In the order of their numbers.
    packets: VecDeque<Arc<Packet>>,
    bytes: usize,
    dropped: u64,
    lost: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SavedPackets {
    pub packets: u64,
    /// How many had been dropped from the store before, and are not in the file.
    pub dropped: u64,
}

impl PacketStore {
    /// The memory that a packet needs beyond its bytes.
    const OVERHEAD: usize = 160;

    /// A store for about `capacity` bytes.
    pub fn new(capacity: usize) -> Self {
        Self { stored: Mutex::default(), capacity }
    }

    /// Reads a file's packets, as far as they are readable and fit; if the file is damaged, also returns the damage.
    pub fn open<R: io::Read>(file: R, capacity: usize) -> Result<(Self, Option<CaptureFileError>), CaptureFileError> {
        let mut reader = CaptureReader::new(file)?;
        let store = Self::new(capacity);
        // A file may number its interfaces anew in each section, so they get numbers of the store.
        let damage = reader.each(|packet, interface| {
            store.add(Packet { interface: store.name(interface), ..packet });
            Ok(true)
        })?;
        Ok((store, damage))
    }

    /// Adds an interface, unless it was added before, and returns its number for [`Packet::interface`].
    pub fn name(&self, interface: &Interface) -> u32 {
        let interfaces = &mut self.lock().interfaces;
        let number = interfaces.iter().position(|known| known == interface).unwrap_or(interfaces.len());
        if number == interfaces.len() {
            interfaces.push(interface.clone());
        }
        u32::try_from(number).unwrap_or(u32::MAX)
    }

    /// Adds the next packet, and drops the oldest if there is no room.
    pub fn add(&self, packet: Packet) {
        let mut stored = self.lock();
        stored.bytes += Self::size(&packet);
        stored.packets.push_back(Arc::new(packet));
        while stored.bytes > self.capacity && stored.packets.len() > 1 {
            let Some(oldest) = stored.packets.pop_front() else { break };
            stored.bytes -= Self::size(&oldest);
            stored.dropped += 1;
        }
    }

    /// The packet with this number, if it is still stored.
    pub fn get(&self, number: u64) -> Option<Arc<Packet>> {
        let stored = self.lock();
        let place = stored.packets.binary_search_by_key(&number, |packet| packet.number).ok()?;
        stored.packets.get(place).cloned()
    }

    /// Every stored packet, oldest first.
    pub fn packets(&self) -> Vec<Arc<Packet>> {
        self.lock().packets.iter().cloned().collect()
    }

    /// How many packets are stored.
    pub fn len(&self) -> usize {
        self.lock().packets.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Counts packets that the kernel lost, for the file's statistics.
    pub fn lost(&self, count: u64) {
        self.lock().lost += count;
    }

    /// Writes all of it as pcapng. `marks`, in ascending order of packet numbers, become comments: each on that
    /// packet or, if it is not stored, on the next one or the last. Capturing goes on meanwhile.
    pub fn save<W: Write>(&self, out: W, marks: &[(u64, String)]) -> io::Result<SavedPackets> {
        let (interfaces, packets, dropped, lost) = {
            let stored = self.lock();
            let packets: Vec<_> = stored.packets.iter().cloned().collect();
            (stored.interfaces.clone(), packets, stored.dropped, stored.lost)
        };
        let mut writer = PcapngWriter::new(out)?;
        for interface in &interfaces {
            writer.interface(interface)?;
        }
        let mut marks = marks.iter().peekable();
        for (place, packet) in (1..).zip(&packets) {
            let until = if place == packets.len() { u64::MAX } else { packet.number };
            let here = std::iter::from_fn(|| marks.next_if(|(number, _)| *number <= until));
            writer.packet(packet, &here.map(|(_, text)| text.clone()).collect::<Vec<_>>())?;
        }
        let saved = SavedPackets { packets: packets.len() as u64, dropped };
        if let Some(at) = packets.last().and_then(|last| last.at) {
            writer.statistics(at, saved.packets + dropped + lost, dropped + lost)?;
        }
        Ok(saved)
    }

    fn size(packet: &Packet) -> usize {
        packet.bytes.len() + packet.comments.iter().map(String::len).sum::<usize>() + Self::OVERHEAD
    }

    fn lock(&self) -> MutexGuard<'_, StoredPackets> {
        // A poisoned lock holds a wrong count at worst.
        self.stored.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::packet::{Frame, LinkType};

    fn packet(number: u64, len: usize) -> Packet {
        Packet::of(&Frame { number, at: number, link: LinkType::RAW, wire_len: 100, bytes: &vec![0x45; len] })
    }

    #[test]
    fn the_oldest_are_dropped_and_counted() {
        let store = PacketStore::new(3 * (100 + PacketStore::OVERHEAD));
        (1..=5).for_each(|number| store.add(packet(number, 100)));
        assert_eq!((store.len(), store.lock().dropped), (3, 2));
        assert_eq!((store.get(2), store.get(3).map(|packet| packet.number), store.get(6)), (None, Some(3), None));
        // A single packet larger than the capacity is still stored.
        store.add(packet(6, 10_000));
        assert_eq!((store.len(), store.get(6).is_some(), store.lock().dropped), (1, true, 5));
    }

    #[test]
    fn a_saved_file_opens_again_with_its_marks() {
        let store = PacketStore::new(1 << 20);
        store.name(&Interface { name: Some("lo".into()), description: "loopback".into(), link: LinkType::RAW });
        (1..=3).for_each(|number| store.add(packet(number, 40)));
        let mut file = Vec::new();
        let marks = [(2, "aqui o cliente fecha".into()), (u64::MAX, "the end".into())];
        assert_eq!(store.save(&mut file, &marks).unwrap(), SavedPackets { packets: 3, dropped: 0 });
        let (again, damage) = PacketStore::open(&file[..], 1 << 20).unwrap();
        assert!(damage.is_none() && again.len() == 3);
        let marked = again.get(2).unwrap();
        assert_eq!(
            (marked.comments.join(""), marked.at, marked.wire_len),
            ("aqui o cliente fecha".into(), Some(2), 100)
        );
        assert_eq!(
            (again.get(1).unwrap().comments.len(), again.get(3).unwrap().comments.join("")),
            (0, "the end".into())
        );
        // Comments read from a file are kept when it is saved again.
        let mut file = Vec::new();
        again.save(&mut file, &[]).unwrap();
        assert_eq!(PacketStore::open(&file[..], 1 << 20).unwrap().0.packets(), again.packets());
    }

    #[test]
    fn a_mark_on_a_dropped_packet_moves_to_the_next() {
        let store = PacketStore::new(2 * (40 + PacketStore::OVERHEAD));
        store.name(&Interface { name: Some("lo".into()), description: String::new(), link: LinkType::RAW });
        (1..=4).for_each(|number| store.add(packet(number, 40)));
        let mut file = Vec::new();
        store.save(&mut file, &[(1, "a".into()), (2, "b".into()), (4, "c".into())]).unwrap();
        let packets = PacketStore::open(&file[..], 1 << 20).unwrap().0.packets();
        assert_eq!(packets.iter().map(|packet| packet.comments.join("")).collect::<Vec<_>>(), ["ab", "c"]);
    }
}
