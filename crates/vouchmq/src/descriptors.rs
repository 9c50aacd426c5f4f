//! Open descriptors: every connection takes one.

use nix::sys::resource::{Resource, getrlimit, setrlimit};

/// Raises the limit as far as the system lets us; returns how many there may be.
pub(crate) fn raise_limit() -> u64 {
    let Ok((soft, hard)) = getrlimit(Resource::RLIMIT_NOFILE) else { return 0 };
    if soft < hard
        && let Err(error) = setrlimit(Resource::RLIMIT_NOFILE, hard, hard)
    {
        tracing::warn!(soft, hard, %error, "the limit of open descriptors cannot be raised");
        return soft;
    }
    hard
}
