use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;
use vouchmq_broker::Control;
use vouchmq_identity::model::Scope;
use vouchmq_mqtt::Message;

use super::answer::{Answer, Refused, Said, said};
use super::body::{ArrayOf, ObjectOf};
use super::code::ResultCode;
use super::wish::Wish;
use crate::management::broker::shortened;
use crate::management::caller::Caller;
use crate::management::{Here, Management};

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

/// A message that may be published, to each of its topics; or the topics of one that may not.
struct Judged {
    name: String,
    messages: Option<Vec<Arc<Message>>>,
}

/// Publish a MQTT message.
#[utoipa::path(post, path = "/api/v4/mqtt/publish", operation_id = "nanomq_mqtt_publish", tag = "NanoMQ",
    request_body = serde_json::Value,
    responses((status = 200, body = Said, description = "108: nothing is published"), (status = 400, body = Said)))]
pub(super) async fn publish(
    State(here): Here,
    caller: Caller,
    ObjectOf(text): ObjectOf<Box<RawValue>>,
) -> Answer<Said> {
    let broker = here.broker.as_ref().ok_or(Refused::absent())?;
    let Ok(judged) = judge(&caller, broker, &[text])? else { return Ok(said(ResultCode::Parameter)) };
    let codes = publish_all(&here, caller, broker, &judged).await?;
    Ok(said(codes.first().copied().unwrap_or(ResultCode::Parameter)))
}

/// Batch publish MQTT messages.
#[utoipa::path(post, path = "/api/v4/mqtt/publish_batch", operation_id = "nanomq_mqtt_publish_batch", tag = "NanoMQ",
    request_body = Vec<serde_json::Value>, responses((status = 200, body = Results), (status = 400, body = Said)))]
pub(super) async fn publish_batch(
    State(here): Here,
    caller: Caller,
    ArrayOf(texts): ArrayOf<Vec<Box<RawValue>>>,
) -> Answer<Results> {
    let broker = here.broker.as_ref().ok_or(Refused::absent())?;
    let judged = judge(&caller, broker, &texts)?.map_err(|TooMuch| Refused::parameter())?;
    let codes = publish_all(&here, caller, broker, &judged).await?;
    let result = |(judged, code): (Judged, ResultCode)| PublishResult { topic: judged.name, code };
    let data = judged.into_iter().zip(codes).map(result).collect();
    Ok(Json(Results { data, code: ResultCode::Done }))
}

/// More than one request may publish.
#[derive(Debug)]
struct TooMuch;

/// What of a request can be published.
///
/// # Errors
/// 403: a topic begins with `$`, which is the broker's own, and the caller does not control the broker.
fn judge(
    caller: &Caller,
    broker: &Control,
    texts: &[Box<RawValue>],
) -> Result<Result<Vec<Judged>, TooMuch>, Refused> {
    let wishes: Vec<Option<Wish>> = texts.iter().map(|text| Wish::read(text.get())).collect();
    let (mut messages, mut bytes) = (texts.len(), 0_usize);
    for wish in wishes.iter().flatten() {
        if wish.topics().iter().any(|topic| topic.starts_with('$')) {
            caller.needs(Scope::Control)?;
        }
        messages = messages.saturating_add(wish.topics().len() - 1);
        bytes = bytes.saturating_add(wish.byte_count());
    }
    if messages > MESSAGES_MAX || bytes > BYTES_MAX {
        return Ok(Err(TooMuch));
    }
    let now = broker.now();
    let judged = |(wish, text): (Option<Wish>, &str)| match wish {
        Some(wish) => Judged { name: wish.name().to_owned(), messages: wish.messages(now) },
        None => Judged { name: Wish::topic_in(text), messages: None },
    };
    Ok(Ok(wishes.into_iter().zip(texts.iter().map(|text| text.get())).map(judged).collect()))
}

/// Takes down what is going to be published, and publishes it: how it went, for each.
async fn publish_all(
    here: &Management,
    caller: Caller,
    broker: &Control,
    judged: &[Judged],
) -> Result<Vec<ResultCode>, Refused> {
    let good = || judged.iter().filter(|judged| judged.messages.is_some());
    if let Some(first) = good().next() {
        let names = good().map(|judged| judged.name.as_str()).collect::<Vec<_>>().join(", ");
        let name = if judged.len() == 1 { first.name.clone() } else { format!("{} messages", judged.len()) };
        here.take_down(caller, "message.publish", &name, shortened(&names)).await?;
    }
    let mut codes = Vec::with_capacity(judged.len());
    for Judged { messages, .. } in judged {
        let Some(messages) = messages else {
            codes.push(ResultCode::Parameter);
            continue;
        };
        let mut code = ResultCode::Done;
        for message in messages {
            if broker.publish_message(message.clone()).await.is_err() {
                code = ResultCode::Parameter;
            }
        }
        codes.push(code);
    }
    Ok(codes)
}
