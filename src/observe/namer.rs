//! The thread that finds which process holds a socket. A walk through `/proc` takes milliseconds, too long for the table's
//! own thread.

use std::collections::{BTreeSet, HashMap};
use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::process;
use super::requests::{RequestQueue, RequestThread};

/// A walk is followed by this many times as much rest: a tenth of a core.
const REST: u32 = 9;
/// An inode that was not found is not tried again for this long.
const AGAIN: Duration = Duration::from_secs(2);

/// Starts the thread, which serves requests for names; the processes that it finds go to `answers`.
pub(super) fn start(answers: Arc<RequestQueue>) -> io::Result<RequestThread> {
    RequestThread::start("socklab-names", Arc::default(), move |queue| run(queue, &answers))
}

fn run(queue: &RequestQueue, answers: &RequestQueue) {
    let mut tried: HashMap<u64, Instant> = HashMap::new();
    let mut wanted = BTreeSet::new();
    let mut rested = None;
    let mut glanced = None;
    loop {
        let requests = queue.take(rested);
        if requests.stop {
            return;
        }
        wanted.extend(requests.inodes);
        if glanced.is_none_or(|glanced| Instant::now() >= glanced) {
            let began = Instant::now();
            let found = process::named_by_latest(&wanted);
            wanted.retain(|inode| !found.contains_key(inode));
            if !found.is_empty() {
                answers.add(|requests| requests.named.extend(found));
            }
            glanced = Some(Instant::now() + began.elapsed() * REST);
        }
        if rested.is_some_and(|rested| Instant::now() < rested) {
            continue;
        }
        rested = None;
        tried.retain(|_, at| at.elapsed() < AGAIN);
        wanted.retain(|inode| !tried.contains_key(inode));
        if wanted.is_empty() {
            continue;
        }
        let began = Instant::now();
        let found = process::named(&wanted);
        tried.extend(wanted.iter().filter(|inode| !found.contains_key(inode)).map(|inode| (*inode, began)));
        wanted.clear();
        if !found.is_empty() {
            answers.add(|requests| requests.named.extend(found));
        }
        rested = Some(Instant::now() + began.elapsed() * REST);
    }
}
