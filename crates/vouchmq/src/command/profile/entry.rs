//! One profile: a broker, and by what an operator proves who they are there.

use std::path::{Path, PathBuf};

use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use vouchmq_client::Rest;

use crate::exit::Failure;

/// One profile.
#[derive(Debug)]
pub(in crate::command) struct Entry {
    pub(in crate::command) api: String,
    pub(in crate::command) proof: Proof,
    pub(in crate::command) cafile: Option<PathBuf>,
    pub(in crate::command) cert: Option<PathBuf>,
    pub(in crate::command) cert_key: Option<PathBuf>,
}

/// By what an operator proves who they are.
#[derive(Debug)]
pub(in crate::command) enum Proof {
    /// A token that stands in the profile.
    Token(SecretString),
    /// A token that stands in another file.
    TokenFile(PathBuf),
    /// A user name and a password that stands in the profile.
    Password {
        /// Whose.
        user: String,
        /// What.
        password: SecretString,
    },
    /// The certificate alone.
    Certificate,
}

/// As it stands in the file.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Written {
    api: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    token: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    token_file: Option<PathBuf>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    user: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    password: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    cafile: Option<PathBuf>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    cert: Option<PathBuf>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    cert_key: Option<PathBuf>,
}

impl Proof {
    /// What it is, without what is secret of it.
    pub(super) fn described(&self) -> String {
        match self {
            Self::Token(_) => "a token".to_owned(),
            Self::TokenFile(file) => format!("the token in {}", file.display()),
            Self::Password { user, .. } => format!("user {user}"),
            Self::Certificate => "the certificate".to_owned(),
        }
    }

    /// Something is there.
    pub(super) fn check(&self) -> Result<(), Failure> {
        let is_empty = match self {
            Self::Token(text) | Self::Password { password: text, .. } => text.expose_secret().is_empty(),
            Self::TokenFile(_) | Self::Certificate => false,
        };
        if is_empty { Err(Failure::unusable("nothing was given: it is empty")) } else { Ok(()) }
    }
}

impl TryFrom<Written> for Entry {
    type Error = &'static str;

    fn try_from(written: Written) -> Result<Self, Self::Error> {
        let Written { api, token, token_file, user, password, cafile, cert, cert_key } = written;
        let proof = match (token, token_file, user, password) {
            (Some(token), None, None, None) => Proof::Token(token.into()),
            (None, Some(file), None, None) => Proof::TokenFile(file),
            (None, None, Some(user), Some(password)) => Proof::Password { user, password: password.into() },
            (None, None, None, None) if cert.is_some() => Proof::Certificate,
            _ => return Err("it needs one of token, token_file, user with password, and cert"),
        };
        Ok(Self { api, proof, cafile, cert, cert_key })
    }
}

impl From<&Entry> for Written {
    fn from(entry: &Entry) -> Self {
        let Entry { api, proof, cafile, cert, cert_key } = entry;
        let mut written = Self {
            api: api.clone(),
            token: None,
            token_file: None,
            user: None,
            password: None,
            cafile: cafile.clone(),
            cert: cert.clone(),
            cert_key: cert_key.clone(),
        };
        match proof {
            Proof::Token(token) => written.token = Some(token.expose_secret().to_owned()),
            Proof::TokenFile(file) => written.token_file = Some(file.clone()),
            Proof::Password { user, password } => {
                written.user = Some(user.clone());
                written.password = Some(password.expose_secret().to_owned());
            }
            Proof::Certificate => {}
        }
        written
    }
}

/// Whether this is an address over TLS: the same form as one without.
pub(super) fn is_address(api: &str) -> bool {
    api.strip_prefix("https://").is_some_and(|rest| Rest::new(&format!("http://{rest}"), None).is_ok())
}

/// Whether nothing leaves this machine.
pub(super) fn is_here(api: &str) -> bool {
    let host = api.split("://").nth(1).unwrap_or_default();
    let host = host.trim_end_matches('/');
    let host = host.rsplit_once(':').map_or(host, |(host, _)| host);
    let address: Option<std::net::IpAddr> = host.trim_matches(['[', ']']).parse().ok();
    host == "localhost" || address.is_some_and(|address| address.is_loopback())
}

impl Entry {
    /// The files that a connection needs: authorities, certificate, key.
    pub(in crate::command) fn files(&self) -> [Option<&Path>; 3] {
        [self.cafile.as_deref(), self.cert.as_deref(), self.cert_key.as_deref()]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stays_on_this_machine_is_told_from_what_does_not() {
        for api in ["http://127.0.0.1:8081", "http://localhost:1", "http://[::1]:8081/", "http://127.9.9.9"] {
            assert!(is_here(api), "{api}");
        }
        for api in ["http://broker.example:8081", "http://192.0.2.1:1", "http://localhost.example:1", "x"] {
            assert!(!is_here(api), "{api}");
        }
        assert!(is_address("https://h:1") && !is_address("http://h:1") && !is_address("https://h:1/path"));
    }

    #[test]
    fn nothing_secret_is_printed() {
        let entry = Entry {
            api: "http://127.0.0.1:8081".to_owned(),
            proof: Proof::Password { user: "u".to_owned(), password: "s3cr3t".into() },
            cafile: None,
            cert: None,
            cert_key: None,
        };
        assert!(!format!("{entry:?}").contains("s3cr3t") && !entry.proof.described().contains("s3cr3t"));
        let written = serde_json::to_string(&Written::from(&entry)).unwrap();
        let read = Entry::try_from(serde_json::from_str::<Written>(&written).unwrap()).unwrap();
        let Proof::Password { user, password } = read.proof else { panic!("{read:?}") };
        assert_eq!((user.as_str(), password.expose_secret()), ("u", "s3cr3t"));
    }

    #[test]
    fn a_profile_proves_itself_by_one_thing() {
        for text in [
            r#"{"api": "x"}"#,
            r#"{"api": "x", "token": "a", "token_file": "b"}"#,
            r#"{"api": "x", "user": "a"}"#,
            r#"{"api": "x", "token": "a", "user": "a", "password": "b"}"#,
        ] {
            assert!(Entry::try_from(serde_json::from_str::<Written>(text).unwrap()).is_err(), "{text}");
        }
        assert!(serde_json::from_str::<Written>(r#"{"api": "x", "tokens": "a"}"#).is_err());
    }
}
