//! Which service is asked by HTTP about clients, and how.

use super::Kind::{AnyCase, Anything, Bytes, Count, List, Secret, Switch, Text, Time, Word};
use super::row::{Row, own, row};
use super::tls::outgoing;

const MINUTE: u64 = 60_000;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

/// Keys that mean the same as another one, and that one; those whose name another holds come first.
pub(super) const SAME: &[(&str, &str)] = &[
    ("auth.http_auth.auth_req.ssl", "auth.http_auth.auth_req.tls"),
    ("auth.http_auth.super_req.ssl", "auth.http_auth.super_req.tls"),
    ("auth.http_auth.acl_req.ssl", "auth.http_auth.acl_req.tls"),
    ("http_auth", "auth.http_auth"),
];

pub(super) const ROWS: &[Row] = &[
    row("auth.http_auth.enable", Switch).default("true").acts("false: no service is asked"),
    row("http_auth", Anything)
        .acts("the same as auth.http_auth, where NanoMQ does not see it; both at once are an error"),
    own("auth.http_auth.mode", Word(&["status", "json", "native"])).acts(
        "how answers read: by their status as with NanoMQ, by JSON as with EMQX, or our own authentication service. Without it auth_resp.result decides, and status where there is none",
    ),
    row("auth.http_auth.auth_resp.result", Text)
        .acts("an answer is 200 and JSON, and allows if its result is this; an answer that is anything else lets nobody in"),
    row("auth.http_auth.timeout", Time)
        .default("5s")
        .acts("how long one answer may take; 0 is an error, where NanoMQ denies everybody"),
    row("auth.http_auth.connect_timeout", Time)
        .default("5s")
        .acts("how long a connection may take, TLS included; 0 is an error"),
    own("auth.http_auth.deadline", Time).default("8s").within(100..=HOUR).acts(
        "how long a client waits for its verdict, all questions together; then it is told to come again (0x88, 3). Below mqtt.connect_timeout: without it at most four fifths of that",
    ),
    row("auth.http_auth.pool_size", Count)
        .default("256")
        .within(1..=65_535)
        .acts("most connections to each server; NanoMQ reads it, has 32, and makes one for each question"),
    own("auth.http_auth.max_waiting", Count)
        .default("16384")
        .within(0..=1_000_000)
        .acts("questions that wait for a connection to a server; for more there is no verdict"),
    own("auth.http_auth.max_connection_age", Time)
        .default("5m")
        .within(1_000..=DAY)
        .acts("after so long a connection is made anew, and the name of the server looked up again"),
    own("auth.http_auth.http2", Switch).default("true").acts("offer HTTP/2 to servers with TLS"),
    own("auth.http_auth.max_answer_size", Bytes)
        .default("1MB")
        .within(1_024..=64 << 20)
        .acts("longest answer; one that is longer is no verdict"),
    row("auth.http_auth.cache_ttl", Time)
        .default("off")
        .within(0..=30 * DAY)
        .word("off", 0)
        .acts("how long an answer that allows is remembered; less where the answer says so. NanoMQ forgets all of them at once, every so often"),
    own("auth.http_auth.acl_cache_ttl", Time)
        .default("10s")
        .within(0..=30 * DAY)
        .word("off", 0)
        .acts("how long what acl_req says is remembered for a connection; off: the service is asked each time"),
    own("auth.http_auth.negative_cache_ttl", Time)
        .default("2s")
        .within(0..=5 * MINUTE)
        .word("off", 0)
        .acts("how long an answer that denies is remembered"),
    own("auth.http_auth.max_cache_entries", Count)
        .default("100000")
        .within(1..=10_000_000)
        .acts("answers that are remembered; more displace older ones"),
    own("auth.http_auth.max_cache_bytes", Bytes)
        .default("64MB")
        .within(1_024..=64 << 30)
        .acts("and their bytes"),
    own("auth.http_auth.stale_if_error", Time)
        .default("off")
        .within(0..=30 * DAY)
        .word("off", 0)
        .acts("how long an answer that allowed is good beyond its time while no server answers"),
    own("auth.http_auth.signing.keyid", Text).acts("requests are signed (RFC 9421): the name of the key"),
    own("auth.http_auth.signing.key", Secret).acts("the key, at least 32 bytes"),
    own("auth.http_auth.signing.check_answers", Switch)
        .default("true")
        .acts("an answer that is not signed with the key is no verdict; our authentication service signs"),
];

/// The keys below each request.
macro_rules! request {
    ($at:literal, $what:literal) => {
        [
            row(concat!($at, "enable"), Switch).default("true").acts("false: it is not asked; NanoMQ asks all the same"),
            row(concat!($at, "url"), Text).acts(concat!($what, ": where that is asked; ${clientid} and others may stand in path and query")),
            own(concat!($at, "urls"), List(&Text)).acts("more servers that answer alike"),
            row(concat!($at, "method"), AnyCase(&["get", "post", "put"]))
                .default("post")
                .acts("how it is sent; where it is missing NanoMQ does not start"),
            row(concat!($at, "headers.*"), Secret).acts("header fields, with ${clientid} and others in them"),
            row(concat!($at, "params.*"), Secret).acts(
                "what is sent, in this order: %u for the user name and so on, ${username}, or text; as JSON where the content type is application/json, else as a form",
            ),
            row(concat!($at, "body"), Secret)
                .acts("in place of params: the text that is sent, with ${clientid} and others in it"),
            row(concat!($at, "body.*"), Secret).acts("the same as params, as EMQX writes it"),
            row(concat!($at, "ssl"), Anything).acts("the same as tls, as NanoMQ writes it"),
        ]
    };
}

pub(super) const LOGIN: &[Row] = &request!("auth.http_auth.auth_req.", "who is it");
pub(super) const LOGIN_TLS: &[Row] = &outgoing!("auth.http_auth.auth_req.tls.");
pub(super) const SUPERUSER: &[Row] = &request!("auth.http_auth.super_req.", "is it a superuser");
pub(super) const SUPERUSER_TLS: &[Row] = &outgoing!("auth.http_auth.super_req.tls.");
pub(super) const ACL: &[Row] = &request!("auth.http_auth.acl_req.", "may it do this");
pub(super) const ACL_TLS: &[Row] = &outgoing!("auth.http_auth.acl_req.tls.");

pub(super) const NATIVE: &[Row] = &[
    own("auth.http_auth.native.servers", List(&Text))
        .acts("authentication services of ours, as https://auth.example:8080; for mode = native"),
    own("auth.http_auth.native.batch_window", Time)
        .default("2ms")
        .within(0..=100)
        .acts("how long a question may wait for others that travel with it"),
    own("auth.http_auth.native.max_batch", Count)
        .default("256")
        .within(1..=256)
        .acts("questions that travel together"),
    own("auth.http_auth.native.follow_changes", Switch)
        .default("true")
        .acts("follow what the service changes: who is revoked is closed at once"),
    own("auth.http_auth.native.max_staleness", Time)
        .default("off")
        .within(0..=30 * DAY)
        .word("off", 0)
        .acts("how long clients stay connected while the service cannot be asked whether they still may"),
];
pub(super) const NATIVE_TLS: &[Row] = &outgoing!("auth.http_auth.native.tls.");
