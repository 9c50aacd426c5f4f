//! Where MQTT clients connect.

use super::Kind::{Address, Anything, List, Network, Switch, Text};
use super::row::{Row, own, row};
use super::tls::tls;

const TRUSTED: &str = "proxies whose connections begin with a PROXY protocol header; nobody else's may";
const ORIGINS: &str = "origins of pages whose scripts may connect, as https://example.com; without it any";
const ENABLE: &str = "false: the listener is off, also where NanoMQ opens it all the same";
const OF_LISTENER: &str = "limits hold for all listeners: see mqtt";

pub(super) const TCP: &[Row] = &[
    row("listeners.tcp(.*).bind", Address).default("127.0.0.1:1883").acts(
        "where clients connect: HOST:PORT, PORT of 127.0.0.1, or unix:PATH; NanoMQ's default is 0.0.0.0:1883",
    ),
    row("listeners.tcp(.*).enable", Switch).default("true").acts(ENABLE),
    own("listeners.tcp(.*).proxy_protocol.trusted", List(&Network)).acts(TRUSTED),
    row("listeners.tcp(.*).mqtt", Anything).warns(OF_LISTENER, "limits of a listener, of an older NanoMQ"),
];

pub(super) const SSL: &[Row] = &[
    row("listeners.ssl(.*).bind", Address)
        .default("127.0.0.1:8883")
        .acts("where clients connect by TLS; NanoMQ's default is 0.0.0.0:8883"),
    row("listeners.ssl(.*).enable", Switch).default("true").acts(ENABLE),
    own("listeners.ssl(.*).proxy_protocol.trusted", List(&Network)).acts(TRUSTED),
    row("listeners.ssl(.*).use_cert_as_username", Text).warns(
        "who a certificate is about is said by credentials of kind x509 in the registry",
        "user name from a certificate",
    ),
    row("listeners.ssl(.*).mqtt", Anything).warns(OF_LISTENER, "limits of a listener, of an older NanoMQ"),
];
pub(super) const SSL_TLS: &[Row] = &tls!(row, "listeners.ssl(.*).");

pub(super) const WS: &[Row] = &[
    row("listeners.ws(.*).bind", Address)
        .default("127.0.0.1:8083/mqtt")
        .acts("where clients connect by WebSocket, and the path; NanoMQ's default is 0.0.0.0:8083/mqtt"),
    row("listeners.ws(.*).enable", Switch).default("true").acts(ENABLE),
    own("listeners.ws(.*).origins", List(&Text)).acts(ORIGINS),
    own("listeners.ws(.*).proxy_protocol.trusted", List(&Network)).acts(TRUSTED),
    row("listeners.ws(.*).mqtt", Anything).warns(OF_LISTENER, "limits of a listener, of an older NanoMQ"),
];

pub(super) const WSS: &[Row] = &[
    row("listeners.wss(.*).bind", Address)
        .default("127.0.0.1:8086/mqtt")
        .acts("where clients connect by WebSocket over TLS, and the path; never opened unless it is written"),
    row("listeners.wss(.*).enable", Switch).default("true").acts(ENABLE),
    own("listeners.wss(.*).origins", List(&Text)).acts(ORIGINS),
    own("listeners.wss(.*).proxy_protocol.trusted", List(&Network)).acts(TRUSTED),
    row("listeners.wss(.*).mqtt", Anything).warns(OF_LISTENER, "limits of a listener, of an older NanoMQ"),
];
/// Without a certificate of its own it has what `listeners.ssl` has.
pub(super) const WSS_TLS: &[Row] = &tls!(own, "listeners.wss(.*).");
