//! What the request and the response have in common.

use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use base64ct::{Base64, Encoding};

/// Header fields of a head at most.
pub(super) const HEADERS_MAX: usize = 64;
/// What proves that a response was made for WebSocket (RFC 6455 §1.3).
const GUID: &str = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/// What a server answers to a key (§4.2.2).
pub(super) fn accept_of(key: &str) -> String {
    Base64::encode_string(digest(&SHA1_FOR_LEGACY_USE_ONLY, format!("{key}{GUID}").as_bytes()).as_ref())
}

/// Every value of a header field; `None` stands for one that is no text.
pub(super) fn values<'a>(
    headers: &'a [httparse::Header<'a>],
    name: &'a str,
) -> impl Iterator<Item = Option<&'a str>> {
    headers
        .iter()
        .filter(move |header| header.name.eq_ignore_ascii_case(name))
        .map(|header| std::str::from_utf8(header.value).ok().map(str::trim))
}

/// The items of a header field that is a list.
pub(super) fn items<'a>(headers: &'a [httparse::Header<'a>], name: &'a str) -> impl Iterator<Item = &'a str> {
    values(headers, name).flatten().flat_map(|value| value.split(',')).map(str::trim)
}

/// The value of a header field that is there once.
pub(super) fn only<'a>(headers: &'a [httparse::Header<'a>], name: &'a str) -> Option<&'a str> {
    let mut values = values(headers, name);
    let value = values.next()??;
    values.next().is_none().then_some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of RFC 6455 §1.3.
    #[test]
    fn a_key_is_answered_as_the_standard_says() {
        assert_eq!(accept_of("dGhlIHNhbXBsZSBub25jZQ=="), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    }
}
