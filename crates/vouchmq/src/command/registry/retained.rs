//! `vouchmq retained`: messages that are kept for those who subscribe later.

use clap::builder::NonEmptyStringValueParser;
use clap::{Args, Subcommand};
use serde_json::Value;

use super::Act;
use super::operator::Operator;
use super::path::ApiPath;
use super::table::{Column, Resource};
use crate::exit::Failure;

pub(super) const RETAINED: Resource = Resource {
    plural: "retained messages",
    columns: &[
        Column::listed("topic", "topic"),
        Column::listed("qos", "qos"),
        Column::listed("bytes", "payload_bytes"),
        Column::listed("payload", "payload"),
        Column::listed("as base64", "payload_b64"),
        Column::listed("cut", "is_cut"),
        Column::listed("expires", "expires_at"),
        Column::detail("properties", "properties"),
    ],
};

#[derive(Debug, Subcommand)]
pub(crate) enum Action {
    /// List them, each with the beginning of its payload
    List {
        /// Those whose topics this Topic Filter matches, as 'dev/+/state' [default: all]
        #[arg(long, value_name = "FILTER")]
        filter: Option<String>,
    },
    /// Show the one of a topic, with its whole payload
    Show(OfTopic),
    /// Delete the one of a topic, or those that a filter matches
    Delete(Delete),
}

#[derive(Debug, Args)]
#[group(skip)]
pub(crate) struct OfTopic {
    /// Its topic
    #[arg(value_parser = NonEmptyStringValueParser::new())]
    topic: String,
}

#[derive(Debug, Args)]
#[group(skip)]
pub(crate) struct Delete {
    /// Its topic
    #[arg(required_unless_present = "filter", value_parser = NonEmptyStringValueParser::new())]
    topic: Option<String>,
    /// All whose topics this Topic Filter matches
    #[arg(long, value_name = "FILTER", conflicts_with = "topic")]
    filter: Option<String>,
}

impl Act for Action {
    async fn act(self, operator: &Operator) -> Result<(), Failure> {
        match self {
            Self::List { filter } => {
                operator.list(&ApiPath::to(&["retained"]).with("filter", filter), &RETAINED).await
            }
            Self::Show(OfTopic { topic }) => {
                operator.show(&operator.get(&ApiPath::to(&["retained", &topic])).await?, &RETAINED).await
            }
            Self::Delete(Delete { topic: Some(topic), .. }) => {
                let answer = operator.delete(&ApiPath::to(&["retained", &topic])).await?;
                operator.done(&answer, "deleted")
            }
            Self::Delete(Delete { topic: None, filter }) => delete_all(operator, filter).await,
        }
    }
}

/// Portion by portion: the server deletes so many at once.
async fn delete_all(operator: &Operator, filter: Option<String>) -> Result<(), Failure> {
    let path = ApiPath::to(&["retained"]).with("filter", filter);
    let mut deleted = 0;
    loop {
        let answer = operator.delete(&path).await?;
        let count = answer.get("deleted").and_then(Value::as_u64).unwrap_or_default();
        deleted += count;
        // A server that deletes nothing and says that there is more would be asked for ever.
        if count == 0 || answer.get("has_more") != Some(&Value::Bool(true)) {
            let all = serde_json::json!({"deleted": deleted});
            return operator.done(&all, &format!("{deleted} deleted"));
        }
    }
}
