use std::time::Duration;

use hyper::HeaderMap;
use hyper::header::CACHE_CONTROL;
use serde_json::Value;
use vouchmq_identity::UnixMillis;

use super::fault::NotUnderstood;

/// From the year 2500 on no verdict lasts; times in milliseconds are far beyond.
const SECONDS_END: u64 = 16_725_225_600;

/// `expire_at`: seconds since 1970.
pub(super) fn expiry(value: &Value, now: UnixMillis) -> Result<UnixMillis, NotUnderstood> {
    let seconds = match value {
        Value::Number(number) => number.as_u64(),
        Value::String(text) if text.bytes().all(|byte| byte.is_ascii_digit()) => text.parse().ok(),
        Value::Null | Value::Bool(_) | Value::String(_) | Value::Array(_) | Value::Object(_) => None,
    };
    let seconds = seconds.filter(|seconds| *seconds < SECONDS_END).ok_or(NotUnderstood::Expiry)?;
    let at = UnixMillis::new(seconds.saturating_mul(1_000));
    if at <= now { Err(NotUnderstood::Expired) } else { Ok(at) }
}

/// For how long an answer may be used again, if it says so; `no-store`, `no-cache` and what is not understood: not at
/// all.
pub(super) fn max_age(headers: &HeaderMap) -> Option<Duration> {
    let mut shortest: Option<Duration> = None;
    for field in headers.get_all(CACHE_CONTROL) {
        let Ok(field) = field.to_str() else { return Some(Duration::ZERO) };
        for directive in field.split(',') {
            let (name, value) = directive.split_once('=').unwrap_or((directive, ""));
            let age = match &*name.trim().to_ascii_lowercase() {
                "no-store" | "no-cache" => Duration::ZERO,
                "max-age" => seconds(value.trim().trim_matches('"')),
                _ => continue,
            };
            shortest = Some(shortest.map_or(age, |known| known.min(age)));
        }
    }
    shortest
}

fn seconds(text: &str) -> Duration {
    let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    // More digits than a number has are a long time (RFC 9111 §1.2.2).
    let seconds = if is_number { text.parse().unwrap_or(u64::from(u32::MAX)) } else { 0 };
    Duration::from_secs(seconds.min(u64::from(u32::MAX)))
}
