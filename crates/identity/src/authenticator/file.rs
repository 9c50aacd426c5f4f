use std::hint;
use std::sync::Arc;

use secrecy::ExposeSecret;

use super::Configured;
use crate::acl::Names;
use crate::{
    Access, AuthRequest, Authenticator, Cost, Denial, OutOfMemory, PasswordFile, PasswordHash, Principal,
    Reconsidered, Standing, Unavailable, Users, Verdict,
};

/// Accepts the users that stand in the configuration and in files.
///
/// A user that is not known costs as much time as one that is and gave a wrong password, as long as all hashes
/// that are made to be slow have the same scheme and parameters (otherwise as much as the most expensive one), so
/// that names cannot be guessed by the clock. A request without a password matches nobody and costs nothing.
#[derive(Debug)]
pub struct FileAuthenticator {
    configured: Arc<Configured>,
    /// What unknown users are compared with; `None` without users, when there are no names to guess.
    nobody: Option<PasswordHash>,
}

impl FileAuthenticator {
    /// Accepts the users of `file` and gives them `access`.
    pub fn new(file: PasswordFile, access: Access) -> Self {
        Self::of(Arc::new(Configured::new(Some(Users::from(file)), false, access)))
    }

    /// Accepts the users of a configuration.
    pub fn of(configured: Arc<Configured>) -> Self {
        let nobody = configured.users.as_ref().and_then(nobody_of);
        Self { configured, nobody }
    }

    /// Lets as much time pass as `password` takes with the most expensive hash.
    fn pass_time(&self, password: &[u8]) {
        // The result does not count, the time does.
        let _ = hint::black_box(self.nobody.as_ref().map(|hash| hash.matches(password)));
    }

    fn is_cheaper_than_others(&self, hash: &PasswordHash) -> bool {
        self.nobody.as_ref().is_some_and(|nobody| hash.cost() < nobody.cost())
    }
}

impl Authenticator for FileAuthenticator {
    fn cost(&self, request: &AuthRequest) -> Cost {
        match (&request.username, &request.password, &self.nobody) {
            // Not that of the user's own hash: where a request is verified must not tell who exists either.
            (Some(_), Some(_), Some(most_expensive)) => most_expensive.cost(),
            _ => Cost::Cheap,
        }
    }

    fn verify(&self, request: &AuthRequest) -> Verdict {
        let Some(name) = request.username.as_deref() else { return Verdict::NotMine };
        match (self.configured.hash(name), &request.password) {
            (None, None) => Verdict::NotMine,
            (None, Some(password)) => {
                self.pass_time(password.expose_secret());
                Verdict::NotMine
            }
            (Some(_), None) => Verdict::Deny(Denial::NoPassword),
            (Some(hash), Some(password)) => match hash.matches(password.expose_secret()) {
                Ok(true) => Verdict::Allow(self.configured.allowance(Some(name), request.into())),
                Ok(false) => {
                    // A password in plain text is compared at once, and would tell that its user exists.
                    if self.is_cheaper_than_others(hash) {
                        self.pass_time(password.expose_secret());
                    }
                    Verdict::Deny(Denial::WrongPassword)
                }
                Err(OutOfMemory) => Verdict::Unavailable(Unavailable::OutOfMemory),
            },
        }
    }

    /// About users that a configuration let in, and nobody else.
    fn reconsider(&self, standing: &Standing<'_>) -> Reconsidered {
        let Principal::User(user) = standing.principal else { return Reconsidered::Unchanged };
        let Some(then) = user.as_of() else { return Reconsidered::Unchanged };
        match self.configured.has_kept_password(user.name(), then) {
            None => Reconsidered::Ended(Denial::UnknownUser),
            Some(false) => Reconsidered::Ended(Denial::WrongPassword),
            Some(true) if self.configured.has_other_rules_than(then) => {
                Reconsidered::Changed(self.configured.allowance(Some(user.name()), standing.into()))
            }
            Some(true) => Reconsidered::Unchanged,
        }
    }
}

/// What rules can know of a client that is no device, beside the name that it proves.
impl<'a> From<&'a AuthRequest> for Names<'a> {
    fn from(request: &'a AuthRequest) -> Self {
        Self { client_id: &request.client_id, address: request.peer, ..Self::default() }
    }
}

impl<'a> From<&Standing<'a>> for Names<'a> {
    fn from(standing: &Standing<'a>) -> Self {
        Self { client_id: standing.client_id, address: standing.peer, ..Self::default() }
    }
}

/// A hash that takes as long as the most expensive one of `users`.
pub(super) fn nobody_of(users: &Users) -> Option<PasswordHash> {
    users.hashes().max_by_key(|hash| (hash.cost(), hash.work())).map(PasswordHash::decoy)
}
