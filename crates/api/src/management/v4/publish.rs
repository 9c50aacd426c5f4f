use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;
use vouchmq_broker::Control;
use vouchmq_identity::model::Scope;

use super::answer::{Refused, Said, said};
use super::body::{ArrayOf, ObjectOf};
use super::code::ResultCode;
use super::wish::Wish;
use crate::management::Here;
use crate::management::caller::Caller;

/// What became of a batch, message by message.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = NanomqBatchResult)]
pub(super) struct Results {
    data: Vec<PublishResult>,
    #[schema(value_type = u16)]
    code: ResultCode,
}

/// What became of one message of a batch.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = NanomqPublishResult)]
pub(super) struct PublishResult {
    topic: String,
    #[schema(value_type = u16)]
    code: ResultCode,
}

/// Messages of one request, and their bytes: a batch with long payloads and many topics would be many times the
/// request.
const MESSAGES_MAX: usize = 1_000;
const BYTES_MAX: usize = 16 * 1024 * 1024;

/// Publish a MQTT message.
#[utoipa::path(post, path = "/api/v4/mqtt/publish", operation_id = "nanomq_mqtt_publish", tag = "NanoMQ",
    request_body = serde_json::Value,
    responses((status = 200, body = Said, description = "108: nothing is published"), (status = 400, body = Said)))]
pub(super) async fn publish(
    State(here): Here,
    caller: Caller,
    ObjectOf(text): ObjectOf<Box<RawValue>>,
) -> Result<Json<Said>, Refused> {
    let broker = here.broker.as_ref().ok_or(Refused::absent())?;
    let Some(wish) = Wish::read(text.get()).filter(|wish| is_affordable(std::slice::from_ref(wish))) else {
        return Ok(said(ResultCode::Parameter));
    };
    may(&caller, &wish)?;
    here.record(caller, "message.publish", wish.name(), &detail_of(wish.topics().len())).await?;
    Ok(said(sent(broker, &wish).await))
}

/// Batch publish MQTT messages.
#[utoipa::path(post, path = "/api/v4/mqtt/publish_batch", operation_id = "nanomq_mqtt_publish_batch", tag = "NanoMQ",
    request_body = Vec<serde_json::Value>, responses((status = 200, body = Results), (status = 400, body = Said)))]
pub(super) async fn publish_batch(
    State(here): Here,
    caller: Caller,
    ArrayOf(texts): ArrayOf<Vec<Box<RawValue>>>,
) -> Result<Response, Refused> {
    let broker = here.broker.as_ref().ok_or(Refused::absent())?;
    if texts.len() > MESSAGES_MAX {
        return Err(Refused::parameter());
    }
    let wishes: Vec<Option<Wish>> = texts.iter().map(|text| Wish::read(text.get())).collect();
    let good: Vec<&Wish> = wishes.iter().flatten().collect();
    if !is_affordable(good.iter().copied()) {
        return Err(Refused::parameter());
    }
    good.iter().try_for_each(|wish| may(&caller, wish))?;
    if let Some(first) = good.first() {
        let count = good.iter().map(|wish| wish.topics().len()).sum();
        here.record(caller, "message.publish", first.name(), &detail_of(count)).await?;
    }
    let mut data = Vec::with_capacity(wishes.len());
    for (wish, text) in wishes.iter().zip(&texts) {
        data.push(match wish {
            Some(wish) => PublishResult { topic: wish.name().to_owned(), code: sent(broker, wish).await },
            None => PublishResult { topic: Wish::topic_in(text.get()), code: ResultCode::Parameter },
        });
    }
    Ok(Json(Results { data, code: ResultCode::Done }).into_response())
}

/// Publishes a message to each of its topics. What an operator may not publish is not told from what no client may.
async fn sent(broker: &Control, wish: &Wish) -> ResultCode {
    let now = broker.now();
    let mut code = ResultCode::Done;
    for topic in wish.topics() {
        if broker.publish_message(wish.message(topic, now)).await.is_err() {
            code = ResultCode::Parameter;
        }
    }
    code
}

/// What begins with `$` is the broker's own.
fn may(caller: &Caller, wish: &Wish) -> Result<(), Refused> {
    if wish.topics().iter().any(|topic| topic.starts_with('$')) {
        caller.needs(Scope::Control)?;
    }
    Ok(())
}

fn is_affordable<'a>(wishes: impl IntoIterator<Item = &'a Wish>) -> bool {
    let (mut messages, mut bytes) = (0_usize, 0_usize);
    for wish in wishes {
        messages = messages.saturating_add(wish.topics().len());
        bytes = bytes.saturating_add(wish.byte_count());
    }
    messages <= MESSAGES_MAX && bytes <= BYTES_MAX
}

fn detail_of(count: usize) -> String {
    format!("{count} messages over NanoMQ's API")
}
