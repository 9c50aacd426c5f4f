//! `vouchmq log`: what a broker logs, and how to have it log more for a while.

use std::collections::BTreeMap;

use clap::Subcommand;
use clap::builder::PossibleValuesParser;
use vouchmq_client::dto::log::LogChange;

use super::Act;
use super::operator::Operator;
use super::path::ApiPath;
use super::table::{Column, Resource};
use crate::exit::Failure;

const LOG: Resource = Resource {
    plural: "logs",
    columns: &[
        Column::detail("level", "level"),
        Column::detail("targets", "targets"),
        Column::detail("configured", "configured_level"),
        Column::detail("seconds left", "seconds_left"),
        Column::detail("to", "to"),
        Column::detail("file", "file"),
        Column::detail("format", "format"),
    ],
};

const LEVELS: [&str; 6] = ["off", "error", "warn", "info", "debug", "trace"];

#[derive(Debug, Subcommand)]
pub(crate) enum Action {
    /// Show what is logged, and where to
    Show,
    /// Log more or less until the configuration is read again; without arguments, as the configuration says
    Level {
        /// What is at least so important
        #[arg(value_parser = PossibleValuesParser::new(LEVELS))]
        level: Option<String>,
        /// Another level for one part, as vouchmq_broker=trace; repeat for more
        #[arg(long, value_name = "PART=LEVEL", value_parser = target)]
        target: Vec<(String, String)>,
        /// Go back to what the configuration says after this time, as 10m
        #[arg(long = "for", value_name = "TIME")]
        lifetime: Option<String>,
    },
}

impl Act for Action {
    async fn act(self, operator: &Operator) -> Result<(), Failure> {
        let path = ApiPath::to(&["log"]);
        let status = match self {
            Self::Show => operator.get(&path).await?,
            Self::Level { level, target, lifetime } => {
                let targets: BTreeMap<String, String> = target.into_iter().collect();
                operator.put(&path, &LogChange { level, targets, lifetime }).await?
            }
        };
        operator.show(&status, &LOG).await
    }
}

fn target(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((target, level)) if !target.is_empty() && LEVELS.contains(&level) => {
            Ok((target.to_owned(), level.to_owned()))
        }
        Some(_) | None => Err("write PART=LEVEL, as vouchmq_broker=trace".to_owned()),
    }
}
