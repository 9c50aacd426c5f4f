use std::sync::Arc;

use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;
use vouchmq_broker::{SubscriptionCursor, SubscriptionQuery, SubscriptionStatus};
use vouchmq_mqtt::engine::SubscriptionState;

use super::answer::{Refused, found};
use super::listing::{PORTION, Parameters, everything, page};
use super::shared_text::SharedText;
use crate::management::Here;

/// A subscription.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = NanomqSubscription)]
pub(super) struct Subscription {
    #[schema(value_type = String)]
    clientid: SharedText,
    topic: String,
    qos: u8,
}

/// A list of subscriptions in the cluster.
#[utoipa::path(get, path = "/api/v4/subscriptions", operation_id = "nanomq_list_subscriptions", tag = "NanoMQ",
    params(("limit" = Option<u32>, Query, description = "1 to 1000; without it and without cursor all are answered"),
        ("cursor" = Option<String>, Query, description = "what the page before gave")),
    responses((status = 200, body = Vec<Subscription>, description = "in `data`")))]
pub(super) async fn list(State(here): Here, wanted: Parameters) -> Result<Response, Refused> {
    let broker = here.broker.clone().ok_or(Refused::absent())?;
    if let Some(part) = wanted.part::<SubscriptionCursor>()? {
        let wanted = SubscriptionQuery { after: part.after, limit: part.limit };
        let found = broker.subscriptions_page(wanted).await;
        return Ok(page(found.items.into_iter().map(Subscription::from).collect(), found.next));
    }
    let fetch = move |after| {
        let broker = broker.clone();
        async move {
            let found = broker.subscriptions_page(SubscriptionQuery { after, limit: PORTION }).await;
            (found.items.into_iter().map(Subscription::from).collect::<Vec<_>>(), found.next)
        }
    };
    Ok(everything(fetch).await)
}

/// A list of subscriptions of a client.
#[utoipa::path(get, path = "/api/v4/subscriptions/{clientid}", operation_id = "nanomq_lookup_client_subscriptions",
    tag = "NanoMQ", params(("clientid" = String, Path)),
    responses((status = 200, body = Vec<Subscription>, description = "in `data`; none: an empty list")))]
pub(super) async fn of_client(
    State(here): Here,
    Path(client_id): Path<String>,
) -> Result<impl IntoResponse, Refused> {
    let broker = here.broker.as_ref().ok_or(Refused::absent())?;
    let subscriptions = broker.subscriptions(&client_id).await.into_iter();
    let client_id: Arc<str> = client_id.into();
    let all: Vec<_> = subscriptions.map(|of| Subscription::new(client_id.clone(), of)).collect();
    Ok(found(all))
}

impl Subscription {
    fn new(client_id: Arc<str>, SubscriptionState { filter, options, .. }: SubscriptionState) -> Self {
        Self { clientid: SharedText(client_id), topic: filter, qos: options.qos.bits() }
    }
}

impl From<SubscriptionStatus> for Subscription {
    fn from(SubscriptionStatus { client_id, subscription }: SubscriptionStatus) -> Self {
        Self::new(client_id, subscription)
    }
}
