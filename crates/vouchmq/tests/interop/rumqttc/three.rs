//! MQTT 3.1.1.

use std::sync::Arc;
use std::sync::mpsc::channel;
use std::time::Duration;

use rumqttc::{Client, Event, LastWill, MqttOptions, Packet, QoS};

use super::{Heard, Message, Peer, Wishes};
use crate::server::Server;

pub(super) fn connect(server: &Server, id: &str, wishes: &Wishes) -> Peer {
    let mut options = MqttOptions::new(id, "127.0.0.1", server.port.parse().unwrap());
    options
        .set_keep_alive(Duration::from_secs(30))
        .set_clean_session(!wishes.keeps_session)
        .set_max_packet_size(2_000_000, 2_000_000);
    if let Some((topic, qos)) = &wishes.will {
        options.set_last_will(LastWill::new(topic, "bye", level(*qos), false));
    }
    let (client, mut connection) = Client::new(options, 100);
    let (tell, heard) = channel();
    let alive = Arc::new(());
    let is_alive = Arc::downgrade(&alive);
    std::thread::spawn(move || {
        while is_alive.strong_count() > 0 {
            let Ok(event) = connection.recv_timeout(Duration::from_millis(20)) else { continue };
            let heard = match event {
                Ok(Event::Incoming(Packet::ConnAck(connack))) => {
                    Heard::Connected { session_present: connack.session_present }
                }
                Ok(Event::Incoming(Packet::SubAck(_))) => Heard::Subscribed,
                Ok(Event::Incoming(Packet::Publish(publish))) => Heard::Message(Message {
                    topic: publish.topic,
                    payload: publish.payload.to_vec(),
                    qos: publish.qos as u8,
                    is_retained: publish.retain,
                }),
                Ok(_) => continue,
                Err(_) => return,
            };
            if tell.send(heard).is_err() {
                return;
            }
        }
    });
    let (subscriber, leaver) = (client.clone(), client.clone());
    Peer {
        publish: Box::new(move |topic, qos, retain, payload| {
            client.publish(topic, level(qos), retain, payload).unwrap();
        }),
        subscribe: Box::new(move |filter, qos| subscriber.subscribe(filter, level(qos)).unwrap()),
        disconnect: Box::new(move || leaver.disconnect().unwrap()),
        heard,
        _alive: alive,
    }
}

fn level(qos: u8) -> QoS {
    [QoS::AtMostOnce, QoS::AtLeastOnce, QoS::ExactlyOnce][usize::from(qos)]
}
