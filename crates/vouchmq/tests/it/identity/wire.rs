//! An MQTT client of bytes: what the server says is seen as it is.
#![expect(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail by panicking, too")]

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

/// Which dialect is spoken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Version {
    V311,
    V5,
}

/// What a client says about itself.
#[derive(Clone, Debug)]
pub(crate) struct Login {
    pub(crate) version: Version,
    pub(crate) client_id: String,
    pub(crate) username: String,
    /// Any bytes.
    pub(crate) password: Vec<u8>,
}

/// A connection.
#[derive(Debug)]
pub(crate) struct Wire {
    stream: TcpStream,
    version: Version,
}

/// How the server ended a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    /// DISCONNECT with this reason, then the end of the stream.
    Told(u8),
    /// The end of the stream.
    Closed,
}

/// Both dialects.
pub(crate) const VERSIONS: [Version; 2] = [Version::V311, Version::V5];

/// How long any packet may take.
const PATIENCE: Duration = Duration::from_secs(60);
const KEEP_ALIVE_SECS: u8 = 120;

impl Version {
    /// What this dialect says for a reason of MQTT 5.
    pub(crate) fn code(self, reason: u8) -> u8 {
        match (self, reason) {
            (Self::V5, reason) => reason,
            (Self::V311, 0x86) => 4,
            (Self::V311, 0x87) => 5,
            (Self::V311, 0x88 | 0x89) => 3,
            (Self::V311, other) => other,
        }
    }

    /// How this dialect ends a connection for a reason of MQTT 5.
    pub(crate) fn ending(self, reason: u8) -> Ending {
        match self {
            Self::V5 => Ending::Told(reason),
            Self::V311 => Ending::Closed,
        }
    }
}

impl Login {
    /// As a device: its id is its User Name and its Client Identifier.
    pub(crate) fn of(version: Version, device: &str, password: &str) -> Self {
        Self {
            version,
            client_id: device.to_owned(),
            username: device.to_owned(),
            password: password.as_bytes().to_vec(),
        }
    }

    fn packet(&self) -> Vec<u8> {
        let level = if self.version == Version::V5 { 5 } else { 4 };
        // User Name, Password, Clean Start
        let mut body = [&[0, 4], b"MQTT".as_slice(), &[level, 0b1100_0010, 0, KEEP_ALIVE_SECS]].concat();
        if self.version == Version::V5 {
            body.push(0);
        }
        for bytes in [self.client_id.as_bytes(), self.username.as_bytes(), &self.password] {
            put_bytes(&mut body, bytes);
        }
        framed(0x10, &body)
    }
}

impl Wire {
    /// Dials and says CONNECT; the answer is not waited for.
    pub(crate) fn knock(address: &str, login: &Login) -> Self {
        let mut stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.set_nodelay(true).unwrap();
        stream.write_all(&login.packet()).unwrap();
        Self { stream, version: login.version }
    }

    /// Waits for CONNACK; its code as the dialect has it. `None` if the server closes without a word.
    pub(crate) fn answer(&mut self) -> Option<u8> {
        let (kind, body) = self.packet()?;
        assert_eq!(kind, 0x20, "the first packet is CONNACK, not {kind:#x} {body:?}");
        Some(*body.get(1).unwrap())
    }

    /// Connects; the code of CONNACK if it is not 0.
    pub(crate) fn connect(address: &str, login: &Login) -> Result<Self, u8> {
        let mut wire = Self::knock(address, login);
        match wire.answer() {
            Some(0) => Ok(wire),
            Some(code) => Err(code),
            None => panic!("{login:?}: closed without CONNACK"),
        }
    }

    /// Begins to log in by SCRAM-SHA-256, and answers the challenge so; the challenge. It is refused.
    pub(crate) fn scram(address: &str, name: &str, answer: &[u8]) -> String {
        let properties = |said: &[u8]| {
            let mut properties = vec![0x15];
            put_text(&mut properties, "SCRAM-SHA-256");
            properties.push(0x16);
            properties.extend(u16::try_from(said.len()).unwrap().to_be_bytes());
            properties.extend(said);
            [&[u8::try_from(properties.len()).unwrap()], &*properties].concat()
        };
        // Clean Start
        let mut body = [&[0, 4], b"MQTT".as_slice(), &[5, 2, 0, KEEP_ALIVE_SECS]].concat();
        body.extend(properties(format!("n,,n={name},r=abcdefgh").as_bytes()));
        put_text(&mut body, name);
        let mut stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.write_all(&framed(0x10, &body)).unwrap();
        let mut wire = Self { stream, version: Version::V5 };
        let (kind, challenge) = wire.packet().unwrap();
        assert_eq!(kind, 0xF0, "AUTH");
        wire.stream.write_all(&framed(0xF0, &[&[0x18], &*properties(answer)].concat())).unwrap();
        assert_ne!(wire.answer(), Some(0));
        String::from_utf8_lossy(&challenge).into_owned()
    }

