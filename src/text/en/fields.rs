//! English: the names of headers and fields are those of the standards.

use crate::domain::{ChecksumStatus, FieldName, FieldValue};

pub(super) const fn name(field: FieldName) -> &'static str {
    field.name()
}

pub(super) fn value(value: &FieldValue) -> String {
    match value {
        FieldValue::Plain(text) => text.clone(),
        FieldValue::Bytes(count) => format!("{count} bytes"),
        FieldValue::Relative { number, relative } => format!("{number} (relative {relative})"),
        FieldValue::Checksum(ChecksumStatus::Right) => "right".into(),
        FieldValue::Checksum(ChecksumStatus::Partial) => "partial".into(),
        FieldValue::Checksum(ChecksumStatus::Wrong) => "wrong".into(),
        FieldValue::Checksum(ChecksumStatus::Unknown) => "unknown".into(),
        FieldValue::PacketType(kind) => {
            const KINDS: [&str; 5] = [" to us", " broadcast", " multicast", " to another host", " from us"];
            format!("{kind}{}", KINDS.get(usize::from(*kind)).unwrap_or(&""))
        }
        FieldValue::BrokenOption { kind } => format!("kind {kind}, malformed"),
        FieldValue::Option { kind, len, data } => {
            format!("kind {kind}, {len} bytes{}{data}", if data.is_empty() { "" } else { ": " })
        }
    }
}
