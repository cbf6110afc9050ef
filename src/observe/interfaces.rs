//! The network interfaces of this machine, with or without addresses (`getifaddrs(3)`).

use std::collections::BTreeMap;
use std::ffi::CStr;
use std::io;
use std::net::{IpAddr, SocketAddr, UdpSocket};

use crate::domain::{InterfaceName, InterfaceState, NetInterface};

/// All interfaces in the network namespace of the calling thread, in the order of their numbers.
///
/// # Errors
/// The system's.
pub fn interfaces() -> io::Result<Vec<NetInterface>> {
    let mut found: BTreeMap<u32, NetInterface> = BTreeMap::new();
    let list = InterfaceList::read()?;
    for entry in list.entries() {
        let is_loopback = entry.flags & flag(libc::IFF_LOOPBACK) != 0;
        let interface = found.entry(entry.index).or_insert_with(|| NetInterface {
            name: entry.name,
            index: entry.index,
            state: state(entry.flags),
            loopback: is_loopback,
            addresses: Vec::new(),
        });
        interface.addresses.extend(entry.address);
    }
    Ok(found.into_values().collect())
}

/// The address of ours from which a packet to `there` would be sent. Connecting a UDP socket consults the routing table
/// and sends nothing.
pub fn source_towards(there: SocketAddr) -> Option<IpAddr> {
    let any: IpAddr = if there.is_ipv4() { [0; 4].into() } else { [0_u16; 8].into() };
    let socket = UdpSocket::bind((any, 0)).ok()?;
    // Any port will do, but 0 is refused.
    socket.connect(SocketAddr::new(there.ip(), there.port().max(9))).ok()?;
    socket.local_addr().ok().map(|local| local.ip())
}

const fn flag(bit: libc::c_int) -> u32 {
    bit.cast_unsigned()
}

const fn state(flags: u32) -> InterfaceState {
    if flags & flag(libc::IFF_UP) == 0 {
        InterfaceState::Down
    } else if flags & flag(libc::IFF_RUNNING) == 0 {
        InterfaceState::NoLink
    } else {
        InterfaceState::Up
    }
}

/// One line of the list: an interface, or an address of it.
struct InterfaceEntry {
    name: InterfaceName,
    index: u32,
    flags: u32,
    address: Option<IpAddr>,
}

/// The list that the C library made, until it is dropped.
struct InterfaceList(*mut libc::ifaddrs);

impl InterfaceList {
    #[expect(unsafe_code, reason = "getifaddrs has no safe wrapper that lists interfaces without addresses")]
    fn read() -> io::Result<Self> {
        let mut first = std::ptr::null_mut();
        // SAFETY: writes a pointer to a list, which is freed once, when this is dropped.
        if unsafe { libc::getifaddrs(&raw mut first) } < 0 {
            return Err(io::Error::last_os_error());
        }
        Ok(Self(first))
    }

    fn entries(&self) -> impl Iterator<Item = InterfaceEntry> + use<'_> {
        let mut next = self.0;
        std::iter::from_fn(move || {
            #[expect(unsafe_code, reason = "a linked list of C structures")]
            // SAFETY: null, or an element of the list, which lives as long as `self`.
            let entry = unsafe { next.as_ref() }?;
            next = entry.ifa_next;
            Some(entry)
        })
        .filter_map(read)
    }
}

impl Drop for InterfaceList {
    #[expect(unsafe_code, reason = "freeifaddrs has no safe wrapper")]
    fn drop(&mut self) {
        // SAFETY: the list of `getifaddrs`, of which no borrow is left.
        unsafe { libc::freeifaddrs(self.0) }
    }
}

/// An alias of an interface (`eth0:1`) belongs to it.
#[expect(unsafe_code, reason = "a name and a number from C")]
fn read(entry: &libc::ifaddrs) -> Option<InterfaceEntry> {
    // SAFETY: the name is a C string that lives as long as the list.
    let name = unsafe { CStr::from_ptr(entry.ifa_name) };
    // SAFETY: the same string.
    let index = unsafe { libc::if_nametoindex(name.as_ptr()) };
    let name = name.to_bytes();
    let name = name.split(|byte| *byte == b':').next().unwrap_or(name);
    // An interface that has gone since the list was made has no number.
    (index > 0).then(|| InterfaceEntry {
        name: InterfaceName::of(name),
        index,
        flags: entry.ifa_flags,
        address: address(entry.ifa_addr),
    })
}

#[expect(unsafe_code, reason = "a C structure whose first field says which one it is")]
fn address(address: *const libc::sockaddr) -> Option<IpAddr> {
    // SAFETY: null, or an address of the list.
    match i32::from(unsafe { address.as_ref() }?.sa_family) {
        libc::AF_INET => {
            // SAFETY: an address of this family is a whole `sockaddr_in`; it may be unaligned for that type.
            let v4 = unsafe { address.cast::<libc::sockaddr_in>().read_unaligned() };
            Some(IpAddr::from(v4.sin_addr.s_addr.to_ne_bytes()))
        }
        libc::AF_INET6 => {
            // SAFETY: the same of `sockaddr_in6`.
            let v6 = unsafe { address.cast::<libc::sockaddr_in6>().read_unaligned() };
            Some(IpAddr::from(v6.sin6_addr.s6_addr))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_loopback_is_among_them_with_its_address() {
        let all = interfaces().unwrap();
        let lo = all.iter().find(|interface| interface.loopback).unwrap();
        assert_eq!((lo.name.as_str(), lo.index), ("lo", 1));
        if lo.state == InterfaceState::Up {
            let localhost = IpAddr::from([127, 0, 0, 1]);
            assert!(lo.addresses.contains(&localhost), "{lo:?}");
            assert_eq!(source_towards(SocketAddr::new(localhost, 0)), Some(localhost));
        }
    }

    #[test]
    fn a_state_is_that_of_the_flags() {
        let (up, running) = (flag(libc::IFF_UP), flag(libc::IFF_RUNNING));
        assert_eq!([0, running, up, up | running].map(state), {
            use InterfaceState::{Down, NoLink, Up};
            [Down, Down, NoLink, Up]
        });
    }
}
