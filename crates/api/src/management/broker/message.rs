//! Messages between JSON and MQTT.

use std::sync::Arc;
use std::time::Duration;

use base64ct::{Base64, Encoding};
use vouchmq_broker::WallClock;
use vouchmq_client::dto::message::{MessageProperties, NewMessage, RetainedMessage, UserProperty};
use vouchmq_mqtt::time::Timestamp;
use vouchmq_mqtt::{Message, Properties, PropertiesBuf, Property, Publication, PublisherId, QoS, TopicName};

use super::invalid_topic;
use crate::http::Problem;
use crate::management::refusal::invalid;
use crate::management::text::time_of;

/// Bytes of a payload that stand in a list.
const LISTED_MAX: usize = 1_024;

/// Makes the message that a body describes; `place` is where the body stands in the request.
///
/// # Errors
/// 422 with the pointer to what is wrong.
pub(in crate::management) fn message_of(
    place: &str,
    new: &NewMessage,
    now: Timestamp,
) -> Result<Arc<Message>, Problem> {
    let at = |field: &str| format!("{place}/{field}");
    TopicName::new(&new.topic).map_err(|fault| invalid_topic(&at("topic"), fault))?;
    let qos = QoS::from_bits(new.qos).ok_or_else(|| invalid(at("qos"), "write 0, 1 or 2"))?;
    let payload = bytes_of(&at("payload"), new.payload.as_deref(), new.payload_b64.as_deref())?;
    let given = new.properties.clone().unwrap_or_default();
    let properties = properties_of(&at("properties"), &given)?;
    if given.payload_format_indicator == Some(1) && std::str::from_utf8(&payload).is_err() {
        return Err(invalid(at("payload_b64"), "the payload is said to be UTF-8 and is not"));
    }
    let secs = |secs: u32| now.after(Duration::from_secs(secs.into()));
    Ok(Message::new(&Publication {
        topic: &new.topic,
        properties: properties.as_properties(),
        payload: &payload,
        qos,
        retain: new.retain,
        publisher: PublisherId::BROKER,
        expires_at: given.message_expiry_interval.map_or(Timestamp::NEVER, secs),
    }))
}

/// Bytes that are given as text, as base64, or not at all.
fn bytes_of(pointer: &str, text: Option<&str>, base64: Option<&str>) -> Result<Vec<u8>, Problem> {
    match (text, base64) {
        (Some(_), Some(_)) => Err(invalid(pointer, "give it as text or as base64, and not as both")),
        (Some(text), None) => Ok(text.as_bytes().to_vec()),
        (None, Some(base64)) => Base64::decode_vec(base64).map_err(|_| {
            invalid(format!("{pointer}_b64"), "this is no base64 (RFC 4648, section 4, with =)")
        }),
        (None, None) => Ok(Vec::new()),
    }
}

/// The properties that travel with a message. The time after which it is worth nothing does not: it runs.
fn properties_of(place: &str, given: &MessageProperties) -> Result<PropertiesBuf, Problem> {
    let at = |field: &str| format!("{place}/{field}");
    let mut properties = PropertiesBuf::new();
    let mut put = |field: &str, texts: &[&str], property: Property<'_>| {
        let is_put = !texts.iter().any(|text| text.contains('\0')) && properties.push(property);
        is_put.then_some(()).ok_or_else(|| invalid(at(field), "at most 65,535 bytes without U+0000"))
    };
    match given.payload_format_indicator {
        None => {}
        Some(indicator @ (0 | 1)) => {
            put("payload_format_indicator", &[], Property::PayloadFormatIndicator(indicator == 1))?;
        }
        Some(_) => return Err(invalid(at("payload_format_indicator"), "write 0 or 1")),
    }
    if let Some(text) = &given.content_type {
        put("content_type", &[text], Property::ContentType(text))?;
    }
    if let Some(topic) = &given.response_topic {
        TopicName::new(topic).map_err(|fault| invalid_topic(&at("response_topic"), fault))?;
        put("response_topic", &[topic], Property::ResponseTopic(topic))?;
    }
    let (text, base64) = (given.correlation_data.as_deref(), given.correlation_data_b64.as_deref());
    if text.is_some() || base64.is_some() {
        let data = bytes_of(&at("correlation_data"), text, base64)?;
        put("correlation_data", &[], Property::CorrelationData(&data))?;
    }
    for (index, UserProperty { name, value }) in given.user_properties.iter().enumerate() {
        put(&format!("user_properties/{index}"), &[name, value], Property::UserProperty(name, value))?;
    }
    Ok(properties)
}

/// A retained message as it stands in a list: the beginning of its payload, and no properties.
pub(super) fn listed(message: &Message, wall: &WallClock) -> RetainedMessage {
    let publication = message.publication();
    let shown = publication.payload.get(..LISTED_MAX).unwrap_or(publication.payload);
    retained(&publication, shown, wall)
}

/// A retained message, all of it.
pub(super) fn shown(message: &Message, wall: &WallClock) -> RetainedMessage {
    let publication = message.publication();
    let properties =
        Some(given_by(publication.properties)).filter(|given| *given != MessageProperties::default());
    RetainedMessage { properties, ..retained(&publication, publication.payload, wall) }
}

