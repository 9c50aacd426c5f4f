//! Keys as a JWKS document has them (RFC 7517, RFC 7518, RFC 8037).

use base64ct::{Base64UrlUnpadded, Encoding};

use super::json::{Json, Members, member, object};
use super::{Algorithm, Key, KeyFault, Keys};

/// Characters of a document.
const TEXT_LEN_MAX: usize = 256 * 1024;
/// Of numbers of private keys, and of shared secrets.
const SECRETS: [&str; 6] = ["d", "p", "q", "dp", "dq", "qi"];

/// The keys that sign.
pub(super) fn read(text: &str) -> Result<Keys, KeyFault> {
    if text.len() > TEXT_LEN_MAX {
        return Err(KeyFault::Malformed);
    }
    let document = object(text.as_bytes()).ok_or(KeyFault::Malformed)?;
    let Some(Json::List(items)) = member(&document, "keys") else { return Err(KeyFault::Empty) };
    let mut keys = Keys::default();
    for item in items {
        let Json::Object(item) = item else { return Err(KeyFault::Malformed) };
        if let Some(key) = key(item)? {
            keys.add(key)?;
        }
    }
    if keys.is_empty() { Err(KeyFault::Empty) } else { Ok(keys) }
}

/// `None` where it is not for signatures.
fn key(item: &Members) -> Result<Option<Key>, KeyFault> {
    let text = |name: &str| match member(item, name) {
        None => Ok(None),
        Some(Json::Text(text)) => Ok(Some(&**text)),
        Some(_) => Err(KeyFault::Malformed),
    };
    let kind = text("kty")?.ok_or(KeyFault::Malformed)?;
    if kind == "oct" || member(item, "k").is_some() {
        return Err(KeyFault::Shared);
    }
    if SECRETS.iter().any(|name| member(item, name).is_some()) {
        return Err(KeyFault::Private);
    }
    if text("use")?.is_some_and(|usage| usage != "sig") {
        return Ok(None);
    }
    let number = |name: &str| {
        let text = text(name)?.ok_or(KeyFault::Malformed)?;
        Base64UrlUnpadded::decode_vec(text).map_err(|_| KeyFault::Malformed)
    };
    let id = text("kid")?.map(Into::into);
    let key = match (kind, text("crv")?) {
        ("RSA", _) => Key::rsa(id, &number("n")?, &number("e")?)?,
        ("EC", Some("P-256")) => Key::ec(id, Algorithm::Es256, &point(&number("x")?, &number("y")?))?,
        ("EC", Some("P-384")) => Key::ec(id, Algorithm::Es384, &point(&number("x")?, &number("y")?))?,
        ("OKP", Some("Ed25519")) => Key::ed25519(id, &number("x")?)?,
        _ => return Err(KeyFault::Kind),
    };
    match text("alg")? {
        // The name of RFC 9864 for what was always meant.
        Some("Ed25519") if key.algorithm == Algorithm::EdDsa => Ok(Some(key)),
        Some(word) if word != key.algorithm.as_str() => Err(KeyFault::Algorithm { found: key.algorithm }),
        Some(_) | None => Ok(Some(key)),
    }
}

fn point(x: &[u8], y: &[u8]) -> Vec<u8> {
    // Both have the length of the field; what has not is found to be no point.
    if x.len() == y.len() { [&[4], x, y].concat() } else { Vec::new() }
}
