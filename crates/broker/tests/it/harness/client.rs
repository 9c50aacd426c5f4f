use std::io::{self, Read, Write};
use std::net::{IpAddr, SocketAddr, TcpStream};
use std::os::unix::net::UnixStream;
use std::path::Path;

use socket2::{Domain, Socket, Type};
use vouchmq_mqtt::codec::{self, DecodeLimits};
use vouchmq_mqtt::packet::{Ack, ConnAck, Disconnect, Publish, SubAck};
use vouchmq_mqtt::{Dialect, Packet, ProtocolVersion, QoS, ReasonCode};

use super::packets::{
    ToPacket, disconnect, encode, keep, puback, pubcomp, publish, pubrec, pubrel, subscribe,
};
use super::{DEADLINE, Mouth, Tunnel};

/// Each kind of packet, awaited.
macro_rules! kinds {
    ($($name:ident $type:ident $(= $kind:ident)?)+) => {
        $(pub(crate) fn $name(&mut self) -> $type<'static> {
            kinds!(@await self $type $($kind)?)
        })+
    };
    (@await $client:ident $type:ident) => {
        kinds!(@await $client $type $type)
    };
    (@await $client:ident $type:ident $kind:ident) => {{
        let packet = $client.packet();
        let Packet::$kind(awaited) = packet else {
            panic!("{} is awaited, and this came: {packet:?}", stringify!($kind));
        };
        awaited
    }};
}

/// One client on a socket, which it reads and writes like a script: what does not come in time fails.
#[derive(Debug)]
pub(crate) struct Client {
    stream: Stream,
    version: ProtocolVersion,
    /// Read and not yet looked at.
    received: Vec<u8>,
    last_id: u16,
}

#[derive(Debug)]
enum Stream {
    Tcp(TcpStream),
    Unix(UnixStream),
    /// Through layers.
    Tunnel(Mouth),
}

impl Client {
    /// A connection that has said nothing yet.
    pub(crate) fn open(address: SocketAddr, version: ProtocolVersion) -> Self {
        let stream = TcpStream::connect_timeout(&address, DEADLINE).expect("accepted by the system");
        Self::on_tcp(stream, version)
    }

    /// A connection from this address of the machine.
    pub(crate) fn open_from(source: IpAddr, address: SocketAddr, version: ProtocolVersion) -> Self {
        let socket = Socket::new(Domain::for_address(address), Type::STREAM, None).expect("a socket");
        socket.bind(&SocketAddr::new(source, 0).into()).expect("an address of this machine");
        socket.connect(&address.into()).expect("accepted by the system");
        Self::on_tcp(socket.into(), version)
    }

    fn on_tcp(stream: TcpStream, version: ProtocolVersion) -> Self {
        stream.set_nodelay(true).expect("a socket");
        stream.set_read_timeout(Some(DEADLINE)).expect("a socket");
        stream.set_write_timeout(Some(DEADLINE)).expect("a socket");
        Self::on(Stream::Tcp(stream), version)
    }

    pub(crate) fn open_unix(path: &Path, version: ProtocolVersion) -> Self {
        let stream = UnixStream::connect(path).expect("accepted by the system");
        stream.set_read_timeout(Some(DEADLINE)).expect("a socket");
        stream.set_write_timeout(Some(DEADLINE)).expect("a socket");
        Self::on(Stream::Unix(stream), version)
    }

    /// A connection through layers that has said nothing yet.
    pub(crate) fn open_through(tunnel: &Tunnel, address: SocketAddr, version: ProtocolVersion) -> Self {
        let mouth = tunnel.open(address).expect("a way to the broker");
        mouth.stream.set_read_timeout(Some(DEADLINE)).expect("a socket");
        mouth.stream.set_write_timeout(Some(DEADLINE)).expect("a socket");
        Self::on(Stream::Tunnel(mouth), version)
    }

    /// The client's own port.
    pub(crate) fn port(&self) -> u16 {
        let Stream::Tcp(stream) = &self.stream else { panic!("a client over TCP has one") };
        stream.local_addr().expect("an address").port()
    }

    fn on(stream: Stream, version: ProtocolVersion) -> Self {
        Self { stream, version, received: Vec::new(), last_id: 0 }
    }

    // --- packets

