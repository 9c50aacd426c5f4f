use base64ct::{Base64UrlUnpadded, Encoding};

use super::json::{Json, Members, member, object};
use super::{Claims, Keys, Policy, TOKEN_LEN_MAX, TokenFault};
use crate::UnixMillis;

/// A token as it is written, in its parts.
struct Token<'a> {
    /// What is signed.
    message: &'a str,
    header: Members,
    payload: Vec<u8>,
    signature: &'a str,
}

/// A header that names a key, says where to get one, or has to be understood.
const REFUSED: [&str; 9] = ["jku", "jwk", "x5u", "x5c", "crit", "b64", "zip", "cty", "enc"];
/// Bytes of a header.
const HEADER_LEN_MAX: usize = 1024;

impl<'a> Token<'a> {
    fn read(token: &'a str) -> Result<Self, TokenFault> {
        if token.len() > TOKEN_LEN_MAX {
            return Err(TokenFault::TooLong);
        }
        let (message, signature) = token.rsplit_once('.').ok_or(TokenFault::Malformed)?;
        let (header, payload) = message.split_once('.').ok_or(TokenFault::Malformed)?;
        if header.len() > HEADER_LEN_MAX {
            return Err(TokenFault::Malformed);
        }
        let header = object(&decode(header)?).ok_or(TokenFault::Malformed)?;
        let payload = decode(payload)?;
        decode(signature)?;
        Ok(Self { message, header, payload, signature })
    }
}

/// What one of `keys` has signed and `policy` takes.
pub(super) fn verify(
    keys: &Keys,
    token: &str,
    now: UnixMillis,
    policy: &Policy,
) -> Result<Claims, TokenFault> {
    let Token { message, header, payload, signature } = Token::read(token)?;
    if REFUSED.iter().any(|name| member(&header, name).is_some()) {
        return Err(TokenFault::Header);
    }
    let is_token = |kind: &str| ["JWT", "at+jwt"].iter().any(|known| kind.eq_ignore_ascii_case(known));
    match member(&header, "typ") {
        None => {}
        Some(Json::Text(kind)) if is_token(kind) => {}
        Some(_) => return Err(TokenFault::Header),
    }
    let said = member(&header, "alg").and_then(Json::text).ok_or(TokenFault::Malformed)?;
    let id = match member(&header, "kid") {
        None => None,
        Some(Json::Text(id)) => Some(&**id),
        Some(_) => return Err(TokenFault::Malformed),
    };
    let mut fault = TokenFault::UnknownKey;
    for key in keys.of(id) {
        if key.algorithm.as_str() != said {
            // That a key of another kind fits is not worth more than that one fits and did not sign.
            if fault == TokenFault::UnknownKey {
                fault = TokenFault::Algorithm;
            }
            continue;
        }
        let is_signed =
            jsonwebtoken::crypto::verify(signature, message.as_bytes(), &key.key, key.algorithm.of_library());
        if is_signed == Ok(true) {
            let claims = object(&payload).ok_or(TokenFault::Malformed)?;
            return Claims::of(&claims, now, policy);
        }
        fault = TokenFault::Signature;
    }
    Err(fault)
}

/// The header and the claims of a token, as JSON, of which nothing is verified: to be looked at.
///
/// # Errors
/// [`TokenFault`]: it is none.
pub fn decoded(token: &str) -> Result<(String, String), TokenFault> {
    let (message, _) = token.rsplit_once('.').ok_or(TokenFault::Malformed)?;
    let (header, payload) = message.split_once('.').ok_or(TokenFault::Malformed)?;
    let token = Token::read(token)?;
    object(&token.payload).ok_or(TokenFault::Malformed)?;
    let text = |part| String::from_utf8(decode(part)?).map_err(|_| TokenFault::Malformed);
    Ok((text(header)?, text(payload)?))
}

/// Without padding, spaces, or bits that mean nothing.
fn decode(part: &str) -> Result<Vec<u8>, TokenFault> {
    if part.is_empty() {
        return Err(TokenFault::Malformed);
    }
    Base64UrlUnpadded::decode_vec(part).map_err(|_| TokenFault::Malformed)
}
