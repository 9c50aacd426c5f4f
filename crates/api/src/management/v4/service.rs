//! The authentication service that is asked about clients, as NanoMQ has it in its configuration.

use serde_json::{Map, Value};

use super::answer::Refused;
use super::field::{Change, Field, Unit};
use super::in_effect::InEffect;
use super::section::{fields_changed, fields_shown, ignored};
use super::shown::{REDACTED, Shown};

const ROOT: &str = "auth.http_auth";
/// The requests to it: NanoMQ's names are ours.
const REQUESTS: [&str; 3] = ["auth_req", "acl_req", "super_req"];

static FIELDS: &[Field] = &[
    Field::new(&["enable"], "enable", Unit::Presence, Shown::Switch(false)),
    Field::new(&["timeout"], "timeout", Unit::Seconds, Shown::Count(5)),
    Field::new(&["connect_timeout"], "connect_timeout", Unit::Seconds, Shown::Count(5)),
    Field::new(&["pool_size"], "pool_size", Unit::Count, Shown::Count(0)),
    Field::new(&["cache_ttl"], "cache_ttl", Unit::Seconds, Shown::Count(0)),
];
static REQUEST: &[Field] = &[
    Field::new(&["url"], "url", Unit::Text, Shown::Null),
    Field::new(&["method"], "method", Unit::Word, Shown::Null),
];
static TLS: &[Field] = &[
    Field::new(&["enable"], "enable", Unit::Presence, Shown::Switch(false)),
    Field::new(&["key_password", "keypass"], "key_password", Unit::Secret, Shown::Null),
    Field::new(&["key"], "keyfile", Unit::Path, Shown::Null),
    Field::new(&["cert"], "certfile", Unit::Path, Shown::Null),
    Field::new(&["cacert"], "cacertfile", Unit::Path, Shown::Null),
];

/// What NanoMQ calls that which is sent, and how the configuration says it.
const PARAMETERS: [(&str, &str); 11] = [
    ("access", "%A"),
    ("username", "%u"),
    ("clientid", "%c"),
    ("ipaddress", "%a"),
    ("protocol", "%r"),
    ("password", "%P"),
    ("sockport", "%p"),
    ("common_name", "%C"),
    ("subject", "%d"),
    ("topic", "%t"),
    ("mountpoint", "%m"),
];
const HEADERS_MAX: usize = 64;

/// Everything but what header fields say: keys of APIs stand there.
pub(super) fn shown(values: &InEffect) -> Shown {
    let mut all = fields_shown(FIELDS, ROOT, values);
    for request in REQUESTS {
        let root = format!("{ROOT}.{request}");
        let mut fields = fields_shown(REQUEST, &root, values);
        let below = |block: &str| -> Vec<String> {
            values.below(&format!("{root}.{block}")).map(|(name, _)| name.to_owned()).collect()
        };
        let headers = below("headers").into_iter().map(|name| (name, Shown::text(REDACTED)));
        fields.push(("headers".to_owned(), Shown::object(headers)));
        let params = below("params").into_iter().map(Shown::Text);
        fields.push(("params".to_owned(), Shown::List(params.collect())));
        let tls = fields_shown(TLS, &format!("{root}.tls"), values);
        fields.push(("tls".to_owned(), Shown::Object(tls)));
        all.push((request.to_owned(), Shown::Object(fields)));
    }
    Shown::Object(all)
}

/// What has to change for it to be as it is wanted.
///
/// # Errors
/// 108: a value is not of its kind, or not to be had.
pub(super) fn changes(values: &InEffect, wanted: &Value) -> Result<Vec<Change>, Refused> {
    let wanted = wanted.as_object().ok_or_else(Refused::parameter)?;
    let (requests, fields): (Map<_, _>, Map<_, _>) =
        wanted.clone().into_iter().partition(|(name, _)| REQUESTS.contains(&name.as_str()));
    let mut changes = fields_changed(FIELDS, ROOT, values, &fields)?;
    for (request, wanted) in &requests {
        let wanted = wanted.as_object().ok_or_else(Refused::parameter)?;
        changes.extend(request_changed(&format!("{ROOT}.{request}"), values, wanted)?);
    }
    Ok(changes)
}

fn request_changed(
    root: &str,
    values: &InEffect,
    wanted: &Map<String, Value>,
) -> Result<Vec<Change>, Refused> {
    let mut changes = Vec::new();
    for (name, value) in wanted {
        match name.as_str() {
            "headers" => changes.extend(headers_changed(&format!("{root}.headers"), values, value)?),
            "params" => changes.extend(parameters_changed(&format!("{root}.params"), values, value)?),
            "tls" => {
                let tls = value.as_object().ok_or_else(Refused::parameter)?;
                changes.extend(fields_changed(TLS, &format!("{root}.tls"), values, tls)?);
            }
            _ => match REQUEST.iter().find(|field| field.names.contains(&name.as_str())) {
                Some(field) => changes.extend(field.change(root, values, value)?),
                None => ignored(name),
            },
        }
    }
    Ok(changes)
}

