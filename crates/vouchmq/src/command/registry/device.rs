//! `vouchmq device`: what connects.

use clap::builder::NonEmptyStringValueParser;
use clap::{ArgGroup, Args, Subcommand};
use vouchmq_client::dto::applied::Why;
use vouchmq_client::dto::device::{DevicePatch, NewDevice};

use super::Act;
use super::input::{End, OfId, Perhaps, Wait, Wish, map, pair, time_or_never, word};
use super::operator::{Operator, SECRET};
use super::path::ApiPath;
use super::table::{Column, Resource, failure};
use crate::exit::Failure;

const STATES: &[&str] = &["registered", "active", "suspended", "retired"];

pub(super) const DEVICES: Resource = Resource {
    plural: "devices",
    columns: &[
        Column::listed("id", "id"),
        Column::listed("product", "product_id"),
        Column::listed("hardware id", "hw_id"),
        Column::listed("state", "state"),
        Column::listed("online", "online"),
        Column::listed("last seen", "last_seen_at"),
        Column::listed("tags", "tags"),
        Column::detail("attributes", "attributes"),
        Column::detail("last failure", "last_failure").shown_as(failure),
        Column::detail("expires", "expires_at"),
        Column::detail("source", "source"),
        Column::detail("version", "version"),
        Column::detail("created", "created_at"),
        Column::detail("changed", "updated_at"),
        Column::detail("credential", "credential_id"),
    ],
};

#[derive(Debug, Subcommand)]
pub(crate) enum Action {
    /// List devices: all, or those that fit
    List(Which),
    /// Show one
    Show(OfId),
    /// Enter one
    Create(Box<Create>),
    /// Change one: what is not said stays
    Change(Box<Change>),
    /// Keep one out until it is resumed, and close its connections
    Suspend(Wish),
    /// Let one in again that was suspended
    Resume(Wish),
    /// Revoke all credentials of one, which may then register again
    Reset(Wish),
    /// Remove one for good; its id and hardware id stay taken
    Retire(Wish),
    /// Close the connections of one, which may come again at once
    Kick(Wish),
}

#[derive(Debug, Args)]
#[group(skip)]
pub(crate) struct Which {
    /// Of this product
    #[arg(long, value_name = "KEY-OR-ID")]
    product: Option<String>,
    /// With this tag
    #[arg(long, value_name = "NAME=VALUE", value_parser = pair)]
    tag: Option<(String, String)>,
    /// In this state
    #[arg(long, value_parser = word(STATES))]
    state: Option<String>,
    /// That are connected now
    #[arg(long)]
    online: bool,
    /// That are not connected now
    #[arg(long, conflicts_with = "online")]
    offline: bool,
    /// With this text in their id or hardware id
    #[arg(long, value_name = "TEXT")]
    search: Option<String>,
}

#[derive(Debug, Args)]
#[group(skip)]
pub(crate) struct Create {
    /// Its product
    #[arg(long, value_name = "KEY-OR-ID", value_parser = NonEmptyStringValueParser::new())]
    product: String,
    /// Its id, by which it logs in [default: one is made]
    #[arg(long)]
    id: Option<String>,
    /// What is written on it; unique in its product
    #[arg(long, value_name = "TEXT")]
    hw_id: Option<String>,
    #[command(flatten)]
    marks: Marks,
    #[command(flatten)]
    end: End,
    /// Give it a secret at once, which is printed this one time
    #[arg(long)]
    secret: bool,
    #[command(flatten)]
    wait: Wait,
}

#[derive(Debug, Args)]
#[command(group = ArgGroup::new("change").required(true).multiple(true)
    .args(["hw_id", "no_hw_id", "tag", "no_tags", "attribute", "no_attributes", "expires_at"]))]
#[group(skip)]
pub(crate) struct Change {
    #[command(flatten)]
    of: OfId,
    /// What is written on it
    #[arg(long, value_name = "TEXT")]
    hw_id: Option<String>,
    /// Nothing is written on it
    #[arg(long, conflicts_with = "hw_id")]
    no_hw_id: bool,
    #[command(flatten)]
    marks: Marks,
    #[command(flatten)]
    no_marks: NoMarks,
    /// It may not connect from this time on, or 'never'
    #[arg(long, value_name = "TIME", value_parser = time_or_never)]
    expires_at: Option<Perhaps>,
    #[command(flatten)]
    wait: Wait,
}

