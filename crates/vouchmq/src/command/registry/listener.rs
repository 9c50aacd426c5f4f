//! `vouchmq listener`: where clients connect.

use clap::Subcommand;

use super::Act;
use super::operator::Operator;
use super::path::ApiPath;
use super::table::{Column, Resource};
use crate::exit::Failure;

pub(super) const LISTENERS: Resource = Resource {
    plural: "listeners",
    columns: &[
        Column::listed("name", "name"),
        Column::listed("address", "address"),
        Column::listed("transport", "transport"),
        Column::listed("connections", "connections"),
    ],
};

#[derive(Debug, Subcommand)]
pub(crate) enum Action {
    /// List where clients connect, and how many do
    List,
}

impl Act for Action {
    async fn act(self, operator: &Operator) -> Result<(), Failure> {
        let Self::List = self;
        operator.list(&ApiPath::to(&["listeners"]), &LISTENERS).await
    }
}
