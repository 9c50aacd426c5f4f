//! What stands in the place of placeholders.

use std::net::IpAddr;

use secrecy::ExposeSecret;
use vouchmq_identity::{Arrival, AuthRequest, ClientCertificate};

/// What is known of a client and of what it wants. Any text and any bytes: they come from outside.
///
/// A value that is `None` does not exist: NanoMQ's parameters without a value are left out, placeholders of templates
/// become empty.
#[derive(Clone, Copy, Default)]
pub struct Values<'a> {
    /// Its Client Identifier.
    pub client_id: &'a str,
    /// Its User Name.
    pub username: Option<&'a str>,
    /// Its Password: any bytes.
    pub password: Option<&'a [u8]>,
    /// Its address.
    pub peer: Option<IpAddr>,
    /// Its port.
    pub peer_port: Option<u16>,
    /// The Common Name of its certificate.
    pub cert_common_name: Option<&'a str>,
    /// The subject of its certificate (RFC 4514).
    pub cert_subject: Option<&'a str>,
    /// `MQTT` or `MQIsdp`.
    pub protocol: &'a str,
    /// The name of its listener.
    pub listener: Option<&'a str>,
    /// The port of its listener.
    pub listener_port: Option<u16>,
    /// What it wants to do; `None` at CONNECT.
    pub wish: Option<Wish<'a>>,
}

/// What a client wants to do.
#[derive(Clone, Copy, Debug)]
pub struct Wish<'a> {
    /// A topic name, or a filter as the client wrote it.
    pub topic: &'a str,
    /// Whether it subscribes; it publishes otherwise.
    pub is_subscription: bool,
    /// The QoS.
    pub qos: u8,
    /// Whether the message is to be retained.
    pub retain: bool,
}

/// A client, as a verdict is asked for about it.
#[derive(Clone, Copy)]
pub(super) struct Client<'a> {
    pub(super) client_id: &'a str,
    pub(super) username: Option<&'a str>,
    pub(super) password: Option<&'a [u8]>,
    pub(super) peer: Option<IpAddr>,
    pub(super) certificate: Option<&'a ClientCertificate>,
    pub(super) arrival: &'a Arrival,
}

impl<'a> Values<'a> {
    /// Those of a client that wants to connect.
    pub fn of(request: &'a AuthRequest) -> Self {
        Self::of_client(Client {
            client_id: &request.client_id,
            username: request.username.as_deref(),
            password: request.password.as_ref().map(ExposeSecret::expose_secret),
            peer: request.peer,
            certificate: request.certificate.as_deref(),
            arrival: &request.arrival,
        })
    }

    pub(super) fn of_client(client: Client<'a>) -> Self {
        let Client { client_id, username, password, peer, certificate, arrival } = client;
        let listener = arrival.listener.as_deref();
        Self {
            client_id,
            username,
            password,
            peer,
            peer_port: arrival.peer_port,
            cert_common_name: certificate.and_then(ClientCertificate::common_name),
            cert_subject: certificate.map(ClientCertificate::subject),
            protocol: arrival.protocol,
            listener: listener.map(|listener| &*listener.name),
            listener_port: listener.and_then(|listener| listener.port),
            wish: None,
        }
    }
}

/// Never the password.
impl std::fmt::Debug for Values<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Values")
            .field("client_id", &self.client_id)
            .field("username", &self.username)
            .finish_non_exhaustive()
    }
}
