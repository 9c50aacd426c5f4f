//! Who may connect, and what they may do.

use super::Kind::{Anything, File, List, Secret, Switch, Text, Word};
use super::row::{Row, own, row};

const ALWAYS: &str = "clients are always asked who they are; allow_anonymous says whether they have to tell";

pub(super) const ROWS: &[Row] = &[
    row("auth.allow_anonymous", Switch)
        .default("false")
        .acts("let clients in that give no user name; a wrong password is refused all the same. NanoMQ's default is true"),
    row("auth.no_match", Word(&["allow", "deny"]))
        .default("deny")
        .acts("what becomes of what no rule matches; allow where there are no rules at all. NanoMQ's default is allow"),
    row("auth.enable", Switch).warns(ALWAYS, "ask clients who they are"),
    own("auth.order", List(&Word(&["registry", "file", "http"])))
        .default("[registry, file]")
        .acts("who is asked about a client, one after the other; the first that knows it decides. With auth.http_auth the default is [registry, file, http]"),
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
