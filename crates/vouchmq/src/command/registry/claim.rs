//! `vouchmq claim`: tokens that let new devices register.

use clap::builder::NonEmptyStringValueParser;
use clap::{Args, Subcommand};
use vouchmq_client::dto::claim_token::NewClaimToken;

use super::Act;
use super::input::{End, Most, OfId, most};
use super::operator::{Operator, TOKEN};
use super::path::ApiPath;
use super::table::{Column, Resource, bound};
use crate::exit::Failure;

pub(super) const CLAIM_TOKENS: Resource = Resource {
    plural: "claim tokens",
    columns: &[
        Column::listed("id", "id"),
        Column::listed("product", "product_id"),
        Column::listed("used", "uses"),
        Column::listed("most", "max_uses").shown_as(bound),
        Column::listed("expires", "expires_at"),
        Column::listed("revoked", "revoked_at"),
        Column::listed("created", "created_at"),
        Column::detail("from", "cidrs"),
        Column::detail("hardware ids", "hw_id_pattern"),
        Column::detail("key id", "key_id"),
        Column::detail("created by", "created_by"),
    ],
};

#[derive(Debug, Subcommand)]
pub(crate) enum Action {
    /// List all claim tokens
    List,
    /// Make one, which is printed this one time
    Create(Create),
    /// Show one; not its text
    Show(OfId),
    /// Withdraw one; devices that it let in stay
    Revoke(OfId),
}

#[derive(Debug, Args)]
#[group(skip)]
pub(crate) struct Create {
    /// Whose devices may use it
    #[arg(long, value_name = "KEY-OR-ID", value_parser = NonEmptyStringValueParser::new())]
    product: String,
    /// It lets so many devices in, or 'unlimited' [default: 1]
    #[arg(long, value_name = "N", value_parser = most)]
    max_uses: Option<Most>,
    #[command(flatten)]
    end: End,
    /// Devices have to come from this network, as 10.0.0.0/8; repeat for more [default: from anywhere]
    #[arg(long, value_name = "NETWORK", value_delimiter = ',')]
    cidr: Vec<String>,
    /// Their hardware ids look like this: * stands for any characters, ? for one
    #[arg(long, value_name = "PATTERN")]
    hw_id_pattern: Option<String>,
}

impl Act for Action {
    async fn act(self, operator: &Operator) -> Result<(), Failure> {
        match self {
            Self::List => operator.list(&ApiPath::to(&[ALL]), &CLAIM_TOKENS).await,
            Self::Create(create) => create.make(operator).await,
            Self::Show(OfId { id }) => {
                operator.show(&operator.get(&ApiPath::to(&[ALL, &id])).await?, &CLAIM_TOKENS).await
            }
            Self::Revoke(OfId { id }) => {
                let answer = operator.delete(&ApiPath::to(&[ALL, &id])).await?;
                operator.done(&answer, &format!("claim token {id} revoked"))
            }
        }
    }
}

const ALL: &str = "claim-tokens";

impl Create {
    async fn make(self, operator: &Operator) -> Result<(), Failure> {
        let Self { product, max_uses, end, cidr, hw_id_pattern } = self;
        let new = NewClaimToken {
            product_id: operator.product_id(&product).await?,
            max_uses: max_uses.map(|Most(number)| number),
            expires_at: end.time(),
            cidrs: (!cidr.is_empty()).then_some(cidr),
            hw_id_pattern,
        };
        let made = operator.post(&ApiPath::to(&[ALL]), &new).await?;
        operator.issued(&made, &made, &CLAIM_TOKENS, TOKEN).await
    }
}
