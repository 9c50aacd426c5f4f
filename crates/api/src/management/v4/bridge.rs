//! Bridges, as the configuration has them: there are none at work yet.

use super::field::{Field, Unit};
use super::in_effect::InEffect;
use super::section::fields_shown;
use super::shown::Shown;

/// The name among the bridges that is none.
const CACHE: &str = "cache";

static HEAD: &[Field] = &[
    Field::new(&["enable"], "enable", Unit::Switch, Shown::Switch(true)),
    Field::new(&["parallel"], "max_parallel_processes", Unit::Count, Shown::Count(2)),
];
static CONNECTOR: &[Field] = &[
    Field::new(&["server"], "server", Unit::Text, Shown::Null),
    Field::new(&["proto_ver"], "proto_ver", Unit::Count, Shown::Count(4)),
    Field::new(&["clientid"], "clientid", Unit::Text, Shown::Null),
    Field::new(&["clean_start"], "clean_start", Unit::Switch, Shown::Switch(true)),
    Field::new(&["username"], "username", Unit::Text, Shown::Text(String::new())),
    Field::new(&["password"], "password", Unit::Secret, Shown::Text(String::new())),
    Field::new(&["keepalive"], "keepalive", Unit::Seconds, Shown::Count(60)),
];
static CONNECTION: &[Field] = &[
    Field::new(&["session_expiry_interval"], "session_expiry_interval", Unit::Count, Shown::Count(0)),
    Field::new(&["receive_maximum"], "receive_maximum", Unit::Count, Shown::Count(65_535)),
    Field::new(&["maximum_packet_size"], "maximum_packet_size", Unit::Count, Shown::Count(0)),
    Field::new(&["topic_alias_maximum"], "topic_alias_maximum", Unit::Count, Shown::Count(0)),
    Field::new(
        &["request_response_information"],
        "request_response_infomation",
        Unit::Flag,
        Shown::Switch(false),
    ),
    Field::new(
        &["request_problem_information"],
        "request_problem_infomation",
        Unit::Flag,
        Shown::Switch(true),
    ),
];
static WILL: &[Field] = &[
    Field::new(&["payload_format_indicator"], "payload_format_indicator", Unit::Count, Shown::Count(0)),
    Field::new(&["message_expiry_interval"], "message_expiry_interval", Unit::Count, Shown::Count(0)),
    Field::new(&["content_type"], "content_type", Unit::Text, Shown::Text(String::new())),
    Field::new(&["will_delay_interval"], "will_delay_interval", Unit::Count, Shown::Count(0)),
    Field::new(&["response_topic"], "response_topic", Unit::Text, Shown::Text(String::new())),
    Field::new(&["correlation_data"], "correlation_data", Unit::Text, Shown::Text(String::new())),
];
static TLS: &[Field] = &[
    Field::new(&["enable"], "enable", Unit::Presence, Shown::Switch(false)),
    Field::new(&["key_password"], "key_password", Unit::Secret, Shown::Null),
    Field::new(&["key"], "keyfile", Unit::Path, Shown::Null),
    Field::new(&["cert"], "certfile", Unit::Path, Shown::Null),
    Field::new(&["cacert"], "cacertfile", Unit::Path, Shown::Null),
];
static STORE: &[Field] = &[
    Field::new(&["enable"], "enable", Unit::Presence, Shown::Switch(false)),
    Field::new(&["disk_cache_size"], "disk_cache_size", Unit::Count, Shown::Count(102_400)),
    Field::new(&["flush_mem_threshold"], "flush_mem_threshold", Unit::Count, Shown::Count(100)),
    Field::new(&["resend_interval"], "resend_interval", Unit::Count, Shown::Count(0)),
    Field::new(&["mounted_file_path"], "mounted_file_path", Unit::Path, Shown::Null),
];
/// Fields of what is forwarded or subscribed to that are numbers.
const NUMBERS: [&str; 6] =
    ["qos", "retain", "retain_as_published", "retain_handling", "stream_id", "identifier"];

/// The bridges below a key: all, or the one with this name.
pub(super) fn all(values: &InEffect, root: &str, only: Option<&str>) -> Shown {
    let names = values.names_below(root).into_iter();
    let names = names.filter(|name| *name != CACHE && only.is_none_or(|only| only == *name));
    let nodes = names.map(|name| node(values, root, name)).collect();
    let store = Shown::Object(fields_shown(STORE, &format!("{root}.{CACHE}"), values));
    Shown::object([("nodes", Shown::List(nodes)), ("sqlite", store)])
}

