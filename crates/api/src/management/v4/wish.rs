use std::sync::Arc;
use std::time::Duration;

use base64ct::{Base64, Encoding};
use serde::Deserialize;
use serde_json::Value;
use vouchmq_mqtt::time::Timestamp;
use vouchmq_mqtt::{Message, PropertiesBuf, Property, Publication, PublisherId, QoS, TopicName};

use super::body::Pairs;

/// A message that somebody wants to be published, to one topic or to several.
#[derive(Debug)]
pub(super) struct Wish {
    /// As the request has them.
    name: String,
    topics: Vec<String>,
    payload: Vec<u8>,
    qos: QoS,
    retain: bool,
    properties: PropertiesBuf,
    expiry: Option<Duration>,
}

/// What is written.
#[derive(Debug, Deserialize)]
struct Written {
    topic: Option<String>,
    topics: Option<String>,
    payload: String,
    qos: Option<u8>,
    retain: Option<bool>,
    /// In whose name: nobody publishes in another's, so it is not looked at.
    #[serde(rename = "clientid")]
    _client_id: Option<Value>,
    encoding: Option<Coding>,
    decoding: Option<Coding>,
    properties: Option<WrittenProperties>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Coding {
    Plain,
    Base64,
}

#[derive(Debug, Deserialize)]
struct WrittenProperties {
    payload_format_indicator: Option<u8>,
    message_expiry_interval: Option<u32>,
    response_topic: Option<String>,
    correlation_data: Option<String>,
    /// The broker gives it to each receiver, by what that has subscribed to.
    #[serde(rename = "subscription_identifier")]
    _subscription_identifier: Option<u32>,
    content_type: Option<String>,
    user_properties: Option<Pairs>,
}

#[derive(Deserialize)]
struct Named {
    topic: Option<Value>,
    topics: Option<Value>,
}

const USER_PROPERTIES_MAX: usize = 64;

impl Wish {
    /// Reads a JSON object; `None`: it is none, or something in it is missing or wrong.
    pub(super) fn read(text: &str) -> Option<Self> {
        // A list of values without names would do for serde, too.
        if !text.starts_with('{') {
            return None;
        }
        let written: Written = serde_json::from_str(text).ok()?;
        let (name, topics) = match (written.topic, written.topics) {
            (Some(topic), None) => (topic.clone(), vec![topic]),
            (None, Some(topics)) => {
                let each = topics.split(',').map(ToOwned::to_owned).collect();
                (topics, each)
            }
            (Some(_), Some(_)) | (None, None) => return None,
        };
        if topics.iter().any(|topic| TopicName::new(topic).is_err()) {
            return None;
        }
        let payload = match written.decoding {
            Some(Coding::Base64) => Base64::decode_vec(&written.payload).ok()?,
            Some(Coding::Plain) | None => written.payload.into_bytes(),
        };
        let payload = match written.encoding {
            Some(Coding::Base64) => Base64::encode_string(&payload).into_bytes(),
            Some(Coding::Plain) | None => payload,
        };
        let qos = QoS::from_bits(written.qos.unwrap_or_default())?;
        let retain = written.retain.unwrap_or_default();
        let (properties, expiry) = match &written.properties {
            Some(written) => (written.encoded()?, written.message_expiry_interval),
            None => (PropertiesBuf::new(), None),
        };
        let expiry = expiry.map(|secs| Duration::from_secs(secs.into()));
        Some(Self { name, topics, payload, qos, retain, properties, expiry })
    }

    /// The topics in a text of which nothing else may be right, as they are written.
    pub(super) fn topic_in(text: &str) -> String {
        let named = text.starts_with('{').then(|| serde_json::from_str::<Named>(text).ok()).flatten();
        let topic = named.and_then(|named| named.topic.or(named.topics));
        topic.as_ref().and_then(Value::as_str).unwrap_or_default().to_owned()
    }

    /// Its topics, as the request has them.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    pub(super) fn topics(&self) -> &[String] {
        &self.topics
    }

    /// What it is for all its topics.
    pub(super) fn byte_count(&self) -> usize {
        let each = self.payload.len().saturating_add(self.properties.as_properties().as_bytes().len());
        each.saturating_mul(self.topics.len())
    }

    /// The message for one of its topics.
    pub(super) fn message(&self, topic: &str, now: Timestamp) -> Arc<Message> {
        Message::new(&Publication {
            topic,
            properties: self.properties.as_properties(),
            payload: &self.payload,
            qos: self.qos,
            retain: self.retain,
            publisher: PublisherId::BROKER,
            expires_at: self.expiry.map_or(Timestamp::NEVER, |expiry| now.after(expiry)),
        })
    }
}

