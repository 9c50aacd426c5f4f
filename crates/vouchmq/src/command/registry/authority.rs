//! `vouchmq authority`: certificate authorities that vouch for devices.

use std::path::{Path, PathBuf};

use clap::builder::NonEmptyStringValueParser;
use clap::{Args, Subcommand};
use serde_json::Value;
use vouchmq_client::dto::certificate_authority::{CertificateAuthorityPatch, NewCertificateAuthority};

use super::Act;
use super::input::{OfId, Wait};
use super::operator::Operator;
use super::path::ApiPath;
use super::table::{Column, Resource};
use crate::exit::Failure;

pub(super) const AUTHORITIES: Resource = Resource {
    plural: "certificate authorities",
    columns: &[
        Column::listed("id", "id"),
        Column::listed("product", "product_id"),
        Column::listed("subject", "subject"),
        Column::listed("device id", "id_template"),
        Column::listed("state", "state"),
        Column::listed("good until", "not_after"),
        Column::listed("created", "created_at"),
        Column::detail("fingerprint", "fingerprint"),
        Column::detail("certificate", "certificate").shown_as(elsewhere),
        Column::detail("version", "version"),
        Column::detail("changed", "updated_at"),
    ],
};

/// PEM is for programs.
fn elsewhere(_: &Value) -> String {
    "with --json".to_owned()
}

#[derive(Debug, Subcommand)]
pub(crate) enum Action {
    /// List all certificate authorities
    List,
    /// Show one
    Show(OfId),
    /// Have one vouch for the devices of a product: who comes with a certificate of it is registered as the product says
    Add(Add),
    /// Have one vouch for nobody, and close the connections of devices that became known by it
    Disable(Change),
    /// Have one vouch again
    Enable(Change),
    /// Remove one, and close the connections of devices that became known by it
    Remove(Change),
}

#[derive(Debug, Args)]
#[group(skip)]
pub(crate) struct Add {
    /// Whose devices it vouches for
    #[arg(long, value_name = "KEY-OR-ID", value_parser = NonEmptyStringValueParser::new())]
    product: String,
    /// Its own certificate, in PEM
    #[arg(long, value_name = "FILE")]
    certificate: PathBuf,
    /// How a device's id follows from its certificate: text and ${cn}, ${san.dns}, ${san.uri}, ${san.email}, ${serial},
    /// ${fingerprint} or ${subject.o} [default: ${cn}]
    #[arg(long, value_name = "TEMPLATE")]
    id_template: Option<String>,
    #[command(flatten)]
    wait: Wait,
}

#[derive(Debug, Args)]
#[group(skip)]
pub(crate) struct Change {
    #[command(flatten)]
    of: OfId,
    #[command(flatten)]
    wait: Wait,
}

const ALL: &str = "certificate-authorities";

impl Act for Action {
    async fn act(self, operator: &Operator) -> Result<(), Failure> {
        match self {
            Self::List => operator.list(&ApiPath::to(&[ALL]), &AUTHORITIES).await,
            Self::Show(OfId { id }) => {
                operator.show(&operator.get(&ApiPath::to(&[ALL, &id])).await?, &AUTHORITIES).await
            }
            Self::Add(add) => add.attach(operator).await,
            Self::Disable(change) => change.put(operator, "disabled").await,
            Self::Enable(change) => change.put(operator, "active").await,
            Self::Remove(Change { of: OfId { id }, wait }) => {
                let answer = operator.delete(&ApiPath::to(&[ALL, &id]).waiting(wait.wait)).await?;
                operator.gone(&answer, &format!("certificate authority {id} removed"), wait)
            }
        }
    }
}

impl Add {
    async fn attach(self, operator: &Operator) -> Result<(), Failure> {
        let Self { product, certificate, id_template, wait } = self;
        let certificate = read_certificate(&certificate)?;
        let product_id = operator.product_id(&product).await?;
        let new = NewCertificateAuthority { product_id, certificate, id_template };
        let made = operator.post(&ApiPath::to(&[ALL]).waiting(wait.wait), &new).await?;
        operator.show(&made, &AUTHORITIES).await?;
        operator.applied_too(&made, "attached")
    }
}

impl Change {
    async fn put(self, operator: &Operator, state: &str) -> Result<(), Failure> {
        let Self { of: OfId { id }, wait } = self;
        let patch = CertificateAuthorityPatch { state: Some(state.to_owned()), id_template: None };
        let changed = operator.patch(&ApiPath::to(&[ALL, &id]).waiting(wait.wait), &patch).await?;
        operator.show(&changed, &AUTHORITIES).await?;
        operator.applied_too(&changed, state)
    }
}

/// Bytes of a file that is taken for a certificate.
const FILE_LEN_MAX: u64 = 64 * 1024;

/// The text of a certificate's file. A file with a private key never leaves the machine.
pub(super) fn read_certificate(path: &Path) -> Result<String, Failure> {
    use std::io::Read;
    let shown = path.display();
    let failed = |error: std::io::Error| Failure::unusable(format_args!("cannot read {shown}: {error}"));
    let mut text = String::new();
    let file = std::fs::File::open(path).map_err(failed)?;
    file.take(FILE_LEN_MAX + 1).read_to_string(&mut text).map_err(failed)?;
    if text.len() as u64 > FILE_LEN_MAX {
        return Err(Failure::unusable(format_args!("{shown} is too long for one certificate")));
    }
    if text.contains("PRIVATE KEY-----") {
        return Err(Failure::unusable(format_args!(
            "{shown} has a private key in it: give the certificate only"
        )));
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_with_a_private_key_is_not_sent() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let certificate = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        std::fs::write(file.path(), certificate).unwrap();
        assert_eq!(read_certificate(file.path()).unwrap(), certificate);
        for kind in ["PRIVATE KEY", "EC PRIVATE KEY", "ENCRYPTED PRIVATE KEY"] {
            std::fs::write(file.path(), format!("{certificate}-----BEGIN {kind}-----\n")).unwrap();
            assert!(read_certificate(file.path()).is_err(), "{kind}");
        }
        std::fs::write(file.path(), "x".repeat(65_537)).unwrap();
        assert!(read_certificate(file.path()).is_err());
        assert!(read_certificate(Path::new("/nonexistent/ca.pem")).is_err());
    }
}
