//! Who connects.

use std::borrow::Cow;
use std::fmt;
use std::path::Path;

use crate::command::bench::handshake::Who;

/// Who connects: a name for each number, or those of a file.
pub(super) enum Identities {
    Numbered {
        id: String,
        user: String,
        password: String,
        /// So many different ones.
        different: u32,
    },
    Listed(Vec<Listed>),
}

/// A line of a file.
pub(super) struct Listed {
    id: String,
    user: String,
    password: String,
}

impl Identities {
    /// Reads a file: a client each line, its client id, user name and password separated by tabs.
    ///
    /// # Errors
    /// Which line is none; never what it says.
    pub(super) fn read(file: &Path) -> Result<Self, String> {
        let shown = file.display();
        let text = std::fs::read_to_string(file).map_err(|error| format!("cannot read {shown}: {error}"))?;
        let mut listed = Vec::new();
        for (index, line) in text.lines().enumerate() {
            let mut fields = line.split('\t').map(str::to_owned);
            let (Some(id), Some(user), Some(password), None) =
                (fields.next(), fields.next(), fields.next(), fields.next())
            else {
                let line = index + 1;
                return Err(format!(
                    "{shown}, line {line}: not a client id, a user name and a password with tabs"
                ));
            };
            listed.push(Listed { id, user, password });
        }
        if listed.is_empty() { Err(format!("{shown} is empty")) } else { Ok(Self::Listed(listed)) }
    }

    /// The one with this number, from 0.
    pub(super) fn who(&self, number: u32) -> Who<'_> {
        match self {
            Self::Numbered { id, user, password, different } => {
                let number = (number % different.max(&1)).to_string();
                let named = |template: &str| Cow::Owned(template.replace("%i", &number));
                Who { id: named(id), user: named(user), password: named(password) }
            }
            Self::Listed(listed) => {
                let index = usize::try_from(number).unwrap_or(0) % listed.len().max(1);
                let Some(Listed { id, user, password }) = listed.get(index) else { return Who::default() };
                Who { id: id.into(), user: user.into(), password: password.into() }
            }
        }
    }
}

/// Never passwords.
impl fmt::Debug for Identities {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Identities(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(who: &Who<'_>) -> String {
        format!("{} {} {}", who.id, who.user, who.password)
    }

    #[test]
    fn numbers_come_again_where_there_are_fewer_clients() {
        let [id, user, password] = ["c%i", "u-%i", "p"].map(str::to_owned);
        let clients = Identities::Numbered { id, user, password, different: 3 };
        assert_eq!([1, 2, 3].map(|number| shown(&clients.who(number))), ["c1 u-1 p", "c2 u-2 p", "c0 u-0 p"]);
    }

    #[test]
    fn a_file_has_a_client_in_each_line() {
        let folder = tempfile::TempDir::new().unwrap();
        let file = folder.path().join("clients");
        std::fs::write(&file, "c\tu\tp w\nd\t\t\n").unwrap();
        let clients = Identities::read(&file).unwrap();
        assert_eq!([0, 1, 2].map(|number| shown(&clients.who(number))), ["c u p w", "d  ", "c u p w"]);
        std::fs::write(&file, "c\tu\tp\nsecret\n").unwrap();
        let fault = Identities::read(&file).unwrap_err();
        assert!(fault.contains("line 2") && !fault.contains("secret"), "{fault}");
    }
}
