//! The table, for people and for programs.

use std::fmt::Write as _;

use crate::schema::{Effect, Row, SECTIONS, rows};

/// A path as documentation shows it.
fn shown(row: &Row) -> String {
    row.path.replace("(.*)", "[.NAME]").replace(".*", ".NAME")
}

const fn effect(row: &Row) -> &'static str {
    match row.effect {
        Effect::Acts => "acts",
        Effect::Warns(_) => "warns",
        Effect::NotYet(_) => "not yet",
    }
}

/// What is needed to change it over the management API.
const fn scope(row: &Row) -> &'static str {
    if row.is_guarded { "admin" } else { "config:write" }
}

/// What it does, or why nothing.
fn what(row: &Row) -> String {
    match row.effect {
        Effect::Acts => row.what.to_owned(),
        Effect::Warns(why) => format!("{}. No effect: {why}", row.what),
        Effect::NotYet(feature) => format!("{}. Waits for {feature}", row.what),
    }
}

/// The table in Markdown.
pub fn markdown() -> String {
    let mut text = String::new();
    let count = |word| rows().filter(|row| effect(row) == word).count();
    let (acts, warns, waits) = (count("acts"), count("warns"), count("not yet"));
    let _ = writeln!(
        text,
        "{} keys: {acts} act, {warns} warn and do nothing, {waits} warn and wait for a feature.",
        acts + warns + waits
    );
    let mut before = "";
    for (title, section) in SECTIONS {
        if *title != before {
            let _ = write!(
                text,
                "\n### `{title}`\n\n| Key | Default | Allowed | Here | Scope | What, and what happens at the bound |\n|---|---|---|---|---|---|\n"
            );
            before = title;
        }
        for row in *section {
            let default = row.default_text();
            let default = if default.is_empty() { String::new() } else { format!("`{default}`") };
            let _ = writeln!(
                text,
                "| `{}` | {default} | {} | {} | {} | {} |",
                shown(row),
                row.allowed(),
                effect(row),
                scope(row),
                what(row)
            );
        }
    }
    text
}

/// The table in JSON: an array of objects with `key`, `type`, `default`, `allowed`, `effect`, `scope`, `nanomq`,
/// `variable`, `description`.
pub fn json() -> String {
    let object = |row: &Row| {
        let variable = row.variable().map_or_else(|| "null".to_owned(), |variable| quoted(&variable));
        format!(
            "{{\"key\":{},\"type\":{},\"default\":{},\"allowed\":{},\"effect\":{},\"scope\":{},\"nanomq\":{},\"variable\":{variable},\"description\":{}}}",
            quoted(&shown(row)),
            quoted(&row.kind.name()),
            quoted(&row.default_text()),
            quoted(&row.allowed()),
            quoted(effect(row)),
            quoted(scope(row)),
            row.is_nanomq,
            quoted(&what(row)),
        )
    };
    let objects: Vec<String> = rows().map(object).collect();
    format!("[\n{}\n]\n", objects.join(",\n"))
}

/// A string of JSON (RFC 8259 §7).
fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            c if c.is_control() => {
                let _ = write!(quoted, "\\u{:04x}", u32::from(c));
            }
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

/// Keys with bounds, for `serve --help`.
pub fn help() -> String {
    let mut text = String::from(
        "Keys of --set, their defaults and bounds ('vouchmq config schema' has all of them; environment: VOUCHMQ_ and \
         the key in capitals, with _ for each dot):\n",
    );
    for row in rows().filter(|row| row.setting.is_some()) {
        let _ = write!(
            text,
            "  {} [{}]\n      {}; allowed: {}\n",
            row.path,
            row.default_text(),
            row.what,
            row.allowed()
        );
    }
    text
}

/// A file with every key that acts at its default, and examples of those that have none.
pub fn example() -> String {
    let mut text = String::from(EXAMPLE_HEAD);
    let mut before = "";
    for (title, section) in SECTIONS {
        let is_simple = |row: &&Row| {
            // TLS is off and no service is asked, so none of their keys is in effect.
            let is_off = row.path.contains(".tls.") || row.path.starts_with("auth.http_auth.");
            let is_in_effect = row.effect == Effect::Acts && !is_off;
            is_in_effect && row.variable().is_some() && !row.default_text().is_empty()
        };
        for row in section.iter().filter(is_simple) {
            if *title != before {
                let _ = write!(text, "\n# --- {title}\n");
                before = title;
            }
            let key = row.path.replace("(.*)", "");
            let default = row.default_text();
            let value = if row.kind.is_quoted() { format!("\"{default}\"") } else { default };
            let _ = write!(text, "\n# {} ({})\n# {key} = {value}\n", row.what, row.allowed());
        }
    }
    text
}

const EXAMPLE_HEAD: &str = r#"# VouchMQ. Every key that acts is here, with its default behind a #; 'vouchmq config schema' has the others.
# Check a change with 'vouchmq check FILE' before you start or reload the broker.

# Where clients connect. Without a listener that is 127.0.0.1:1883.
listeners.tcp.bind = "127.0.0.1:1883"

# listeners.ssl {
#   bind = "0.0.0.0:8883"
#   certfile = "server.pem"
#   keyfile = "server.key"
#   # Devices with certificates:
#   # cacertfile = "ca.pem"
#   # verify_peer = true
#   # crlfiles = ["ca.crl"]
# }

# Who may connect: devices of the registry, and users of this file.
auth {
  allow_anonymous = false
  no_match = deny
  # password { "alice" = "a password, or the hash that 'vouchmq passwd' writes" }
  # acl.rules = [
  #   { permit = allow, username = "alice", action = subscribe, topics = ["alice/#"] }
  # ]
}

# A service that is asked by HTTP about everybody else (docs/http-authentication.md):
# auth.http_auth {
#   auth_req {
#     url = "http://127.0.0.1:8080/mqtt/auth"
#     method = post
#     headers.content-type = "application/json"
#     params { clientid = "%c", username = "%u", password = "%P" }
#   }
#   cache_ttl = off
# }
"#;
