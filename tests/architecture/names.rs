//! A type's name is understood without its path.

use std::collections::BTreeMap;

use crate::source::CRATE;

#[test]
fn no_two_types_share_a_name() {
    let mut files_of: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for file in &CRATE.files {
        for name in &file.types {
            files_of.entry(name).or_default().push(&file.path);
        }
    }
    files_of.retain(|_, files| files.len() > 1);
    assert!(files_of.is_empty(), "rename one of each: {files_of:#?}");
}
