//! The descriptor limit of this process. Every socket takes a descriptor.

use crate::domain::EventSink;

/// Raises the soft limit to the hard one (`getrlimit(2)`, `RLIMIT_NOFILE`) and reports both as `Note::Descriptors`.
/// If that fails the limit stays as it is. Does nothing on systems without such a limit.
pub fn raise_descriptor_limit(sink: &EventSink) {
    #[cfg(unix)]
    {
        use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

        let limit = getrlimit(Resource::Nofile);
        // Some systems report "unlimited" and then refuse it; the soft limit stays.
        let raised = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum });
        let was = limit.current.unwrap_or(u64::MAX);
        let now = if raised.is_ok() { limit.maximum.unwrap_or(u64::MAX) } else { was };
        super::reporter::Reporter::new(sink.clone()).note(crate::domain::Note::Descriptors { was, now });
    }
    #[cfg(not(unix))]
    let _ = sink;
}
