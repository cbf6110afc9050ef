//! A host's end of the wire: receives its packets and delivers those for it.

use std::io::{self, IoSlice, IoSliceMut};
use std::os::fd::OwnedFd;
use std::time::Duration;

use rustix::io::{Errno, read, readv, write, writev};
use tokio::io::unix::AsyncFd;

use super::helper::mac;
use super::sys;
use crate::domain::{HostId, LinkKind};

/// Carries bare IP packets, one at a time. `try_recv` and `send` never block.
pub(super) trait Link {
    /// How long to poll for the next packet before waiting for it: about as long as a wakeup takes.
    const WORTH_ASKING: Duration;

    /// Waits until `try_recv` may have a packet, after it had none. Cancel safe.
    fn ready(&mut self) -> impl Future<Output = io::Result<()>>;

    /// Receives the next packet of the host and returns its length; `None` if there is none now.
    fn try_recv(&mut self, buffer: &mut [u8]) -> io::Result<Option<usize>>;

    /// Delivers a packet to the host. When this returns, the host's stack has it.
    fn send(&mut self, packet: &[u8]) -> io::Result<()>;
}

const ETHERNET: usize = 14;
const IPV4: [u8; 2] = [8, 0];

/// The far side of a host's interface: a TUN device, or a packet socket at the other end of its virtual Ethernet.
#[derive(Debug)]
pub(super) struct KernelLink {
    device: AsyncFd<OwnedFd>,
    /// The Ethernet header of packets for the host.
    header: Option<[u8; ETHERNET]>,
}

impl KernelLink {
    /// `device` must be non-blocking. Needs the runtime's I/O driver.
    pub(super) fn new(kind: LinkKind, host: HostId, device: OwnedFd) -> io::Result<Self> {
        let header = match kind {
            LinkKind::Tun => None,
            LinkKind::Veth => {
                let mut header = [0; ETHERNET];
                header[..6].copy_from_slice(&mac(host));
                header[6..12].copy_from_slice(&[2, 0, 0, 0, 0, 0xff]);
                header[12..].copy_from_slice(&IPV4);
                Some(header)
            }
        };
        Ok(Self { device: sys::watched(device)?, header })
    }
}

impl Link for KernelLink {
    const WORTH_ASKING: Duration = Duration::from_micros(50);

    async fn ready(&mut self) -> io::Result<()> {
        // All packets are received before this is called again.
        self.device.readable().await?.clear_ready();
        Ok(())
    }

    fn try_recv(&mut self, buffer: &mut [u8]) -> io::Result<Option<usize>> {
        let device = self.device.get_ref();
        let read = if self.header.is_some() {
            let mut ethernet = [0; ETHERNET];
            let read = readv(device, &mut [IoSliceMut::new(&mut ethernet), IoSliceMut::new(buffer)]);
            read.map(|length| length.saturating_sub(ETHERNET))
        } else {
            read(device, buffer)
        };
        match read {
            Ok(length) => Ok(Some(length)),
            Err(Errno::AGAIN) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    fn send(&mut self, packet: &[u8]) -> io::Result<()> {
        match &self.header {
            Some(header) => writev(self.device.get_ref(), &[IoSlice::new(header), IoSlice::new(packet)])?,
            None => write(self.device.get_ref(), packet)?,
        };
        Ok(())
    }
}

/// A link in memory, for tests.
#[cfg(test)]
pub(super) mod memory {
    use std::collections::VecDeque;
    use std::io;
    use std::time::Duration;

    use tokio::sync::mpsc;

    use super::Link;

    pub(in crate::wire) struct MemoryLink {
        from_host: mpsc::Receiver<Vec<u8>>,
        waiting: VecDeque<Vec<u8>>,
        to_host: mpsc::Sender<Vec<u8>>,
    }

    /// The host's side of it.
    pub(in crate::wire) struct MemoryHost {
        pub(in crate::wire) send: mpsc::Sender<Vec<u8>>,
        pub(in crate::wire) arrived: mpsc::Receiver<Vec<u8>>,
    }

    pub(in crate::wire) fn memory(room: usize) -> (MemoryLink, MemoryHost) {
        let (send, from_host) = mpsc::channel(room);
        let (to_host, arrived) = mpsc::channel(room);
        (MemoryLink { from_host, waiting: VecDeque::new(), to_host }, MemoryHost { send, arrived })
    }

    impl Link for MemoryLink {
        const WORTH_ASKING: Duration = Duration::ZERO;

        async fn ready(&mut self) -> io::Result<()> {
            if self.waiting.is_empty() {
                let packet = self.from_host.recv().await.ok_or(io::ErrorKind::BrokenPipe)?;
                self.waiting.push_back(packet);
            }
            Ok(())
        }

        fn try_recv(&mut self, buffer: &mut [u8]) -> io::Result<Option<usize>> {
            let Some(packet) = self.waiting.pop_front().or_else(|| self.from_host.try_recv().ok()) else {
                return Ok(None);
            };
            buffer[..packet.len()].copy_from_slice(&packet);
            Ok(Some(packet.len()))
        }

        fn send(&mut self, packet: &[u8]) -> io::Result<()> {
            self.to_host.try_send(packet.to_vec()).map_err(|_| io::ErrorKind::WouldBlock.into())
        }
    }
}
