//! `vouchmq client`: who is connected, and who left a session.

use clap::builder::NonEmptyStringValueParser;
use clap::{Args, Subcommand};
use vouchmq_client::dto::applied::Why;

use super::Act;
use super::input::{Reason, word};
use super::operator::Operator;
use super::path::ApiPath;
use super::table::{Column, Resource, bound};
use crate::exit::Failure;

const PROTOCOLS: &[&str] = &["3.1", "3.1.1", "5"];

pub(super) const CLIENTS: Resource = Resource {
    plural: "clients",
    columns: &[
        Column::listed("client id", "clientid"),
        Column::listed("connected", "connected"),
        Column::listed("user name", "username"),
        Column::listed("device", "device_id"),
        Column::listed("from", "peer"),
        Column::listed("listener", "listener"),
        Column::listed("protocol", "protocol"),
        Column::listed("since", "connected_at"),
        Column::listed("subscriptions", "subscriptions"),
        Column::listed("queued", "queued"),
        Column::detail("in flight", "inflight"),
        Column::detail("queued bytes", "queued_bytes"),
        Column::detail("keep-alive (s)", "keep_alive_secs"),
        Column::detail("clean start", "clean_start"),
        Column::detail("left", "disconnected_at"),
        Column::detail("session expiry (s)", "session_expiry_secs").shown_as(bound),
        Column::detail("session ends", "session_expires_at"),
        Column::detail("will", "will"),
        Column::detail("shard", "shard"),
    ],
};

#[derive(Debug, Subcommand)]
pub(crate) enum Action {
    /// List clients, connected or not: all, or those that fit
    List(Which),
    /// Show one
    Show(OfClient),
    /// Close the connection of one (DISCONNECT 0x98), which may come again at once
    Disconnect(Wish),
    /// Close the connection of one, and end its session with all that waits in it
    Delete(Wish),
}

#[derive(Debug, Args)]
#[group(skip)]
pub(crate) struct Which {
    /// With this Client Identifier
    #[arg(long, value_name = "ID")]
    clientid: Option<String>,
    /// With this user name
    #[arg(long, value_name = "NAME")]
    username: Option<String>,
    /// That are this device of the registry
    #[arg(long, value_name = "ID")]
    device: Option<String>,
    /// That are connected now
    #[arg(long)]
    connected: bool,
    /// That are not connected now
    #[arg(long, conflicts_with = "connected")]
    disconnected: bool,
    /// That speak this version
    #[arg(long, value_name = "VERSION", value_parser = word(PROTOCOLS))]
    protocol: Option<String>,
}

#[derive(Debug, Args)]
#[group(skip)]
pub(crate) struct OfClient {
    /// Its Client Identifier
    #[arg(value_name = "CLIENTID", value_parser = NonEmptyStringValueParser::new())]
    id: String,
}

#[derive(Debug, Args)]
#[group(skip)]
pub(crate) struct Wish {
    #[command(flatten)]
    of: OfClient,
    #[command(flatten)]
    why: Reason,
}

impl Act for Action {
    async fn act(self, operator: &Operator) -> Result<(), Failure> {
        match self {
            Self::List(which) => operator.list(&which.path(), &CLIENTS).await,
            Self::Show(OfClient { id }) => operator.show(&operator.get(&one(&id)).await?, &CLIENTS).await,
            Self::Disconnect(Wish { of: OfClient { id }, why }) => {
                let path = one(&id).action("disconnect");
                let answer = operator.post(&path, &Why { reason: why.reason }).await?;
                let was_connected = answer.get("disconnected") == Some(&true.into());
                operator.done(&answer, if was_connected { "disconnected" } else { "it was not connected" })
            }
            Self::Delete(Wish { of: OfClient { id }, why }) => {
                let reason = Some(why.reason).filter(|reason| !reason.is_empty());
                let answer = operator.delete(&one(&id).with("reason", reason)).await?;
                operator.done(&answer, "its session has ended")
            }
        }
    }
}

fn one(id: &str) -> ApiPath {
    ApiPath::to(&["clients", id])
}

impl Which {
    pub(super) fn path(self) -> ApiPath {
        let Self { clientid, username, device, connected, disconnected, protocol } = self;
        ApiPath::to(&["clients"])
            .with("clientid", clientid)
            .with("username", username)
            .with("device", device)
            .with("connected", (connected || disconnected).then(|| connected.to_string()))
            .with("protocol", protocol)
    }
}
