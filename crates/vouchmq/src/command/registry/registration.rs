//! `vouchmq registration`: devices that asked to be let in.

use clap::{Args, Subcommand};
use vouchmq_client::dto::applied::Why;

use super::Act;
use super::input::{OfId, Wish, word};
use super::operator::Operator;
use super::path::ApiPath;
use super::table::{Column, Resource};
use crate::exit::Failure;

const STATES: &[&str] = &["quarantined", "approved", "issued", "confirmed", "rejected", "expired"];

pub(super) const REGISTRATIONS: Resource = Resource {
    plural: "registrations",
    columns: &[
        Column::listed("id", "id"),
        Column::listed("product", "product_id"),
        Column::listed("hardware id", "hw_id"),
        Column::listed("state", "state"),
        Column::listed("from", "peer"),
        Column::listed("rivals", "rivals"),
        Column::listed("device", "device_id"),
        Column::listed("first asked", "created_at"),
        Column::detail("claim token", "claim_token_id"),
        Column::detail("authority", "certificate_authority_id"),
        Column::detail("certificate", "certificate_fingerprint"),
        Column::detail("credential", "credential_id"),
        Column::detail("decided by", "decided_by"),
        Column::detail("version", "version"),
        Column::detail("changed", "updated_at"),
    ],
};

#[derive(Debug, Subcommand)]
pub(crate) enum Action {
    /// List registrations: all, or those that fit
    List(Which),
    /// Show one
    Show(OfId),
    /// Let a device in that waits: it gets its secret when it asks again
    Approve(Wish),
    /// Turn a device away that waits
    Reject(Wish),
    /// Forget one that is over: a device that was rejected may ask again
    Delete(OfId),
}

#[derive(Debug, Args)]
#[group(skip)]
pub(crate) struct Which {
    /// In this state
    #[arg(long, value_parser = word(STATES))]
    state: Option<String>,
    /// For this product
    #[arg(long, value_name = "KEY-OR-ID")]
    product: Option<String>,
}

impl Act for Action {
    async fn act(self, operator: &Operator) -> Result<(), Failure> {
        match self {
            Self::List(Which { state, product }) => {
                let path = ApiPath::to(&[ALL]).with("state", state).with("product", product);
                operator.list(&path, &REGISTRATIONS).await
            }
            Self::Show(OfId { id }) => {
                operator.show(&operator.get(&ApiPath::to(&[ALL, &id])).await?, &REGISTRATIONS).await
            }
            Self::Approve(wish) => decided(operator, wish, "approve", "approved").await,
            Self::Reject(wish) => decided(operator, wish, "reject", "rejected").await,
            Self::Delete(OfId { id }) => {
                let answer = operator.delete(&ApiPath::to(&[ALL, &id])).await?;
                operator.done(&answer, &format!("registration {id} deleted"))
            }
        }
    }
}

const ALL: &str = "registrations";

async fn decided(operator: &Operator, wish: Wish, action: &str, done: &str) -> Result<(), Failure> {
    let Wish { of: OfId { id }, why } = wish;
    let path = ApiPath::to(&[ALL, &id]).action(action);
    let answer = operator.post(&path, &Why { reason: why.reason }).await?;
    operator.done(&answer, &format!("registration {id} {done}"))
}
