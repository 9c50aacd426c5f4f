//! Keys in PEM (RFC 7468): SubjectPublicKeyInfo, RSA's own form, and PKCS #8.

use jsonwebtoken::EncodingKey;
use x509_parser::asn1_rs::{Oid, oid};
use x509_parser::pem::Pem;
use x509_parser::prelude::FromDer;
use x509_parser::public_key::RSAPublicKey;
use x509_parser::x509::SubjectPublicKeyInfo;
use zeroize::Zeroizing;

use super::{Algorithm, Key, KeyFault, SigningKey};

/// Characters of a file.
const TEXT_LEN_MAX: usize = 64 * 1024;

const RSA: Oid<'static> = oid!(1.2.840.113549.1.1.1);
const EC: Oid<'static> = oid!(1.2.840.10045.2.1);
const P256: Oid<'static> = oid!(1.2.840.10045.3.1.7);
const P384: Oid<'static> = oid!(1.3.132.0.34);
const ED25519: Oid<'static> = oid!(1.3.101.112);

/// The one public key of a text.
pub(super) fn public(text: &str) -> Result<Key, KeyFault> {
    // Looked for as text, so that no reader's opinion about what is well-formed hides it.
    if text.contains("PRIVATE KEY") {
        return Err(KeyFault::Private);
    }
    let block = only(text)?;
    match block.label.as_str() {
        "PUBLIC KEY" => info(&block.contents),
        "RSA PUBLIC KEY" => rsa(&block.contents),
        _ => Err(KeyFault::Empty),
    }
}

fn only(text: &str) -> Result<Pem, KeyFault> {
    if text.len() > TEXT_LEN_MAX {
        return Err(KeyFault::Malformed);
    }
    let mut blocks = Pem::iter_from_buffer(text.as_bytes());
    match (blocks.next(), blocks.next()) {
        (Some(Ok(block)), None) => Ok(block),
        (None, _) => Err(KeyFault::Empty),
        (Some(_), _) => Err(KeyFault::Malformed),
    }
}

fn info(der: &[u8]) -> Result<Key, KeyFault> {
    let (rest, info) = SubjectPublicKeyInfo::from_der(der).map_err(|_| KeyFault::Malformed)?;
    if !rest.is_empty() || info.subject_public_key.unused_bits != 0 {
        return Err(KeyFault::Malformed);
    }
    let bytes = info.subject_public_key.data.as_ref();
    let curve = info.algorithm.parameters.as_ref().and_then(|any| any.as_oid().ok());
    match info.algorithm.algorithm {
        kind if kind == RSA => rsa(bytes),
        kind if kind == EC && curve.as_ref() == Some(&P256) => Key::ec(None, Algorithm::Es256, bytes),
        kind if kind == EC && curve.as_ref() == Some(&P384) => Key::ec(None, Algorithm::Es384, bytes),
        kind if kind == ED25519 => Key::ed25519(None, bytes),
        _ => Err(KeyFault::Kind),
    }
}

fn rsa(der: &[u8]) -> Result<Key, KeyFault> {
    let (rest, key) = RSAPublicKey::from_der(der).map_err(|_| KeyFault::Malformed)?;
    if rest.is_empty() { Key::rsa(None, key.modulus, key.exponent) } else { Err(KeyFault::Malformed) }
}

/// The one private key of a text, and what it is for.
pub(super) fn private(text: &str) -> Result<SigningKey, KeyFault> {
    let mut block = only(text)?;
    let content = Zeroizing::new(std::mem::take(&mut block.contents));
    let text = text.as_bytes();
    let unusable = |_| KeyFault::Malformed;
    let (algorithm, key) = match block.label.as_str() {
        "RSA PRIVATE KEY" => (Algorithm::Rs256, EncodingKey::from_rsa_pem(text).map_err(unusable)?),
        "PRIVATE KEY" => {
            let has = |oid: &Oid<'_>| contains(&content, oid.as_bytes());
            if has(&RSA) {
                (Algorithm::Rs256, EncodingKey::from_rsa_pem(text).map_err(unusable)?)
            } else if has(&EC) && has(&P256) {
                (Algorithm::Es256, EncodingKey::from_ec_pem(text).map_err(unusable)?)
            } else if has(&EC) && has(&P384) {
                (Algorithm::Es384, EncodingKey::from_ec_pem(text).map_err(unusable)?)
            } else if has(&ED25519) {
                (Algorithm::EdDsa, EncodingKey::from_ed_pem(text).map_err(unusable)?)
            } else {
                return Err(KeyFault::Kind);
            }
        }
        "ENCRYPTED PRIVATE KEY" | "EC PRIVATE KEY" => return Err(KeyFault::Form),
        _ => return Err(KeyFault::Empty),
    };
    Ok(SigningKey { algorithm, key })
}

/// Whether the head of a private key names this: within its first bytes stands what it is of.
fn contains(der: &[u8], oid: &[u8]) -> bool {
    let head = der.get(..HEAD_LEN.min(der.len())).unwrap_or_default();
    head.windows(oid.len()).any(|window| window == oid)
}

const HEAD_LEN: usize = 40;
