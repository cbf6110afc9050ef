//! The IP header, either version: who to whom, what it carries, and which piece of it.

use std::net::IpAddr;

use etherparse::{IpNumber, LaxNetSlice};

use super::decode::Fragment;

/// The IP header, as far as it matters.
pub(super) struct Ip {
    pub(super) from: IpAddr,
    pub(super) to: IpAddr,
    pub(super) id: u32,
    pub(super) fragment: Option<Fragment>,
    pub(super) protocol: IpNumber,
    /// Where the transport header begins.
    pub(super) start: usize,
    /// How long the transport header and its payload were on the network.
    pub(super) len: usize,
}

/// Reads the IP header of `packet`, which was `wire_len` bytes long; with it comes what it carries.
pub(super) fn ip<'a>(net: &LaxNetSlice<'a>, packet: &'a [u8], wire_len: usize) -> Option<(Ip, &'a [u8])> {
    let (payload, from, to, id, fragment, total) = match net {
        LaxNetSlice::Ipv4(ip) => {
            let header = ip.header();
            let fragment = header.is_fragmenting_payload().then(|| Fragment {
                offset: u32::from(header.fragments_offset().byte_offset()),
                more: header.more_fragments(),
            });
            let (from, to) = (IpAddr::V4(header.source_addr()), IpAddr::V4(header.destination_addr()));
            // A length that not even holds the header is none: 0 is what a large one left to the card looks like.
            let total = Some(usize::from(header.total_len())).filter(|len| *len >= header.slice().len());
            (ip.payload(), from, to, u32::from(header.identification()), fragment, total)
        }
        LaxNetSlice::Ipv6(ip) => {
            let header = ip.header();
            let extensions = ip.extensions();
            let field = extensions.first_header().and_then(|first| fragment_header(extensions.slice(), first.0));
            let (offset, id) = field.unwrap_or_default();
            let fragment = Some(Fragment { offset: u32::from(offset & 0xfff8), more: offset & 1 == 1 })
                .filter(|fragment| fragment.offset > 0 || fragment.more);
            let (from, to) = (IpAddr::V6(header.source_addr()), IpAddr::V6(header.destination_addr()));
            let total = Some(usize::from(header.payload_length())).filter(|len| *len > 0).map(|len| len + 40);
            (ip.payload(), from, to, id, fragment, total)
        }
        LaxNetSlice::Arp(_) => return None,
    };
    let start = offset_in(packet, payload.payload);
    let len = total.unwrap_or(wire_len).saturating_sub(start);
    Some((Ip { from, to, id, fragment, protocol: payload.ip_number, start, len }, payload.payload))
}

/// The offset field and the identification of a fragment header (RFC 8200 §4.5) among extension headers.
///
/// Not with etherparse's iterator: after a header that was cut off it reads beyond the packet (0.21.0).
fn fragment_header(mut headers: &[u8], mut next: u8) -> Option<(u16, u32)> {
    loop {
        let len = match next {
            0 | 43 | 60 => usize::from(*headers.get(1)?) * 8 + 8,
            44 => {
                let (field, id) = (headers.get(2..)?.first_chunk()?, headers.get(4..)?.first_chunk()?);
                return Some((u16::from_be_bytes(*field), u32::from_be_bytes(*id)));
            }
            // Authentication (RFC 4302 §2.2).
            51 => usize::from(*headers.get(1)?) * 4 + 8,
            _ => return None,
        };
        next = *headers.first()?;
        headers = headers.get(len..)?;
    }
}

/// Where `part`, which is a piece of `whole`, begins in it.
pub(super) fn offset_in(whole: &[u8], part: &[u8]) -> usize {
    (part.as_ptr() as usize).saturating_sub(whole.as_ptr() as usize).min(whole.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fragment_header_is_found_behind_others() {
        let headers = [44, 0, 1, 4, 0, 0, 0, 0, 17, 0, 0, 9, 0, 0, 0, 7];
        assert_eq!(fragment_header(&headers, 0), Some((9, 7)));
        assert_eq!(fragment_header(&headers[..15], 0), None);
        assert_eq!(fragment_header(&[51, 255], 51), None);
    }
}
