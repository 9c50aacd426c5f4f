use vouchmq_identity::Verdict;

use super::caller::Caller;

/// A name from outside is cut here.
const NAME_CHARS_MAX: usize = 64;

/// What exactly came of a verification, for operators: callers learn its class only.
pub(super) fn log(caller: &Caller, client_id: &str, verdict: &Verdict) {
    if !tracing::enabled!(tracing::Level::DEBUG) {
        return;
    }
    let Caller(caller) = caller;
    let client_id: String = client_id.chars().take(NAME_CHARS_MAX).flat_map(char::escape_debug).collect();
    match verdict {
        Verdict::Deny(denial) => tracing::debug!(%caller, client_id, reason = %denial, "denied"),
        Verdict::Unavailable(reason) => tracing::debug!(%caller, client_id, %reason, "unavailable"),
        Verdict::NotMine => tracing::debug!(%caller, client_id, "not known"),
        Verdict::Allow(allowance) => {
            tracing::debug!(%caller, client_id, principal = %allowance.principal, "allowed");
        }
    }
}
