//! Users of configuration and files, and the hashes of their passwords.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::path::{Path, PathBuf};
use std::{fmt, sync::Arc};

use crate::password_import::{ImportFault, from_configuration, from_mosquitto};
use crate::principal::Generation;
use crate::{PasswordFile, PasswordHash};

#[cfg(test)]
mod tests;

/// Users of one or several sources: the configuration, files of our own, files of Mosquitto.
///
/// `Debug` shows how many there are.
#[derive(Clone, Default)]
pub struct Users(BTreeMap<Box<str>, User>);

#[derive(Clone)]
struct User {
    hash: PasswordHash,
    source: Arc<str>,
    /// The configuration in which the user got this password.
    since: Generation,
}

/// Why somebody cannot be a user. Never repeats what may be a secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UserFault {
    /// The name is empty, or longer than 256 bytes.
    #[error("a user name has 1 to 256 bytes")]
    Name,
    /// The password can be used neither as a hash nor as plain text.
    #[error("user {name:?}: {fault}")]
    Password {
        /// The user.
        name: Box<str>,
        /// What is wrong with the password.
        fault: ImportFault,
    },
    /// A name has one password.
    #[error("user {name:?} stands in {first} already")]
    Twice {
        /// The user.
        name: Box<str>,
        /// Where the user stands first.
        first: Arc<str>,
    },
    /// A line of a file of Mosquitto without a colon.
    #[error("not of the form username:hash")]
    NoColon,
}

/// Why a password file of Mosquitto was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}:{line}: {fault}", path.display())]
pub struct UserFileFault {
    /// The file.
    pub path: PathBuf,
    /// The line, counted from 1.
    pub line: usize,
    /// What is wrong with it.
    pub fault: UserFault,
}

const NAME_LEN_MAX: usize = 256;

impl Users {
    /// One more user, with its password as a configuration has it (see [`from_configuration`]). `source` tells
    /// people where.
    ///
    /// # Errors
    /// [`UserFault`]: nothing changed.
    pub fn add(&mut self, name: &str, password: &str, source: &Arc<str>) -> Result<(), UserFault> {
        let fault = |fault| UserFault::Password { name: name.into(), fault };
        self.insert(name, from_configuration(password).map_err(fault)?, source)
    }

    /// All users of a password file of our own.
    ///
    /// # Errors
    /// [`UserFault::Twice`]: a user is there already. Those before it were added.
    pub fn add_file(&mut self, file: &PasswordFile, source: &Arc<str>) -> Result<(), UserFault> {
        file.users().try_for_each(|(name, hash)| self.insert(name, hash.clone(), source))
    }

    /// All users of the text of a password file of Mosquitto: `username:hash` a line, comments and blank lines;
    /// `path` is only named.
    ///
    /// A line without a hash, which Mosquitto leaves out, is a fault: its user could not connect, and nobody
    /// would know why.
    ///
    /// # Errors
    /// [`UserFileFault`] names the first bad line. The users before it were added.
    pub fn add_mosquitto(&mut self, text: &str, path: &Path) -> Result<(), UserFileFault> {
        let source = path.display().to_string().into();
        for (index, line) in text.lines().enumerate() {
            self.add_mosquitto_line(line, &source).map_err(|fault| {
                let (path, line) = (path.to_owned(), index.saturating_add(1));
                UserFileFault { path, line, fault }
            })?;
        }
        Ok(())
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether nobody is known.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The names, in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(|name| &**name)
    }

    /// The hash of a user's password.
    pub(crate) fn hash(&self, name: &str) -> Option<&PasswordHash> {
        self.0.get(name).map(|user| &user.hash)
    }

    /// The configuration in which a user got its password.
    pub(crate) fn since(&self, name: &str) -> Option<Generation> {
        self.0.get(name).map(|user| user.since)
    }

    pub(crate) fn hashes(&self) -> impl Iterator<Item = &PasswordHash> {
        self.0.values().map(|user| &user.hash)
    }

    /// They follow others: who has another password now, or was not there, has it since `generation`.
    pub(crate) fn follow(&mut self, previous: &Self, generation: Generation) {
        for (name, user) in &mut self.0 {
            let before = previous.0.get(name).filter(|before| before.hash.is_alike(&user.hash));
            user.since = before.map_or(generation, |before| before.since);
        }
    }

    fn add_mosquitto_line(&mut self, line: &str, source: &Arc<str>) -> Result<(), UserFault> {
        let line = line.trim_end();
        if line.is_empty() || line.starts_with('#') {
            return Ok(());
        }
        let (name, hash) = line.split_once(':').ok_or(UserFault::NoColon)?;
        let name = name.trim();
        let fault = |fault| UserFault::Password { name: name.into(), fault };
        self.insert(name, from_mosquitto(hash.trim()).map_err(fault)?, source)
    }

    fn insert(&mut self, name: &str, hash: PasswordHash, source: &Arc<str>) -> Result<(), UserFault> {
        if !(1..=NAME_LEN_MAX).contains(&name.len()) {
            return Err(UserFault::Name);
        }
        match self.0.entry(name.into()) {
            Entry::Occupied(there) => {
                Err(UserFault::Twice { name: name.into(), first: there.get().source.clone() })
            }
            Entry::Vacant(place) => {
                place.insert(User { hash, source: source.clone(), since: Generation::FIRST });
                Ok(())
            }
        }
    }
}

/// The users of one file.
impl From<PasswordFile> for Users {
    fn from(file: PasswordFile) -> Self {
        let mut users = Self::default();
        // A file has each name once, and names that can be some.
        let _ = users.add_file(&file, &"the password file".into());
        users
    }
}

impl fmt::Debug for Users {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Users").field("len", &self.len()).finish_non_exhaustive()
    }
}
