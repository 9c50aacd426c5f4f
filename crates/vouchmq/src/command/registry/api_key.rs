//! `vouchmq api-key`: keys that open parts of the management API.

use clap::{Args, Subcommand};
use vouchmq_client::dto::api_key::NewApiKey;
use vouchmq_identity::model::{Role, Scope};

use super::Act;
use super::input::{End, OfId, word};
use super::operator::{Operator, SECRET};
use super::path::ApiPath;
use super::table::{Column, Resource};
use crate::exit::Failure;

pub(super) const API_KEYS: Resource = Resource {
    plural: "API keys",
    columns: &[
        Column::listed("id", "id"),
        Column::listed("name", "name"),
        Column::listed("scopes", "scopes"),
        Column::listed("expires", "expires_at"),
        Column::listed("revoked", "revoked_at"),
        Column::listed("created", "created_at"),
        Column::detail("from", "cidrs"),
        Column::detail("key id", "key_id"),
    ],
};

#[derive(Debug, Subcommand)]
pub(crate) enum Action {
    /// List all API keys
    List,
    /// Make one, which is printed this one time
    Create(Create),
    /// Withdraw one
    Revoke(OfId),
}

#[derive(Debug, Args)]
#[group(skip)]
pub(crate) struct Create {
    /// What people call it; stands in the audit log
    #[arg(long)]
    name: String,
    /// What it opens, by the role of who uses it
    #[arg(long, required_unless_present = "scope", value_parser = word(Role::WORDS))]
    role: Option<String>,
    /// What it opens besides; repeat for more
    #[arg(long, value_delimiter = ',', value_parser = word(Scope::WORDS))]
    scope: Vec<String>,
    /// It may be used from this network only, as 10.0.0.0/8; repeat for more [default: from anywhere]
    #[arg(long, value_name = "NETWORK", value_delimiter = ',')]
    cidr: Vec<String>,
    #[command(flatten)]
    end: End,
}

impl Act for Action {
    async fn act(self, operator: &Operator) -> Result<(), Failure> {
        match self {
            Self::List => operator.list(&ApiPath::to(&[ALL]), &API_KEYS).await,
            Self::Create(Create { name, role, scope, cidr, end }) => {
                let cidrs = (!cidr.is_empty()).then_some(cidr);
                let new = NewApiKey { name, role, scopes: scope, cidrs, expires_at: end.time() };
                let made = operator.post(&ApiPath::to(&[ALL]), &new).await?;
                operator.issued(&made, &made, &API_KEYS, SECRET).await
            }
            Self::Revoke(OfId { id }) => {
                let answer = operator.delete(&ApiPath::to(&[ALL, &id])).await?;
                operator.done(&answer, &format!("API key {id} revoked"))
            }
        }
    }
}

const ALL: &str = "api-keys";
