//! The Internet checksum (RFC 1071).

use std::net::IpAddr;

/// The sum of 16-bit words in ones' complement, folded. An odd last byte counts as the high half of a word.
pub(crate) fn sum(bytes: &[u8]) -> u16 {
    // Eight bytes at a time: the carry out of 64 bits wraps around as it does out of 16 (RFC 1071 §2).
    let (words, rest) = bytes.as_chunks::<8>();
    let mut total: u128 = words.iter().map(|word| u128::from(u64::from_be_bytes(*word))).sum();
    let mut last = [0; 8];
    last[..rest.len()].copy_from_slice(rest);
    total += u128::from(u64::from_be_bytes(last));
    fold(total)
}

fn fold(mut total: u128) -> u16 {
    loop {
        match u16::try_from(total) {
            Ok(folded) => return folded,
            Err(_) => total = (total & 0xffff) + (total >> 16),
        }
    }
}

/// Two sums added in ones' complement.
pub(crate) fn add(a: u16, b: u16) -> u16 {
    let (total, carry) = a.overflowing_add(b);
    total + u16::from(carry)
}

/// The sum of the pseudo-header that the checksums of TCP and UDP include (RFC 9293 §3.1, RFC 8200 §8.1). `len` is the
/// length of the transport header and its payload.
pub(crate) fn pseudo(from: IpAddr, to: IpAddr, protocol: u8, len: u32) -> u16 {
    let addresses = match (from, to) {
        (IpAddr::V4(from), IpAddr::V4(to)) => add(sum(&from.octets()), sum(&to.octets())),
        (IpAddr::V6(from), IpAddr::V6(to)) => add(sum(&from.octets()), sum(&to.octets())),
        // Both addresses of a packet have the same version.
        _ => return 0,
    };
    add(add(addresses, sum(&len.to_be_bytes())), u16::from(protocol))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_match_the_rfcs_example_and_its_definition() {
        // RFC 1071 §3.
        assert_eq!(sum(&[0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7]), 0xddf2);
        for len in 0..70_u8 {
            let bytes: Vec<u8> = (0..len).map(|n| n.wrapping_mul(37).wrapping_add(200)).collect();
            let plain = bytes.chunks(2).fold(0_u32, |total, pair| {
                let total = total + (u32::from(pair[0]) << 8) + pair.get(1).map_or(0, |low| u32::from(*low));
                (total & 0xffff) + (total >> 16)
            });
            assert_eq!(u32::from(sum(&bytes)), plain, "{len}");
        }
    }
}
