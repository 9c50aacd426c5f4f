//! Who operators are, and how they show it.

use super::Kind::{File, List, Network, Seconds, Secret, Text, Word};
use super::row::{Row, own, row};

/// Every role and scope, as configuration writes them.
const ROLES: &[&str] = &["administrator", "operator", "viewer", "auditor", "broker"];

pub(super) const LOGIN: &[Row] = &[
    row("http_server.auth_type", Word(&["basic", "jwt", "no_auth"])).default("basic").acts(
        "basic: user names and passwords; jwt: signed tokens and no passwords; no_auth: whoever is on this machine may do everything. The administrator's token, API keys and certificates open in each",
    ),
    row("http_server.username", Text)
        .acts("user name of the one operator of NanoMQ; admin where only a password is there"),
    row("http_server.password", Secret).acts(
        "its password, in clear or as a hash; without it there is no such operator. NanoMQ's default, public, is taken on loopback only",
    ),
    row("http_server.jwt.public.keyfile", File).acts(
        "public key (PEM) that tokens are verified with; alone as NanoMQ does it: RS256, and iss is the name of the file",
    ),
    row("http_server.jwt.private.keyfile", File)
        .warns("nothing is signed with it", "private key, which NanoMQ reads and does not use"),
];

pub(super) const TOKENS: &[Row] = &[
    own("http_server.jwt.issuer", Text).acts("who has to have issued a token (iss)"),
    own("http_server.jwt.audience", Text)
        .acts("whom a token has to be for (aud): this broker, by a name that you choose"),
    own("http_server.jwt.keyfiles", List(&File)).acts("public keys (PEM): RSA, EC (P-256, P-384), Ed25519"),
    own("http_server.jwt.jwks_file", File).acts("public keys as a JWKS document"),
    own("http_server.jwt.algorithm", Word(&["RS256", "ES256", "ES384", "EdDSA"]))
        .acts("the algorithm that all keys have to be for; without it each key has its own"),
    own("http_server.jwt.leeway", Seconds)
        .default("30s")
        .within(0..=60)
        .acts("how far the clocks of who signs and of this machine may be apart"),
    own("http_server.jwt.max_lifetime", Seconds)
        .default("off")
        .within(0..=31_536_000)
        .word("off", 0)
        .acts("how long a token may be good for at all"),
    own("http_server.jwt.role_claim", Text).default("role").acts("the claim that names a role"),
    own("http_server.jwt.scope_claim", Text)
        .acts("the claim that names scopes, in a text with spaces or a list; without it scope and scopes"),
];

pub(super) const OPERATORS: &[Row] = &[
    own("http_server.users[].name", Text).acts("user name of an operator, without a colon"),
    own("http_server.users[].password", Secret)
        .acts("its password, in clear or as 'vouchmq passwd' hashes it"),
    own("http_server.users[].role", Word(ROLES)).acts("what it may do"),
    own("http_server.users[].scopes", List(&Text)).acts("what it may do besides, as devices:read"),
    own("http_server.users[].networks", List(&Network))
        .acts("where it may come from; without it from anywhere"),
    own("http_server.certificates[].name", Text)
        .acts("what the holder of a certificate is called in the audit log"),
    own("http_server.certificates[].subject", Text)
        .acts("the subject of the certificate, as RFC 4514 writes it: 'CN=ann,O=Example'"),
    own("http_server.certificates[].san", Text)
        .acts("an alternative name of the certificate: a DNS name, a URI or an e-mail address"),
    own("http_server.certificates[].fingerprint", Text)
        .acts("the fingerprint of the certificate, as sha256:…"),
    own("http_server.certificates[].role", Word(ROLES)).acts("what its holder may do"),
    own("http_server.certificates[].scopes", List(&Text)).acts("what it may do besides, as devices:read"),
];
