//! The sections of NanoMQ's configuration: one table of its fields, and of our keys that they are.

use serde_json::{Map, Value};

use super::answer::Refused;
use super::bridge;
use super::field::{Change, Field, Unit};
use super::in_effect::InEffect;
use super::service;
use super::shown::Shown;
use super::users;

/// A section of NanoMQ's configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Section {
    Basic,
    Tls,
    /// User names and passwords of clients.
    Users,
    /// The authentication service that is asked.
    Service,
    WebSocket,
    HttpServer,
    Sqlite,
    Bridge,
    AwsBridge,
}

/// What `GET /reload` shows, and `POST /reload` changes.
pub(super) static RELOAD: &[Field] = &[
    PROPERTY_SIZE,
    MAX_PACKET_SIZE,
    CLIENT_MAX_PACKET_SIZE,
    QUEUE_LENGTH,
    RETRY_INTERVAL,
    KEEP_ALIVE,
    ALLOW_ANONYMOUS,
    Field::fixed(&["enable_mqtt_stream"], "exchange_client.enable", Unit::Switch, Shown::Switch(false)),
    Field::fixed(&["bridge_mode"], "bridges.mqtt.enable", Unit::Presence, Shown::Switch(false)),
];

static BASIC: &[Field] = &[
    Field::new(&["url"], "listeners.tcp.bind", Unit::Url("nmq-tcp://"), Shown::Null),
    Field::new(&["num_taskq_thread"], "system.num_taskq_thread", Unit::Count, Shown::Count(0)),
    Field::new(&["max_taskq_thread"], "system.max_taskq_thread", Unit::Count, Shown::Count(0)),
    Field::new(&["parallel"], "system.parallel", Unit::Count, Shown::Count(0)),
    PROPERTY_SIZE,
    Field::new(&["daemon"], "system.daemon", Unit::Switch, Shown::Switch(false)),
    MAX_PACKET_SIZE,
    CLIENT_MAX_PACKET_SIZE,
    QUEUE_LENGTH,
    RETRY_INTERVAL,
    KEEP_ALIVE,
    ALLOW_ANONYMOUS,
    Field::new(&["ipc_internal"], "system.enable_ipc_internal", Unit::Switch, Shown::Switch(true)),
];

const PROPERTY_SIZE: Field =
    Field::new(&["property_size"], "mqtt.property_size", Unit::Count, Shown::Count(32));
const MAX_PACKET_SIZE: Field =
    Field::new(&["max_packet_size"], "mqtt.max_packet_size", Unit::Kibibytes, Shown::Count(0));
/// What clients say themselves that they take; ours is that of the broker.
const CLIENT_MAX_PACKET_SIZE: Field =
    Field::fixed(&["client_max_packet_size"], "mqtt.max_packet_size", Unit::Kibibytes, Shown::Count(0));
const QUEUE_LENGTH: Field = Field::new(&["msq_len"], "mqtt.max_mqueue_len", Unit::Count, Shown::Count(0));
const RETRY_INTERVAL: Field =
    Field::new(&["qos_duration"], "mqtt.retry_interval", Unit::Seconds, Shown::Count(10));
const KEEP_ALIVE: Field =
    Field::new(&["keepalive_backoff"], "mqtt.keepalive_multiplier", Unit::Decimal, Shown::Decimal(1.5));
const ALLOW_ANONYMOUS: Field =
    Field::new(&["allow_anonymous"], "auth.allow_anonymous", Unit::Switch, Shown::Switch(false));

/// Certificates and keys are files, and shown by their paths: nobody reads what is in them over this API.
static TLS: &[Field] = &[
    Field::new(&["enable"], "listeners.ssl.enable", Unit::Presence, Shown::Switch(false)),
    Field::new(&["url"], "listeners.ssl.bind", Unit::Url("tls+nmq-tcp://"), Shown::Null),
    Field::new(&["key_password", "keypass"], "listeners.ssl.key_password", Unit::Secret, Shown::Null),
    Field::new(&["key"], "listeners.ssl.keyfile", Unit::Path, Shown::Null),
    Field::new(&["cert"], "listeners.ssl.certfile", Unit::Path, Shown::Null),
    Field::new(&["cacert"], "listeners.ssl.cacertfile", Unit::Path, Shown::Null),
    Field::new(&["verify_peer"], "listeners.ssl.verify_peer", Unit::Switch, Shown::Switch(false)),
    Field::new(
        &["fail_if_no_peer_cert"],
        "listeners.ssl.fail_if_no_peer_cert",
        Unit::Switch,
        Shown::Switch(false),
    ),
];

