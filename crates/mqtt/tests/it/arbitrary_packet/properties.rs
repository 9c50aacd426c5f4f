use arbitrary::{Result, Unstructured};
use vouchmq_mqtt::codec::{PacketType, VARIABLE_BYTE_INTEGER_MAX};
use vouchmq_mqtt::{PropertiesBuf, Property, PropertyId, QoS};

use super::Sender;
use super::text::{text, topic_name};

/// What the properties belong to.
#[derive(Clone, Copy, Debug)]
pub(super) enum Place {
    Packet(PacketType, Sender),
    Will,
}

/// Some of the properties that may stand there, in any order.
pub(super) fn properties(u: &mut Unstructured<'_>, place: Place) -> Result<PropertiesBuf> {
    let mut properties = PropertiesBuf::new();
    let mut ids: Vec<PropertyId> = PropertyId::ALL.iter().copied().filter(|id| place.admits(*id)).collect();
    let mut wanted = u.int_in_range(0..=ids.len().min(6))?;
    if matches!(place, Place::Packet(PacketType::Auth, _)) {
        push(u, &mut properties, PropertyId::AuthenticationMethod)?;
        ids.retain(|id| *id != PropertyId::AuthenticationMethod);
        wanted = wanted.min(ids.len());
    }
    for _ in 0..wanted {
        let id = ids.swap_remove(u.choose_index(ids.len())?);
        if id == PropertyId::AuthenticationData
            && properties.as_properties().authentication_method().is_none()
        {
            continue;
        }
        let count = if place.repeats(id) { u.int_in_range(1..=3)? } else { 1 };
        for _ in 0..count {
            push(u, &mut properties, id)?;
        }
    }
    Ok(properties)
}

impl Place {
    fn admits(self, id: PropertyId) -> bool {
        match self {
            Self::Will => id.is_allowed_in_will(),
            Self::Packet(PacketType::Publish, Sender::Client) if id == PropertyId::SubscriptionIdentifier => {
                false
            }
            Self::Packet(PacketType::Disconnect, Sender::Server)
                if id == PropertyId::SessionExpiryInterval =>
            {
                false
            }
            Self::Packet(packet_type, _) => id.is_allowed_in(packet_type),
        }
    }

    fn repeats(self, id: PropertyId) -> bool {
        match self {
            Self::Will => id == PropertyId::UserProperty,
            Self::Packet(packet_type, _) => id.may_repeat_in(packet_type),
        }
    }
}

fn push(u: &mut Unstructured<'_>, properties: &mut PropertiesBuf, id: PropertyId) -> Result<()> {
    let (first, second, topic) = (text(u)?, text(u)?, topic_name(u)?);
    let data: Vec<u8> = u.arbitrary()?;
    let flag: bool = u.arbitrary()?;
    let short: u16 = u.arbitrary()?;
    let long: u32 = u.arbitrary()?;
    let property = match id {
        PropertyId::PayloadFormatIndicator => Property::PayloadFormatIndicator(flag),
        PropertyId::MessageExpiryInterval => Property::MessageExpiryInterval(long),
        PropertyId::ContentType => Property::ContentType(&first),
        PropertyId::ResponseTopic => Property::ResponseTopic(&topic),
        PropertyId::CorrelationData => Property::CorrelationData(&data),
        PropertyId::SubscriptionIdentifier => {
            Property::SubscriptionIdentifier((long % VARIABLE_BYTE_INTEGER_MAX) + 1)
        }
        PropertyId::SessionExpiryInterval => Property::SessionExpiryInterval(long),
        PropertyId::AssignedClientIdentifier => Property::AssignedClientIdentifier(&first),
        PropertyId::ServerKeepAlive => Property::ServerKeepAlive(short),
        PropertyId::AuthenticationMethod => Property::AuthenticationMethod(&first),
        PropertyId::AuthenticationData => Property::AuthenticationData(&data),
        PropertyId::RequestProblemInformation => Property::RequestProblemInformation(flag),
        PropertyId::WillDelayInterval => Property::WillDelayInterval(long),
        PropertyId::RequestResponseInformation => Property::RequestResponseInformation(flag),
        PropertyId::ResponseInformation => Property::ResponseInformation(&first),
        PropertyId::ServerReference => Property::ServerReference(&first),
        PropertyId::ReasonString => Property::ReasonString(&first),
        PropertyId::ReceiveMaximum => Property::ReceiveMaximum(short.max(1)),
        PropertyId::TopicAliasMaximum => Property::TopicAliasMaximum(short),
        PropertyId::TopicAlias => Property::TopicAlias(short.max(1)),
        PropertyId::MaximumQoS => Property::MaximumQoS(if flag { QoS::AtLeastOnce } else { QoS::AtMostOnce }),
        PropertyId::RetainAvailable => Property::RetainAvailable(flag),
        PropertyId::UserProperty => Property::UserProperty(&first, &second),
        PropertyId::MaximumPacketSize => Property::MaximumPacketSize(long.max(1)),
        PropertyId::WildcardSubscriptionAvailable => Property::WildcardSubscriptionAvailable(flag),
        PropertyId::SubscriptionIdentifierAvailable => Property::SubscriptionIdentifierAvailable(flag),
        PropertyId::SharedSubscriptionAvailable => Property::SharedSubscriptionAvailable(flag),
    };
    assert!(properties.push(property), "{property:?}");
    Ok(())
}