/// Those that are named are set; others stay.
fn headers_changed(root: &str, values: &InEffect, wanted: &Value) -> Result<Vec<Change>, Refused> {
    let wanted = wanted.as_object().filter(|fields| fields.len() <= HEADERS_MAX);
    let mut changes = Vec::new();
    for (name, value) in wanted.ok_or_else(Refused::parameter)? {
        let is_usual = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
        let text = value.as_str().filter(|_| !name.is_empty() && name.bytes().all(is_usual));
        let text = text.ok_or_else(Refused::parameter)?;
        let is_known = values.below(root).any(|(known, _)| known == name);
        match (text, is_known) {
            (REDACTED, true) => {}
            (REDACTED, false) => return Err(Refused::parameter()),
            (text, _) => changes.push(Change { key: format!("{root}.{name}"), value: Some(text.to_owned()) }),
        }
    }
    Ok(changes)
}

/// Those that are named are sent. One that is sent and not named would be sent still, so that is refused.
fn parameters_changed(root: &str, values: &InEffect, wanted: &Value) -> Result<Vec<Change>, Refused> {
    let wanted = wanted.as_array().ok_or_else(Refused::parameter)?;
    let wanted: Option<Vec<&str>> = wanted.iter().map(Value::as_str).collect();
    let wanted = wanted.ok_or_else(Refused::parameter)?;
    let sent: Vec<&str> = values.below(root).map(|(name, _)| name).collect();
    if sent.iter().any(|name| !wanted.contains(name)) {
        return Err(Refused::parameter());
    }
    let mut changes = Vec::new();
    for name in wanted.iter().filter(|name| !sent.contains(name)) {
        let known = PARAMETERS.iter().find(|(known, _)| known == name);
        let (name, placeholder) = known.ok_or_else(Refused::parameter)?;
        changes.push(Change { key: format!("{root}.{name}"), value: Some((*placeholder).to_owned()) });
    }
    Ok(changes)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::in_effect::in_effect;
    use super::*;

    fn values() -> InEffect {
        in_effect(&[
            ("auth.http_auth.enable", "true"),
            ("auth.http_auth.timeout", "5s"),
            ("auth.http_auth.auth_req.url", "http://127.0.0.1/x"),
            ("auth.http_auth.auth_req.method", "post"),
            ("auth.http_auth.auth_req.headers.api-key", "(hidden)"),
            ("auth.http_auth.auth_req.params.clientid", "(hidden)"),
        ])
    }

    fn keys(wanted: &Value) -> Result<Vec<(String, Option<String>)>, Refused> {
        Ok(changes(&values(), wanted)?.into_iter().map(|change| (change.key, change.value)).collect())
    }

    #[test]
    fn no_header_field_is_shown() {
        let shown = serde_json::to_value(shown(&values())).unwrap();
        assert_eq!(shown["enable"], true);
        assert_eq!(shown["auth_req"]["method"], "POST");
        assert_eq!(shown["auth_req"]["headers"], json!({"api-key": "******"}));
        assert_eq!(shown["auth_req"]["params"], json!(["clientid"]));
        assert_eq!(shown["acl_req"]["url"], json!(null));
    }

    #[test]
    fn what_is_wanted_is_said_in_our_keys() {
        let wanted = json!({"timeout": 7, "auth_req": {
            "method": "GET", "headers": {"api-key": "******", "x": "y"}, "params": ["clientid", "password"]}});
        let expected = [
            ("auth.http_auth.timeout", "7s"),
            ("auth.http_auth.auth_req.headers.x", "y"),
            ("auth.http_auth.auth_req.method", "get"),
            ("auth.http_auth.auth_req.params.password", "%P"),
        ]
        .map(|(key, value)| (key.to_owned(), Some(value.to_owned())));
        assert_eq!(keys(&wanted).unwrap(), expected);
    }

    #[test]
    fn what_could_not_be_done_is_refused() {
        for wanted in [
            json!([]),
            json!({"auth_req": 1}),
            json!({"auth_req": {"params": []}}),
            json!({"auth_req": {"params": ["clientid", 1]}}),
            json!({"auth_req": {"params": ["clientid", "unheard_of"]}}),
            json!({"auth_req": {"headers": []}}),
            json!({"auth_req": {"headers": {"x": 1}}}),
            json!({"auth_req": {"headers": {"a b": "x"}}}),
            json!({"auth_req": {"headers": {"new": "******"}}}),
            json!({"auth_req": {"tls": "x"}}),
            json!({"timeout": "5s"}),
        ] {
            assert_eq!(keys(&wanted).unwrap_err(), Refused::parameter(), "{wanted}");
        }
    }
}
