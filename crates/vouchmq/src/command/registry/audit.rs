//! `vouchmq audit`: who changed what.

use clap::Subcommand;
use serde_json::json;

use super::Act;
use super::operator::{Operator, text_of};
use super::path::ApiPath;
use super::table::{Column, Resource};
use crate::exit::Failure;

pub(super) const ENTRIES: Resource = Resource {
    plural: "entries",
    columns: &[
        Column::listed("seq", "seq"),
        Column::listed("at", "at"),
        Column::listed("actor", "actor"),
        Column::listed("from", "address"),
        Column::listed("action", "action"),
        Column::listed("target", "target"),
        Column::listed("reason", "reason"),
        Column::detail("request", "request_id"),
        Column::detail("before", "before"),
        Column::detail("after", "after"),
        Column::detail("previous", "previous"),
        Column::detail("hash", "hash"),
    ],
};

#[derive(Debug, Subcommand)]
pub(crate) enum Action {
    /// List changes, oldest first
    List {
        /// Those behind the one with this number
        #[arg(long, value_name = "SEQ")]
        after: Option<u64>,
    },
    /// Check that every entry is what was written
    Verify,
}

impl Act for Action {
    async fn act(self, operator: &Operator) -> Result<(), Failure> {
        match self {
            Self::List { after } => {
                operator.list(&ApiPath::to(&["audit"]).from("after", after), &ENTRIES).await
            }
            Self::Verify => {
                let answer = operator.post(&ApiPath::to(&["audit"]).action("verify"), &json!({})).await?;
                let count = answer.get("entries").and_then(serde_json::Value::as_u64).unwrap_or_default();
                if answer.get("ok") == Some(&json!(true)) {
                    let what =
                        format!("{count} entries, each chained to the one before: nothing was changed");
                    return operator.done(&answer, &what);
                }
                operator.done(&answer, &format!("{count} entries are what was written"))?;
                Err(Failure::failed(format_args!(
                    "the audit log was changed behind entry {count}: {}",
                    text_of(&answer, "fault")
                )))
            }
        }
    }
}
