//! `-D COMMAND PROPERTY VALUE`: MQTT 5 properties as mosquitto_pub and mosquitto_sub write them.

use std::ffi::OsString;

use vouchmq_mqtt::codec::PacketType;
use vouchmq_mqtt::{PropertiesBuf, Property, PropertyId, QoS};

/// Stands between the words of one `-D` after [`joined`]: clap has no option that takes three or four words.
const SEPARATOR: char = '\u{1F}';

/// Packets, and the will, that properties can be given for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    Connect,
    Publish,
    Subscribe,
    Unsubscribe,
    Disconnect,
    Will,
}

/// One `-D`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Given {
    pub(crate) place: Place,
    id: PropertyId,
    values: Vec<String>,
}

/// Joins the words that belong to a `-D` of `pub` and `sub` into one: three, or four for a user property.
pub(crate) fn joined(arguments: impl Iterator<Item = OsString>) -> Vec<OsString> {
    let mut arguments = arguments.peekable();
    let mut joined: Vec<OsString> = arguments.by_ref().take(2).collect();
    let takes_properties = joined.get(1).is_some_and(|command| command == "pub" || command == "sub");
    while let Some(argument) = arguments.next() {
        let is_option = takes_properties && (argument == "-D" || argument == "--property");
        joined.push(argument);
        if !is_option {
            continue;
        }
        let mut words: Vec<OsString> = arguments.by_ref().take(3).collect();
        if words.get(1).is_some_and(|name| name == "user-property") {
            words.extend(arguments.next());
        }
        joined.push(words.join(SEPARATOR.to_string().as_ref()));
    }
    joined
}

// === impl Place ===

impl Place {
    const ALL: [(&'static str, Self); 6] = [
        ("connect", Self::Connect),
        ("publish", Self::Publish),
        ("subscribe", Self::Subscribe),
        ("unsubscribe", Self::Unsubscribe),
        ("disconnect", Self::Disconnect),
        ("will", Self::Will),
    ];

    fn name(self) -> &'static str {
        Self::ALL.iter().find(|(_, place)| *place == self).map_or("", |(name, _)| name)
    }

    const fn packet_type(self) -> Option<PacketType> {
        match self {
            Self::Connect => Some(PacketType::Connect),
            Self::Publish => Some(PacketType::Publish),
            Self::Subscribe => Some(PacketType::Subscribe),
            Self::Unsubscribe => Some(PacketType::Unsubscribe),
            Self::Disconnect => Some(PacketType::Disconnect),
            Self::Will => None,
        }
    }

    fn allows(self, id: PropertyId) -> bool {
        self.packet_type().map_or(id.is_allowed_in_will(), |packet| id.is_allowed_in(packet))
    }
}

// === impl Given ===

impl Given {
    /// Parses what [`joined`] made of a `-D`.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        Self::of_words(text).map_err(|why| format!("-D {}: {why}", text.replace(SEPARATOR, " ")))
    }

    fn of_words(text: &str) -> Result<Self, String> {
        let mut words = text.split(SEPARATOR);
        let (Some(place), Some(name), Some(value)) = (words.next(), words.next(), words.next()) else {
            return Err("write COMMAND PROPERTY VALUE, as publish content-type text/plain".to_owned());
        };
        let lower = place.to_ascii_lowercase();
        let place = Place::ALL.iter().find(|(name, _)| *name == lower).map(|(_, place)| *place).ok_or_else(|| {
            format!("'{place}' is no command; there are connect, publish, subscribe, unsubscribe, disconnect, will")
        })?;
        let id = PropertyId::ALL.iter().copied().find(|id| name_of(*id) == name).ok_or_else(|| {
            let names: Vec<_> =
                PropertyId::ALL.iter().filter(|id| place.allows(**id)).map(|id| name_of(*id)).collect();
            format!("'{name}' is no property; {} has {}", place.name(), names.join(", "))
        })?;
        if !place.allows(id) {
            return Err(format!("{} has no {name}", place.name()));
        }
        let values: Vec<String> = std::iter::once(value).chain(words).map(str::to_owned).collect();
        if id == PropertyId::UserProperty && values.len() < 2 {
            return Err("a user property is a name and a value".to_owned());
        }
        let given = Self { place, id, values };
        if given.property().is_some_and(|property| PropertiesBuf::new().push(property)) {
            Ok(given)
        } else {
            Err(format!("'{}' is no value for {name}", given.value()))
        }
    }

    fn value(&self) -> &str {
        self.values.first().map_or("", String::as_str)
    }

    /// The property; `None` for a value that is none.
    fn property(&self) -> Option<Property<'_>> {
        let text = self.value();
        let flag = || match text {
            "0" | "false" => Some(false),
            "1" | "true" => Some(true),
            _ => None,
        };
        Some(match self.id {
            PropertyId::PayloadFormatIndicator => Property::PayloadFormatIndicator(flag()?),
            PropertyId::MessageExpiryInterval => Property::MessageExpiryInterval(text.parse().ok()?),
            PropertyId::ContentType => Property::ContentType(text),
            PropertyId::ResponseTopic => Property::ResponseTopic(text),
            PropertyId::CorrelationData => Property::CorrelationData(text.as_bytes()),
            PropertyId::SubscriptionIdentifier => Property::SubscriptionIdentifier(text.parse().ok()?),
            PropertyId::SessionExpiryInterval => Property::SessionExpiryInterval(text.parse().ok()?),
            PropertyId::AssignedClientIdentifier => Property::AssignedClientIdentifier(text),
            PropertyId::ServerKeepAlive => Property::ServerKeepAlive(text.parse().ok()?),
            PropertyId::AuthenticationMethod => Property::AuthenticationMethod(text),
            PropertyId::AuthenticationData => Property::AuthenticationData(text.as_bytes()),
            PropertyId::RequestProblemInformation => Property::RequestProblemInformation(flag()?),
            PropertyId::WillDelayInterval => Property::WillDelayInterval(text.parse().ok()?),
            PropertyId::RequestResponseInformation => Property::RequestResponseInformation(flag()?),
            PropertyId::ResponseInformation => Property::ResponseInformation(text),
            PropertyId::ServerReference => Property::ServerReference(text),
            PropertyId::ReasonString => Property::ReasonString(text),
            PropertyId::ReceiveMaximum => Property::ReceiveMaximum(text.parse().ok()?),
            PropertyId::TopicAliasMaximum => Property::TopicAliasMaximum(text.parse().ok()?),
            PropertyId::TopicAlias => Property::TopicAlias(text.parse().ok()?),
            PropertyId::MaximumQoS => Property::MaximumQoS(QoS::from_bits(text.parse().ok()?)?),
            PropertyId::RetainAvailable => Property::RetainAvailable(flag()?),
            PropertyId::UserProperty => Property::UserProperty(text, self.values.get(1)?),
            PropertyId::MaximumPacketSize => Property::MaximumPacketSize(text.parse().ok()?),
            PropertyId::WildcardSubscriptionAvailable => Property::WildcardSubscriptionAvailable(flag()?),
            PropertyId::SubscriptionIdentifierAvailable => Property::SubscriptionIdentifierAvailable(flag()?),
            PropertyId::SharedSubscriptionAvailable => Property::SharedSubscriptionAvailable(flag()?),
        })
    }
}