fn retained(publication: &Publication<'_>, shown: &[u8], wall: &WallClock) -> RetainedMessage {
    let is_cut = shown.len() < publication.payload.len();
    let (payload, payload_b64) = match text_of(shown, is_cut) {
        Some(text) => (Some(text.to_owned()), None),
        None => (None, Some(Base64::encode_string(shown))),
    };
    RetainedMessage {
        topic: publication.topic.to_owned(),
        qos: publication.qos.bits(),
        payload_bytes: publication.payload.len() as u64,
        payload,
        payload_b64,
        is_cut,
        properties: None,
        expires_at: (publication.expires_at != Timestamp::NEVER)
            .then(|| time_of(wall.at(publication.expires_at))),
    }
}

/// What is text, but for a character that is cut through at the end.
fn text_of(bytes: &[u8], is_cut: bool) -> Option<&str> {
    match std::str::from_utf8(bytes) {
        Ok(text) => Some(text),
        Err(error) if is_cut && error.error_len().is_none() => {
            bytes.get(..error.valid_up_to()).and_then(|whole| std::str::from_utf8(whole).ok())
        }
        Err(_) => None,
    }
}

fn given_by(properties: Properties<'_>) -> MessageProperties {
    let data = properties.correlation_data();
    let text = data.and_then(|data| std::str::from_utf8(data).ok());
    let user_property =
        |(name, value): (&str, &str)| UserProperty { name: name.to_owned(), value: value.to_owned() };
    MessageProperties {
        payload_format_indicator: properties.payload_format_indicator().map(u8::from),
        message_expiry_interval: None,
        content_type: properties.content_type().map(str::to_owned),
        response_topic: properties.response_topic().map(str::to_owned),
        correlation_data: text.map(str::to_owned),
        correlation_data_b64: data.filter(|_| text.is_none()).map(Base64::encode_string),
        user_properties: properties.user_properties().map(user_property).collect(),
    }
}

#[cfg(test)]
mod tests {
    use vouchmq_mqtt::PropertyId;

    use super::*;

    #[test]
    fn what_is_given_travels_and_what_is_wrong_is_pointed_at() {
        let given: NewMessage = serde_json::from_str(
            r#"{"topic": "a/b", "payload_b64": "/wA=", "qos": 2, "retain": true, "properties": {
                "payload_format_indicator": 0, "message_expiry_interval": 5, "content_type": "c",
                "response_topic": "r", "correlation_data_b64": "/w==",
                "user_properties": [{"name": "a", "value": "1"}, {"name": "a", "value": "2"}]}}"#,
        )
        .unwrap();
        let now = Timestamp::from_micros(7);
        let message = message_of("", &given, now).unwrap_or_else(|problem| panic!("{problem:?}"));
        let publication = message.publication();
        assert_eq!(
            (publication.topic, publication.payload, publication.qos),
            ("a/b", &[255, 0][..], QoS::ExactlyOnce)
        );
        assert_eq!(publication.expires_at, Timestamp::from_micros(5_000_007));
        assert!(
            publication.retain && publication.properties.find(PropertyId::MessageExpiryInterval).is_none()
        );
        let properties = given.properties.clone().unwrap();
        let back = MessageProperties { message_expiry_interval: Some(5), ..given_by(publication.properties) };
        assert_eq!(back, properties);
    }

    #[test]
    fn what_is_not_valid_is_refused_with_its_place() {
        for (text, pointer) in [
            (r#"{"topic": "a/+"}"#, "/items/3/topic"),
            (r#"{"topic": "a/#"}"#, "/items/3/topic"),
            (r#"{"topic": ""}"#, "/items/3/topic"),
            (r#"{"topic": "a\u0000"}"#, "/items/3/topic"),
            (r#"{"topic": "a", "qos": 3}"#, "/items/3/qos"),
            (r#"{"topic": "a", "payload": "", "payload_b64": ""}"#, "/items/3/payload"),
            (r#"{"topic": "a", "payload_b64": "!"}"#, "/items/3/payload_b64"),
            (
                r#"{"topic": "a", "properties": {"payload_format_indicator": 2}}"#,
                "/items/3/properties/payload_format_indicator",
            ),
            (
                r#"{"topic": "a", "properties": {"content_type": "a\u0000"}}"#,
                "/items/3/properties/content_type",
            ),
            (
                r#"{"topic": "a", "properties": {"response_topic": "a/+"}}"#,
                "/items/3/properties/response_topic",
            ),
            (
                r#"{"topic": "a", "properties": {"correlation_data": "", "correlation_data_b64": ""}}"#,
                "/items/3/properties/correlation_data",
            ),
            (
                r#"{"topic": "a", "properties": {"user_properties": [{"name": "a", "value": "\u0000"}]}}"#,
                "/items/3/properties/user_properties/0",
            ),
            (
                r#"{"topic": "a", "payload_b64": "/w==", "properties": {"payload_format_indicator": 1}}"#,
                "/items/3/payload_b64",
            ),
        ] {
            let given: NewMessage = serde_json::from_str(text).unwrap();
            let problem = message_of("/items/3", &given, Timestamp::ZERO).unwrap_err();
            assert!(problem.detail().starts_with(&format!("{pointer}: ")), "{text}: {}", problem.detail());
        }
    }

    #[test]
    fn a_payload_is_cut_between_characters() {
        assert_eq!(text_of("aä".as_bytes(), false), Some("aä"));
        assert_eq!(text_of(&"aä".as_bytes()[..2], true), Some("a"));
        assert_eq!(text_of(&"aä".as_bytes()[..2], false), None);
        assert_eq!(text_of(&[255, b'a'], true), None);
    }
}
