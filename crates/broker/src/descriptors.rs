//! File descriptors: as many as the system gives.

use nix::sys::resource::{Resource, getrlimit, setrlimit};

/// Descriptors that are kept for everything but clients.
const RESERVED: u64 = 256;

/// Raises the limit on open files to its hard limit and returns how many connections that leaves room for.
pub(crate) fn raise_limit() -> usize {
    let room = |limit: u64| usize::try_from(limit.saturating_sub(RESERVED)).unwrap_or(usize::MAX).max(1);
    match getrlimit(Resource::RLIMIT_NOFILE) {
        Ok((soft, hard)) => match setrlimit(Resource::RLIMIT_NOFILE, hard, hard) {
            Ok(()) => room(hard),
            Err(error) => {
                tracing::warn!(%error, limit = soft, "the limit on open files stays as it is");
                room(soft)
            }
        },
        Err(error) => {
            tracing::warn!(%error, "the limit on open files is unknown");
            room(1024)
        }
    }
}
