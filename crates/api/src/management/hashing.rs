use std::sync::Arc;

use secrecy::{ExposeSecret, SecretString};
use tokio::sync::Semaphore;
use vouchmq_identity::registry::Registry;
use vouchmq_identity::scram::{Iterations, NoScram, ScramVerifier};
use vouchmq_identity::{Entropy, HashCost, NoEntropy, NoHash, PasswordHash};

use super::refusal::invalid;
use crate::http::{Code, Problem};

/// Work on passwords, which takes milliseconds and megabytes: so much at a time, so much in waiting.
#[derive(Clone, Debug)]
pub(super) struct Hashing {
    /// Who may be here at all.
    admitted: Arc<Semaphore>,
    /// Who may work.
    working: Arc<Semaphore>,
    /// Whether to wait for a place, and not to be refused.
    is_patient: bool,
}

/// The randomness of the registry.
pub(super) struct Drawn(pub(super) Arc<Registry>);

const WORKING_MAX: usize = 2;
const ADMITTED_MAX: usize = 32;
const PASSWORD_LEN_MAX: usize = 1024;

impl Default for Hashing {
    fn default() -> Self {
        let places = |count| Arc::new(Semaphore::new(count));
        Self { admitted: places(ADMITTED_MAX), working: places(WORKING_MAX), is_patient: false }
    }
}

impl Hashing {
    /// The same places, for who waits until one is free: one import at a time, a password at a time.
    pub(super) fn patient(&self) -> Self {
        Self { is_patient: true, ..self.clone() }
    }

    /// Hashes a password by Argon2id, as the product does.
    pub(super) async fn argon2id(
        &self,
        registry: &Arc<Registry>,
        password: SecretString,
    ) -> Result<PasswordHash, Problem> {
        check_len(&password)?;
        let mut drawn = Drawn(registry.clone());
        let hash = move || {
            PasswordHash::create(password.expose_secret().as_bytes(), HashCost::default(), &mut drawn)
        };
        self.run(hash).await?.map_err(|fault| match fault {
            NoHash::EmptyPassword => invalid("/password", fault.to_string()),
            NoHash::OutOfMemory(_) | NoHash::NoEntropy(_) => {
                Problem::new(Code::Unavailable, fault.to_string())
            }
        })
    }

    /// Makes the SCRAM verifier of a password.
    pub(super) async fn scram(
        &self,
        registry: &Arc<Registry>,
        password: SecretString,
    ) -> Result<ScramVerifier, Problem> {
        check_len(&password)?;
        let mut drawn = Drawn(registry.clone());
        let make = move || ScramVerifier::create(password.expose_secret(), Iterations::default(), &mut drawn);
        self.run(make).await?.map_err(|fault| match fault {
            NoScram::NoEntropy(_) => Problem::new(Code::Unavailable, fault.to_string()),
            NoScram::UserName | NoScram::EmptyPassword | NoScram::ControlCharacter => {
                invalid("/password", fault.to_string())
            }
        })
    }

    /// Runs `work` where it may take its time.
    ///
    /// # Errors
    /// 503: too much waits already.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Problem> {
        let busy = || Problem::new(Code::Unavailable, "too many passwords are being computed: try again");
        let admitted = self.admitted.clone();
        let admitted = if self.is_patient {
            admitted.acquire_owned().await.map_err(|_| busy())?
        } else {
            admitted.try_acquire_owned().map_err(|_| busy())?
        };
        let working = self.working.clone().acquire_owned().await.map_err(|_| busy())?;
        let work = move || {
            // Held until the work ends, whether its client waits or not.
            let _places = (admitted, working);
            work()
        };
        tokio::task::spawn_blocking(work).await.map_err(|error| Problem::internal(&error))
    }
}

fn check_len(password: &SecretString) -> Result<(), Problem> {
    if password.expose_secret().len() > PASSWORD_LEN_MAX {
        return Err(invalid("/password", "a password is at most 1024 bytes"));
    }
    Ok(())
}

impl Entropy for Drawn {
    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), NoEntropy> {
        self.0.fill(bytes)
    }
}
