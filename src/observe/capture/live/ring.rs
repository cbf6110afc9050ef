//! The few system calls without a safe wrapper: the only `unsafe` of the capture.

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd, OwnedFd};
use std::ptr::NonNull;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

/// The hardware type of the interface `name`, an `ARPHRD_…` (`SIOCGIFHWADDR`, `netdevice(7)`). `socket` is any socket in its namespace.
#[expect(unsafe_code, reason = "an ioctl with a C structure that has a union")]
pub(super) fn hardware(socket: BorrowedFd<'_>, name: &str) -> io::Result<u16> {
    // SAFETY: all-zero is a valid `ifreq`: an empty name and an empty union.
    let mut request: libc::ifreq = unsafe { std::mem::zeroed() };
    if name.len() >= libc::IFNAMSIZ {
        return Err(io::ErrorKind::NotFound.into());
    }
    for (to, from) in request.ifr_name.iter_mut().zip(name.bytes()) {
        *to = from.cast_signed() as libc::c_char;
    }
    // SAFETY: SIOCGIFHWADDR reads the name and writes the address of one `ifreq`, which outlives the call.
    let done = unsafe { libc::ioctl(socket.as_raw_fd(), libc::SIOCGIFHWADDR, &raw mut request) };
    if done < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the call has filled in this member of the union.
    Ok(unsafe { request.ifr_ifru.ifru_hwaddr.sa_family })
}

/// Binds a packet socket to one interface, or with 0 to all of them, to receive everything (`packet(7)`).
#[expect(unsafe_code, reason = "sockaddr_ll has no safe wrapper")]
pub(super) fn listen(socket: BorrowedFd<'_>, interface: u32) -> io::Result<()> {
    // SAFETY: all-zero is a valid `sockaddr_ll`.
    let mut address: libc::sockaddr_ll = unsafe { std::mem::zeroed() };
    address.sll_family = u16::try_from(libc::AF_PACKET).map_err(|_| io::ErrorKind::InvalidInput)?;
    address.sll_protocol = u16::try_from(libc::ETH_P_ALL).map_err(|_| io::ErrorKind::InvalidInput)?.to_be();
    address.sll_ifindex = i32::try_from(interface).map_err(|_| io::ErrorKind::InvalidInput)?;
    let size = socklen::<libc::sockaddr_ll>();
    // SAFETY: the address is a whole `sockaddr_ll` of the stated size.
    check(unsafe { libc::bind(socket.as_raw_fd(), (&raw const address).cast(), size) })
}

/// The kernel's counts for a packet socket since the last call (`PACKET_STATISTICS`): packets that passed the filter, and
/// those of them that were lost for want of room.
#[expect(unsafe_code, reason = "this option has no safe wrapper")]
pub(super) fn counts(socket: BorrowedFd<'_>) -> io::Result<(u32, u32)> {
    let mut counts = libc::tpacket_stats { tp_packets: 0, tp_drops: 0 };
    let mut size = socklen::<libc::tpacket_stats>();
    // SAFETY: the kernel writes at most `size` bytes, the size of `counts`.
    check(unsafe {
        libc::getsockopt(
            socket.as_raw_fd(),
            libc::SOL_PACKET,
            libc::PACKET_STATISTICS,
            (&raw mut counts).cast(),
            &raw mut size,
        )
    })?;
    Ok((counts.tp_packets, counts.tp_drops))
}

/// The memory into which the kernel puts a packet socket's packets, block after block (`TPACKET_V3` of
/// `Documentation/networking/packet_mmap`). A block is the kernel's until it is full or old enough, then ours until we
/// give it back.
#[derive(Debug)]
pub(super) struct PacketRing {
    socket: OwnedFd,
    start: NonNull<u8>,
    block: usize,
    blocks: usize,
}

// SAFETY: the mapping belongs to the process, not to a thread, and only the owner of this reaches it.
#[expect(unsafe_code, reason = "a pointer to a mapping may go to another thread")]
unsafe impl Send for PacketRing {}

impl PacketRing {
    /// The offset of a block's status, which says whose it is.
    const STATUS: usize = 8;

