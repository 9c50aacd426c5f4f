//! `vouchmq block`: who is kept out.

use std::time::Duration;

use clap::builder::NonEmptyStringValueParser;
use clap::{Args, Subcommand};
use vouchmq_client::dto::block::NewBlock;

use super::Act;
use super::input::{OfId, Reason, Wait, duration, time_in, word};
use super::operator::Operator;
use super::path::ApiPath;
use super::table::{Column, Resource};
use crate::exit::Failure;

const KINDS: &[&str] = &["clientid", "username", "ip", "cidr", "device", "product", "credential"];

pub(super) const BLOCKS: Resource = Resource {
    plural: "blocks",
    columns: &[
        Column::listed("id", "id"),
        Column::listed("kind", "kind"),
        Column::listed("value", "value"),
        Column::listed("until", "until"),
        Column::listed("reason", "reason"),
        Column::listed("created by", "created_by"),
        Column::listed("created", "created_at"),
        Column::detail("version", "version"),
    ],
};

#[derive(Debug, Subcommand)]
pub(crate) enum Action {
    /// List all blocks, those whose time is over too
    List,
    /// Keep somebody out, and close connections; a block of the same kind and value is replaced
    Add(Add),
    /// Let somebody in again
    Remove {
        #[command(flatten)]
        of: OfId,
        #[command(flatten)]
        wait: Wait,
    },
}

#[derive(Debug, Args)]
#[group(skip)]
pub(crate) struct Add {
    /// What is blocked
    #[arg(value_parser = word(KINDS))]
    kind: String,
    /// Which: an id, name, address or network; a product's key, too
    #[arg(value_parser = NonEmptyStringValueParser::new())]
    value: String,
    #[command(flatten)]
    why: Reason,
    /// For so long, as 30m, 12h or 7d [default: until it is removed]
    #[arg(long = "for", value_name = "DURATION", value_parser = duration)]
    duration: Option<Duration>,
    #[command(flatten)]
    wait: Wait,
}

impl Act for Action {
    async fn act(self, operator: &Operator) -> Result<(), Failure> {
        match self {
            Self::List => operator.list(&ApiPath::to(&["blocks"]), &BLOCKS).await,
            Self::Add(Add { kind, value, why, duration, wait }) => {
                let value = if kind == "product" { operator.product_id(&value).await? } else { value };
                let new = NewBlock { kind, value, reason: why.reason, until: duration.map(time_in) };
                let made = operator.post(&ApiPath::to(&["blocks"]).waiting(wait.wait), &new).await?;
                operator.show(&made, &BLOCKS).await?;
                operator.applied_too(&made, "blocked")
            }
            Self::Remove { of: OfId { id }, wait } => {
                let answer = operator.delete(&ApiPath::to(&["blocks", &id]).waiting(wait.wait)).await?;
                operator.gone(&answer, &format!("block {id} removed"), wait)
            }
        }
    }
}
