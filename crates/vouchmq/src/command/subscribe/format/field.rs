//! The parts of a message that `-F` can name.

use std::fmt::Write;

use vouchmq_mqtt::Property;
use vouchmq_mqtt::packet::Publish;

use crate::clock::Utc;

/// A part of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Field {
    Topic,
    Payload,
    LowerHex,
    UpperHex,
    Length,
    Qos,
    Retained,
    PacketId,
    DateTime,
    UnixTime,
    TopicAlias,
    ContentType,
    CorrelationData,
    Expiry,
    PayloadFormat,
    UserProperties,
    ResponseTopic,
    SubscriptionIds,
}

impl Field {
    /// The field of a letter behind `%`.
    pub(super) const fn of(letter: char) -> Option<Self> {
        Some(match letter {
            't' => Self::Topic,
            'p' => Self::Payload,
            'x' => Self::LowerHex,
            'X' => Self::UpperHex,
            'l' => Self::Length,
            'q' => Self::Qos,
            'r' => Self::Retained,
            'm' | 'i' => Self::PacketId,
            'I' => Self::DateTime,
            'U' => Self::UnixTime,
            'A' => Self::TopicAlias,
            'C' => Self::ContentType,
            'D' => Self::CorrelationData,
            'E' => Self::Expiry,
            'F' => Self::PayloadFormat,
            'P' => Self::UserProperties,
            'R' => Self::ResponseTopic,
            'S' => Self::SubscriptionIds,
            _ => return None,
        })
    }

    /// Whether zeros may be put in front.
    pub(super) const fn is_number(self) -> bool {
        matches!(
            self,
            Self::Length
                | Self::PacketId
                | Self::TopicAlias
                | Self::Expiry
                | Self::PayloadFormat
                | Self::SubscriptionIds
                | Self::LowerHex
                | Self::UpperHex
        )
    }

    /// The field of a message; nothing for a property that it does not have.
    pub(super) fn value(self, publish: &Publish<'_>, now: &Utc) -> Vec<u8> {
        let properties = &publish.properties;
        let text = |value: Option<&str>| value.unwrap_or_default().as_bytes().to_vec();
        let number =
            |value: Option<u32>| value.map(|value| value.to_string()).unwrap_or_default().into_bytes();
        match self {
            Self::Topic => text(Some(publish.topic)),
            Self::Payload => publish.payload.to_vec(),
            Self::LowerHex => hex(publish.payload, |out, byte| write!(out, "{byte:02x}")),
            Self::UpperHex => hex(publish.payload, |out, byte| write!(out, "{byte:02X}")),
            Self::Length => publish.payload.len().to_string().into_bytes(),
            Self::Qos => publish.qos.bits().to_string().into_bytes(),
            Self::Retained => u8::from(publish.retain).to_string().into_bytes(),
            Self::PacketId => number(Some(publish.packet_id.map_or(0, |id| u32::from(id.value())))),
            Self::DateTime => date_time(now).into_bytes(),
            Self::UnixTime => format!("{}.{:09}", now.unix_secs, now.nanos).into_bytes(),
            Self::TopicAlias => number(properties.topic_alias().map(u32::from)),
            Self::ContentType => text(properties.content_type()),
            Self::CorrelationData => properties.correlation_data().unwrap_or_default().to_vec(),
            Self::Expiry => number(properties.message_expiry_interval()),
            Self::PayloadFormat => number(properties.payload_format_indicator().map(u32::from)),
            Self::UserProperties => {
                let pairs: Vec<String> =
                    properties.user_properties().map(|(name, value)| format!("{name}:{value}")).collect();
                pairs.join(" ").into_bytes()
            }
            Self::ResponseTopic => text(properties.response_topic()),
            Self::SubscriptionIds => {
                let ids: Vec<String> = subscription_ids(publish).map(|id| id.to_string()).collect();
                ids.join(" ").into_bytes()
            }
        }
    }
}

/// The numbers of the subscriptions that led to the message.
pub(in crate::command::subscribe) fn subscription_ids<'a>(
    publish: &Publish<'a>,
) -> impl Iterator<Item = u32> + use<'a> {
    publish.properties.iter().filter_map(|property| {
        if let Property::SubscriptionIdentifier(id) = property { Some(id) } else { None }
    })
}

/// `2016-08-10T09:47:38+0000`
pub(super) fn date_time(now: &Utc) -> String {
    let Utc { year, month, day, hour, minute, second, .. } = now;
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}+0000")
}

fn hex(bytes: &[u8], write: impl Fn(&mut String, u8) -> std::fmt::Result) -> Vec<u8> {
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        // Writing to a string does not fail.
        let _ = write(&mut text, *byte);
    }
    text.into_bytes()
}
