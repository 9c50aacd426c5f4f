//! Who may connect, and what they may do.

use super::Kind::{Anything, Count, File, List, Secret, Switch, Text, Time, Word};
use super::row::{Row, own, row};

const HTTP_AUTHENTICATION: &str = "asking a service by HTTP";
const ALWAYS: &str = "clients are always asked who they are; allow_anonymous says whether they have to tell";

pub(super) const ROWS: &[Row] = &[
    row("auth.allow_anonymous", Switch)
        .default("false")
        .acts("let clients in that give no user name; a wrong password is refused all the same. NanoMQ's default is true"),
    row("auth.no_match", Word(&["allow", "deny"]))
        .default("deny")
        .acts("what becomes of what no rule matches; allow where there are no rules at all. NanoMQ's default is allow"),
    row("auth.enable", Switch).warns(ALWAYS, "ask clients who they are"),
    own("auth.order", List(&Word(&["registry", "file"])))
        .default("[registry, file]")
        .acts("who is asked about a client, one after the other; the first that knows it decides"),
    row("auth.password.enable", Switch).default("true").acts("false: these users are not let in"),
    row("auth.password.*", Secret).acts("a user and its password, or a hash of it"),
    own("auth.password_file", File).acts("users and password hashes that 'vouchmq passwd' wrote"),
    own("auth.mosquitto_password_file", File).acts("a password file of Mosquitto"),
    own("auth.mosquitto_acl_file", File).acts("an ACL file of Mosquitto"),
    row("auth.acl.enable", Switch).default("true").acts("false: the rules are left out, and what they are about is what no_match says"),
    row("auth.acl.rules[].permit", Word(&["allow", "deny"])).acts("whether the rule allows or denies; the first rule that matches decides"),
    row("auth.acl.rules[].action", Word(&["publish", "subscribe", "pubsub"]))
        .default("pubsub")
        .acts("what the rule is about"),
    row("auth.acl.rules[].topics", List(&Text))
        .acts("topic filters, with ${clientid} and ${username}; literally behind an @; without it all topics"),
    row("auth.acl.rules[].username", Text).acts("the client with this user name; # is all"),
    row("auth.acl.rules[].clientid", Text).acts("the client with this identifier; # is all"),
    row("auth.acl.rules[].ipaddr", Text).acts("clients from this address or network; # is all"),
    row("auth.acl.rules[].ipaddrs", List(&Text)).acts("clients from one of these"),
    row("auth.acl.rules[].and", List(&Anything)).acts("all of these, each a block with one of username, clientid, ipaddr, ipaddrs, and, or"),
    row("auth.acl.rules[].or", List(&Anything)).acts("one of these"),
];

/// The keys below each request of HTTP authentication.
macro_rules! request {
    ($at:literal) => {
        [
            row(concat!($at, "url"), Text).not_yet(HTTP_AUTHENTICATION, "where it is sent"),
            row(concat!($at, "method"), Text).not_yet(HTTP_AUTHENTICATION, "GET or POST"),
            row(concat!($at, "headers.*"), Secret).not_yet(HTTP_AUTHENTICATION, "header fields"),
            row(concat!($at, "params.*"), Text)
                .not_yet(HTTP_AUTHENTICATION, "parameters, as %u for the user name"),
            row(concat!($at, "body"), Text).not_yet(HTTP_AUTHENTICATION, "the body, as a template"),
            row(concat!($at, "enable"), Switch).not_yet(HTTP_AUTHENTICATION, "whether it is sent"),
            row(concat!($at, "ssl"), Anything)
                .not_yet(HTTP_AUTHENTICATION, "TLS, which NanoMQ reads and does not use"),
            row(concat!($at, "tls"), Anything).not_yet(HTTP_AUTHENTICATION, "TLS"),
        ]
    };
}

pub(super) const HTTP: &[Row] = &[
    row("auth.http_auth.enable", Switch)
        .default("true")
        .not_yet(HTTP_AUTHENTICATION, "whether the service is asked"),
    row("auth.http_auth.timeout", Time)
        .default("5s")
        .not_yet(HTTP_AUTHENTICATION, "how long an answer may take"),
    row("auth.http_auth.connect_timeout", Time)
        .default("5s")
        .not_yet(HTTP_AUTHENTICATION, "how long a connection may take"),
    row("auth.http_auth.pool_size", Count)
        .default("32")
        .not_yet(HTTP_AUTHENTICATION, "connections, which NanoMQ reads and does not use"),
    row("auth.http_auth.cache_ttl", Time)
        .default("0s")
        .not_yet(HTTP_AUTHENTICATION, "how long an answer is remembered"),
    row("auth.http_auth.auth_resp", Anything).not_yet(HTTP_AUTHENTICATION, "which answers allow"),
    row("http_auth", Anything)
        .not_yet(HTTP_AUTHENTICATION, "the same outside of auth, where NanoMQ does not see it"),
];
pub(super) const HTTP_CONNECT: &[Row] = &request!("auth.http_auth.auth_req.");
pub(super) const HTTP_SUPERUSER: &[Row] = &request!("auth.http_auth.super_req.");
pub(super) const HTTP_ACL: &[Row] = &request!("auth.http_auth.acl_req.");
