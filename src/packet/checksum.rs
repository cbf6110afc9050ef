//! Whether the Internet checksum of a transport header (RFC 1071) is right, not filled in yet, or wrong.

use crate::domain::ChecksumStatus;
pub(super) use crate::domain::checksum::{add, pseudo, sum};

/// Checks the checksum `field` of a transport header, given the pseudo-header's sum and the whole segment.
pub(super) fn judge(field: u16, pseudo: u16, segment: &[u8]) -> ChecksumStatus {
    if field == pseudo {
        return ChecksumStatus::Partial;
    }
    // With the field itself included, a right sum is all ones.
    if add(pseudo, sum(segment)) == u16::MAX { ChecksumStatus::Right } else { ChecksumStatus::Wrong }
}
