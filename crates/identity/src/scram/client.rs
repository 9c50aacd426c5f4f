use std::fmt;

use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use super::{
    NoScram, ScramFault,
    keys::{Key, PasswordKeys, hmac, xor},
    message::{ClientFinal, ClientFirst, GS2_HEADER, ServerFirst, parse_server_final, transcript},
    syntax::{base64_of, is_username},
    usable,
};
use crate::Entropy;

#[cfg(test)]
mod tests;

/// The client's side of an exchange.
///
/// Each state yields the message to send and what is awaited then:
/// `ScramClient` → [`ExpectServerFirst`] → [`ExpectServerFinal`].
#[derive(Debug)]
pub struct ScramClient;

/// The server has to answer with salt and iterations.
pub struct ExpectServerFirst {
    password: Zeroizing<Box<[u8]>>,
    nonce: Box<str>,
    client_first_bare: String,
}

/// The server has to prove that it knows the user. **A client that does not ask it to is not protected from
/// false servers.**
pub struct ExpectServerFinal {
    server_signature: Key,
}

/// Random bytes of a nonce: 24 characters.
pub(super) const NONCE_LEN: usize = 18;

// === impl ScramClient ===

impl ScramClient {
    /// Begins an exchange: client-first, which goes into CONNECT, or into AUTH to re-authenticate.
    ///
    /// # Errors
    /// [`NoScram`] says why not.
    pub fn begin(
        username: &str,
        password: &str,
        entropy: &mut dyn Entropy,
    ) -> Result<(Vec<u8>, ExpectServerFirst), NoScram> {
        let mut nonce = [0; NONCE_LEN];
        entropy.fill(&mut nonce)?;
        Self::begin_with(username, password, &base64_of(&nonce))
    }

    pub(super) fn begin_with(
        username: &str,
        password: &str,
        nonce: &str,
    ) -> Result<(Vec<u8>, ExpectServerFirst), NoScram> {
        if !is_username(username) {
            return Err(NoScram::UserName);
        }
        let password = Zeroizing::new(usable(password)?.into());
        let client_first_bare = ClientFirst::bare(username, nonce);
        let message = format!("{GS2_HEADER}{client_first_bare}").into_bytes();
        Ok((message, ExpectServerFirst { password, nonce: nonce.into(), client_first_bare }))
    }
}

// === impl ExpectServerFirst ===

impl ExpectServerFirst {
    /// Answers server-first with client-final. Takes as long as the server's iterations say.
    ///
    /// # Errors
    /// [`ScramFault`]: the server's message is not as it must be, or asks for iterations that are too few to
    /// protect the password or too many to wait for. Nothing was computed.
    pub fn answer(self, server_first: &[u8]) -> Result<(Vec<u8>, ExpectServerFinal), ScramFault> {
        let ServerFirst { nonce, salt, iterations } = ServerFirst::parse(server_first)?;
        let of_server = nonce.strip_prefix(&*self.nonce);
        if of_server.is_none_or(str::is_empty) {
            return Err(ScramFault::Nonce);
        }
        let without_proof = ClientFinal::without_proof(GS2_HEADER, nonce);
        let server_first = str::from_utf8(server_first).map_err(|_| ScramFault::NotText)?;
        let transcript = transcript(&self.client_first_bare, server_first, &without_proof);
        let keys = PasswordKeys::derive(&self.password, salt.bytes(), iterations);
        let proof = xor(&keys.client_key, &hmac(&*keys.stored_key, transcript.as_bytes()));
        let server_signature = hmac(&*keys.server_key, transcript.as_bytes());
        let message = ClientFinal::with_proof(&without_proof, &proof).into_bytes();
        Ok((message, ExpectServerFinal { server_signature }))
    }
}

// === impl ExpectServerFinal ===

impl ExpectServerFinal {
    /// Judges server-final, which comes with CONNACK, or with AUTH after a re-authentication.
    ///
    /// # Errors
    /// [`ScramFault::ServerSignature`]: not the right server, go away. [`ScramFault::ServerError`]: it
    /// refused. Others: not the message that it must be.
    pub fn verify(self, server_final: &[u8]) -> Result<(), ScramFault> {
        let signature = parse_server_final(server_final)?;
        let is_right = bool::from(signature.ct_eq(&*self.server_signature));
        if is_right { Ok(()) } else { Err(ScramFault::ServerSignature) }
    }
}

impl fmt::Debug for ExpectServerFirst {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ExpectServerFirst").finish_non_exhaustive()
    }
}

impl fmt::Debug for ExpectServerFinal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ExpectServerFinal").finish_non_exhaustive()
    }
}