    /// Publishes at QoS 1; the reason of PUBACK, 0 where the dialect has none.
    pub(crate) fn publish(&mut self, topic: &str, payload: &[u8]) -> u8 {
        self.try_publish(topic, payload).unwrap()
    }

    /// The same; `None` if the server closes instead.
    pub(crate) fn try_publish(&mut self, topic: &str, payload: &[u8]) -> Option<u8> {
        let mut body = Vec::new();
        put_text(&mut body, topic);
        body.extend([0, 1]);
        if self.version == Version::V5 {
            body.push(0);
        }
        body.extend(payload);
        self.stream.write_all(&framed(0x32, &body)).unwrap();
        let (kind, body) = self.packet()?;
        assert_eq!(kind, 0x40, "PUBACK");
        Some(body.get(2).copied().unwrap_or(0))
    }

    /// Subscribes at QoS 0; the code of SUBACK.
    pub(crate) fn subscribe(&mut self, filter: &str) -> u8 {
        let mut body = vec![0, 1];
        if self.version == Version::V5 {
            body.push(0);
        }
        put_text(&mut body, filter);
        body.push(0);
        self.stream.write_all(&framed(0x82, &body)).unwrap();
        let (kind, body) = self.packet().unwrap();
        assert_eq!(kind, 0x90, "SUBACK");
        *body.last().unwrap()
    }

    /// Waits for a message at QoS 0: its topic and its payload.
    pub(crate) fn message(&mut self) -> (String, Vec<u8>) {
        let (kind, body) = self.packet().unwrap();
        assert_eq!(kind & 0xF6, 0x30, "PUBLISH at QoS 0");
        let (len, rest) = body.split_at(2);
        let (topic, rest) = rest.split_at(usize::from(u16::from_be_bytes(len.try_into().unwrap())));
        let payload = match self.version {
            Version::V5 => &rest[1 + usize::from(rest[0])..],
            Version::V311 => rest,
        };
        (String::from_utf8(topic.to_vec()).unwrap(), payload.to_vec())
    }

    /// Says PINGREQ, and waits for PINGRESP; whether it came.
    pub(crate) fn is_alive(&mut self) -> bool {
        self.stream.write_all(&[0xC0, 0]).is_ok() && self.packet().is_some_and(|(kind, _)| kind == 0xD0)
    }

    /// Waits until the server ends the connection.
    pub(crate) fn ending(&mut self) -> Ending {
        let mut ending = Ending::Closed;
        while let Some((kind, body)) = self.packet() {
            if kind == 0xE0 {
                ending = Ending::Told(body.first().copied().unwrap_or(0));
            }
        }
        ending
    }

    /// The next packet: its first byte and its body; `None` at the end of the stream.
    fn packet(&mut self) -> Option<(u8, Vec<u8>)> {
        let [kind] = self.take::<1>()?;
        let (mut len, mut shift) = (0, 0);
        loop {
            let [byte] = self.take::<1>()?;
            len |= usize::from(byte & 0x7F) << shift;
            shift += 7;
            if byte & 0x80 == 0 {
                break;
            }
        }
        let mut body = vec![0; len];
        self.fill(&mut body).then_some((kind, body))
    }

    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let mut bytes = [0; N];
        self.fill(&mut bytes).then_some(bytes)
    }

    fn fill(&mut self, bytes: &mut [u8]) -> bool {
        match self.stream.read_exact(bytes) {
            Ok(()) => true,
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                panic!("nothing came within {PATIENCE:?}")
            }
            Err(_) => false,
        }
    }
}

fn put_text(body: &mut Vec<u8>, text: &str) {
    put_bytes(body, text.as_bytes());
}

fn put_bytes(body: &mut Vec<u8>, bytes: &[u8]) {
    body.extend(u16::try_from(bytes.len()).unwrap().to_be_bytes());
    body.extend(bytes);
}

fn framed(kind: u8, body: &[u8]) -> Vec<u8> {
    let mut packet = vec![kind];
    let mut len = body.len();
    while len > 0x7F {
        packet.push(u8::try_from(len & 0x7F).unwrap() | 0x80);
        len >>= 7;
    }
    packet.push(u8::try_from(len).unwrap());
    packet.extend(body);
    packet
}
