//! `vouchmq token`: signed tokens of operators: make one, look at one, try one.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::builder::PossibleValuesParser;
use clap::{Args, Subcommand};
use vouchmq_broker::SystemClock;
use vouchmq_identity::jwt::{self, Claims, Grant, Key, Keys, Policy, SigningKey, TOKEN_LEN_MAX};
use vouchmq_identity::model::{Role, Scope};
use vouchmq_identity::{Clock, Secret, SecretUse};
use vouchmq_registrar::SystemEntropy;
use zeroize::Zeroizing;

use super::registry::{self, input};
use crate::exit::{self, Failure};
use crate::output;

/// Signed tokens (JWT) of operators: make, look at, try
#[derive(Debug, Subcommand)]
#[command(after_help = exit::CODES)]
pub(crate) enum Command {
    /// Sign a token, and print it
    Issue(Issue),
    /// Print what a token says, without verifying it
    Show(Show),
    /// Verify a token as a broker would that has these keys and demands
    Check(Check),
    /// Ask a broker who it takes us for
    Whoami(registry::Single<registry::whoami::Whoami>),
}

#[derive(Debug, Args)]
#[group(skip)]
pub(crate) struct Issue {
    /// Sign with this private key (PEM: RSA, EC P-256 or P-384, Ed25519)
    #[arg(long, value_name = "FILE")]
    key: PathBuf,
    /// Who it is for; stands in the audit log
    #[arg(long)]
    subject: Option<String>,
    /// What it opens, by the role of who uses it
    #[arg(long, value_parser = PossibleValuesParser::new(Role::WORDS))]
    role: Option<String>,
    /// What it opens besides, as devices:read; repeat for more
    #[arg(long, value_delimiter = ',', value_parser = PossibleValuesParser::new(Scope::WORDS))]
    scope: Vec<String>,
    /// Who issues it: http_server.jwt.issuer of the broker
    #[arg(long)]
    issuer: Option<String>,
    /// Which broker it is for: http_server.jwt.audience
    #[arg(long)]
    audience: Option<String>,
    /// How long it is good, as 30m, 12h or 7d
    #[arg(long, value_name = "DURATION", default_value = "1h", value_parser = input::duration)]
    expires: Duration,
    /// By which name the broker knows the key
    #[arg(long)]
    kid: Option<String>,
}

#[derive(Debug, Args)]
#[group(skip)]
pub(crate) struct Show {
    /// The token; - reads it from standard input, where others do not see it
    token: String,
}

#[derive(Debug, Args)]
#[group(skip)]
pub(crate) struct Check {
    /// The token; - reads it from standard input
    token: String,
    /// Verify with this public key (PEM), or with the keys of this JWKS document
    #[arg(long, value_name = "FILE", required = true)]
    key: Vec<PathBuf>,
    /// Demand this issuer; without it, and without an audience, that which NanoMQ demands: the name of the key file
    #[arg(long, requires = "audience")]
    issuer: Option<String>,
    /// Demand this audience
    #[arg(long, requires = "issuer")]
    audience: Option<String>,
}

/// Bytes of a file of keys.
const KEYS_BYTES_MAX: u64 = 256 * 1024;

impl Command {
    /// Does it.
    pub(crate) fn run(self) -> Result<(), Failure> {
        match self {
            Self::Issue(issue) => issue.run(),
            Self::Show(show) => show.run(),
            Self::Check(check) => check.run(),
            Self::Whoami(whoami) => registry::act(whoami),
        }
    }
}

impl Issue {
    fn run(self) -> Result<(), Failure> {
        let Self { key, subject, role, scope, issuer, audience, expires, kid } = self;
        let unusable =
            |fault: &dyn std::fmt::Display| Failure::unusable(format_args!("{}: {fault}", key.display()));
        let signing = SigningKey::from_pem(&text(&key)?).map_err(|fault| unusable(&fault))?;
        if role.is_none() && scope.is_empty() {
            output::note(
                "this token has neither role nor scope: it opens nothing, but with NanoMQ's rules everything",
            );
        }
        let id = Secret::generate(SecretUse::ApiKey, &mut SystemEntropy).map_err(Failure::unusable)?;
        let grant = Grant {
            issuer: issuer.map(Into::into),
            audience: audience.map(Into::into),
            subject: subject.map(Into::into),
            id: Some(id.key_id().to_string().into()),
            role: role.as_deref().and_then(|word| word.parse().ok()),
            scopes: scope.iter().filter_map(|word| word.parse().ok()).collect(),
            lifetime_secs: expires.as_secs(),
            key_id: kid.map(Into::into),
        };
        let token = signing.sign(&grant, SystemClock.now()).map_err(|fault| unusable(&fault))?;
        output::line(&token)
    }
}

impl Show {
    fn run(self) -> Result<(), Failure> {
        let token = given(self.token)?;
        let (header, claims) = jwt::decoded(&token).map_err(Failure::failed)?;
        output::line(&output::escaped(&header))?;
        output::line(&output::escaped(&claims))?;
        output::note("not verified: anybody may have written this");
        Ok(())
    }
}

impl Check {
    fn run(self) -> Result<(), Failure> {
        let Self { token, key: files, issuer, audience } = self;
        let mut keys = Keys::default();
        for file in &files {
            let text = text(file)?;
            let added = if text.trim_start().starts_with('{') {
                Keys::from_jwks(&text).and_then(|found| keys.extend(found))
            } else {
                Key::from_pem(&text).and_then(|key| keys.add(key))
            };
            added.map_err(|fault| Failure::unusable(format_args!("{}: {fault}", file.display())))?;
        }
        let first = files.first().and_then(|file| file.file_name()).and_then(|name| name.to_str());
        let policy = match (issuer, audience) {
            (Some(issuer), Some(audience)) => Policy::strict(&issuer, &audience),
            _ => Policy::nanomq(first.unwrap_or_default()),
        };
        let claims = keys.verify(&given(token)?, SystemClock.now(), &policy).map_err(Failure::failed)?;
        let Claims { subject, rights, expires_at, .. } = claims;
        let scopes: Vec<&str> = rights.scopes().iter().map(|scope| scope.as_str()).collect();
        let opens = if scopes.is_empty() { "nothing".to_owned() } else { scopes.join(" ") };
        output::line(&format!("subject  {}", output::escaped(subject.as_deref().unwrap_or("none"))))?;
        output::line(&format!("opens    {opens}"))?;
        output::line(&format!("expires  {} (seconds since 1970)", expires_at.millis() / 1000))
    }
}

/// A key file; wiped, as it may be private.
fn text(file: &Path) -> Result<Zeroizing<String>, Failure> {
    let mut text = Zeroizing::new(String::new());
    let read = File::open(file).and_then(|file| file.take(KEYS_BYTES_MAX).read_to_string(&mut text));
    read.map_err(|error| Failure::unusable(format_args!("cannot read {}: {error}", file.display())))?;
    Ok(text)
}

fn given(token: String) -> Result<String, Failure> {
    if token != "-" {
        return Ok(token);
    }
    let mut text = String::new();
    let limit = u64::try_from(TOKEN_LEN_MAX).unwrap_or(u64::MAX).saturating_add(2);
    let read = io::stdin().lock().take(limit).read_to_string(&mut text);
    read.map_err(|error| Failure::unusable(format_args!("cannot read standard input: {error}")))?;
    Ok(text.trim().to_owned())
}