static WEB_SOCKET: &[Field] = &[
    Field::new(&["enable"], "listeners.ws.enable", Unit::Presence, Shown::Switch(false)),
    Field::new(&["tls_enable"], "listeners.wss.enable", Unit::Presence, Shown::Switch(false)),
    Field::new(&["url"], "listeners.ws.bind", Unit::Url("nmq-ws://"), Shown::Null),
    Field::new(&["tls_url"], "listeners.wss.bind", Unit::Url("nmq-wss://"), Shown::Null),
];

static HTTP_SERVER: &[Field] = &[
    Field::new(&["enable"], "http_server.enable", Unit::Switch, Shown::Switch(true)),
    Field::new(&["port"], "http_server.port", Unit::Count, Shown::Count(8081)),
    Field::new(&["addr"], "http_server.ip_addr", Unit::Text, Shown::Null),
    Field::new(&["username"], "http_server.username", Unit::Text, Shown::Null),
    Field::new(&["password"], "http_server.password", Unit::Secret, Shown::Null),
    Field::new(&["auth_type"], "http_server.auth_type", Unit::Text, Shown::Null),
];

static SQLITE: &[Field] = &[
    Field::new(&["enable"], "sqlite.enable", Unit::Presence, Shown::Switch(false)),
    Field::new(&["disk_cache_size"], "sqlite.disk_cache_size", Unit::Count, Shown::Count(102_400)),
    Field::new(&["flush_mem_threshold"], "sqlite.flush_mem_threshold", Unit::Count, Shown::Count(100)),
    Field::new(&["resend_interval"], "sqlite.resend_interval", Unit::Count, Shown::Count(0)),
    Field::new(&["mounted_file_path"], "sqlite.mounted_file_path", Unit::Path, Shown::Null),
];

// === impl Section ===

impl Section {
    /// All of them, in NanoMQ's order.
    pub(super) const ALL: [Self; 9] = [
        Self::Basic,
        Self::Tls,
        Self::Users,
        Self::Service,
        Self::WebSocket,
        Self::HttpServer,
        Self::Sqlite,
        Self::Bridge,
        Self::AwsBridge,
    ];

    /// As it stands in paths and bodies.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Basic => "basic",
            Self::Tls => "tls",
            Self::Users => "auth",
            Self::Service => "auth_http",
            Self::WebSocket => "websocket",
            Self::HttpServer => "http_server",
            Self::Sqlite => "sqlite",
            Self::Bridge => "bridge",
            Self::AwsBridge => "aws_bridge",
        }
    }

    pub(super) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|section| section.name() == name)
    }

    /// What it says now.
    pub(super) fn shown(self, values: &InEffect) -> Shown {
        match self {
            Self::Users => users::shown(values),
            Self::Service => service::shown(values),
            Self::Bridge => bridge::all(values, "bridges.mqtt", None),
            Self::AwsBridge => bridge::all(values, "bridges.aws", None),
            Self::Basic | Self::Tls | Self::WebSocket | Self::HttpServer | Self::Sqlite => {
                Shown::Object(fields_shown(self.fields(), "", values))
            }
        }
    }

    /// What has to change for it to be `wanted`.
    ///
    /// # Errors
    /// 108: a value is not of its kind, or not to be had.
    pub(super) fn changes(self, values: &InEffect, wanted: &Value) -> Result<Vec<Change>, Refused> {
        match self {
            Self::Users => users::changes(values, wanted),
            Self::Service => service::changes(values, wanted),
            Self::Bridge | Self::AwsBridge => {
                tracing::warn!(section = self.name(), "bridges are not changed: there are none yet");
                Ok(Vec::new())
            }
            Self::Basic | Self::Tls | Self::WebSocket | Self::HttpServer | Self::Sqlite => {
                let wanted = wanted.as_object().ok_or_else(Refused::parameter)?;
                fields_changed(self.fields(), "", values, wanted)
            }
        }
    }

    const fn fields(self) -> &'static [Field] {
        match self {
            Self::Basic => BASIC,
            Self::Tls => TLS,
            Self::WebSocket => WEB_SOCKET,
            Self::HttpServer => HTTP_SERVER,
            Self::Sqlite => SQLITE,
            Self::Users | Self::Service | Self::Bridge | Self::AwsBridge => &[],
        }
    }
}

