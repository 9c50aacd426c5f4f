use std::{
    borrow::Cow,
    fmt, mem,
    sync::{Arc, Mutex, PoisonError},
};

use zeroize::Zeroizing;

use super::{
    Iterations, SCRAM_SHA_256, ScramFault, ScramVerifier,
    client::NONCE_LEN,
    keys::{KEY_LEN, Key, hmac},
    message::{ClientFinal, ClientFirst, ServerFirst, server_final, transcript},
    syntax::{Salt, base64_of},
    verifier::SALT_LEN,
};
use crate::{
    AuthRequest, Denial, Entropy, Exchange, ExchangeMethod, Inquiry, NoEntropy, Step, Unavailable, Verdict,
};

#[cfg(test)]
mod tests;

/// Where the server finds who may come in by SCRAM: quick, and without waiting for anything.
///
/// A server names one salt before it knows anything, so **a user has one SCRAM credential at a time**, the
/// current one, even where a device may have several secrets. Rotation replaces it at once; an exchange that
/// is under way then fails and the client begins anew.
pub trait ScramCredentials: Send + Sync {
    /// The verifier of a user; names are compared as bytes. Asked twice in an exchange.
    ///
    /// A user who is blocked or suspended but has a verifier is [`ScramLookup::Found`], and denied by
    /// [`ScramCredentials::admit`]: a salt that changed would tell everybody what only who knows the password
    /// may learn.
    fn find(&self, username: &str) -> ScramLookup;

    /// What a client gets that has just proven to be `request.username` by `proven`.
    ///
    /// A [`Verdict::Deny`] reaches the client with its [class](Denial::outward), as it knows the password.
    fn admit(&self, request: &AuthRequest, proven: &ScramVerifier) -> Admitted;
}

/// What a client gets that has proven who it is.
#[derive(Debug)]
pub enum Admitted {
    /// This.
    Now(Verdict),
    /// What something else says, a database.
    Later(Inquiry),
}

/// What is known of a user.
#[derive(Clone, Debug)]
pub enum ScramLookup {
    /// The current verifier.
    Found(Arc<ScramVerifier>),
    /// No such user.
    Unknown,
    /// The user proves in other ways who it is.
    WithoutVerifier,
    /// It is not known now, whoever is asked about: what depended on the user would tell who exists.
    Unavailable(Unavailable),
}

/// SCRAM-SHA-256 as an [`ExchangeMethod`].
///
/// Who is unknown, or has no verifier, gets a made-up salt, always the same, and fails at the proof, after
/// the same computations and with the same answer as who is known but has the wrong password. What tells them
/// apart is a verifier whose salt is not of 16 bytes or whose iterations are others than most; imported ones
/// may be such.
///
/// Every exchange has a fresh nonce, so that nothing can be replayed. When a client re-authenticates, the
/// broker compares the [`Principal`](crate::Principal) of the verdict with the one that opened the connection.
#[derive(Clone)]
pub struct ScramServer(Arc<Inner>);

struct Inner {
    credentials: Arc<dyn ScramCredentials>,
    decoy_key: Zeroizing<[u8; KEY_LEN]>,
    iterations: Iterations,
    entropy: Mutex<Box<dyn Entropy + Send>>,
    nobody: Arc<ScramVerifier>,
}

/// One conversation.
struct ScramExchange {
    server: Arc<Inner>,
    request: AuthRequest,
    state: State,
}

enum State {
    ExpectClientFirst,
    ExpectClientFinal(ExpectClientFinal),
    Over,
}

struct ExpectClientFinal {
    username: Box<str>,
    gs2_header: Box<str>,
    client_first_bare: Box<str>,
    server_first: String,
    nonce: String,
}

// === impl ScramServer ===

impl ScramServer {
    /// A server over `credentials`, which draws its nonces from `entropy`.
    ///
    /// `decoy_key` is a secret from which the salts of unknown users are made. It has to stay the same over
    /// restarts and be the same on every node: a salt that changes belongs to nobody. `iterations` are what
    /// unknown users are told: those that most verifiers have.
    pub fn new(
        credentials: Arc<dyn ScramCredentials>,
        decoy_key: Zeroizing<[u8; 32]>,
        iterations: Iterations,
        entropy: Box<dyn Entropy + Send>,
    ) -> Self {
        let (entropy, nobody) = (Mutex::new(entropy), Arc::new(ScramVerifier::of_nobody()));
        Self(Arc::new(Inner { credentials, decoy_key, iterations, entropy, nobody }))
    }
}

impl ExchangeMethod for ScramServer {
    fn name(&self) -> &str {
        SCRAM_SHA_256
    }

    fn begin(&self, request: &AuthRequest) -> Box<dyn Exchange> {
        let AuthRequest { client_id, username, password: _, peer, certificate, arrival } = request;
        let (client_id, username, certificate) = (client_id.clone(), username.clone(), certificate.clone());
        let arrival = arrival.clone();
        let request = AuthRequest { client_id, username, password: None, peer: *peer, certificate, arrival };
        Box::new(ScramExchange { server: self.0.clone(), request, state: State::ExpectClientFirst })
    }
}

// === impl Inner ===

impl Inner {
    /// The salt of who has none: who asks twice gets the same one, and nobody can compute it.
    fn decoy_salt(&self, username: &str) -> Salt {
        let keyed = hmac(&*self.decoy_key, &[b"scram fake salt", username.as_bytes()].concat());
        let mut salt = [0; SALT_LEN];
        salt.iter_mut().zip(keyed.iter()).for_each(|(byte, from)| *byte = *from);
        Salt::of_16(salt)
    }

