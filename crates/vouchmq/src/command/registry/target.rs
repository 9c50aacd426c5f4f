//! On which broker we act, and by what we prove who we are there: both from one place, unless flags say otherwise.
//! So no token is sent to an address that it was not given for.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::Args;
use secrecy::{ExposeSecret, SecretString};
use vouchmq_client::{Rest, RestFault};

use super::token::{TOKEN, TOKEN_FILE, Token};
use super::{HEADING, tls};
use crate::command::profile::{self, Entry, Proof};
use crate::exit::Failure;

#[derive(Debug, Default, Args)]
#[group(skip)]
pub(super) struct Options {
    /// Use the management API at this address, as https://HOST:8081 [env: VOUCHMQ_API]
    /// [default: http://127.0.0.1:8081]
    #[arg(long, global = true, help_heading = HEADING, value_name = "URL")]
    api: Option<String>,
    /// Read the token from this file [env: VOUCHMQ_TOKEN_FILE] [default: the token in VOUCHMQ_ADMIN_TOKEN, else the
    /// file 'admin-token' in VOUCHMQ_DATA or vouchmq-data]
    #[arg(long, global = true, help_heading = HEADING, value_name = "FILE")]
    token_file: Option<PathBuf>,
    /// Take address, token and certificates from this profile ('vouchmq profile') [env: VOUCHMQ_PROFILE]
    #[arg(long, global = true, help_heading = HEADING, value_name = "NAME")]
    profile: Option<String>,
    #[command(flatten)]
    tls: tls::Options,
}

/// A broker, and by what we prove who we are there.
pub(super) struct Target {
    pub(super) api: String,
    credential: Credential,
    tls: tls::Options,
}

enum Credential {
    Token(Token),
    Password { user: String, password: SecretString, origin: String },
    Certificate { origin: String },
}

const API: &str = "VOUCHMQ_API";
const PROFILE: &str = "VOUCHMQ_PROFILE";
const API_DEFAULT: &str = "http://127.0.0.1:8081";

impl Options {
    /// What is meant, by flags, environment and profiles.
    pub(super) fn resolve(self, environment: impl Fn(&str) -> Option<OsString>) -> Result<Target, Failure> {
        let variable = |name: &str| match environment(name).filter(|value| !value.is_empty()) {
            Some(value) => value
                .into_string()
                .map(Some)
                .map_err(|_| Failure::unusable(format_args!("{name} is no text"))),
            None => Ok(None),
        };
        let named = match (self.profile.clone(), &self.api) {
            (Some(name), _) => Some(name),
            (None, Some(_)) => None,
            (None, None) => variable(PROFILE)?,
        };
        let is_said =
            self.api.is_some() || [API, TOKEN, TOKEN_FILE].iter().any(|name| environment(name).is_some());
        let found = if named.is_none() && is_said { None } else { profile::find(named.as_deref())? };
        if let Some((name, entry)) = found {
            return self.of_profile(&name, entry);
        }
        let api = match self.api {
            Some(api) => api,
            None => variable(API)?.unwrap_or_else(|| API_DEFAULT.to_owned()),
        };
        let token = Token::find(self.token_file.as_deref(), environment)?;
        Ok(Target { api, credential: Credential::Token(token), tls: self.tls })
    }

    fn of_profile(self, name: &str, entry: Entry) -> Result<Target, Failure> {
        let tls = self.tls.or(entry.files());
        let origin = format!("the profile '{name}'");
        let credential = match (self.token_file, entry.proof) {
            (Some(file), _) => Credential::Token(Token::find(Some(&file), |_| None)?),
            (None, Proof::Token(text)) => Credential::Token(Token::of(text, origin)),
            (None, Proof::TokenFile(file)) => Credential::Token(Token::read(&file, &origin)?),
            (None, Proof::Password { user, password }) => Credential::Password { user, password, origin },
            (None, Proof::Certificate) => Credential::Certificate { origin },
        };
        Ok(Target { api: self.api.unwrap_or(entry.api), credential, tls })
    }
}

impl Target {
    /// What we prove ourselves by, without what is secret of it.
    pub(super) fn described(&self) -> String {
        match &self.credential {
            Credential::Token(token) => token.described(),
            Credential::Password { user, origin, .. } => format!("the password of '{user}' of {origin}"),
            Credential::Certificate { origin } => format!("the certificate of {origin}"),
        }
    }

    /// Its API.
    ///
    /// # Errors
    /// Files that cannot be used; within, an address or a token that cannot.
    pub(super) fn rest(&self) -> Result<Result<Rest, RestFault>, Failure> {
        let token = match &self.credential {
            Credential::Token(token) => Some(token.text()),
            Credential::Password { .. } | Credential::Certificate { .. } => None,
        };
        let rest = match self.tls.client(&self.api)? {
            Some(client) => Rest::secure(&self.api, token, client),
            None => Rest::new(&self.api, token),
        };
        Ok(match &self.credential {
            Credential::Password { user, password, .. } => {
                rest.and_then(|rest| rest.with_password(user, password.expose_secret()))
            }
            Credential::Token(_) | Credential::Certificate { .. } => rest,
        })
    }
}
