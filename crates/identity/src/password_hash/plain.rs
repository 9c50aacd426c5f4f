use secrecy::{ExposeSecret, SecretSlice};

use super::{HashCost, HashFault, HashScheme, NoHash, PasswordHash, Recipe, SaltPosition, SaltedSha, Sha};
use crate::Entropy;

/// A password that another system kept in plain text, on its way to become a hash.
///
/// It has no text and cannot be stored: [`Self::hash`] is all that can be done with it. `Debug` does not show
/// it, and it is wiped when dropped.
#[derive(Debug)]
pub struct PlainPassword(SecretSlice<u8>);

/// What a CONNECT can carry, in bytes.
const PASSWORD_LEN_MAX: usize = 65_535;

impl PlainPassword {
    /// `None` if no client could present it: empty, or longer than the 65,535 bytes of MQTT's binary data.
    pub(crate) fn new(password: &[u8]) -> Option<Self> {
        let presentable = (1..=PASSWORD_LEN_MAX).contains(&password.len());
        presentable.then(|| Self(password.to_vec().into()))
    }

    /// Its SHA-256, to compare with for as long as the process lives: all guesses take the same time, and the
    /// text is gone. Not fit to be stored.
    pub(crate) fn digest(&self) -> Result<PasswordHash, HashFault> {
        let salted = SaltedSha { sha: Sha::Sha256, position: SaltPosition::None };
        let mut hash = vec![0; salted.sha.len()];
        salted.compute(self.0.expose_secret(), &[], &mut hash);
        let parts = (Recipe::SaltedSha(salted), Box::default(), hash.into());
        PasswordHash::of_parts(HashScheme::SaltedSha, Ok(parts))
    }

    /// The hash to store. Takes as long as [`PasswordHash::create`], and so belongs on a pool.
    ///
    /// # Errors
    /// [`NoHash`] says why not; it can be tried again.
    pub fn hash(&self, cost: HashCost, entropy: &mut dyn Entropy) -> Result<PasswordHash, NoHash> {
        PasswordHash::create(self.0.expose_secret(), cost, entropy)
    }
}