    fn nonce(&self) -> Result<String, NoEntropy> {
        let mut nonce = [0; NONCE_LEN];
        // A source that panicked is asked again: it says itself when it fails.
        self.entropy.lock().unwrap_or_else(PoisonError::into_inner).fill(&mut nonce)?;
        Ok(base64_of(&nonce))
    }
}

// === impl ScramExchange ===

impl Exchange for ScramExchange {
    fn step(&mut self, data: &[u8]) -> Step {
        let step = match mem::replace(&mut self.state, State::Over) {
            State::ExpectClientFirst => self.challenge_with_fresh_nonce(data),
            State::ExpectClientFinal(expected) => self.judge(expected, data),
            State::Over => Err(ScramFault::OutOfTurn.into()),
        };
        step.unwrap_or_else(|refusal| Step::Done(refusal.0, None))
    }
}

impl ScramExchange {
    fn challenge_with_fresh_nonce(&mut self, client_first: &[u8]) -> Result<Step, Refusal> {
        let nonce = self.server.nonce()?;
        self.challenge(client_first, &nonce)
    }

    /// Answers client-first with server-first; `nonce` is what the server adds to the client's.
    fn challenge(&mut self, client_first: &[u8], nonce: &str) -> Result<Step, Refusal> {
        let first = ClientFirst::parse(client_first)?;
        let named = self.request.username.as_ref();
        if named.is_some_and(|named| *named != first.username) {
            // Two names in one CONNECT: whichever counted, somebody would have meant the other.
            return Err(ScramFault::UserName.into());
        }
        // Made for everybody, so that it takes as long.
        let decoy = self.server.decoy_salt(&first.username);
        let found = self.server.credentials.find(&first.username);
        let (salt, iterations) = match &found {
            ScramLookup::Found(verifier) => (verifier.salt(), verifier.iterations()),
            ScramLookup::Unknown | ScramLookup::WithoutVerifier => (&decoy, self.server.iterations),
            ScramLookup::Unavailable(reason) => return Err((*reason).into()),
        };
        let nonce = format!("{}{nonce}", first.nonce);
        let server_first = ServerFirst { nonce: &nonce, salt: Cow::Borrowed(salt), iterations }.to_string();
        let challenge = server_first.clone().into_bytes();
        self.state = State::ExpectClientFinal(ExpectClientFinal {
            username: first.username,
            gs2_header: first.gs2_header.into(),
            client_first_bare: first.bare.into(),
            server_first,
            nonce,
        });
        Ok(Step::Continue(challenge))
    }

    /// Answers client-final with a verdict.
    fn judge(&mut self, expected: ExpectClientFinal, client_final: &[u8]) -> Result<Step, Refusal> {
        let (transcript, proof) = expected.read(client_final)?;
        // The credential may have been replaced or revoked since the challenge: what counts is what holds now.
        let found = self.server.credentials.find(&expected.username);
        let is_known = matches!(found, ScramLookup::Found(_));
        let (verifier, denial) = match found {
            ScramLookup::Found(verifier) => (verifier, Denial::WrongPassword),
            ScramLookup::Unknown => (self.server.nobody.clone(), Denial::UnknownUser),
            ScramLookup::WithoutVerifier => (self.server.nobody.clone(), Denial::NoScramCredential),
            ScramLookup::Unavailable(reason) => return Err(reason.into()),
        };
        let checked = verifier.check(&transcript, &proof);
        if !(bool::from(checked.is_right) && is_known) {
            return Err(denial.into());
        }
        // From here on the name is proven.
        self.request.username = Some(expected.username);
        let signature = || Some(server_final(&checked.server_signature).into_bytes());
        match self.server.credentials.admit(&self.request, &verifier) {
            Admitted::Now(verdict @ Verdict::Allow(_)) => Ok(Step::Done(verdict, signature())),
            Admitted::Now(refusal) => Err(Refusal(refusal)),
            Admitted::Later(inquiry) => Ok(Step::Later(inquiry, signature())),
        }
    }
}

impl ExpectClientFinal {
    /// What the proof is about, and the proof.
    fn read(&self, client_final: &[u8]) -> Result<(String, Key), ScramFault> {
        let last = ClientFinal::parse(client_final)?;
        if last.channel_binding != base64_of(self.gs2_header.as_bytes()) {
            return Err(ScramFault::ChannelBinding);
        }
        if last.nonce != self.nonce {
            return Err(ScramFault::Nonce);
        }
        Ok((transcript(&self.client_first_bare, &self.server_first, last.without_proof), last.proof))
    }
}

/// A verdict that lets nobody in.
struct Refusal(Verdict);

// === impl Refusal ===

impl From<ScramFault> for Refusal {
    fn from(fault: ScramFault) -> Self {
        Self(Verdict::Deny(fault.into()))
    }
}

impl From<Denial> for Refusal {
    fn from(denial: Denial) -> Self {
        Self(Verdict::Deny(denial))
    }
}

impl From<Unavailable> for Refusal {
    fn from(reason: Unavailable) -> Self {
        Self(Verdict::Unavailable(reason))
    }
}

impl From<NoEntropy> for Refusal {
    fn from(reason: NoEntropy) -> Self {
        Self(Verdict::Unavailable(reason.into()))
    }
}

impl fmt::Debug for ScramServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ScramServer").field("iterations", &self.0.iterations).finish_non_exhaustive()
    }
}
