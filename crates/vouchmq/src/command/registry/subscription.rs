//! `vouchmq subscription`: who gets what.

use clap::{Args, Subcommand};

use super::Act;
use super::operator::Operator;
use super::path::ApiPath;
use super::table::{Column, Resource};
use crate::exit::Failure;

pub(super) const SUBSCRIPTIONS: Resource = Resource {
    plural: "subscriptions",
    columns: &[
        Column::listed("client id", "clientid"),
        Column::listed("topic filter", "topic"),
        Column::listed("qos", "qos"),
        Column::listed("no local", "no_local"),
        Column::listed("retain as published", "retain_as_published"),
        Column::listed("retain handling", "retain_handling"),
        Column::listed("identifier", "identifier"),
    ],
};

#[derive(Debug, Subcommand)]
pub(crate) enum Action {
    /// List subscriptions: all, or those that fit
    List(Which),
}

#[derive(Debug, Args)]
#[group(skip)]
pub(crate) struct Which {
    /// Of this client
    #[arg(long, value_name = "ID")]
    clientid: Option<String>,
    /// With exactly this Topic Filter, as 'a/+' or '$share/group/a/#'
    #[arg(long, value_name = "FILTER")]
    topic: Option<String>,
    /// That would get a message on this topic, as a/b
    #[arg(long = "match", value_name = "TOPIC")]
    matching: Option<String>,
}

impl Act for Action {
    async fn act(self, operator: &Operator) -> Result<(), Failure> {
        let Self::List(Which { clientid, topic, matching }) = self;
        let path = ApiPath::to(&["subscriptions"])
            .with("clientid", clientid)
            .with("topic", topic)
            .with("match", matching);
        operator.list(&path, &SUBSCRIPTIONS).await
    }
}