/// Fields with their values, whose keys stand below `root`.
pub(super) fn fields_shown(fields: &[Field], root: &str, values: &InEffect) -> Vec<(String, Shown)> {
    fields.iter().map(|field| (field.name().to_owned(), field.shown(root, values))).collect()
}

/// What has to change for fields to be as they are wanted. One that is not known is left out, as NanoMQ does.
pub(super) fn fields_changed(
    fields: &[Field],
    root: &str,
    values: &InEffect,
    wanted: &Map<String, Value>,
) -> Result<Vec<Change>, Refused> {
    let mut changes = Vec::new();
    for (name, value) in wanted {
        match fields.iter().find(|field| field.names.contains(&name.as_str())) {
            Some(field) => changes.extend(field.change(root, values, value)?),
            None => ignored(name),
        }
    }
    Ok(changes)
}

/// Says that a field is not known.
pub(super) fn ignored(name: &str) {
    let name: String = name.chars().take(64).collect();
    tracing::warn!(field = %name.escape_debug(), "a field of a configuration over NanoMQ's API is not known, and ignored");
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::in_effect::in_effect;
    use super::*;

    #[test]
    fn a_section_has_nanomqs_fields_in_nanomqs_order() {
        let values = in_effect(&[
            ("mqtt.max_packet_size", "1MB"),
            ("mqtt.max_mqueue_len", "1000"),
            ("listeners.tcp.bind", "127.0.0.1:1883"),
            ("listeners.ws.bind", "127.0.0.1:8083/mqtt"),
            ("http_server.password", "(hidden)"),
        ]);
        let text = |section: Section| serde_json::to_string(&section.shown(&values)).unwrap();
        assert_eq!(
            text(Section::Basic),
            concat!(
                r#"{"url":"nmq-tcp://127.0.0.1:1883","num_taskq_thread":0,"max_taskq_thread":0,"parallel":0,"#,
                r#""property_size":32,"daemon":false,"max_packet_size":1024,"client_max_packet_size":1024,"#,
                r#""msq_len":1000,"qos_duration":10,"keepalive_backoff":1.5,"allow_anonymous":false,"#,
                r#""ipc_internal":true}"#
            )
        );
        assert_eq!(
            text(Section::WebSocket),
            r#"{"enable":true,"tls_enable":false,"url":"nmq-ws://127.0.0.1:8083/mqtt","tls_url":null}"#
        );
        assert_eq!(
            text(Section::HttpServer),
            r#"{"enable":true,"port":8081,"addr":null,"username":null,"password":"******","auth_type":null}"#
        );
    }

    #[test]
    fn what_is_shown_can_be_sent_back_and_changes_nothing() {
        let values = in_effect(&[
            ("mqtt.max_packet_size", "1MB"),
            ("listeners.ssl.bind", "127.0.0.1:8883"),
            ("listeners.ssl.key_password", "(hidden)"),
            ("auth.password.alice", "(hidden)"),
            ("auth.http_auth.auth_req.url", "http://127.0.0.1/x"),
            ("auth.http_auth.auth_req.headers.x", "(hidden)"),
            ("auth.http_auth.auth_req.params.clientid", "(hidden)"),
            ("bridges.mqtt.b.server", "mqtt-tcp://x:1883"),
        ]);
        for section in Section::ALL {
            let shown = serde_json::to_value(section.shown(&values)).unwrap();
            assert_eq!(section.changes(&values, &shown).unwrap(), [], "{section:?}");
        }
    }

    #[test]
    fn confused_types_are_refused_and_unknown_fields_are_not() {
        let values = in_effect(&[]);
        for wanted in [
            json!([]),
            json!(7),
            json!("x"),
            json!(null),
            json!({"max_packet_size": "1MB"}),
            json!({"allow_anonymous": 1}),
            json!({"url": ["nmq-tcp://0.0.0.0:1883"]}),
            json!({"msq_len": {}}),
        ] {
            assert_eq!(
                Section::Basic.changes(&values, &wanted).unwrap_err(),
                Refused::parameter(),
                "{wanted}"
            );
        }
        assert_eq!(Section::Basic.changes(&values, &json!({"unheard_of": [1, {}]})).unwrap(), []);
    }
}
