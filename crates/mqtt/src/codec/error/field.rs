use crate::PropertyId;

macro_rules! fields {
    ($($name:ident $text:literal,)+) => {
        /// A field of a packet, to name the place of a fault.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Field {
            $(#[doc = $text] $name,)+
            /// The value of this property.
            Property(PropertyId),
        }

        impl Field {
            /// The standard's words for the field.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$name => $text,)+
                    Self::Property(id) => id.name(),
                }
            }
        }
    };
}

fields! {
    RemainingLength "Remaining Length",
    Body "packet body",
    ProtocolName "Protocol Name",
    ProtocolLevel "Protocol Version",
    ConnectFlags "Connect Flags",
    KeepAlive "Keep Alive",
    ClientId "Client Identifier",
    WillTopic "Will Topic",
    WillPayload "Will Payload",
    WillQos "Will QoS",
    UserName "User Name",
    Password "Password",
    ConnAckFlags "Connect Acknowledge Flags",
    ReasonCode "Reason Code",
    PublishQos "QoS of PUBLISH",
    TopicName "Topic Name",
    PacketId "Packet Identifier",
    PropertyLength "Property Length",
    PropertyId "Property Identifier",
    Properties "Properties",
    TopicFilter "Topic Filter",
    SubscriptionOptions "Subscription Options",
}

impl std::fmt::Display for Field {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}
