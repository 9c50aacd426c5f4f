use std::sync::Arc;

use base64ct::{Base64, Encoding};
use serde::Deserialize;
use serde_json::Value;
use vouchmq_client::dto::message::{MessageProperties, NewMessage, UserProperty};
use vouchmq_mqtt::Message;
use vouchmq_mqtt::time::Timestamp;

use super::body::Pairs;
use crate::management::broker::message::message_of;

/// A message that somebody wants to be published, to one topic or to several.
#[derive(Debug)]
pub(super) struct Wish {
    /// The topics, as the request has them.
    name: String,
    topics: Vec<String>,
    /// The message, but for its topic.
    message: NewMessage,
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

impl Wish {
    /// Reads a JSON object; `None`: it is none, or something in it is missing or not of its kind.
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
        let (is_to_decode, is_to_encode) =
            (written.decoding == Some(Coding::Base64), written.encoding == Some(Coding::Base64));
        let (payload, payload_b64) = match (is_to_decode, is_to_encode) {
            // Undone and made again.
            (true, true) | (false, false) => (Some(written.payload), None),
            (true, false) => (None, Some(written.payload)),
            (false, true) => (Some(Base64::encode_string(written.payload.as_bytes())), None),
        };
        let properties = match written.properties {
            Some(properties) => Some(properties.meant()?),
            None => None,
        };
        let message = NewMessage {
            topic: String::new(),
            payload,
            payload_b64,
            qos: written.qos.unwrap_or_default(),
            retain: written.retain.unwrap_or_default(),
            properties,
        };
        Some(Self { name, topics, message })
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

    /// Bytes of the payload for all its topics, at most.
    pub(super) fn byte_count(&self) -> usize {
        let (text, base64) = (&self.message.payload, &self.message.payload_b64);
        let each = text.as_ref().or(base64.as_ref()).map_or(0, String::len);
        each.saturating_mul(self.topics.len())
    }

    /// The message for each of its topics; `None`: no packet could have it.
    pub(super) fn messages(&self, now: Timestamp) -> Option<Vec<Arc<Message>>> {
        let mut message = self.message.clone();
        let each = self.topics.iter().map(|topic| {
            message.topic.clone_from(topic);
            message_of("", &message, now).ok()
        });
        each.collect()
    }
}

impl WrittenProperties {
    fn meant(self) -> Option<MessageProperties> {
        let pairs = self.user_properties.unwrap_or_default().0.into_iter();
        let user_property = |(name, value)| Some(UserProperty { name, value: text_of(value)? });
        Some(MessageProperties {
            payload_format_indicator: self.payload_format_indicator,
            message_expiry_interval: self.message_expiry_interval,
            content_type: self.content_type,
            response_topic: self.response_topic,
            correlation_data: self.correlation_data,
            correlation_data_b64: None,
            user_properties: pairs.map(user_property).collect::<Option<_>>()?,
        })
    }
}

/// The text of a User Property, which JSON may have as something else.
fn text_of(value: Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text),
        Value::Number(_) | Value::Bool(_) => Some(value.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use vouchmq_mqtt::QoS;

    use super::*;

    fn messages(text: &str) -> Option<Vec<Arc<Message>>> {
        Wish::read(text)?.messages(Timestamp::from_micros(1))
    }

    #[test]
    fn nanomqs_example_is_read_as_it_is_meant() {
        let text = r#"{"topics":"a,b,c","payload":"text","qos":1,"retain":false,"clientid":"example",
            "properties":{"payload_format_indicator":1,"message_expiry_interval":60,"response_topic":"r",
            "correlation_data":"x","subscription_identifier":1,"content_type":"text/plain",
            "user_properties":{"id":10010,"foo":"bar","b":true}}}"#;
        let messages = messages(text).unwrap();
        let topics: Vec<_> = messages.iter().map(|message| message.publication().topic).collect();
        assert_eq!(topics, ["a", "b", "c"]);
        let publication = messages[1].publication();
        assert_eq!((publication.payload, publication.qos), (&b"text"[..], QoS::AtLeastOnce));
        assert_eq!(publication.expires_at, Timestamp::from_micros(60_000_001));
        let properties = publication.properties;
        let users: Vec<_> = properties.user_properties().collect();
        assert_eq!(users, [("id", "10010"), ("foo", "bar"), ("b", "true")], "in the order of the request");
        assert_eq!(properties.response_topic(), Some("r"));
        assert_eq!(properties.subscription_identifier(), None);
    }

    #[test]
    fn base64_is_made_and_undone() {
        let payload = |more: &str| {
            let text = format!(r#"{{"topic":"t","payload":"AP8=",{more}}}"#);
            messages(&text).unwrap()[0].payload().to_vec()
        };
        assert_eq!(payload(r#""decoding":"base64""#), [0, 255]);
        assert_eq!(payload(r#""encoding":"base64""#), b"QVA4PQ==");
        assert_eq!(payload(r#""encoding":"plain","decoding":"plain""#), b"AP8=");
        assert!(messages(r#"{"topic":"t","payload":"!","decoding":"base64"}"#).is_none());
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
            assert!(messages(text).is_none(), "{text}");
        }
        assert_eq!(Wish::topic_in(r#"{"topic":"a","qos":9}"#), "a");
        assert_eq!(Wish::topic_in(r#"{"topic":7}"#), "");
        assert_eq!(Wish::topic_in("[7]"), "");
    }
}
