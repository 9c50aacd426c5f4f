use crate::packet::{Publish, Reasons};
use crate::{PacketId, Properties, ReasonCode};

/// What a packet of the server means for the client. Borrows from the bytes it was read from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event<'a> {
    /// CONNACK: the server takes us.
    Connected {
        /// It goes on with the session it has; otherwise ours is empty now, too.
        session_present: bool,
        /// What the server limits, assigns or says.
        properties: Properties<'a>,
    },
    /// CONNACK: the server refuses us, and the connection is over.
    Refused {
        /// Why; for MQTT 3.x what its return code projects from.
        reason: ReasonCode,
        /// Reason String, Server Reference and so on.
        properties: Properties<'a>,
    },
    /// PUBLISH, with its alias resolved. Each QoS 2 message comes once.
    Message(Publish<'a>),
    /// PUBREC: the server has the QoS 2 message; PUBREL is sent.
    Received {
        /// Of our PUBLISH.
        packet_id: PacketId,
        /// Success, or No matching subscribers.
        reason: ReasonCode,
        /// Reason String and User Properties.
        properties: Properties<'a>,
    },
    /// PUBACK, PUBCOMP, or a PUBREC that refuses: the exchange is finished.
    Acknowledged {
        /// Of our PUBLISH.
        packet_id: PacketId,
        /// Success, or why the server refused the message; always success in MQTT 3.x.
        reason: ReasonCode,
        /// Reason String and User Properties.
        properties: Properties<'a>,
    },
    /// PUBREL: the server has our PUBREC; PUBCOMP is sent.
    Released(PacketId),
    /// SUBACK.
    Subscribed {
        /// Of our SUBSCRIBE.
        packet_id: PacketId,
        /// One for each filter, in order.
        reasons: Reasons<'a>,
        /// Reason String and User Properties.
        properties: Properties<'a>,
    },
    /// UNSUBACK.
    Unsubscribed {
        /// Of our UNSUBSCRIBE.
        packet_id: PacketId,
        /// One for each filter, in order; none in MQTT 3.x.
        reasons: Reasons<'a>,
        /// Reason String and User Properties.
        properties: Properties<'a>,
    },
    /// PINGRESP.
    Pong,
    /// AUTH: the server's next step of enhanced authentication, or its end.
    Auth {
        /// Continue authentication, or success.
        reason: ReasonCode,
        /// Authentication Method and Data, Reason String, User Properties.
        properties: Properties<'a>,
    },
    /// DISCONNECT: the server ends the connection.
    Disconnected {
        /// Why.
        reason: ReasonCode,
        /// Reason String, Server Reference, User Properties.
        properties: Properties<'a>,
    },
}
