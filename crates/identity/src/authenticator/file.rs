use std::hint;

use secrecy::ExposeSecret;

use crate::acl::Names;
use crate::{
    Access, Allowance, AuthRequest, Authenticator, Cost, Denial, OutOfMemory, PasswordFile, PasswordHash,
    Principal, Unavailable, Verdict,
};

/// Accepts the users of a [`PasswordFile`].
///
/// A user that the file does not know costs as much time as one that it knows, as long as all hashes of the
/// file have the same scheme and parameters (otherwise as much as the most expensive one), so that names
/// cannot be guessed by the clock. A request without a password matches nobody and costs nothing.
#[derive(Debug)]
pub struct FileAuthenticator {
    file: PasswordFile,
    access: Access,
    /// What unknown users are compared with; `None` for an empty file, which has no names to guess.
    nobody: Option<PasswordHash>,
}

impl FileAuthenticator {
    /// Accepts the users of `file` and gives them `access`.
    pub fn new(file: PasswordFile, access: Access) -> Self {
        let nobody = nobody_of(&file);
        Self { file, access, nobody }
    }

    fn allow(&self, request: &AuthRequest, name: &str) -> Verdict {
        Verdict::Allow(Allowance {
            principal: Principal::User(name.into()),
            authorize: self.access.of(&Names {
                client_id: &request.client_id,
                username: Some(name),
                ..Names::default()
            }),
            expires_at: None,
        })
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
        match (self.file.hash(name), &request.password) {
            (None, None) => Verdict::NotMine,
            (None, Some(password)) => {
                let nobody = self.nobody.as_ref();
                // The result does not count, the time does.
                let _ = hint::black_box(nobody.map(|hash| hash.matches(password.expose_secret())));
                Verdict::NotMine
            }
            (Some(_), None) => Verdict::Deny(Denial::NoPassword),
            (Some(hash), Some(password)) => match hash.matches(password.expose_secret()) {
                Ok(true) => self.allow(request, name),
                Ok(false) => Verdict::Deny(Denial::WrongPassword),
                Err(OutOfMemory) => Verdict::Unavailable(Unavailable::OutOfMemory),
            },
        }
    }
}

/// A hash that takes as long as the most expensive one of `file`.
pub(super) fn nobody_of(file: &PasswordFile) -> Option<PasswordHash> {
    let hashes = file.users().map(|(_, hash)| hash);
    hashes.max_by_key(|hash| (hash.cost(), hash.work())).map(PasswordHash::decoy)
}
