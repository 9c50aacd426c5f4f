use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use vouchmq_mqtt::engine::{Input, Permit, ShardId};
use vouchmq_mqtt::time::Timestamp;
use vouchmq_mqtt::{Message, PropertiesBuf, Publication, PublisherId, QoS, ReasonCode};

use super::World;
use crate::agenda::Event;
use crate::client::ClientNo;
use crate::coverage::Behaviour;
use crate::network::Direction;
use crate::oracle::{Facts, Origin, Ruling, payload_of};

impl World {
    /// The operator does something, and will again.
    pub(super) fn operate(&mut self) {
        if self.env.is_resting {
            return;
        }
        match self.env.rng.below(6) {
            0 => self.disconnect_client(),
            1 => self.disconnect_link(),
            2 | 3 => self.publish_as_broker(),
            4 => self.press_memory(),
            _ => self.connect_mute(),
        }
        if self.registry.chance(200) {
            self.repermit_link();
        }
        let pause = self.env.rng.duration(&self.env.plan.operator.clone());
        self.env.agenda.plan(self.env.now.after(pause), Event::Operator);
    }

    /// By Client Identifier, wherever it is connected.
    fn disconnect_client(&mut self) {
        let number = self.env.rng.index(self.clients.len());
        let Some(id) = self.env.oracle.known_id(ClientNo::new(number)) else { return };
        let Some(link) = self.env.oracle.live_link(ClientNo::new(number)) else { return };
        let reason = ReasonCode::ADMINISTRATIVE_ACTION;
        self.env.oracle.operator_closes(link, reason);
        let owner = self.shards.first().map_or(ShardId(0), |shard| shard.engine.owner_of(&id));
        self.input(owner, Input::DisconnectClient(Arc::from(&*id), reason));
    }

    /// By connection, whatever its state.
    fn disconnect_link(&mut self) {
        let links: Vec<_> = self.shards.iter().flat_map(|shard| shard.links()).collect();
        let Some(link) = self.env.rng.pick(&links) else { return };
        let record = self.env.network.link(link);
        let (shard, Some(connection)) = (record.shard, record.connection) else { return };
        let reason = ReasonCode::ADMINISTRATIVE_ACTION;
        self.env.oracle.operator_closes(link, reason);
        self.input(shard, Input::Disconnect(connection, reason));
    }

    /// The registry reconsiders a connected client: the same rights, and another end or none.
    fn repermit_link(&mut self) {
        let links: Vec<_> = self.shards.iter().flat_map(|shard| shard.links()).collect();
        let Some(link) = self.registry.pick(&links) else { return };
        let Some(rights) = self.env.oracle.rights(link) else { return };
        let record = self.env.network.link(link);
        let (shard, Some(connection)) = (record.shard, record.connection) else { return };
        let lifetime = Duration::from_millis(self.registry.within(500..=10_000));
        let until = if self.registry.chance(500) { self.env.now.after(lifetime) } else { Timestamp::NEVER };
        self.env.oracle.ruled(link, Ruling::Allowed { rights, until });
        self.env.oracle.hit(Behaviour::Repermitted);
        let permit = Permit { authorize: Arc::new(rights), until, data: None };
        self.input(shard, Input::Repermit(connection, permit));
    }

    fn publish_as_broker(&mut self) {
        let qos = self.env.rng.one_of([QoS::AtMostOnce, QoS::AtLeastOnce, QoS::ExactlyOnce]);
        let topic: Rc<str> = self.env.rng.one_of(["$own/1", "t/a/1", "u/1"]).into();
        let facts = Facts {
            origin: Origin::Broker,
            topic: topic.clone(),
            qos,
            retain: self.env.rng.chance(200),
            payload_len: self.env.rng.length(9..=30),
            expiry_secs: None,
            is_tagged: false,
        };
        let retain = facts.retain;
        let number = self.env.oracle.create(facts.clone());
        let payload = payload_of(number, facts.payload_len);
        let properties = PropertiesBuf::new();
        let message = Message::new(&Publication {
            topic: &topic,
            properties: properties.as_properties(),
            payload: &payload,
            qos,
            retain,
            publisher: PublisherId::BROKER,
            expires_at: Timestamp::NEVER,
        });
        self.env.oracle.published_by_broker(number, self.env.now);
        self.env.oracle.hit(Behaviour::BrokerPublished);
        let shard = self.env.rng.index(self.shards.len());
        self.input(ShardId(u16::try_from(shard).unwrap_or(0)), Input::Publish(message));
    }

    /// Memory is short, or is not any more.
    fn press_memory(&mut self) {
        let is_short = self.env.rng.chance(500);
        if is_short {
            self.env.oracle.hit(Behaviour::MemoryShort);
        }
        self.set_memory(is_short);
    }

    pub(super) fn set_memory(&mut self, is_short: bool) {
        for number in 0..self.shards.len() {
            let shard = ShardId(u16::try_from(number).unwrap_or(0));
            self.env.oracle.memory(shard, is_short);
            self.input(shard, Input::MemoryPressure(is_short));
        }
    }

    /// Somebody connects, and says nothing, or not enough.
    fn connect_mute(&mut self) {
        let number = ClientNo::new(self.env.rng.index(self.clients.len()));
        let shard = ShardId(u16::try_from(self.env.rng.index(self.shards.len())).unwrap_or(0));
        let link = self.env.connect(number, shard);
        let Some(client) = self.clients.get_mut(number.index()) else { return };
        client.haunt(link, &mut self.env);
        if self.env.rng.chance(500) {
            self.env.send(link, Direction::ToBroker, &[0x10, 0x20, 0x00, 0x04, b'M']);
        }
    }
}
