//! `vouchmq limits`: bounds in force, and how often they were met.

use clap::Subcommand;
use serde_json::Value;

use super::Act;
use super::operator::Operator;
use super::path::ApiPath;
use super::table::{Column, Resource, bound, cell};
use crate::exit::Failure;

pub(super) const LIMITS: Resource = Resource {
    plural: "limits",
    columns: &[
        Column::listed("name", "name"),
        Column::listed("value", "value").shown_as(bound),
        Column::listed("unit", "unit"),
        Column::listed("now", "now"),
        Column::listed("met", "counter").shown_as(met),
        Column::listed("at the bound", "at_the_bound"),
    ],
};

#[derive(Debug, Subcommand)]
pub(crate) enum Action {
    /// Show every bound with its value in force, and how often it was met
    Show,
}

impl Act for Action {
    async fn act(self, operator: &Operator) -> Result<(), Failure> {
        let Self::Show = self;
        operator.list(&ApiPath::to(&["limits"]), &LIMITS).await
    }
}

/// How often; what counts it has a name for programs.
fn met(counter: &Value) -> String {
    counter.get("count").map_or_else(|| "-".to_owned(), cell)
}