impl WrittenProperties {
    /// As a packet has them; `None` for what no packet can have.
    fn encoded(&self) -> Option<PropertiesBuf> {
        let mut encoded = PropertiesBuf::new();
        let mut is_good = true;
        match self.payload_format_indicator {
            Some(kind @ (0 | 1)) => is_good &= encoded.push(Property::PayloadFormatIndicator(kind == 1)),
            Some(_) => return None,
            None => {}
        }
        if let Some(text) = &self.content_type {
            is_good &= !text.contains('\0') && encoded.push(Property::ContentType(text));
        }
        if let Some(topic) = &self.response_topic {
            is_good &= TopicName::new(topic).is_ok() && encoded.push(Property::ResponseTopic(topic));
        }
        if let Some(text) = &self.correlation_data {
            is_good &= encoded.push(Property::CorrelationData(text.as_bytes()));
        }
        let pairs = self.user_properties.as_ref().map_or(&[][..], |pairs| &pairs.0);
        is_good &= pairs.len() <= USER_PROPERTIES_MAX;
        for (name, value) in pairs {
            let value = text_of(value)?;
            is_good &= !name.contains('\0') && !value.contains('\0');
            is_good &= encoded.push(Property::UserProperty(name, &value));
        }
        is_good.then_some(encoded)
    }
}

/// The text of a User Property, which JSON may have as something else.
fn text_of(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(_) | Value::Bool(_) => Some(value.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Wish {
        Wish::read(text).unwrap_or_else(|| panic!("{text}"))
    }

    #[test]
    fn nanomqs_example_is_read_as_it_is_meant() {
        let wish = read(
            r#"{"topics":"a,b,c","payload":"text","qos":1,"retain":false,"clientid":"example",
            "properties":{"payload_format_indicator":1,"message_expiry_interval":60,"response_topic":"r",
            "correlation_data":"x","subscription_identifier":1,"content_type":"text/plain",
            "user_properties":{"id":10010,"foo":"bar","b":true}}}"#,
        );
        assert_eq!((wish.name(), wish.topics()), ("a,b,c", &["a", "b", "c"].map(String::from)[..]));
        let message = wish.message("b", Timestamp::from_micros(1));
        let publication = message.publication();
        assert_eq!(
            (publication.topic, publication.payload, publication.qos),
            ("b", &b"text"[..], QoS::AtLeastOnce)
        );
        assert_eq!(publication.expires_at, Timestamp::from_micros(60_000_001));
        let properties = publication.properties;
        let users: Vec<_> = properties.user_properties().collect();
        assert_eq!(users, [("id", "10010"), ("foo", "bar"), ("b", "true")], "in the order of the request");
        assert_eq!(properties.response_topic(), Some("r"));
        assert_eq!(properties.subscription_identifier(), None);
    }

    #[test]
    fn base64_is_made_and_undone() {
        let payload = |more: &str| read(&format!(r#"{{"topic":"t","payload":"AP8=",{more}}}"#)).payload;
        assert_eq!(payload(r#""decoding":"base64""#), [0, 255]);
        assert_eq!(payload(r#""encoding":"base64""#), b"QVA4PQ==");
        assert_eq!(payload(r#""encoding":"plain","decoding":"plain""#), b"AP8=");
        assert!(Wish::read(r#"{"topic":"t","payload":"!","decoding":"base64"}"#).is_none());
    }

    #[test]
    fn what_is_confused_is_no_message() {
        for text in [
            "{}",
            "[]",
            "7",
            r#"["a","b"]"#,
            r#"{"topic":"a"}"#,
            r#"{"payload":"a"}"#,
            r#"{"topic":1,"payload":"x"}"#,
            r#"{"topic":["a"],"payload":"x"}"#,
            r#"{"topic":"a","topics":"b","payload":"x"}"#,
            r#"{"topic":"a/#","payload":"x"}"#,
            r#"{"topic":"a/+/b","payload":"x"}"#,
            r#"{"topic":"","payload":"x"}"#,
            r#"{"topic":"a\u0000b","payload":"x"}"#,
            r#"{"topics":"a,,b","payload":"x"}"#,
            r#"{"topic":"a","payload":null}"#,
            r#"{"topic":"a","payload":{"x":1}}"#,
            r#"{"topic":"a","payload":"x","qos":3}"#,
            r#"{"topic":"a","payload":"x","qos":-1}"#,
            r#"{"topic":"a","payload":"x","qos":"1"}"#,
            r#"{"topic":"a","payload":"x","qos":1.5}"#,
            r#"{"topic":"a","payload":"x","retain":1}"#,
            r#"{"topic":"a","payload":"x","encoding":"rot13"}"#,
            r#"{"topic":"a","payload":"x","properties":[]}"#,
            r#"{"topic":"a","payload":"x","properties":{"payload_format_indicator":2}}"#,
            r#"{"topic":"a","payload":"x","properties":{"message_expiry_interval":-1}}"#,
            r#"{"topic":"a","payload":"x","properties":{"message_expiry_interval":4294967296}}"#,
            r#"{"topic":"a","payload":"x","properties":{"response_topic":"a/#"}}"#,
            r#"{"topic":"a","payload":"x","properties":{"content_type":"a\u0000"}}"#,
            r#"{"topic":"a","payload":"x","properties":{"user_properties":[]}}"#,
            r#"{"topic":"a","payload":"x","properties":{"user_properties":{"a":[]}}}"#,
            r#"{"topic":"a","payload":"x","topic":"b"}"#,
        ] {
            assert!(Wish::read(text).is_none(), "{text}");
        }
        assert_eq!(Wish::topic_in(r#"{"topic":"a","qos":9}"#), "a");
        assert_eq!(Wish::topic_in(r#"{"topic":7}"#), "");
        assert_eq!(Wish::topic_in("[7]"), "");
    }
}
