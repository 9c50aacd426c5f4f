//! The four messages, read and written (RFC 5802 §7).

use std::{borrow::Cow, fmt};

use super::{
    Iterations, ScramFault,
    keys::Key,
    syntax::{Attributes, Salt, base64_of, escaped, key_from_base64, nonce, text, unescaped},
};

#[cfg(test)]
mod tests;

/// No channel binding, no authorization identity.
pub(super) const GS2_HEADER: &str = "n,,";
/// What a client may contribute to the nonce.
pub(super) const CLIENT_NONCE_BYTES_MAX: usize = 128;
const NONCE_BYTES_MAX: usize = 2 * CLIENT_NONCE_BYTES_MAX;

/// `n,,n=user,r=nonce`: who the client wants to be.
pub(super) struct ClientFirst<'a> {
    /// Up to and with the second comma; the client repeats it under its proof.
    pub(super) gs2_header: &'a str,
    /// The rest of the message.
    pub(super) bare: &'a str,
    pub(super) username: Box<str>,
    pub(super) nonce: &'a str,
}

/// `r=nonce,s=salt,i=iterations`: how the client has to prove it.
pub(super) struct ServerFirst<'a> {
    /// The client's nonce and the server's.
    pub(super) nonce: &'a str,
    pub(super) salt: Cow<'a, Salt>,
    pub(super) iterations: Iterations,
}

/// `c=header,r=nonce,p=proof`: the proof.
pub(super) struct ClientFinal<'a> {
    /// What the proof covers of this message.
    pub(super) without_proof: &'a str,
    /// The GS2 header, in base64.
    pub(super) channel_binding: &'a str,
    pub(super) nonce: &'a str,
    pub(super) proof: Key,
}

// === impl ClientFirst ===

impl<'a> ClientFirst<'a> {
    pub(super) fn parse(message: &'a [u8]) -> Result<Self, ScramFault> {
        let message = text(message)?;
        let (flag, rest) = message.split_once(',').ok_or(ScramFault::Malformed)?;
        if flag == "y" || flag.starts_with("p=") {
            return Err(ScramFault::ChannelBinding);
        }
        let (identity, bare) = rest.split_once(',').ok_or(ScramFault::Malformed)?;
        if flag != "n" {
            return Err(ScramFault::Malformed);
        }
        let mut attributes = Attributes::of(bare);
        let username = unescaped(attributes.expect('n')?)?;
        let nonce = nonce(attributes.expect('r')?, CLIENT_NONCE_BYTES_MAX)?;
        attributes.end()?;
        if !identity.is_empty() {
            let name = identity.strip_prefix("a=").ok_or(ScramFault::Malformed)?;
            if unescaped(name)? != username {
                return Err(ScramFault::AuthorizationIdentity);
            }
        }
        let gs2_header = message.strip_suffix(bare).unwrap_or_default();
        Ok(Self { gs2_header, bare, username, nonce })
    }

    /// The message without its GS2 header.
    pub(super) fn bare(username: &str, nonce: &str) -> String {
        format!("n={},r={nonce}", escaped(username))
    }
}

// === impl ServerFirst ===

impl<'a> ServerFirst<'a> {
    pub(super) fn parse(message: &'a [u8]) -> Result<Self, ScramFault> {
        let mut attributes = Attributes::of(text(message)?);
        let nonce = nonce(attributes.expect('r')?, NONCE_BYTES_MAX)?;
        let salt = Salt::parse(attributes.expect('s')?).ok_or(ScramFault::Salt)?;
        let iterations = Iterations::parse(attributes.expect('i')?).ok_or(ScramFault::Iterations)?;
        attributes.end()?;
        Ok(Self { nonce, salt: Cow::Owned(salt), iterations })
    }
}

impl fmt::Display for ServerFirst<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { nonce, salt, iterations } = self;
        write!(f, "r={nonce},s={},i={}", base64_of(salt.bytes()), iterations.count())
    }
}

// === impl ClientFinal ===

impl<'a> ClientFinal<'a> {
    pub(super) fn parse(message: &'a [u8]) -> Result<Self, ScramFault> {
        let message = text(message)?;
        let (without_proof, proof) = message.rsplit_once(",p=").ok_or(ScramFault::Malformed)?;
        let mut attributes = Attributes::of(without_proof);
        let channel_binding = attributes.expect('c')?;
        let nonce = nonce(attributes.expect('r')?, NONCE_BYTES_MAX)?;
        attributes.end()?;
        let proof = key_from_base64(proof).ok_or(ScramFault::Proof)?;
        Ok(Self { without_proof, channel_binding, nonce, proof })
    }

    /// What the proof covers of the message.
    pub(super) fn without_proof(gs2_header: &str, nonce: &str) -> String {
        format!("c={},r={nonce}", base64_of(gs2_header.as_bytes()))
    }

    /// The whole message.
    pub(super) fn with_proof(without_proof: &str, proof: &Key) -> String {
        format!("{without_proof},p={}", base64_of(&**proof))
    }
}

/// What proof and signature cover: `AuthMessage` in RFC 5802 §3.
pub(super) fn transcript(client_first_bare: &str, server_first: &str, without_proof: &str) -> String {
    format!("{client_first_bare},{server_first},{without_proof}")
}

/// `v=signature`: the server's proof.
pub(super) fn server_final(signature: &Key) -> String {
    format!("v={}", base64_of(&**signature))
}

/// The server's signature.
pub(super) fn parse_server_final(message: &[u8]) -> Result<Key, ScramFault> {
    let mut attributes = Attributes::of(text(message)?);
    let signature = match attributes.next()? {
        Some(('v', signature)) => key_from_base64(signature).ok_or(ScramFault::Proof)?,
        Some(('e', _)) => return Err(ScramFault::ServerError),
        Some(('m', _)) => return Err(ScramFault::MandatoryExtension),
        Some(_) | None => return Err(ScramFault::Malformed),
    };
    attributes.end()?;
    Ok(signature)
}
