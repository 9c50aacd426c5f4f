use std::fmt;
use std::hash::{BuildHasher, RandomState};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, LazyLock};

use axum::extract::FromRequestParts;
use axum::http::HeaderMap;
use axum::http::request::Parts;
use tokio::sync::watch::Receiver;

use super::{Code, Problem};

/// What a request is called.
///
/// In its answer it is the client's `X-Request-Id`, if that is 1 to 64 of the characters `A-Z a-z 0-9 . _ -`, or else
/// 32 hexadecimal digits of ours. In the log and in the audit log it is ours, behind the client's and a `/` if there is
/// one: a client chooses what it is answered, and never what another entry is called.
#[derive(Clone, PartialEq, Eq)]
pub struct RequestId {
    /// In the answer.
    shown: Arc<str>,
    unique: Arc<str>,
}

/// Tells event streams that the listener drains, so that they end by themselves.
#[derive(Clone, Debug)]
pub struct Draining(pub(super) Receiver<()>);

/// Who sent a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Peer(pub SocketAddr);

pub(super) const X_REQUEST_ID: &str = "x-request-id";
const LEN_MAX: usize = 64;
/// What generated secrets begin with: one that is sent here by mistake does not go to the log.
const SECRET_MARK: &str = "vmq";

impl RequestId {
    /// The client's, or a new one.
    pub(super) fn of(headers: &HeaderMap) -> Self {
        let given = headers.get(X_REQUEST_ID).and_then(|value| value.to_str().ok());
        let is_usual = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
        let is_good = |text: &&str| {
            (1..=LEN_MAX).contains(&text.len()) && text.bytes().all(is_usual) && !text.contains(SECRET_MARK)
        };
        let own = own();
        match given.filter(is_good) {
            Some(given) => Self { shown: given.into(), unique: format!("{given}/{own}").into() },
            None => Self { shown: own.clone(), unique: own },
        }
    }

    /// As the answer has it.
    pub fn as_str(&self) -> &str {
        &self.shown
    }

    /// As the log and the audit log have it: no two requests of a process have the same.
    pub fn unique(&self) -> &str {
        &self.unique
    }
}

/// Unique, not secret: a counter, hashed with keys that each process draws anew.
fn own() -> Arc<str> {
    static KEYS: LazyLock<(RandomState, RandomState)> = LazyLock::new(Default::default);
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    let (first, second) = &*KEYS;
    format!("{:016x}{:016x}", first.hash_one(count), second.hash_one(count)).into()
}

impl Draining {
    /// Waits until the drain begins.
    pub async fn begun(&mut self) {
        // Nothing is ever sent: the channel ends.
        while self.0.changed().await.is_ok() {}
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown)
    }
}

impl fmt::Debug for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.unique)
    }
}

impl<S: Sync> FromRequestParts<S> for RequestId {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        parts.extensions.get().cloned().ok_or_else(|| Problem::new(Code::Internal, "no request id"))
    }
}

impl<S: Sync> FromRequestParts<S> for Peer {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        parts.extensions.get().copied().ok_or_else(|| Problem::new(Code::Internal, "no peer"))
    }
}

impl<S: Sync> FromRequestParts<S> for Draining {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        parts.extensions.get().cloned().ok_or_else(|| Problem::new(Code::Internal, "no listener"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_good_id_is_kept_and_any_other_replaced() {
        let of = |given: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(X_REQUEST_ID, given.parse().unwrap());
            RequestId::of(&headers)
        };
        let longest = "x".repeat(64);
        for good in ["a", "0198-A.b_c", &longest] {
            assert_eq!(of(good).as_str(), good);
        }
        for bad in ["", "a b", "a\"b", "a/b", "{}", "vmqk1_AAAAAAAA", &"x".repeat(65)] {
            assert_eq!(of(bad).as_str().len(), 32, "{bad:?}");
        }
        assert_ne!(RequestId::of(&HeaderMap::new()), RequestId::of(&HeaderMap::new()));
        let (one, two) = (of("a"), of("a"));
        assert!(one.unique() != two.unique() && one.unique().len() == 34 && one.unique().starts_with("a/"));
        // Whoever sends back what an entry is called makes no second one.
        assert_ne!(of(&one.unique()[2..]).unique(), &one.unique()[2..]);
    }
}
