use super::{Algorithm, KEYS_MAX, TOKEN_LEN_MAX};

/// Why a token opens nothing. For operators and logs; who sent it is told nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenFault {
    /// More than [`TOKEN_LEN_MAX`] bytes.
    #[error("the token is longer than {TOKEN_LEN_MAX} bytes")]
    TooLong,
    /// Not three parts of base64url, or no JSON objects in them, or a member twice.
    #[error("this is no signed token, or one that can be read in two ways")]
    Malformed,
    /// A header that names a key or its place, or that has to be understood and is not.
    #[error("the header has members that are not taken: jku, jwk, x5u, x5c, crit, b64, zip or cty")]
    Header,
    /// No key is called so.
    #[error("no key has the kid of the token, or it has none")]
    UnknownKey,
    /// Another algorithm than that of the key, as `none`.
    #[error("alg is not the algorithm of the key")]
    Algorithm,
    /// Signed by somebody else, or changed since.
    #[error("the signature is not right")]
    Signature,
    /// A claim is not what the standard says it is.
    #[error("a claim is missing, or not of its type: exp, iat, nbf, iss, aud, sub, jti, role or scope")]
    Claims,
    /// Its time is over.
    #[error("the token has expired")]
    Expired,
    /// Its time has not come.
    #[error("the token is not valid yet, or issued in the future: compare the clocks")]
    Early,
    /// It is good for longer than allowed.
    #[error("the token is good for longer than allowed")]
    Lifetime,
    /// Another issuer.
    #[error("iss is not the issuer that is trusted")]
    Issuer,
    /// For somebody else.
    #[error("aud does not name this broker")]
    Audience,
}

/// Why there is no key in a file. Never repeats what may be a secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyFault {
    /// Nothing that looks like a key.
    #[error("there is no public key in it: a PEM block PUBLIC KEY is expected")]
    Empty,
    /// A secret in the place of what is public.
    #[error(
        "there is a PRIVATE key in it: 'openssl pkey -in FILE -pubout' writes the public one, and only that belongs here"
    )]
    Private,
    /// Not readable.
    #[error("a key in it cannot be read")]
    Malformed,
    /// A kind of key that is not taken.
    #[error("a key in it is of another kind than RSA, EC (P-256, P-384) and Ed25519")]
    Kind,
    /// Too short, or so long that verifying costs too much.
    #[error("an RSA key has 2,048 to 4,096 bits, this one has {bits}")]
    Bits {
        /// How many it has.
        bits: usize,
    },
    /// A secret that both sides share.
    #[error("there is a shared secret in it (kty oct): whoever verifies by it could sign, too")]
    Shared,
    /// Not the algorithm that was asked for.
    #[error("the algorithm of the key is {found}, and another one is configured")]
    Algorithm {
        /// The algorithm of the key.
        found: Algorithm,
    },
    /// Two keys have one name.
    #[error("two keys have the same kid")]
    Twice,
    /// Too many.
    #[error("more than {KEYS_MAX} keys")]
    TooMany,
    /// An encrypted private key, or one in a form that is not read.
    #[error(
        "this private key is encrypted or in an old form: 'openssl pkcs8 -topk8 -nocrypt -in FILE' writes one that is read"
    )]
    Form,
    /// Signing failed.
    #[error("the key does not sign")]
    Unusable,
}

impl TokenFault {
    /// Its word, which stays the same.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::TooLong => "token_too_long",
            Self::Malformed => "token_malformed",
            Self::Header => "token_header",
            Self::UnknownKey => "token_key_unknown",
            Self::Algorithm => "token_algorithm",
            Self::Signature => "token_signature",
            Self::Claims => "token_claims",
            Self::Expired => "token_expired",
            Self::Early => "token_early",
            Self::Lifetime => "token_lifetime",
            Self::Issuer => "token_issuer",
            Self::Audience => "token_audience",
        }
    }
}