    pub(crate) fn send<'a>(&mut self, packet: impl ToPacket<'a>) {
        let bytes = encode(self.version, packet);
        self.send_bytes(&bytes);
    }

    pub(crate) fn send_bytes(&mut self, bytes: &[u8]) {
        self.try_send(bytes).expect("the broker reads");
    }

    /// Writes what may be refused by a broker that closes meanwhile.
    pub(crate) fn try_send(&mut self, bytes: &[u8]) -> io::Result<()> {
        match &mut self.stream {
            Stream::Tcp(stream) => stream.write_all(bytes),
            Stream::Unix(stream) | Stream::Tunnel(Mouth { stream, .. }) => stream.write_all(bytes),
        }
    }

    /// Writes of `bytes`, again and again from `at`, what the system takes at once.
    pub(crate) fn send_some(&mut self, bytes: &[u8], at: &mut usize) {
        let Stream::Tcp(stream) = &mut self.stream else { panic!("a TCP client") };
        stream.set_nonblocking(true).expect("a socket");
        let written = stream.write(&bytes[*at..]);
        stream.set_nonblocking(false).expect("a socket");
        *at = (*at + written.unwrap_or(0)) % bytes.len();
    }

    /// The next packet; `None` when the broker has closed.
    pub(crate) fn poll(&mut self) -> Option<Packet<'static>> {
        loop {
            if let Some(header) = codec::frame(&self.received).expect("a fixed header")
                && self.received.len() >= header.packet_len()
            {
                let rest = self.received.split_off(header.packet_len());
                let packet = keep(std::mem::replace(&mut self.received, rest));
                let (body, limits) =
                    (&packet[header.header_len..], DecodeLimits { user_properties_max: 1000 });
                let version = Dialect::new(self.version).version();
                return Some(codec::decode_from_server(header, body, version, &limits).expect("a packet"));
            }
            if self.read_some() == 0 {
                assert!(self.received.is_empty(), "cut: {:02x?}", self.received);
                return None;
            }
        }
    }

    /// Reads once; 0 when the broker has closed, in whatever way.
    fn read_some(&mut self) -> usize {
        let mut buffer = vec![0; 256 * 1024];
        let count = match self.read(&mut buffer) {
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::ConnectionReset => 0,
            Err(error) => panic!("nothing comes in time: {error}"),
        };
        self.received.extend_from_slice(&buffer[..count]);
        count
    }

    /// Reads once and forgets it; 0 when the broker has closed.
    pub(crate) fn poll_quietly(&mut self) -> usize {
        self.read(&mut [0; 256]).unwrap_or(0)
    }

    /// Bytes as they come.
    pub(crate) fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match &mut self.stream {
            Stream::Tcp(stream) => stream.read(buffer),
            Stream::Unix(stream) | Stream::Tunnel(Mouth { stream, .. }) => stream.read(buffer),
        }
    }

    /// Bytes that are there already, as many as the buffer takes; 0 when there are none.
    pub(crate) fn read_ready(&mut self, buffer: &mut [u8]) -> usize {
        let Stream::Tcp(stream) = &mut self.stream else { panic!("a TCP client") };
        stream.set_nonblocking(true).expect("a socket");
        let read = stream.read(buffer);
        stream.set_nonblocking(false).expect("a socket");
        read.unwrap_or(0)
    }

    pub(crate) fn packet(&mut self) -> Packet<'static> {
        self.poll().expect("a packet, and the broker has closed")
    }

    pub(crate) fn expect<'a>(&mut self, packet: impl ToPacket<'a>) {
        assert_eq!(self.packet(), packet.to_packet());
    }

    /// The broker closes, and says nothing before.
    pub(crate) fn expect_closed(&mut self) {
        assert_eq!(self.poll(), None);
    }

    /// The broker closes, and says why where the version has words for it.
    pub(crate) fn expect_disconnect(&mut self, reason: ReasonCode) {
        if Dialect::new(self.version).has_server_disconnect() {
            assert_eq!(self.disconnect().reason, reason);
        }
        self.expect_closed();
    }

    // --- kinds of packets

    kinds! {
        connack ConnAck
        publish Publish
        puback Ack = PubAck
        suback SubAck
        disconnect Disconnect
    }

    // --- whole exchanges

    pub(crate) fn next_id(&mut self) -> u16 {
        self.last_id = self.last_id % 1000 + 1;
        self.last_id
    }

    /// Subscribes, and is granted what it asked for.
    pub(crate) fn subscribe(&mut self, filter: &str, qos: QoS) {
        let packet_id = self.next_id();
        self.send(subscribe(packet_id, &[(filter, qos)]));
        assert_eq!(self.suback().reasons.as_bytes(), [qos.bits()], "{filter} is granted");
    }

    /// Publishes, and sees the exchange of the QoS through.
    pub(crate) fn publishes(&mut self, qos: QoS, topic: &str, payload: &str) {
        let packet_id = self.next_id();
        self.send(publish(qos, packet_id, topic, payload.as_bytes()));
        match qos {
            QoS::AtMostOnce => {}
            QoS::AtLeastOnce => assert!(!self.puback().reason.is_error()),
            QoS::ExactlyOnce => {
                let Packet::PubRec(ack) = self.packet() else { panic!("PUBREC is awaited") };
                assert!(!ack.reason.is_error(), "{ack:?}");
                self.send(pubrel(ack.packet_id));
                self.expect(pubcomp(ack.packet_id));
            }
        }
    }

    /// The next packet brings this message; its exchange is seen through.
    pub(crate) fn receives(&mut self, qos: QoS, topic: &str, payload: &str) -> Publish<'static> {
        let publish = self.publish();
        let said = (publish.topic, String::from_utf8_lossy(publish.payload), publish.qos);
        assert_eq!(said, (topic, payload.into(), qos));
        self.acknowledge(&publish);
        publish
    }

    /// Sees the exchange of a received PUBLISH through.
    pub(crate) fn acknowledge(&mut self, publish: &Publish<'_>) {
        let Some(packet_id) = publish.packet_id else { return };
        if publish.qos == QoS::AtLeastOnce {
            return self.send(puback(packet_id));
        }
        self.send(pubrec(packet_id));
        self.expect(pubrel(packet_id));
        self.send(pubcomp(packet_id));
    }

    /// The broker answers: it has handled everything before.
    pub(crate) fn ping(&mut self) {
        self.send(Packet::PingReq);
        self.expect(Packet::PingResp);
    }

    /// Says goodbye and waits until the broker has closed; what still came before is not looked at.
    pub(crate) fn leave(mut self) {
        self.send(disconnect(ReasonCode::SUCCESS));
        while self.poll().is_some() {}
    }
}
