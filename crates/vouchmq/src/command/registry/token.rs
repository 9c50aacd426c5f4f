//! By which token we act, and where it came from: whoever is refused has to know.

use std::ffi::OsString;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use secrecy::{ExposeSecret, SecretString};
use vouchmq_identity::{Secret, SecretUse};

use crate::exit::Failure;

pub(super) const TOKEN: &str = "VOUCHMQ_ADMIN_TOKEN";
pub(super) const TOKEN_FILE: &str = "VOUCHMQ_TOKEN_FILE";
const DATA: &str = "VOUCHMQ_DATA";
/// A token is far shorter.
const FILE_BYTES_MAX: u64 = 4096;

/// The administrator's token, or an API key.
pub(super) struct Token {
    text: SecretString,
    origin: String,
}

impl Token {
    /// The token of `file`, which a flag names; else that of the environment, else that of the broker's data.
    pub(super) fn find(
        file: Option<&Path>,
        environment: impl Fn(&str) -> Option<OsString>,
    ) -> Result<Self, Failure> {
        let environment = |name| environment(name).filter(|value| !value.is_empty());
        if let Some(file) = file {
            return read(file, "--token-file");
        }
        if let Some(text) = environment(TOKEN) {
            let text =
                text.into_string().map_err(|_| Failure::unusable(format_args!("{TOKEN} is no text")))?;
            return Ok(Self { text: text.into(), origin: TOKEN.to_owned() });
        }
        if let Some(file) = environment(TOKEN_FILE) {
            return read(Path::new(&file), TOKEN_FILE);
        }
        let data = environment(DATA).map_or_else(|| PathBuf::from("vouchmq-data"), PathBuf::from);
        read(&data.join("admin-token"), "the broker's own")
    }

    /// One that was found already.
    pub(super) const fn of(text: SecretString, origin: String) -> Self {
        Self { text, origin }
    }

    /// That of a file.
    pub(super) fn read(file: &Path, named_by: &str) -> Result<Self, Failure> {
        read(file, named_by)
    }

    /// What is sent.
    pub(super) fn text(&self) -> &str {
        self.text.expose_secret()
    }

    /// Which one it is, without what is secret of it.
    pub(super) fn described(&self) -> String {
        let origin = &self.origin;
        match Secret::key_id_in(SecretUse::ApiKey, self.text().as_bytes()) {
            Ok(key_id) => format!("the API key {key_id}… of {origin}"),
            Err(_) => format!("the token of {origin}"),
        }
    }
}

fn read(file: &Path, named_by: &str) -> Result<Token, Failure> {
    let shown = file.display();
    let mut text = String::new();
    let read = File::open(file).and_then(|file| file.take(FILE_BYTES_MAX).read_to_string(&mut text));
    read.map_err(|error| {
        Failure::unusable(format_args!(
            "no token: cannot read {shown} ({named_by}): {error}; set {TOKEN}, or give --token-file FILE"
        ))
    })?;
    let text = text.trim();
    if text.is_empty() {
        return Err(Failure::unusable(format_args!("no token: {shown} ({named_by}) is empty")));
    }
    Ok(Token { text: text.into(), origin: format!("{shown} ({named_by})") })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(file: Option<&Path>, environment: &[(&str, &str)]) -> Result<Token, Failure> {
        let environment = environment.to_vec();
        Token::find(file, move |name| {
            environment.iter().find(|(known, _)| *known == name).map(|(_, value)| value.into())
        })
    }

    #[test]
    fn a_flag_goes_before_the_environment_and_that_before_the_data_of_the_broker() {
        let folder = tempfile::TempDir::new().unwrap();
        let file = |name: &str, text: &str| {
            let path = folder.path().join(name);
            std::fs::write(&path, text).unwrap();
            path
        };
        let (flag, variable) = (file("flag", "one\n"), file("variable", "three \r\n"));
        file("admin-token", "four\n");
        let data = ("VOUCHMQ_DATA", folder.path().to_str().unwrap());
        let by_variable = ("VOUCHMQ_TOKEN_FILE", variable.to_str().unwrap());
        let all = [("VOUCHMQ_ADMIN_TOKEN", "two"), by_variable, data];
        for (token, text, origin) in [
            (found(Some(&flag), &all), "one", "flag (--token-file)"),
            (found(None, &all), "two", "the token of VOUCHMQ_ADMIN_TOKEN"),
            (found(None, &[by_variable, data]), "three", "variable (VOUCHMQ_TOKEN_FILE)"),
            (found(None, &[("VOUCHMQ_ADMIN_TOKEN", ""), data]), "four", "admin-token (the broker's own)"),
        ] {
            let token = token.unwrap_or_else(|failure| panic!("{failure:?}"));
            assert_eq!(token.text(), text);
            assert!(token.described().ends_with(origin), "{}", token.described());
        }
    }

    #[test]
    fn without_a_token_it_is_told_where_one_was_looked_for() {
        let failure = found(None, &[("VOUCHMQ_DATA", "nowhere")]).err().unwrap();
        assert!(failure.says("nowhere/admin-token") && failure.says("--token-file"), "{failure:?}");
        assert!(matches!(failure, Failure::Unusable(_)));
    }
}