    /// Has the kernel fill `blocks` blocks of `block` bytes, each for no longer than `patience`. The socket must not have a
    /// ring already.
    #[expect(unsafe_code, reason = "the mapping has no safe wrapper")]
    pub(super) fn new(socket: OwnedFd, block: u32, blocks: u32, patience: Duration) -> io::Result<Self> {
        let version: libc::c_int = libc::tpacket_versions::TPACKET_V3 as _;
        set(&socket, libc::PACKET_VERSION, &version)?;
        ring(&socket, block, blocks, patience)?;
        let block = block as usize;
        let blocks = blocks as usize;
        let fd = socket.as_raw_fd();
        let rights = libc::PROT_READ | libc::PROT_WRITE;
        // SAFETY: a new mapping of the ring's exact length, at an address of the kernel's choice.
        let start = unsafe { libc::mmap(std::ptr::null_mut(), block * blocks, rights, libc::MAP_SHARED, fd, 0) };
        let start = (start != libc::MAP_FAILED).then(|| NonNull::new(start.cast())).flatten();
        let start = start.ok_or_else(io::Error::last_os_error)?;
        Ok(Self { socket, start, block, blocks })
    }

    /// The block in this place, when it is ours.
    #[expect(unsafe_code, reason = "the mapping is reached by pointer")]
    pub(super) fn block(&self, place: usize) -> Option<&[u8]> {
        let ours = self.status(place).load(Ordering::Acquire) & libc::TP_STATUS_USER != 0;
        // SAFETY: inside the mapping, which lives as long as `self`; while the block is ours the kernel does not write
        // to it, and it is given back only through `&mut self`.
        ours.then(|| unsafe {
            std::slice::from_raw_parts(self.start.add(place % self.blocks * self.block).as_ptr(), self.block)
        })
    }

    /// Gives the block in this place back to the kernel.
    pub(super) fn give_back(&mut self, place: usize) {
        self.status(place).store(libc::TP_STATUS_KERNEL, Ordering::Release);
    }

    #[expect(unsafe_code, reason = "the mapping is reached by pointer")]
    fn status(&self, place: usize) -> &AtomicU32 {
        // SAFETY: an aligned word inside the mapping, which lives as long as `self`; both sides reach it atomically.
        unsafe { AtomicU32::from_ptr(self.start.add(place % self.blocks * self.block + Self::STATUS).cast().as_ptr()) }
    }
}

impl Drop for PacketRing {
    #[expect(unsafe_code, reason = "munmap has no safe wrapper")]
    fn drop(&mut self) {
        // SAFETY: the whole mapping, of which no borrow is left.
        unsafe { libc::munmap(self.start.as_ptr().cast(), self.block * self.blocks) };
        // A ring without blocks removes it. The socket may live on and get another later.
        let _ = ring(&self.socket, 0, 0, Duration::ZERO);
    }
}

/// Gives a packet socket a ring (`PACKET_RX_RING`).
#[expect(unsafe_code, reason = "an all-zero C structure")]
fn ring(socket: &OwnedFd, block: u32, blocks: u32, patience: Duration) -> io::Result<()> {
    // SAFETY: all-zero is a valid `tpacket_req3`.
    let mut request: libc::tpacket_req3 = unsafe { std::mem::zeroed() };
    (request.tp_block_size, request.tp_block_nr) = (block, blocks);
    // TPACKET_V3 packs packets of any length into a block, but the kernel still checks the frame fields.
    (request.tp_frame_size, request.tp_frame_nr) = (block, blocks);
    request.tp_retire_blk_tov = u32::try_from(patience.as_millis()).unwrap_or(u32::MAX);
    set(socket, libc::PACKET_RX_RING, &request)
}

/// Sets an option of a packet socket. `T` is the C type of the option's value (`packet(7)`).
#[expect(unsafe_code, reason = "these options have no safe wrapper")]
fn set<T>(socket: &OwnedFd, option: libc::c_int, value: &T) -> io::Result<()> {
    let value = std::ptr::from_ref(value).cast();
    // SAFETY: `value` points at a whole `T`, of the stated size.
    check(unsafe { libc::setsockopt(socket.as_raw_fd(), libc::SOL_PACKET, option, value, socklen::<T>()) })
}

fn socklen<T>() -> libc::socklen_t {
    // No structure of the socket interface is anywhere near that large.
    libc::socklen_t::try_from(size_of::<T>()).unwrap_or(libc::socklen_t::MAX)
}

fn check(done: libc::c_int) -> io::Result<()> {
    if done < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}
