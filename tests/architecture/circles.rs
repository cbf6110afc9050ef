//! Circles between the files of a layer.
//!
//! A file depends on another if it uses an item that the other defines, directly or through re-exports. What a file takes
//! from a module that contains it does not count: a module and its children are one unit, in which the parent holds
//! what the children share. A circle is a largest set of files of which each depends on each.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use crate::source::{CRATE, SourceFile};

/// The accepted circles, each as its files below `src`.
const ALLOWED: &[&[&str]] = &[
    // IP carries ICMP, and an ICMP error quotes an IP packet.
    &["packet/dissect/icmp.rs", "packet/dissect/ip.rs"],
];

/// File → the files of its own layer on which it depends.
type Graph = BTreeMap<PathBuf, BTreeSet<PathBuf>>;

fn graph() -> Graph {
    let module_of: BTreeMap<_, _> = CRATE.files.iter().map(|file| (&file.path, &file.module)).collect();
    let counts = |file: &SourceFile, other: &PathBuf| {
        let other = module_of[other];
        other.first() == file.module.first() && !file.module.starts_with(other)
    };
    let counted = |file| CRATE.dependencies(file).into_iter().filter(|other| counts(file, other)).collect();
    CRATE.files.iter().map(|file| (file.path.clone(), counted(file))).collect()
}

fn reachable(graph: &Graph, from: &PathBuf) -> BTreeSet<PathBuf> {
    let mut found = BTreeSet::new();
    let mut open = vec![from];
    while let Some(file) = open.pop() {
        for next in &graph[file] {
            if found.insert(next.clone()) {
                open.push(next);
            }
        }
    }
    found
}

/// The largest sets of files that all reach each other.
fn circles(graph: &Graph) -> BTreeSet<BTreeSet<PathBuf>> {
    let reach: BTreeMap<_, _> = graph.keys().map(|file| (file, reachable(graph, file))).collect();
    let on_circle = graph.keys().filter(|file| reach[file].contains(*file));
    on_circle.map(|file| reach[file].iter().filter(|other| reach[other].contains(file)).cloned().collect()).collect()
}

#[test]
fn the_only_circles_are_the_allowed_ones() {
    let graph = graph();
    let found = circles(&graph);
    let allowed: BTreeSet<BTreeSet<PathBuf>> =
        ALLOWED.iter().map(|files| files.iter().map(PathBuf::from).collect()).collect();
    let edges = |circle: &BTreeSet<PathBuf>| {
        let edges = circle.iter().map(|file| (file.clone(), graph[file].intersection(circle).cloned().collect()));
        edges.collect::<Graph>()
    };
    let unexpected: Vec<_> = found.difference(&allowed).map(edges).collect();
    assert!(unexpected.is_empty(), "{unexpected:#?}");
    let cut: Vec<_> = allowed.difference(&found).collect();
    assert!(cut.is_empty(), "no longer circles: remove them from ALLOWED: {cut:#?}");
}
