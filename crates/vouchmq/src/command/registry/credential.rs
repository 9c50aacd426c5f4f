//! `vouchmq credential`: how devices prove who they are.

use std::path::PathBuf;

use clap::builder::NonEmptyStringValueParser;
use clap::{Args, Subcommand};
use secrecy::ExposeSecret;
use serde_json::Value;
use vouchmq_client::dto::applied::Why;
use vouchmq_client::dto::credential::{NewCredential, RotateRequest};

use super::Act;
use super::authority::read_certificate;
use super::input::{Wait, Wish, word};
use super::operator::{Operator, SECRET};
use super::path::ApiPath;
use super::table::{Column, Resource};
use crate::command::password;
use crate::exit::Failure;

/// Kinds that are made of nothing, or of what is typed.
const TYPED: &[&str] = &["secret", "password", "scram"];

pub(super) const CREDENTIALS: Resource = Resource {
    plural: "credentials",
    columns: &[
        Column::listed("id", "id"),
        Column::listed("kind", "kind"),
        Column::listed("state", "state"),
        Column::listed("last used", "last_used_at"),
        Column::listed("good until", "not_after"),
        Column::listed("created", "created_at"),
        Column::detail("device", "device_id"),
        Column::detail("good from", "not_before"),
        Column::detail("first used", "first_used_at"),
        Column::detail("revoked", "revoked_at"),
        Column::listed("subject", "subject"),
        Column::detail("fingerprint", "fingerprint"),
        Column::detail("authority", "authority"),
        Column::detail("key id", "key_id"),
    ],
};

#[derive(Debug, Subcommand)]
pub(crate) enum Action {
    /// List all credentials of a device
    List(OfDevice),
    /// Give a device one more; a generated secret is printed this one time
    Add {
        #[command(flatten)]
        of: OfDevice,
        /// A secret is generated; a password is asked for on a terminal, else read as a line from standard input
        #[arg(long, default_value = "secret", value_parser = word(TYPED), conflicts_with_all = ["certificate", "fingerprint"])]
        kind: String,
        /// The client certificate in this file, in PEM: it becomes a credential of kind x509
        #[arg(long, value_name = "FILE", conflicts_with = "fingerprint")]
        certificate: Option<PathBuf>,
        /// The same by its fingerprint: sha256: and 64 hexadecimal digits
        #[arg(long, value_name = "FINGERPRINT")]
        fingerprint: Option<String>,
        #[command(flatten)]
        wait: Wait,
    },
    /// Replace the secret of a device; the new one is printed this one time
    Rotate {
        #[command(flatten)]
        of: OfDevice,
        /// The old one stays good for so long, unless the new one is used before [default: 24h]
        #[arg(long, value_name = "DURATION")]
        grace: Option<String>,
        /// Leave connections, close them, or close them and revoke the old secret [default: none]
        #[arg(long, value_parser = word(&["none", "soft", "hard"]))]
        kick: Option<String>,
        #[command(flatten)]
        wait: Wait,
    },
    /// Revoke one, and close the connections that it let in
    Revoke(Wish),
}

#[derive(Debug, Args)]
#[group(skip)]
pub(crate) struct OfDevice {
    /// The device's id
    #[arg(value_parser = NonEmptyStringValueParser::new())]
    device: String,
}

impl Act for Action {
    async fn act(self, operator: &Operator) -> Result<(), Failure> {
        match self {
            Self::List(of) => operator.list(&of.credentials(), &CREDENTIALS).await,
            Self::Add { of, kind, certificate, fingerprint, wait } => {
                let file = certificate.as_deref().map(read_certificate).transpose()?;
                let new = match file.or(fingerprint) {
                    Some(certificate) => NewCredential {
                        kind: "x509".to_owned(),
                        certificate: Some(certificate),
                        ..NewCredential::default()
                    },
                    None => {
                        let password = if kind == SECRET { None } else { Some(typed(&of.device)?) };
                        NewCredential { kind, password, ..NewCredential::default() }
                    }
                };
                let path = of.credentials().waiting(wait.wait);
                issued(operator, &operator.post(&path, &new).await?, "added").await
            }
            Self::Rotate { of, grace, kick, wait } => {
                let wanted = RotateRequest { grace, kick, not_before: None };
                let path = of.credentials().action("rotate").waiting(wait.wait);
                issued(operator, &operator.post(&path, &wanted).await?, "rotated").await
            }
            Self::Revoke(Wish { of, why }) => {
                let path = ApiPath::to(&["credentials", &of.id]).applied("revoke");
                let answer = operator.post(&path, &Why { reason: why.reason }).await?;
                operator.applied(&answer, "revoked")
            }
        }
    }
}

impl OfDevice {
    fn credentials(&self) -> ApiPath {
        ApiPath::to(&["devices", &self.device, "credentials"])
    }
}

fn typed(device: &str) -> Result<String, Failure> {
    let password = password::ask(device)?;
    if password.expose_secret().is_empty() {
        return Err(Failure::unusable("the password is empty"));
    }
    Ok(password.expose_secret().to_owned())
}

async fn issued(operator: &Operator, answer: &Value, done: &str) -> Result<(), Failure> {
    let credential = answer.get("credential").unwrap_or(answer);
    operator.issued(answer, credential, &CREDENTIALS, SECRET).await?;
    operator.applied_too(answer, done)
}
