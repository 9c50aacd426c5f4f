//! Publishing.

use axum::Json;
use axum::extract::State;
use vouchmq_broker::PublishFault;
use vouchmq_client::dto::message::{NewMessage, NewMessages, Published, PublishedMessages};
use vouchmq_identity::model::Scope;

use super::message::message_of;
use super::shortened;
use crate::http::{BATCH_BYTES_MAX, Code, JsonBody, Problem};
use crate::management::Here;
use crate::management::caller::Caller;
use crate::management::refusal::invalid;

/// Messages of one request.
const BATCH_MAX: usize = 256;

/// Publishes a message, under the limits of a client's PUBLISH and under no rules of clients: whoever may publish here
/// may publish to every topic. A topic that begins with `$` needs the scope `broker:control` too.
#[utoipa::path(post, path = "/v1/publish", operation_id = "publish", tag = "messages", request_body = NewMessage,
    responses((status = 200, body = Published), (status = 409)))]
pub(in crate::management) async fn publish(
    State(here): Here,
    caller: Caller,
    JsonBody(new): JsonBody<NewMessage, BATCH_BYTES_MAX>,
) -> Result<Json<Published>, Problem> {
    let broker = here.broker()?;
    may_publish(&caller, &new)?;
    let message = message_of("", &new, broker.now())?;
    let size = message.payload().len();
    let retained = if new.retain { ", retained" } else { "" };
    let detail = format!("qos {}{retained}, {size} bytes", new.qos);
    here.take_down(caller, "message.publish", &new.topic, detail).await?;
    let published = broker.publish_message(message).await.map_err(|fault| problem_of(&fault))?;
    Ok(Json(Published { matched: published.is_matched, fault: None }))
}

/// Publishes messages in their order. If one is not valid, none is published; one that comes up against a limit of the
/// broker says so in its place, and the others are published.
#[utoipa::path(post, path = "/v1/publish:batch", operation_id = "publish_batch", tag = "messages",
    request_body = NewMessages, responses((status = 200, body = PublishedMessages), (status = 409)))]
pub(in crate::management) async fn publish_batch(
    State(here): Here,
    caller: Caller,
    JsonBody(NewMessages { items }): JsonBody<NewMessages, BATCH_BYTES_MAX>,
) -> Result<Json<PublishedMessages>, Problem> {
    let broker = here.broker()?;
    if !(1..=BATCH_MAX).contains(&items.len()) {
        return Err(invalid("/items", format!("1 to {BATCH_MAX} messages are possible")));
    }
    let now = broker.now();
    let mut messages = Vec::with_capacity(items.len());
    for (index, new) in items.iter().enumerate() {
        may_publish(&caller, new)?;
        messages.push(message_of(&format!("/items/{index}"), new, now)?);
    }
    let topics = items.iter().map(|new| new.topic.as_str()).collect::<Vec<_>>().join(", ");
    let name = format!("{} messages", items.len());
    here.take_down(caller, "message.publish", &name, shortened(&topics)).await?;
    let mut results = Vec::with_capacity(messages.len());
    for message in messages {
        results.push(match broker.publish_message(message).await {
            Ok(published) => Published { matched: published.is_matched, fault: None },
            Err(fault) => Published { matched: false, fault: Some(fault.to_string()) },
        });
    }
    Ok(Json(PublishedMessages { results }))
}

/// What begins with `$` is the broker's own.
fn may_publish(caller: &Caller, new: &NewMessage) -> Result<(), Problem> {
    if new.topic.starts_with('$') { caller.needs(Scope::Control) } else { Ok(()) }
}

fn problem_of(fault: &PublishFault) -> Problem {
    let pointer = match fault {
        PublishFault::Topic(_) => "/topic",
        PublishFault::TooLarge { .. } | PublishFault::PayloadFormat => "/payload",
        PublishFault::UserProperties { .. } => "/properties/user_properties",
        PublishFault::RetainedFull => return Problem::new(Code::Conflict, fault.to_string()),
    };
    invalid(pointer, fault.to_string())
}
