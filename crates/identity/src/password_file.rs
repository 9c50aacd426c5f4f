//! The password file: one `username:hash` a line, comments and blank lines.

use std::{
    collections::BTreeMap,
    fmt,
    path::{Path, PathBuf},
};

use crate::{HashFault, PasswordHash};

#[cfg(test)]
mod tests;

/// Users and the hashes of their passwords, with the comments and the order of the file they came from.
///
/// A line is `username:hash` with the text of a [`PasswordHash`], a comment that starts with `#`, or blank. An
/// empty file knows nobody. A file with one bad line is refused as a whole: a line that is skipped could be
/// the one that matters (CVE-2018-12551).
#[derive(Clone, Default)]
pub struct PasswordFile {
    lines: Vec<Line>,
    /// Where each user's line is.
    users: BTreeMap<Box<str>, usize>,
}

#[derive(Clone)]
enum Line {
    /// A comment or a blank line, as it was.
    Other(Box<str>),
    User {
        name: Box<str>,
        hash: PasswordHash,
    },
}

/// What [`PasswordFile::set`] did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// The user is new.
    Added,
    /// The user has another password now.
    Replaced,
}

/// Why a password file was refused. Never repeats what may be a secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}:{line}: {fault}", path.display())]
pub struct PasswordFileFault {
    /// The file.
    pub path: PathBuf,
    /// The line, counted from 1.
    pub line: usize,
    /// What is wrong with it.
    pub fault: LineFault,
}

/// What is wrong with a line of a password file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LineFault {
    /// No `:` behind a user name.
    #[error("not of the form username:hash")]
    NoColon,
    /// The user name cannot be one.
    #[error(transparent)]
    UserName(#[from] UserNameFault),
    /// The hash cannot be used.
    #[error(transparent)]
    Hash(#[from] HashFault),
    /// The user has a line already.
    #[error("user {name:?} stands in line {first} already")]
    Duplicate {
        /// The user.
        name: Box<str>,
        /// The line where the user stands first, counted from 1.
        first: usize,
    },
}

/// Why a string cannot be a user name of a password file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UserNameFault {
    /// No character at all.
    #[error("the user name is empty")]
    Empty,
    /// More than 256 bytes.
    #[error("the user name is longer than 256 bytes")]
    TooLong,
    /// A colon, a control character, or an invisible mark: it would not survive the file.
    #[error("the user name contains a colon or a control character")]
    Character,
    /// It would be a comment, or white space would be lost.
    #[error("the user name starts with #, or starts or ends with white space")]
    Edge,
}

const USER_NAME_LEN_MAX: usize = 256;

impl PasswordFile {
    /// Parses the text of the file at `path`, which is only named in the fault.
    ///
    /// # Errors
    /// [`PasswordFileFault`] names the first bad line; nothing of the file is used then.
    pub fn parse(text: &str, path: &Path) -> Result<Self, PasswordFileFault> {
        let mut file = Self::default();
        for (index, text) in text.lines().enumerate() {
            file.push(text).map_err(|fault| {
                let (path, line) = (path.to_owned(), index.saturating_add(1));
                PasswordFileFault { path, line, fault }
            })?;
        }
        Ok(file)
    }

    /// The hash of a user's password.
    pub fn hash(&self, name: &str) -> Option<&PasswordHash> {
        match self.lines.get(*self.users.get(name)?)? {
            Line::User { hash, .. } => Some(hash),
            Line::Other(_) => None,
        }
    }

    /// Every user, in the order of the file.
    pub fn users(&self) -> impl Iterator<Item = (&str, &PasswordHash)> {
        self.lines.iter().filter_map(|line| match line {
            Line::User { name, hash } => Some((&**name, hash)),
            Line::Other(_) => None,
        })
    }

    /// Gives `name` the password with this hash: in the user's line, or in a new last one.
    ///
    /// # Errors
    /// [`UserNameFault`]: nothing changed.
    pub fn set(&mut self, name: &str, hash: PasswordHash) -> Result<Change, UserNameFault> {
        check_user_name(name)?;
        let line = Line::User { name: name.into(), hash };
        if let Some(present) = self.users.get(name).and_then(|index| self.lines.get_mut(*index)) {
            *present = line;
            return Ok(Change::Replaced);
        }
        self.users.insert(name.into(), self.lines.len());
        self.lines.push(line);
        Ok(Change::Added)
    }

    /// Takes the line of `name` out; `None` if there is none.
    pub fn delete(&mut self, name: &str) -> Option<PasswordHash> {
        let index = self.users.remove(name)?;
        for other in self.users.values_mut().filter(|other| **other > index) {
            *other = other.saturating_sub(1);
        }
        match self.lines.remove(index) {
            Line::User { hash, .. } => Some(hash),
            Line::Other(_) => None,
        }
    }

    fn push(&mut self, text: &str) -> Result<(), LineFault> {
        if text.trim().is_empty() || text.starts_with('#') {
            self.lines.push(Line::Other(text.into()));
            return Ok(());
        }
        let (name, hash) = text.split_once(':').ok_or(LineFault::NoColon)?;
        check_user_name(name)?;
        if let Some(first) = self.users.get(name) {
            return Err(LineFault::Duplicate { name: name.into(), first: first.saturating_add(1) });
        }
        let hash = hash.parse()?;
        self.users.insert(name.into(), self.lines.len());
        self.lines.push(Line::User { name: name.into(), hash });
        Ok(())
    }
}

impl fmt::Display for PasswordFile {
    /// The text of the file, ready to be written.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.lines.iter().try_for_each(|line| match line {
            Line::Other(text) => writeln!(f, "{text}"),
            Line::User { name, hash } => writeln!(f, "{name}:{hash}"),
        })
    }
}

impl fmt::Debug for PasswordFile {
    /// Names only: a comment may hold a hash that was put aside.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PasswordFile").field("users", &self.users.keys()).finish_non_exhaustive()
    }
}

fn check_user_name(name: &str) -> Result<(), UserNameFault> {
    if name.is_empty() {
        return Err(UserNameFault::Empty);
    }
    if name.len() > USER_NAME_LEN_MAX {
        return Err(UserNameFault::TooLong);
    }
    if name.contains(|c: char| c == ':' || c == '\u{feff}' || c.is_control()) {
        return Err(UserNameFault::Character);
    }
    if name.starts_with('#') || name.trim() != name {
        return Err(UserNameFault::Edge);
    }
    Ok(())
}