impl std::fmt::Display for Given {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.place.name(), name_of(self.id))
    }
}

/// The properties that were given for a place, each one once unless it is a user property.
pub(crate) fn of(given: &[Given], place: Place) -> Result<PropertiesBuf, String> {
    let mut properties = PropertiesBuf::new();
    for one in given.iter().filter(|one| one.place == place) {
        if one.id != PropertyId::UserProperty && properties.as_properties().find(one.id).is_some() {
            return Err(format!("-D {} {} is given twice", place.name(), name_of(one.id)));
        }
        properties.extend(one.property());
    }
    Ok(properties)
}

/// `Message Expiry Interval` is `message-expiry-interval` on the command line.
pub(crate) fn name_of(id: PropertyId) -> String {
    id.name().to_ascii_lowercase().replace(' ', "-")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn given(words: &[&str]) -> Result<Given, String> {
        Given::parse(&words.join(&SEPARATOR.to_string()))
    }

    #[test]
    fn the_words_of_a_property_are_joined() {
        let words =
            "vouchmq pub -D publish user-property -k -v -t a --property connect receive-maximum 5 -q 1";
        let joined = joined(words.split(' ').map(OsString::from));
        let shown: Vec<String> =
            joined.iter().map(|word| word.to_string_lossy().replace(SEPARATOR, "|")).collect();
        assert_eq!(
            shown,
            [
                "vouchmq",
                "pub",
                "-D",
                "publish|user-property|-k|-v",
                "-t",
                "a",
                "--property",
                "connect|receive-maximum|5",
                "-q",
                "1"
            ]
        );
    }

    #[test]
    fn properties_end_up_where_they_belong() {
        let all = [
            given(&["PUBLISH", "content-type", "text"]).unwrap(),
            given(&["publish", "user-property", "a", "1"]).unwrap(),
            given(&["publish", "user-property", "a", "2"]).unwrap(),
            given(&["will", "will-delay-interval", "7"]).unwrap(),
        ];
        assert_eq!(
            format!("{:?}", of(&all, Place::Publish).unwrap()),
            r#"[ContentType("text"), UserProperty("a", "1"), UserProperty("a", "2")]"#
        );
        assert_eq!(of(&all, Place::Will).unwrap().as_properties().will_delay_interval(), Some(7));
        assert!(of(&all, Place::Connect).unwrap().is_empty());
    }

    #[test]
    fn mistakes_are_explained() {
        for (words, told) in [
            (&["publish"][..], "write COMMAND PROPERTY VALUE"),
            (&["pubrel", "reason-string", "x"], "'pubrel' is no command"),
            (&["publish", "color", "red"], "'color' is no property; publish has payload-format-indicator, "),
            (&["publish", "receive-maximum", "5"], "publish has no receive-maximum"),
            (&["connect", "receive-maximum", "0"], "'0' is no value for receive-maximum"),
            (&["publish", "payload-format-indicator", "2"], "'2' is no value for"),
            (&["publish", "user-property", "a"], "a user property is a name and a value"),
        ] {
            let error = given(words).unwrap_err();
            assert!(error.contains(told), "{error}");
        }
        let twice = vec![given(&["connect", "receive-maximum", "5"]).unwrap(); 2];
        assert_eq!(of(&twice, Place::Connect).unwrap_err(), "-D connect receive-maximum is given twice");
    }
}
