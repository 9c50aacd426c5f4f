//! A broker in this process, and clients of it that speak MQTT 5 byte by byte.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use vouchmq_api::management::Management;
use vouchmq_broker::{Bound, Broker, BrokerConfig, BrokerSettings, Control, ListenAddress, ListenerOptions};
use vouchmq_identity::{Access, Anonymous};
use vouchmq_mqtt::Limits;
use vouchmq_mqtt::engine::EngineOptions;

use super::registry::World;
use super::{Server, free};

/// A broker that lets everybody in, with two shards and one listener.
pub(crate) struct Mqtt {
    pub(crate) control: Control,
    address: SocketAddr,
    broker: Option<Broker>,
}

/// A client of it.
pub(crate) struct Client(TcpStream);

const PATIENCE: Duration = Duration::from_secs(20);

impl Mqtt {
    pub(crate) fn start() -> Self {
        Self::with(Limits::default())
    }

    pub(crate) fn with(limits: Limits) -> Self {
        let mut engine = EngineOptions::new(2);
        engine.settings.limits = Arc::new(limits);
        let bound = Bound::bind(BrokerConfig {
            listeners: vec![ListenerOptions::plain("tcp", ListenAddress::Tcp(free()))],
            engine,
            authenticator: Arc::new(Anonymous::everybody(Access::everything())),
            exchange_methods: Vec::new(),
            settings: BrokerSettings { sys_interval_secs: 0, ..BrokerSettings::default() },
            heap_bytes_in_use: || None,
            verify_threads: 1,
        });
        let bound = bound.unwrap();
        let Some(ListenAddress::Tcp(address)) = bound.addresses().first().cloned() else {
            panic!("no address")
        };
        let broker = bound.start().unwrap();
        Self { control: broker.control(), address, broker: Some(broker) }
    }

    /// The management API of a world, looking into this broker.
    pub(crate) fn managed(&self, world: &World) -> Server {
        let control = self.control.clone();
        world.management_that(|management: Management| management.with_broker(control))
    }

    /// A client that is let in, whose session lasts an hour.
    pub(crate) fn connect(&self, client_id: &str) -> Client {
        let stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let mut client = Client(stream);
        let mut body = b"\x00\x04MQTT\x05\x02\x00\x3c\x05\x11\x00\x00\x0e\x10".to_vec();
        put(&mut body, client_id);
        client.send(0x10, &body);
        let (first, answer) = client.receive().unwrap();
        assert_eq!((first, answer[1]), (0x20, 0), "{client_id:?} is let in");
        client
    }
}

impl Drop for Mqtt {
    fn drop(&mut self) {
        if let Some(broker) = self.broker.take() {
            let _ = broker.drain();
        }
    }
}

impl Client {
    pub(crate) fn subscribe(&mut self, filter: &str, options: u8) {
        let mut body = b"\x00\x01\x00".to_vec();
        put(&mut body, filter);
        body.push(options);
        self.send(0x82, &body);
        let (first, answer) = self.receive().unwrap();
        assert_eq!((first, answer.last()), (0x90, Some(&(options & 3))));
    }

    /// The topic and what follows it of the next PUBLISH.
    pub(crate) fn published(&mut self) -> (String, Vec<u8>) {
        let (first, body) = self.receive().unwrap();
        assert_eq!(first >> 4, 3, "a PUBLISH is awaited");
        let len = usize::from(body[0]) << 8 | usize::from(body[1]);
        let topic = String::from_utf8(body[2..2 + len].to_vec()).unwrap();
        (topic, body[2 + len..].to_vec())
    }

    /// The reason of the DISCONNECT that comes, after which the connection is closed.
    pub(crate) fn disconnected(&mut self) -> u8 {
        let (first, body) = self.receive().unwrap();
        assert_eq!(first, 0xE0);
        assert_eq!(self.receive(), None);
        body[0]
    }

    /// Whether it is still served.
    pub(crate) fn is_served(&mut self) -> bool {
        self.send(0xC0, &[]);
        self.receive() == Some((0xD0, Vec::new()))
    }

    fn send(&mut self, first: u8, body: &[u8]) {
        let mut packet = vec![first];
        let mut left = body.len();
        loop {
            let byte = u8::try_from(left % 128).unwrap();
            left /= 128;
            packet.push(if left > 0 { byte | 0x80 } else { byte });
            if left == 0 {
                break;
            }
        }
        packet.extend_from_slice(body);
        self.0.write_all(&packet).unwrap();
    }

    /// The next packet: its first byte, and what follows its length; `None` where the connection ends.
    fn receive(&mut self) -> Option<(u8, Vec<u8>)> {
        let mut first = [0];
        if self.0.read(&mut first).unwrap() == 0 {
            return None;
        }
        let (mut len, mut shift) = (0_usize, 0);
        loop {
            let mut byte = [0];
            self.0.read_exact(&mut byte).unwrap();
            len |= usize::from(byte[0] & 0x7F) << shift;
            shift += 7;
            if byte[0] < 0x80 {
                break;
            }
        }
        let mut body = vec![0; len];
        self.0.read_exact(&mut body).unwrap();
        Some((first[0], body))
    }
}

fn put(body: &mut Vec<u8>, text: &str) {
    body.extend_from_slice(&u16::try_from(text.len()).unwrap().to_be_bytes());
    body.extend_from_slice(text.as_bytes());
}