#[derive(Debug, Args)]
#[group(skip)]
struct Marks {
    /// What it is found by; repeat for more: these are all it has
    #[arg(long, value_name = "NAME=VALUE", value_parser = pair)]
    tag: Vec<(String, String)>,
    /// What stands for ${attr.NAME} in its product's rules; repeat for more: these are all it has
    #[arg(long, value_name = "NAME=VALUE", value_parser = pair)]
    attribute: Vec<(String, String)>,
}

#[derive(Debug, Args)]
#[group(skip)]
struct NoMarks {
    /// Remove all tags
    #[arg(long, conflicts_with = "tag")]
    no_tags: bool,
    /// Remove all attributes
    #[arg(long, conflicts_with = "attribute")]
    no_attributes: bool,
}

impl Act for Action {
    async fn act(self, operator: &Operator) -> Result<(), Failure> {
        match self {
            Self::List(which) => operator.list(&which.path(), &DEVICES).await,
            Self::Show(OfId { id }) => {
                operator.show(&operator.get(&ApiPath::to(&["devices", &id])).await?, &DEVICES).await
            }
            Self::Create(create) => create.make(operator).await,
            Self::Change(change) => {
                let path = ApiPath::to(&["devices", &change.of.id]).waiting(change.wait.wait);
                let changed = operator.patch(&path, &change.patch()?).await?;
                operator.show(&changed, &DEVICES).await?;
                operator.applied_too(&changed, "changed")
            }
            Self::Suspend(wish) => done(operator, wish, "suspend", "suspended").await,
            Self::Resume(wish) => done(operator, wish, "resume", "resumed").await,
            Self::Reset(wish) => done(operator, wish, "reset", "reset").await,
            Self::Retire(wish) => done(operator, wish, "retire", "retired").await,
            Self::Kick(wish) => done(operator, wish, "kick", "kicked").await,
        }
    }
}

async fn done(operator: &Operator, wish: Wish, action: &str, done: &str) -> Result<(), Failure> {
    let path = ApiPath::to(&["devices", &wish.of.id]).applied(action);
    let answer = operator.post(&path, &Why { reason: wish.why.reason }).await?;
    operator.applied(&answer, done)
}

impl Which {
    pub(super) fn path(self) -> ApiPath {
        let Self { product, tag, state, online, offline, search } = self;
        let online = (online || offline).then(|| online.to_string());
        ApiPath::to(&["devices"])
            .with("product", product)
            .with("tag", tag.map(|(name, value)| format!("{name}:{value}")))
            .with("state", state)
            .with("online", online)
            .with("q", search)
    }
}

impl Create {
    async fn make(self, operator: &Operator) -> Result<(), Failure> {
        let Self { product, id, hw_id, marks: Marks { tag, attribute }, end, secret, wait } = self;
        let (tags, attributes) = (map(tag)?, map(attribute)?);
        let product_id = operator.product_id(&product).await?;
        let expires_at = end.time();
        let new = NewDevice { product_id, id, hw_id, tags, attributes, expires_at, issue_secret: secret };
        let made = operator.post(&ApiPath::to(&["devices"]).waiting(wait.wait), &new).await?;
        operator.issued(&made, &made, &DEVICES, SECRET).await?;
        operator.applied_too(&made, "created")
    }
}

impl Change {
    pub(super) fn patch(self) -> Result<DevicePatch, Failure> {
        let Self { of: _, hw_id, no_hw_id, marks: Marks { tag, attribute }, no_marks, expires_at, wait: _ } =
            self;
        let NoMarks { no_tags, no_attributes } = no_marks;
        let replaced =
            |pairs: Vec<_>, none: bool| (none || !pairs.is_empty()).then(|| map(pairs)).transpose();
        Ok(DevicePatch {
            hw_id: if no_hw_id { Some(None) } else { hw_id.map(Some) },
            tags: replaced(tag, no_tags)?,
            attributes: replaced(attribute, no_attributes)?,
            expires_at: expires_at.map(|Perhaps(time)| time),
        })
    }
}
