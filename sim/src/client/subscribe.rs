use std::rc::Rc;

use vouchmq_mqtt::packet::{
    SubAck, Subscribe, SubscriptionFiltersBuf, TopicFiltersBuf, UnsubAck, Unsubscribe,
};
use vouchmq_mqtt::{Packet, PacketId, PropertiesBuf, Property};

use super::Client;
use crate::network::LinkId;
use crate::oracle::Wish;
use crate::workload;
use crate::world::Env;

/// SUBSCRIBE or UNSUBSCRIBE that awaits its answer.
#[derive(Debug)]
pub(super) enum Request {
    Subscribe(Vec<Rc<str>>),
    Unsubscribe,
}

impl Client {
    pub(super) fn subscribe_to_something(&mut self, env: &mut Env) {
        let wishes = workload::wishes(&self.profile, self.number.index(), &mut env.rng);
        self.subscribe(wishes, env);
    }

    /// Sends SUBSCRIBE.
    pub(crate) fn subscribe(&mut self, mut wishes: Vec<Wish>, env: &mut Env) {
        let Some(link) = self.online().map(|connection| connection.link) else { return };
        for wish in &mut wishes {
            if let Some(identifier) = env.oracle.identifier_of(&wish.written) {
                wish.identifier = Some(identifier).filter(|_| self.profile.has_properties());
            }
        }
        let packet_id = self.packet_id();
        let mut filters = SubscriptionFiltersBuf::default();
        let mut properties = PropertiesBuf::new();
        properties
            .extend(wishes.first().and_then(|wish| wish.identifier).map(Property::SubscriptionIdentifier));
        for wish in &wishes {
            filters.push(&wish.written, wish.options);
        }
        env.oracle.subscribing(link, packet_id.value(), &wishes, env.now);
        let written = wishes.into_iter().map(|wish| wish.written).collect();
        self.requests.insert(packet_id, Request::Subscribe(written));
        let subscribe =
            Subscribe { packet_id, properties: properties.as_properties(), filters: filters.as_filters() };
        self.send(&Packet::Subscribe(subscribe), env);
    }

    pub(super) fn on_suback(&mut self, link: LinkId, ack: &SubAck<'_>, env: &mut Env) {
        let Some(Request::Subscribe(written)) = self.requests.remove(&ack.packet_id) else {
            return self.odd_answer("SUBACK", ack.packet_id, env);
        };
        for (filter, reason) in written.into_iter().zip(ack.reasons.iter()) {
            if !reason.is_error() {
                self.subscriptions.insert(filter);
            }
        }
        env.oracle.subscribed(link, ack.packet_id.value(), ack.reasons.as_bytes(), env.now);
    }

    /// Sends UNSUBSCRIBE for something it has, or asked for, or perhaps has not.
    pub(super) fn unsubscribe_from_something(&mut self, env: &mut Env) {
        let Some(link) = self.online().map(|connection| connection.link) else { return };
        let known: Vec<Rc<str>> = self.subscriptions.iter().cloned().collect();
        let asked = self.requests.values().filter_map(|request| match request {
            Request::Subscribe(written) => written.first().cloned(),
            Request::Unsubscribe => None,
        });
        let candidates: Vec<Rc<str>> = known.into_iter().chain(asked).chain(["u/2".into()]).collect();
        let mut filters: Vec<Rc<str>> = Vec::new();
        for _ in 0..env.rng.one_of([1, 1, 2]) {
            filters.extend(candidates.get(env.rng.index(candidates.len())).cloned());
        }
        let packet_id = self.packet_id();
        let mut buffer = TopicFiltersBuf::default();
        for filter in &filters {
            buffer.push(filter);
            self.subscriptions.remove(filter);
        }
        env.oracle.unsubscribing(link, packet_id.value(), &filters, env.now);
        self.requests.insert(packet_id, Request::Unsubscribe);
        let properties = PropertiesBuf::new();
        let unsubscribe =
            Unsubscribe { packet_id, properties: properties.as_properties(), filters: buffer.as_filters() };
        self.send(&Packet::Unsubscribe(unsubscribe), env);
    }

    pub(super) fn on_unsuback(&mut self, link: LinkId, ack: &UnsubAck<'_>, env: &mut Env) {
        let Some(Request::Unsubscribe) = self.requests.remove(&ack.packet_id) else {
            return self.odd_answer("UNSUBACK", ack.packet_id, env);
        };
        env.oracle.unsubscribed(link, ack.packet_id.value(), ack.reasons.as_bytes(), env.now);
    }

    fn odd_answer(&self, what: &str, packet_id: PacketId, env: &mut Env) {
        env.fail(format!("{}: {what} {} for nothing", self.number, packet_id.value()));
    }
}
