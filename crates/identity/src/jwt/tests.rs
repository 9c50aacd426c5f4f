mod attacks;
mod keys;
mod policies;
mod properties;

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der, PublicKeyX509Der};
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{KeyPair, RsaKeyPair};
use base64ct::{Base64, Base64UrlUnpadded, Encoding};
use jsonwebtoken::EncodingKey;
use rcgen::{PKCS_ECDSA_P256_SHA256, PKCS_ECDSA_P384_SHA384, PKCS_ED25519};

use super::*;
use crate::UnixMillis;
use crate::model::{Rights, Role, Scope};

/// 2026-11-22T03:00:00Z, in seconds.
const NOW_SECS: u64 = 1_795_316_400;
const NOW: UnixMillis = UnixMillis::new(NOW_SECS * 1000);
const ISSUER: &str = "issuer.example";
const AUDIENCE: &str = "broker.example";

/// Both halves of a key, in PEM.
struct Pair {
    private: String,
    public: String,
}

impl Pair {
    fn of(algorithm: Algorithm) -> Self {
        let rcgen = |kind| {
            let pair = rcgen::KeyPair::generate_for(kind).unwrap();
            Self { private: pair.serialize_pem(), public: pair.public_key_pem() }
        };
        match algorithm {
            Algorithm::Rs256 => {
                let pair = RsaKeyPair::generate(KeySize::Rsa2048).unwrap();
                let private = AsDer::<Pkcs8V1Der<'_>>::as_der(&pair).unwrap();
                let public = AsDer::<PublicKeyX509Der<'_>>::as_der(pair.public_key()).unwrap();
                Self {
                    private: pem_of("PRIVATE KEY", private.as_ref()),
                    public: pem_of("PUBLIC KEY", public.as_ref()),
                }
            }
            Algorithm::Es256 => rcgen(&PKCS_ECDSA_P256_SHA256),
            Algorithm::Es384 => rcgen(&PKCS_ECDSA_P384_SHA384),
            Algorithm::EdDsa => rcgen(&PKCS_ED25519),
        }
    }

    fn keys(&self) -> Keys {
        all_of([Key::from_pem(&self.public).unwrap()])
    }

    fn signing(&self) -> SigningKey {
        SigningKey::from_pem(&self.private).unwrap()
    }

    /// A token with this header and these claims, whatever they are.
    fn sign(&self, header: &str, claims: &str) -> String {
        let SigningKey { algorithm, key } = self.signing();
        signed(header, claims, &key, algorithm.of_library())
    }
}

fn signed(header: &str, claims: &str, key: &EncodingKey, algorithm: jsonwebtoken::Algorithm) -> String {
    let message = format!("{}.{}", encoded(header), encoded(claims));
    let signature = jsonwebtoken::crypto::sign(message.as_bytes(), key, algorithm).unwrap();
    format!("{message}.{signature}")
}

fn encoded(text: &str) -> String {
    Base64UrlUnpadded::encode_string(text.as_bytes())
}

fn pem_of(label: &str, der: &[u8]) -> String {
    let text = Base64::encode_string(der);
    let lines: Vec<&str> =
        text.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).unwrap()).collect();
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", lines.join("\n"))
}

fn policy() -> Policy {
    Policy::strict(ISSUER, AUDIENCE)
}

/// Claims that our policy takes, and `more` of them.
fn good(more: &str) -> String {
    let (from, to) = (NOW_SECS - 10, NOW_SECS + 600);
    format!(r#"{{"iss":"{ISSUER}","aud":"{AUDIENCE}","sub":"ann","iat":{from},"exp":{to}{more}}}"#)
}

fn all_of<const N: usize>(all: [Key; N]) -> Keys {
    let mut keys = Keys::default();
    all.into_iter().for_each(|key| keys.add(key).unwrap());
    keys
}
