//! What a fuzz target calls: it takes any bytes, and fails by an assertion. Ordinary tests call it, too.

use crate::UnixMillis;
use crate::jwt::{Key, Keys, Policy, SigningKey, TokenFault, decoded};

/// RFC 8410, section 10.1.
const PUBLIC: &str = "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=\n-----END PUBLIC KEY-----\n";

/// Any text as a signed token, as a key and as a document of keys: none that this key has not signed is taken, and
/// nothing panics.
pub fn token(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let mut keys = Keys::default();
    let added = Key::from_pem(PUBLIC).and_then(|key| keys.add(key));
    assert_eq!(added, Ok(()), "a key of the standard");
    let found = keys.verify(&text, UnixMillis::new(1_795_316_400_000), &Policy::nanomq("fuzz.pub"));
    assert!(found.is_err(), "nobody has the private half here");
    assert_eq!(found == Err(TokenFault::TooLong), text.len() > crate::jwt::TOKEN_LEN_MAX);
    if let Ok((header, claims)) = decoded(&text) {
        assert!(header.contains('{') && claims.contains('{'));
    }
    let _ = (Key::from_pem(&text), SigningKey::from_pem(&text));
    if let Ok(keys) = Keys::from_jwks(&text) {
        assert!(!keys.is_empty());
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    /// What a fuzzer found once is tested for ever.
    #[test]
    fn every_input_is_replayed() {
        let corpus = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fuzz/corpus/token");
        let inputs: Vec<_> = fs::read_dir(corpus).unwrap().map(|entry| entry.unwrap().path()).collect();
        assert!(!inputs.is_empty());
        for input in inputs {
            super::token(&fs::read(input).unwrap());
        }
    }
}
