use std::sync::Arc;

use vouchmq_mqtt::engine::{Input, PublishFault, Published};
use vouchmq_mqtt::topic::{TopicFault, TopicName};
use vouchmq_mqtt::{Message as MqttMessage, ReasonCode};

use super::{Control, instruct};
use crate::shard::mailbox::Message;

impl Control {
    /// Closes the connection of a client, with this reason.
    pub fn disconnect(&self, client_id: &str, reason: ReasonCode) {
        let client_id: Arc<str> = Arc::from(client_id);
        for mailbox in self.mailboxes.iter() {
            mailbox.send(Message::Input(Input::DisconnectClient(client_id.clone(), reason)));
        }
    }

    /// Closes the connection of a client, with this reason (0x98 where an operator wants it); `false` when it had
    /// none. Its session stays, as its expiry says.
    ///
    /// Its will is published as after every loss, unless the reason is Normal disconnection (0x00). It is done once
    /// this is called and polled, whether the answer is awaited or not.
    pub async fn disconnect_client(&self, client_id: &str, reason: ReasonCode) -> bool {
        let client_id: Arc<str> = Arc::from(client_id);
        let done = self.instruct_all(move |engine, now| engine.disconnect_client(now, &client_id, reason));
        done.await.contains(&true)
    }

    /// Closes the connection of a client, if it has one, with this reason, and ends its session with all that waits
    /// in it; `false` when it had no session.
    ///
    /// Its will is published at once, whatever its delay, unless the reason is Normal disconnection (0x00).
    pub async fn end_session(&self, client_id: &str, reason: ReasonCode) -> bool {
        let client_id: Arc<str> = Arc::from(client_id);
        let done = self.instruct_all(move |engine, now| engine.end_client(now, &client_id, reason));
        done.await.contains(&true)
    }

    /// Publishes a message of an operator, under the limits of a client's PUBLISH, and says what became of it.
    ///
    /// [`now`](Self::now) is what its expiry counts from.
    ///
    /// # Errors
    /// [`PublishFault`]: nothing is published.
    pub async fn publish_message(&self, message: Arc<MqttMessage>) -> Result<Published, PublishFault> {
        // Where the broker ends, nobody is left to receive it.
        let Some(mailbox) = self.mailboxes.first() else { return Ok(Published::default()) };
        let published = instruct(mailbox, move |engine, now| engine.publish(now, &message));
        published.await.unwrap_or(Ok(Published::default()))
    }

    /// Publishes a message of the broker itself, which no limit holds up.
    ///
    /// # Errors
    /// The topic of the message is no Topic Name: nothing is published.
    pub fn publish(&self, message: Arc<MqttMessage>) -> Result<(), TopicFault> {
        TopicName::new(message.publication().topic)?;
        if let Some(mailbox) = self.mailboxes.first() {
            mailbox.send(Message::Input(Input::Publish(message)));
        }
        Ok(())
    }
}