fn node(values: &InEffect, root: &str, name: &str) -> Shown {
    let root = format!("{root}.{name}");
    let below = |fields: &[Field], block: &str| fields_shown(fields, &format!("{root}.{block}"), values);
    let mut connection = below(CONNECTION, "conn_properties");
    connection
        .push(("user_properties".to_owned(), user_properties(values, &format!("{root}.conn_properties"))));
    let mut connector = fields_shown(CONNECTOR, &root, values);
    connector.push(("conn_properties".to_owned(), Shown::Object(connection)));
    connector.push(("will_properties".to_owned(), Shown::Object(below(WILL, "will.properties"))));
    let identifier = Field::new(&["identifier"], "identifier", Unit::Count, Shown::Count(0));
    let of_subscriptions = format!("{root}.sub_properties");
    let mut node = vec![("name".to_owned(), Shown::text(name))];
    node.extend(fields_shown(HEAD, &root, values));
    node.extend(
        [
            ("connector", Shown::Object(connector)),
            ("forwards", members(values, &format!("{root}.forwards"))),
            ("subscription", members(values, &format!("{root}.subscription"))),
            (
                "sub_properties",
                Shown::object([
                    ("identifier", identifier.shown(&of_subscriptions, values)),
                    ("user_properties", user_properties(values, &of_subscriptions)),
                ]),
            ),
            ("tls", Shown::Object(below(TLS, "ssl"))),
        ]
        .map(|(name, value)| (name.to_owned(), value)),
    );
    Shown::Object(node)
}

fn user_properties(values: &InEffect, root: &str) -> Shown {
    let root = format!("{root}.user_property");
    let pair = |(key, value): (&str, &vouchmq_client::dto::configuration::EffectiveValue)| {
        Shown::object([("key", Shown::text(key)), ("value", Shown::text(&*value.value))])
    };
    Shown::List(values.below(&root).map(pair).collect())
}

fn members(values: &InEffect, list: &str) -> Shown {
    let member = |fields: Vec<(&str, &str)>| {
        Shown::object(fields.into_iter().map(|(name, value)| {
            let number = NUMBERS.contains(&name).then(|| value.parse().ok()).flatten();
            (name, number.map_or_else(|| Shown::text(value), Shown::Count))
        }))
    };
    Shown::List(values.members(list).into_iter().map(member).collect())
}

#[cfg(test)]
mod tests {
    use super::super::in_effect::in_effect;
    use super::*;

    #[test]
    fn a_bridge_is_shown_as_nanomq_shows_it_without_its_password() {
        let values = in_effect(&[
            ("bridges.mqtt.emqx.server", "mqtt-tcp://broker.example:1883"),
            ("bridges.mqtt.emqx.password", "(hidden)"),
            ("bridges.mqtt.emqx.forwards[].remote_topic", "a"),
            ("bridges.mqtt.emqx.forwards[].qos", "1"),
            ("bridges.mqtt.emqx.conn_properties.user_property.k", "v"),
            ("bridges.mqtt.cache.disk_cache_size", "5"),
        ]);
        let shown = all(&values, "bridges.mqtt", None);
        let text = serde_json::to_string(&shown).unwrap();
        let begin = concat!(
            r#"{"nodes":[{"name":"emqx","enable":true,"parallel":2,"connector":{"server":"#,
            r#""mqtt-tcp://broker.example:1883","proto_ver":4,"clientid":null,"clean_start":true,"username":"","#,
            r#""password":"******","keepalive":60,"conn_properties":{"session_expiry_interval":0,"#
        );
        assert!(text.starts_with(begin), "{text}");
        assert!(text.contains(r#""forwards":[{"remote_topic":"a","qos":1}],"subscription":[]"#), "{text}");
        assert!(text.contains(r#""user_properties":[{"key":"k","value":"v"}]"#), "{text}");
        assert!(text.contains(r#""sqlite":{"enable":true,"disk_cache_size":5"#), "{text}");
        let nobody = serde_json::to_value(all(&values, "bridges.mqtt", Some("nobody"))).unwrap();
        assert_eq!(nobody["nodes"], serde_json::json!([]));
    }
}
