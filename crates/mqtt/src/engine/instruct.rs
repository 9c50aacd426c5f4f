use std::sync::Arc;

use super::route::Origin;
use super::{CloseCause, Engine};
use crate::message::{Delivery, Message};
use crate::retained::RetainedFull;
use crate::time::Timestamp;
use crate::topic::{TopicFault, TopicName};
use crate::{PacketId, ReasonCode};

/// What became of a message that an operator published.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Published {
    /// Somebody had subscribed: what a client would be told by a success without 0x10.
    pub is_matched: bool,
}

/// Why a message of an operator was not published: what would have been refused to a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PublishFault {
    /// Its topic is no Topic Name, or longer or deeper than allowed (0x90).
    Topic(TopicFault),
    /// As a PUBLISH it would be larger than packets may be (0x95).
    TooLarge {
        /// Bytes of the whole packet.
        byte_count: usize,
        /// Bytes that it may have.
        max: usize,
    },
    /// It has more User Properties than allowed (0x95).
    UserProperties {
        /// As many as it may have.
        max: usize,
    },
    /// Its payload is announced as UTF-8 and is not (0x99).
    PayloadFormat,
    /// It is to be retained, and the store has no room for it (0x97).
    RetainedFull,
}

impl Engine {
    /// Publishes a message of an operator, under the limits of a client's PUBLISH.
    ///
    /// # Errors
    /// [`PublishFault`]; nothing is published, and nothing retained.
    pub fn publish(&mut self, now: Timestamp, message: &Arc<Message>) -> Result<Published, PublishFault> {
        let publication = message.publication();
        self.judge_message(message)?;
        if publication.retain {
            self.retain(&publication, Some(message)).map_err(|RetainedFull| PublishFault::RetainedFull)?;
        }
        let routed = self.route(now, &publication, Origin::Broker, Some(message.clone()));
        self.clients.stats.unmatched += u64::from(!routed.is_matched);
        Ok(Published { is_matched: routed.is_matched })
    }

    /// Closes the connection of a client; `false` when it has none. The session stays, as its expiry says.
    ///
    /// The will is published as after every loss, unless `reason` is Normal disconnection (0x00).
    pub fn disconnect_client(&mut self, now: Timestamp, client_id: &str, reason: ReasonCode) -> bool {
        let Some(id) = self.connection_of(client_id) else { return false };
        self.disconnect(now, id, reason, CloseCause::Administrative(reason));
        true
    }

    /// Closes the connection of a client, if it has one, and ends its session with all that waits in it; `false`
    /// when it has no session.
    ///
    /// The will is published at once, whatever its delay (`MQTT5-3.1.3-9`), unless `reason` is Normal
    /// disconnection (0x00).
    pub fn end_client(&mut self, now: Timestamp, client_id: &str, reason: ReasonCode) -> bool {
        let Some(session) = self.clients.session_of(client_id) else { return false };
        if reason == ReasonCode::SUCCESS
            && let Some(state) = self.clients.session_mut(session)
        {
            state.will = None;
        }
        self.disconnect_client(now, client_id, reason);
        if self.clients.session(session).is_some() {
            self.end_session(now, session);
        }
        true
    }

    fn judge_message(&self, message: &Message) -> Result<(), PublishFault> {
        let (publication, limits) = (message.publication(), &self.options.settings.limits);
        TopicName::parse(publication.topic, &limits.topics).map_err(PublishFault::Topic)?;
        let as_sent = Delivery {
            dup: false,
            qos: publication.qos,
            retain: publication.retain,
            packet_id: PacketId::new(1).filter(|_| publication.qos != crate::QoS::AtMostOnce),
            with_properties: true,
            expiry_secs: (publication.expires_at != Timestamp::NEVER).then_some(0),
            alias: None,
            identifiers: &[],
        };
        let (byte_count, max) = (publication.packet_len(&as_sent), limits.packet_bytes_max);
        if byte_count > max {
            return Err(PublishFault::TooLarge { byte_count, max });
        }
        let max = limits.user_properties_max;
        if publication.properties.user_properties().count() > max {
            return Err(PublishFault::UserProperties { max });
        }
        if self.options.settings.check_payload_format
            && publication.properties.payload_format_indicator() == Some(true)
            && simdutf8::basic::from_utf8(publication.payload).is_err()
        {
            return Err(PublishFault::PayloadFormat);
        }
        Ok(())
    }
}

impl From<TopicFault> for PublishFault {
    fn from(fault: TopicFault) -> Self {
        Self::Topic(fault)
    }
}

impl std::fmt::Display for PublishFault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Topic(fault) => write!(f, "the topic: {fault}"),
            Self::TooLarge { byte_count, max } => {
                write!(f, "as a packet it has {byte_count} bytes, and {max} are allowed")
            }
            Self::UserProperties { max } => write!(f, "it has more than {max} User Properties"),
            Self::PayloadFormat => f.write_str("the payload is announced as UTF-8 and is not"),
            Self::RetainedFull => f.write_str("there is no room for another retained message"),
        }
    }
}

impl std::error::Error for PublishFault {}
