//! `vouchmq event`: what happened at the door.

use clap::Subcommand;

use super::Act;
use super::operator::Operator;
use super::path::ApiPath;
use super::table::{Column, Resource};
use crate::exit::Failure;

pub(super) const EVENTS: Resource = Resource {
    plural: "events",
    columns: &[
        Column::listed("seq", "seq"),
        Column::listed("at", "at"),
        Column::listed("kind", "kind"),
        Column::listed("reason", "reason"),
        Column::listed("subject", "subject"),
        Column::listed("device", "device_id"),
        Column::listed("from", "peer"),
    ],
};

#[derive(Debug, Subcommand)]
pub(crate) enum Action {
    /// List what the broker remembers, oldest first
    List {
        /// Those behind the one with this number
        #[arg(long, value_name = "SEQ")]
        after: Option<u64>,
    },
}

impl Act for Action {
    async fn act(self, operator: &Operator) -> Result<(), Failure> {
        let Self::List { after } = self;
        operator.list(&ApiPath::to(&["events"]).from("after", after), &EVENTS).await
    }
}
