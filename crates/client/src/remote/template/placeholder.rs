use std::borrow::Cow;

use base64ct::{Base64, Encoding as _};

use super::Occasion;
use super::fault::Fault;
use crate::remote::tells::Tells;
use crate::remote::values::{Values, Wish};

/// What can stand in a template.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Placeholder {
    UserName,
    ClientId,
    Password,
    /// In base64 with padding (RFC 4648 §4): for passwords that are no text.
    PasswordBase64,
    PeerHost,
    PeerPort,
    CommonName,
    Subject,
    Protocol,
    Listener,
    ListenerPort,
    Topic,
    Action,
    Qos,
    Retain,
    Access,
    /// `%m`, the mountpoint: NanoMQ's own example names it, and NanoMQ never has one.
    Mountpoint,
}

/// What stands in the place of one.
#[derive(Debug)]
pub(super) enum Value<'a> {
    /// There is none.
    Absent,
    Text(Cow<'a, str>),
    /// No UTF-8.
    Bytes(&'a [u8]),
    /// It is not to be seen.
    Hidden,
}

/// What placeholders get.
#[derive(Clone, Copy)]
pub(super) struct Filling<'a> {
    pub(super) values: &'a Values<'a>,
    /// Whether the password is not to be seen.
    pub(super) hides: bool,
}

const NAMED: [(&str, Placeholder); 15] = [
    ("username", Placeholder::UserName),
    ("clientid", Placeholder::ClientId),
    ("password", Placeholder::Password),
    ("password_b64", Placeholder::PasswordBase64),
    ("peerhost", Placeholder::PeerHost),
    ("peerport", Placeholder::PeerPort),
    ("cert_common_name", Placeholder::CommonName),
    ("cert_subject", Placeholder::Subject),
    ("proto", Placeholder::Protocol),
    ("listener", Placeholder::Listener),
    ("topic", Placeholder::Topic),
    ("action", Placeholder::Action),
    ("qos", Placeholder::Qos),
    ("retain", Placeholder::Retain),
    ("access", Placeholder::Access),
];

const LETTERS: [(char, Placeholder); 11] = [
    ('u', Placeholder::UserName),
    ('P', Placeholder::Password),
    ('c', Placeholder::ClientId),
    ('a', Placeholder::PeerHost),
    ('p', Placeholder::ListenerPort),
    ('r', Placeholder::Protocol),
    ('C', Placeholder::CommonName),
    ('d', Placeholder::Subject),
    ('A', Placeholder::Access),
    ('t', Placeholder::Topic),
    ('m', Placeholder::Mountpoint),
];

/// Names that are longer, or have other characters, are not repeated to anybody: they may be no names.
const NAME_LEN_MAX: usize = 32;

impl Placeholder {
    /// By the name between `${` and `}`.
    pub(super) fn named(name: &str, occasion: Occasion) -> Result<Self, Fault> {
        let Some((name, found)) = NAMED.iter().find(|(known, _)| *known == name) else {
            let is_name = name.len() <= NAME_LEN_MAX
                && name.chars().all(|letter| letter.is_ascii_alphanumeric() || "_.-".contains(letter));
            return Err(Fault::Unknown { name: if is_name { name.into() } else { "..".into() } });
        };
        found.on(occasion, || format!("${{{name}}}").into())
    }

    /// As NanoMQ writes it: `%` and a letter; what follows does not count. `None`: it is text.
    pub(super) fn lettered(text: &str, occasion: Occasion) -> Option<Result<Self, Fault>> {
        let letter = text.strip_prefix('%')?.chars().next().filter(char::is_ascii_alphabetic)?;
        let found = LETTERS.iter().find(|(known, _)| *known == letter);
        Some(match found {
            Some((_, found)) => found.on(occasion, || format!("%{letter}").into()),
            None => Err(Fault::UnknownLetter { letter }),
        })
    }

    fn on(self, occasion: Occasion, name: impl FnOnce() -> Box<str>) -> Result<Self, Fault> {
        match (self, occasion) {
            (Self::Topic | Self::Action | Self::Qos | Self::Retain | Self::Access, Occasion::Connect) => {
                Err(Fault::NotAtConnect { name: name() })
            }
            _ => Ok(self),
        }
    }

    /// What it tells of a client, beside its names and what it does.
    pub(super) fn tells(self) -> Tells {
        let nothing = Tells::default();
        match self {
            Self::Password | Self::PasswordBase64 => Tells { password: true, ..nothing },
            Self::PeerHost => Tells { peer: true, ..nothing },
            Self::PeerPort => Tells { peer_port: true, ..nothing },
            Self::CommonName | Self::Subject => Tells { certificate: true, ..nothing },
            Self::Protocol => Tells { protocol: true, ..nothing },
            Self::Listener | Self::ListenerPort => Tells { listener: true, ..nothing },
            Self::UserName
            | Self::ClientId
            | Self::Topic
            | Self::Action
            | Self::Qos
            | Self::Retain
            | Self::Access
            | Self::Mountpoint => nothing,
        }
    }

    /// Whether it is the password.
    const fn is_secret(self) -> bool {
        matches!(self, Self::Password | Self::PasswordBase64)
    }
}

impl<'a> Filling<'a> {
    pub(super) fn value(&self, placeholder: Placeholder) -> Value<'a> {
        let Values { client_id, username, password, peer, peer_port, wish, .. } = *self.values;
        if self.hides && placeholder.is_secret() && password.is_some() {
            return Value::Hidden;
        }
        match placeholder {
            Placeholder::UserName => Value::text(username),
            Placeholder::ClientId => Value::text(Some(client_id)),
            Placeholder::Password => match password.map(|bytes| (bytes, str::from_utf8(bytes))) {
                Some((_, Ok(text))) => Value::text(Some(text)),
                Some((bytes, Err(_))) => Value::Bytes(bytes),
                None => Value::Absent,
            },
            Placeholder::PasswordBase64 => Value::owned(password.map(Base64::encode_string)),
            Placeholder::PeerHost => Value::owned(peer.map(|peer| peer.to_canonical().to_string())),
            Placeholder::PeerPort => Value::owned(peer_port.map(|port| port.to_string())),
            Placeholder::CommonName => Value::text(self.values.cert_common_name),
            Placeholder::Subject => Value::text(self.values.cert_subject),
            Placeholder::Protocol => Value::text(Some(self.values.protocol)),
            Placeholder::Listener => Value::text(self.values.listener),
            Placeholder::ListenerPort => Value::owned(self.values.listener_port.map(|port| port.to_string())),
            Placeholder::Topic => Value::text(wish.map(|wish| wish.topic)),
            Placeholder::Action => Value::text(wish.map(|wish| of_action(wish, "subscribe", "publish"))),
            Placeholder::Access => Value::text(wish.map(|wish| of_action(wish, "1", "2"))),
            Placeholder::Qos => Value::owned(wish.map(|wish| wish.qos.to_string())),
            Placeholder::Retain => Value::owned(wish.map(|wish| wish.retain.to_string())),
            Placeholder::Mountpoint => Value::Absent,
        }
    }
}

const fn of_action(wish: Wish<'_>, subscribes: &'static str, publishes: &'static str) -> &'static str {
    if wish.is_subscription { subscribes } else { publishes }
}

impl<'a> Value<'a> {
    fn text(text: Option<&'a str>) -> Self {
        text.map_or(Self::Absent, |text| Self::Text(text.into()))
    }

    fn owned(text: Option<String>) -> Self {
        text.map_or(Self::Absent, |text| Self::Text(text.into()))
    }

    /// What is shown where it is not to be seen.
    pub(super) const HIDDEN: &'static str = "******";
}
