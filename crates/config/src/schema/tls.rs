//! TLS: the same keys on every listener.

pub(super) const VERSIONS: &[&str] = &["1.2", "1.3"];
pub(super) const EXPIRED: &[&str] = &["refuse", "accept"];

/// The rows of TLS below a prefix; NanoMQ has the first six of them on one listener.
macro_rules! tls {
    ($begin:expr, $at:literal) => {{
        use crate::schema::Kind::{File, List, Secret, Switch, Word};
        use crate::schema::tls::{EXPIRED, VERSIONS};
        [
            $begin(concat!($at, "certfile"), File).acts("certificate, and those that lead to its authority (PEM)"),
            $begin(concat!($at, "keyfile"), File).acts("its private key (PEM), not encrypted"),
            $begin(concat!($at, "cacertfile"), File).acts("authorities that may vouch for clients (PEM); for verify_peer"),
            $begin(concat!($at, "key_password"), Secret)
                .acts("encrypted keys are not read: a listener that has this does not start, and is told how to decrypt the key"),
            $begin(concat!($at, "verify_peer"), Switch)
                .default("false")
                .acts("ask clients for a certificate, and refuse one that is not good"),
            $begin(concat!($at, "fail_if_no_peer_cert"), Switch)
                .default("false")
                .acts("refuse clients without a certificate; verify_peer is meant with it"),
            own(concat!($at, "certificates[].certfile"), File)
                .acts("more certificates, chosen by the name that a client asks for (SNI)"),
            own(concat!($at, "certificates[].keyfile"), File).acts("the private key of such a certificate"),
            own(concat!($at, "crlfiles"), List(&File)).acts("revocation lists (PEM); whose certificate is on one is refused"),
            own(concat!($at, "expired_crl"), Word(EXPIRED))
                .default("refuse")
                .acts("what a revocation list out of date means: nobody of its authority is let in, or it is used as it is"),
            own(concat!($at, "min_version"), Word(VERSIONS)).default("1.2").acts("oldest version of TLS"),
            own(concat!($at, "max_version"), Word(VERSIONS)).default("1.3").acts("newest version of TLS"),
            own(concat!($at, "tickets"), Switch)
                .default("true")
                .acts("let clients come back without a full handshake"),
        ]
    }};
}

/// The rows of TLS of connections that are opened here, below a prefix.
macro_rules! outgoing {
    ($at:literal) => {{
        use crate::schema::Kind::{File, Secret, Switch, Text, Word};
        use crate::schema::tls::VERSIONS;
        [
            row(concat!($at, "enable"), Switch)
                .default("true")
                .acts("false: what stands beside it is left out; whether there is TLS is said by the URL"),
            row(concat!($at, "cacertfile"), File)
                .acts("authorities that may vouch for the server (PEM); without it those of the system"),
            row(concat!($at, "certfile"), File).acts("certificate that is presented to the server (PEM)"),
            row(concat!($at, "keyfile"), File).acts("its private key (PEM), not encrypted"),
            row(concat!($at, "key_password"), Secret)
                .acts("encrypted keys are not read: the broker does not start with this, and is told how to decrypt the key"),
            own(concat!($at, "server_name"), Text)
                .acts("name that the server's certificate must have; without it the host of the URL"),
            own(concat!($at, "min_version"), Word(VERSIONS)).default("1.2").acts("oldest version of TLS"),
            own(concat!($at, "max_version"), Word(VERSIONS)).default("1.3").acts("newest version of TLS"),
        ]
    }};
}
pub(super) use outgoing;
pub(super) use tls;
