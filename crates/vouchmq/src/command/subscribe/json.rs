//! `%j` and `%J`: a message as JSON, with the keys of mosquitto_sub.

use serde_json::{Map, Value, json};
use vouchmq_mqtt::PropertyId;
use vouchmq_mqtt::packet::Publish;

use crate::client::properties::name_of;
use crate::clock::Utc;

/// How the payload is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Payload {
    /// As a string; bytes that are no UTF-8 become U+FFFD.
    Text,
    /// As the JSON that it is.
    Json,
}

/// Appends a message; the error says why it cannot be written so.
pub(super) fn put(
    publish: &Publish<'_>,
    now: &Utc,
    payload: Payload,
    is_pretty: bool,
    out: &mut Vec<u8>,
) -> Result<(), String> {
    let payload = match payload {
        _ if publish.payload.is_empty() => Value::Null,
        Payload::Text => String::from_utf8_lossy(publish.payload).into_owned().into(),
        Payload::Json => serde_json::from_slice(publish.payload)
            .map_err(|error| format!("its payload is no JSON: {error}"))?,
    };
    let mut members: Vec<(&str, Value)> = vec![
        ("tst", time(now).into()),
        ("topic", publish.topic.into()),
        ("qos", publish.qos.bits().into()),
        ("retain", u8::from(publish.retain).into()),
        ("payloadlen", publish.payload.len().into()),
    ];
    members.extend(publish.packet_id.map(|id| ("mid", id.value().into())));
    let properties = properties(publish);
    if !properties.is_empty() {
        members.push(("properties", properties.into()));
    }
    members.push(("payload", payload));
    write(&members, is_pretty, out);
    Ok(())
}

/// Writes an object whose members keep their order, which [`serde_json::Map`] does not.
fn write(members: &[(&str, Value)], is_pretty: bool, out: &mut Vec<u8>) {
    let (open, between, close): (&str, &str, &str) =
        if is_pretty { ("{\n  ", ",\n  ", "\n}") } else { ("{", ",", "}") };
    out.extend_from_slice(open.as_bytes());
    for (index, (name, value)) in members.iter().enumerate() {
        if index > 0 {
            out.extend_from_slice(between.as_bytes());
        }
        let value = if is_pretty { format!("{value:#}").replace('\n', "\n  ") } else { value.to_string() };
        let colon = if is_pretty { ": " } else { ":" };
        out.extend_from_slice(format!("{}{colon}{value}", json!(name)).as_bytes());
    }
    out.extend_from_slice(close.as_bytes());
}

/// `2020-05-06T22:12:00.000000+0000`
fn time(now: &Utc) -> String {
    let Utc { year, month, day, hour, minute, second, nanos, .. } = now;
    let micros = nanos / 1000;
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{micros:06}+0000")
}

/// The properties by their names; what may repeat is collected.
fn properties(publish: &Publish<'_>) -> Map<String, Value> {
    let given = publish.properties;
    let data = given.correlation_data().map(|data| String::from_utf8_lossy(data).into_owned());
    let mut users = Map::new();
    given.user_properties().for_each(|(name, value)| add(&mut users, name, value));
    let ids: Vec<u32> = super::format::subscription_ids(publish).collect();
    let values = [
        (PropertyId::PayloadFormatIndicator, given.payload_format_indicator().map(|is| u8::from(is).into())),
        (PropertyId::MessageExpiryInterval, given.message_expiry_interval().map(Value::from)),
        (PropertyId::ContentType, given.content_type().map(Value::from)),
        (PropertyId::ResponseTopic, given.response_topic().map(Value::from)),
        (PropertyId::CorrelationData, data.map(Value::from)),
        (PropertyId::TopicAlias, given.topic_alias().map(Value::from)),
        (PropertyId::SubscriptionIdentifier, (!ids.is_empty()).then(|| ids.into())),
    ];
    let named = values.into_iter().filter_map(|(id, value)| Some((name_of(id), value?)));
    let users = (!users.is_empty()).then(|| ("user-properties".to_owned(), users.into()));
    named.chain(users).collect()
}

/// A name that occurs again makes its value a list: nothing is lost.
fn add(users: &mut Map<String, Value>, name: &str, value: &str) {
    match users.get_mut(name) {
        None => drop(users.insert(name.to_owned(), value.into())),
        Some(Value::Array(values)) => values.push(value.into()),
        Some(first) => *first = Value::from(vec![first.take(), value.into()]),
    }
}
