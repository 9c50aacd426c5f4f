use hyper::header::{ACCEPT, CACHE_CONTROL, CONTENT_TYPE, HeaderName, USER_AGENT};

use super::placeholder::Value;

/// Whether what has this name is likely a secret.
pub(super) fn is_secret_name(name: &str) -> bool {
    const WORDS: [&str; 10] =
        ["pass", "pwd", "secret", "key", "token", "auth", "cookie", "credential", "sign", "session"];
    let name = name.to_ascii_lowercase();
    WORDS.iter().any(|word| name.contains(word))
}

/// Whether a fixed value of this header field is certainly none.
pub(super) fn is_public_header(name: &HeaderName) -> bool {
    [ACCEPT, CACHE_CONTROL, CONTENT_TYPE, USER_AGENT].contains(name)
}

/// Hides values of `name=value&name=value`, behind a `?` too, whose names say that they are secrets.
pub(super) fn hide_in_pairs(text: &str) -> String {
    let (before, pairs) = match text.split_once('?') {
        Some((path, query)) => (format!("{path}?"), query),
        None if text.starts_with('/') => return text.to_owned(),
        None => (String::new(), text),
    };
    let pairs = pairs.split('&').map(|pair| match pair.split_once('=') {
        Some((name, value)) if is_secret_name(name) && !value.is_empty() => {
            format!("{name}={}", Value::HIDDEN)
        }
        _ => pair.to_owned(),
    });
    before + &pairs.collect::<Vec<_>>().join("&")
}
