//! Subscriptions.

use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use vouchmq_broker::{Control, SubscriptionCursor, SubscriptionQuery, SubscriptionStatus};
use vouchmq_client::dto::page::Page;
use vouchmq_client::dto::subscription::Subscription as Body;
use vouchmq_mqtt::TopicName;
use vouchmq_mqtt::engine::SubscriptionState;
use vouchmq_mqtt::packet::RetainHandling;
use vouchmq_mqtt::topic::{ParsedFilter, TopicLimits, matches};

use super::{cursor_of, invalid_topic, page_of, whole};
use crate::http::{Paging, Problem, QueryOf};
use crate::management::Here;
use crate::management::answer::missing;
use crate::management::input::IdOf;

/// Which subscriptions, and which part of the list: those of which all holds that is given.
#[derive(Clone, Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(in crate::management) struct Wanted {
    /// Of the client with this Client Identifier: all of them at once.
    clientid: Option<String>,
    /// With exactly this Topic Filter, as the client wrote it, `$share/…` included.
    topic: Option<String>,
    /// Whose Topic Filter matches this Topic Name.
    r#match: Option<String>,
    /// 1 to 200; 50 if it is missing. Subscriptions of one client stay together, so that a page may have more; where
    /// `topic` or `match` leaves out many, it may have fewer, and others behind it.
    limit: Option<u32>,
    /// What the page before gave.
    cursor: Option<String>,
}

/// Which of those that were found are wanted.
struct Filter {
    topic: Option<String>,
    name: Option<String>,
}

/// Portions that are searched before the client has to ask on.
const PORTIONS_MAX: usize = 20;
/// Subscriptions that are looked at in one portion, where most of them are left out.
const PORTION: usize = 1_000;

/// Subscriptions of all clients, connected or not, in no particular order.
#[utoipa::path(get, path = "/v1/subscriptions", operation_id = "list_subscriptions", tag = "subscriptions",
    params(Wanted), responses((status = 200, body = Page<Body>), (status = 409)))]
pub(in crate::management) async fn list(
    State(here): Here,
    QueryOf(wanted): QueryOf<Wanted>,
) -> Result<Json<Page<Body>>, Problem> {
    let paging = Paging::new(wanted.limit, wanted.cursor.as_deref())?;
    let after = cursor_of(&paging)?;
    let filter = Filter::new(wanted.topic, wanted.r#match)?;
    let broker = here.broker()?;
    if let Some(id) = &wanted.clientid {
        let found = broker.subscriptions(id).await.into_iter();
        let fitting = found.filter(|found| filter.admits(found)).map(|found| body_of(id, &found));
        return Ok(Json(whole(fitting.collect())));
    }
    let limit = usize::try_from(paging.request().limit).unwrap_or(1);
    let (items, next) = search(broker, &filter, after, limit).await;
    Ok(Json(page_of(items, next, |found| body_of(&found.client_id, &found.subscription))))
}

/// All subscriptions of one client.
#[utoipa::path(get, path = "/v1/clients/{id}/subscriptions", operation_id = "list_subscriptions_of_client",
    tag = "subscriptions", params(("id" = String, Path)),
    responses((status = 200, body = Page<Body>), (status = 409)))]
pub(in crate::management) async fn of_client(
    State(here): Here,
    IdOf(id): IdOf<String>,
) -> Result<Json<Page<Body>>, Problem> {
    let broker = here.broker()?;
    let found = broker.subscriptions(&id).await;
    if found.is_empty() {
        broker.client(&id).await.ok_or_else(|| missing("client"))?;
    }
    Ok(Json(whole(found.iter().map(|found| body_of(&id, found)).collect())))
}

async fn search(
    broker: &Control,
    filter: &Filter,
    mut after: Option<SubscriptionCursor>,
    limit: usize,
) -> (Vec<SubscriptionStatus>, Option<SubscriptionCursor>) {
    let mut found = Vec::new();
    for _ in 0..PORTIONS_MAX {
        // No more than still fit, where all do: what is found is never cut.
        let left = limit - found.len().min(limit);
        let portion = if filter.is_all() { left } else { PORTION };
        let page = broker.subscriptions_page(SubscriptionQuery { after, limit: portion }).await;
        found.extend(page.items.into_iter().filter(|item| filter.admits(&item.subscription)));
        after = page.next;
        if after.is_none() || found.len() >= limit {
            break;
        }
    }
    (found, after)
}

impl Filter {
    fn new(topic: Option<String>, name: Option<String>) -> Result<Self, Problem> {
        if let Some(name) = &name {
            TopicName::new(name).map_err(|fault| invalid_topic("?match", fault))?;
        }
        Ok(Self { topic, name })
    }

    const fn is_all(&self) -> bool {
        self.topic.is_none() && self.name.is_none()
    }

    fn admits(&self, found: &SubscriptionState) -> bool {
        let is_matching = |name: &str| {
            let parsed = ParsedFilter::parse(&found.filter, &TopicLimits::STANDARD);
            parsed.is_ok_and(|parsed| matches(parsed.filter, name))
        };
        self.topic.as_ref().is_none_or(|topic| *topic == found.filter)
            && self.name.as_deref().is_none_or(is_matching)
    }
}

fn body_of(clientid: &str, found: &SubscriptionState) -> Body {
    let parsed = ParsedFilter::parse(&found.filter, &TopicLimits::STANDARD);
    Body {
        clientid: clientid.to_owned(),
        topic: found.filter.clone(),
        share: parsed.ok().and_then(|parsed| parsed.share).map(str::to_owned),
        qos: found.options.qos.bits(),
        no_local: found.options.no_local,
        retain_as_published: found.options.retain_as_published,
        retain_handling: match found.options.retain_handling {
            RetainHandling::Send => 0,
            RetainHandling::SendIfNew => 1,
            RetainHandling::DoNotSend => 2,
        },
        identifier: (found.identifier > 0).then_some(found.identifier),
    }
}
