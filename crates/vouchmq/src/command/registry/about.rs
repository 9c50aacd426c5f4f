//! `vouchmq about`: what answers at an address.

use clap::Args;

use super::Act;
use super::operator::Operator;
use super::path::ApiPath;
use super::table::{Column, Resource};
use crate::exit::Failure;

pub(super) const ABOUT: Resource = Resource {
    plural: "brokers",
    columns: &[
        Column::detail("name", "name"),
        Column::detail("node", "node"),
        Column::detail("version", "version"),
        Column::detail("build", "build"),
        Column::detail("license", "license"),
        Column::detail("supported until", "supported_until"),
        Column::detail("up (s)", "uptime_seconds"),
        Column::detail("time", "time"),
        Column::detail("shards", "shards"),
        Column::detail("listeners", "listeners"),
        Column::detail("features", "features"),
        Column::detail("api", "api"),
    ],
};

#[derive(Debug, Args)]
#[group(skip)]
pub(crate) struct About {}

impl Act for About {
    async fn act(self, operator: &Operator) -> Result<(), Failure> {
        operator.show(&operator.get(&ApiPath::to(&["about"])).await?, &ABOUT).await
    }
}
