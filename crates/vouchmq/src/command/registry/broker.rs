//! `vouchmq broker`: end a broker, or begin it again.

use clap::Subcommand;
use serde_json::json;

use super::Act;
use super::operator::Operator;
use super::path::ApiPath;
use crate::exit::Failure;

#[derive(Debug, Subcommand)]
pub(crate) enum Action {
    /// Let every client go, and end the process
    Stop,
    /// Let every client go, and begin again with the same program, arguments and environment
    Restart,
}

impl Act for Action {
    async fn act(self, operator: &Operator) -> Result<(), Failure> {
        let (action, told) = match self {
            Self::Stop => ("stop", "the broker lets its clients go, and ends"),
            Self::Restart => ("restart", "the broker lets its clients go, and begins again"),
        };
        let answer = operator.post(&ApiPath::to(&["broker"]).action(action), &json!({})).await?;
        operator.done(&answer, told)
    }
}
