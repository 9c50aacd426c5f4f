//! Each key acts, or warns where it stands.

use vouchmq_config::hocon::Severity;
use vouchmq_config::schema::{Effect, Kind, Row, rows};
use vouchmq_config::{Config, Outcome};

use crate::text::layered;

/// A key put into a file.
struct Case {
    row: &'static Row,
    /// The key with names in it.
    path: String,
}

/// Every key; one with a name that may be left out is two cases.
fn cases() -> Vec<Case> {
    let named = |path: &str| path.replace(".*", ".Some");
    rows()
        .flat_map(|row| {
            let mut paths = vec![named(&row.path.replace("(.*)", ""))];
            if row.path.contains("(.*)") {
                paths.push(named(&row.path.replace("(.*)", ".*")));
            }
            paths.into_iter().map(move |path| Case { row, path })
        })
        .collect()
}

const TLS: &str = r#"certfile = "c.pem", keyfile = "c.key""#;
/// Another block is around each of these.
const REQUEST: &str = "url = \"https://127.0.0.1/mqtt\", method = post";
const NATIVE: &str = "mode = native, native.servers = [\"https://127.0.0.1:8080\"]";
const CLIENTS: &str = r#"certfile = "c.pem", keyfile = "c.key", cacertfile = "ca.pem", verify_peer = true"#;

/// What has to stand there already for the key to mean something.
fn around(path: &str) -> String {
    let last = path.rsplit('.').next().unwrap_or_default();
    let tls = if matches!(last, "cacertfile" | "crlfiles" | "expired_crl") { CLIENTS } else { TLS };
    let tls = match last {
        "verify_peer" | "fail_if_no_peer_cert" => &format!("{TLS}, cacertfile = \"ca.pem\""),
        _ => tls,
    };
    for (begin, port) in [("tcp", 1883), ("ssl", 8883), ("ws", 8083), ("wss", 8086)] {
        for name in ["", ".Some"] {
            let at = format!("listeners.{begin}{name}");
            let is_here = path
                .strip_prefix(&*at)
                .is_some_and(|rest| rest.starts_with('.') && !(name.is_empty() && rest.starts_with(".Some")));
            if is_here {
                let tls = if begin.ends_with('s') && begin != "ws" || begin == "ssl" { tls } else { "" };
                return format!("{at} {{ bind = \"127.0.0.1:{port}\", {tls} }}");
            }
        }
    }
    if let Some(key) = path.strip_prefix("auth.http_auth.") {
        return format!("auth.http_auth {{ {} }}", around_http(key));
    }
    match path {
        "auth.password.enable" => "auth.password { alice = secret }".to_owned(),
        "auth.acl.enable" | "auth.no_match" => {
            "auth.acl.rules = [ { permit = deny, topics = [\"a\"] } ]".to_owned()
        }
        "http_server.username" | "http_server.auth_type" => "http_server.password = swordfish".to_owned(),
        "http_server.jwt.public.keyfile" => "http_server.auth_type = jwt".to_owned(),
        _ if path.starts_with("http_server.jwt.") => {
            "http_server.jwt { issuer = i, audience = a, keyfiles = [\"k.pem\"] }".to_owned()
        }
        _ if path.starts_with("http_server.tls") => format!("http_server {{ tls {{ {tls} }} }}"),
        "http_server.proxy_protocol" => "http_server.trusted_proxies = [\"10.0.0.1\"]".to_owned(),
        _ if path.starts_with("registration.tls") => {
            format!("registration {{ bind = \"127.0.0.1:8082\", tls {{ {tls} }} }}")
        }
        _ if path.starts_with("auth_service.tls") => {
            format!("auth_service {{ bind = \"127.0.0.1:8080\", tls {{ {tls} }} }}")
        }
        _ if path.starts_with("auth_service.") => "auth_service.bind = \"127.0.0.1:8080\"".to_owned(),
        _ => String::new(),
    }
}

/// What has to stand in `auth.http_auth` for one of its keys to mean something.
fn around_http(key: &str) -> String {
    let tls = if key.contains(".tls.") {
        format!("tls {{ {TLS}, cacertfile = \"ca.pem\" }}")
    } else {
        String::new()
    };
    let login = format!("auth_req {{ {REQUEST}, }}");
    match key.split('.').next().unwrap_or_default() {
        "native" => format!("{NATIVE}, native {{ {tls} }}"),
        "auth_req" => format!("auth_req {{ {REQUEST}, {tls} }}"),
        other @ ("super_req" | "acl_req") => format!("{login}, {other} {{ {REQUEST}, {tls} }}"),
        "signing" => format!("{login}, signing {{ keyid = a, key = \"0123456789abcdef0123456789abcdef\" }}"),
        _ => login,
    }
}

/// What else stands in a block of a list.
fn beside(path: &str) -> &'static str {
    let Some((list, key)) = path.split_once("[].") else { return "" };
    match (list.rsplit('.').next().unwrap_or_default(), key) {
        ("rules", "permit") => "",
        ("rules", _) if list == "auth.acl.rules" => "permit = allow",
        ("certificates", "certfile") => r#"keyfile = "d.key""#,
        ("certificates", "keyfile") => r#"certfile = "d.pem""#,
        ("users", "name") => "password = swordfish, role = auditor",
        ("users", "password") => "name = ann, role = auditor",
        ("users", "scopes") => "name = ann, password = swordfish, role = auditor",
        ("users", _) => "name = ann, password = swordfish, scopes = [\"stats:read\"]",
        ("certificates", "name") if list.starts_with("http_server") => "subject = x, role = auditor",
        ("certificates", "scopes") if list.starts_with("http_server") => {
            "name = ann, subject = x, role = auditor"
        }
        ("certificates", "subject") if list.starts_with("http_server") => {
            "name = ann, san = x, role = auditor"
        }
        ("certificates", _) if list.starts_with("http_server") => {
            "name = ann, subject = x, scopes = [\"stats:read\"]"
        }
        ("callers", "name") => r#"key = "0123456789abcdef0123456789abcdef""#,
        ("callers", "key") => "name = one",
        ("callers", "certificate") => r#"name = one, key = "0123456789abcdef0123456789abcdef""#,
        ("callers", _) => r#"name = one, key = "0123456789abcdef0123456789abcdef""#,
        ("brokers", "header.name") => {
            r#"name = one, header.value = "0123456789abcdef", networks = ["10.0.0.0/8"]"#
        }
        ("brokers", "header.value") => r#"name = one, header.name = "X-Key", networks = ["10.0.0.0/8"]"#,
        ("brokers", "name") => r#"networks = ["10.0.0.0/8"]"#,
        ("brokers", _) => r#"name = one, header { name = "X-Key", value = "0123456789abcdef" }"#,
        _ => "",
    }
}

/// A value that is not the default.
fn other(row: &Row, path: &str) -> String {
    let last = path.rsplit('.').next().unwrap_or_default();
    match (path, last) {
        ("http_auth", _) => return format!("{{ auth_req {{ {REQUEST} }} }}"),
        (_, "ssl") if row.effect == Effect::Acts => return "{ cacertfile = \"other.pem\" }".to_owned(),
        ("auth.http_auth.mode", _) => return "json".to_owned(),
        (_, "url") if row.effect == Effect::Acts => return "\"https://127.0.0.1/other\"".to_owned(),
        (_, "urls" | "servers") if row.effect == Effect::Acts => {
            return "[\"https://127.0.0.1:7777\"]".to_owned();
        }
        (_, "body") if row.effect == Effect::Acts => return "'{\"u\": \"${username}\"}'".to_owned(),
        (_, "scopes") => return "[\"blocks:write\"]".to_owned(),
        ("http_server.jwt.leeway", _) => return "7s".to_owned(),
        (_, "fingerprint") => return format!("\"sha256:{}\"", "ab".repeat(32)),
        (_, "batch_window") => return "7ms".to_owned(),
        (_, "max_batch") => return "7".to_owned(),
        _ => {}
    }
    let text = match row.kind {
        Kind::Switch => {
            return if row.default_text() == "true" { "false".to_owned() } else { "true".to_owned() };
        }
        Kind::Word(words) | Kind::AnyCase(words) => {
            let other = words.iter().find(|word| **word != row.default_text());
            return other.map_or_else(String::new, |word| (*word).to_owned());
        }
        Kind::Count | Kind::Bytes if last == "max_packet_size" => "4097",
        Kind::Count | Kind::Bytes | Kind::Decimal => return "4099".to_owned().replace("4099", small(path)),
        Kind::Seconds | Kind::Time => "7s",
        Kind::List(Kind::Word(words)) => return format!("[{}]", words.first().unwrap_or(&"")),
        Kind::List(Kind::Network) => r#"["10.0.0.0/8"]"#,
        Kind::List(Kind::Anything) => "[ { username = alice } ]",
        Kind::List(Kind::Address) => r#"["127.0.0.1:7777"]"#,
        Kind::List(_) if last == "ipaddrs" => r#"["10.0.0.1"]"#,
        Kind::List(_) => r#"["other"]"#,
        Kind::Address if path.contains(".ws") => r#""127.0.0.1:7777/other""#,
        Kind::Address | Kind::HttpAddress => r#""127.0.0.1:7777""#,
        Kind::Ip => r#""127.0.0.2""#,
        Kind::Network => r#""10.0.0.1""#,
        Kind::Anything => "{ a = 1 }",
        Kind::Text | Kind::File if last == "ipaddr" => r#""10.0.0.1""#,
        Kind::Text if last == "certificate" => return format!("\"sha256:{}\"", "ab".repeat(32)),
        Kind::Text | Kind::Secret | Kind::File => r#""other-text-that-is-long-enough-for-a-key""#,
    };
    text.to_owned()
}

/// A number that is within the bounds of most keys.
fn small(path: &str) -> &'static str {
    match path {
        "system.shards" | "system.verify_threads" | "auth_service.max_passwords_at_once" => "3",
        _ => "4099",
    }
}

/// The file with the key, and without it; the key stands in line 1.
fn texts(case: &Case) -> (String, String) {
    let (path, value) = (&case.path, other(case.row, &case.path));
    match path.split_once("[].") {
        Some((list, key)) => {
            let beside = beside(path);
            (format!("{list} = [ {{ {key} = {value}, {beside} }} ]"), format!("{list} = [ {{ {beside} }} ]"))
        }
        None => (format!("{path} = {value}"), String::new()),
    }
}

fn config(outcome: Outcome, path: &str) -> Config {
    let report = outcome.report();
    outcome.config.unwrap_or_else(|| panic!("{path}\n{report}"))
}

#[test]
fn each_key_that_acts_changes_what_is_meant() {
    let mut count = 0;
    for case in cases().iter().filter(|case| case.row.effect == Effect::Acts) {
        let around = around(&case.path);
        let (with, without) = texts(case);
        let last = case.path.rsplit('.').next().unwrap_or_default();
        // These are wanted wherever they may stand: what is tested is that nothing starts without them.
        let is_wanted = case.path.contains("[].")
            && matches!(last, "permit" | "name" | "key" | "value" | "certfile" | "keyfile");
        if last == "key_password" {
            let outcome = layered(&[&around, &with]);
            assert!(outcome.config.is_none() && outcome.report().contains("openssl pkey"), "{}", case.path);
        } else if case.path == "auth.http_auth.auth_req.enable" {
            let report = layered(&[&around, &with]).report();
            assert!(report.contains("it does not say who is asked"), "{report}");
        } else if is_wanted {
            assert!(layered(&[&around, &without]).config.is_none(), "{} is not wanted", case.path);
            config(layered(&[&around, &with]), &case.path);
        } else {
            let after = config(layered(&[&around, &with]), &case.path);
            let before = config(layered(&[&around, &without]), &case.path);
            assert!(after != before, "{}: nothing is different\n{around}\n{with}", case.path);
        }
        count += 1;
    }
    assert!(count > 100, "{count}");
}

#[test]
fn each_key_that_does_not_act_warns_where_it_stands_and_changes_nothing() {
    for case in cases().iter().filter(|case| case.row.effect != Effect::Acts) {
        let around = around(&case.path);
        let (with, _) = texts(case);
        let outcome = layered(&[&around, &with]);
        let is_told = outcome.notes.iter().any(|note| {
            note.severity == Severity::Warning
                && (note.place.file, note.place.line) == (1, 1)
                && note.text.contains("no effect")
                && note.text.contains(&case.path)
        });
        assert!(is_told, "{}\n{}", case.path, outcome.report());
        let after = config(outcome, &case.path);
        // What shows who an operator is, is kept for the API that will ask for it.
        if !case.path.starts_with("http_server.") {
            assert!(after == config(layered(&[&around, ""]), &case.path), "{}", case.path);
        }
    }
}

#[test]
fn a_default_that_is_written_out_changes_nothing() {
    for case in cases().iter().filter(|case| case.row.effect == Effect::Acts && !case.path.contains("[]")) {
        let default = case.row.default_text();
        // A named listener has no address by itself, rules make another default of no_match, and whether somebody
        // said that anonymous clients are not let in is kept.
        let is_other =
            case.path.ends_with(".bind") || matches!(&*case.path, "auth.no_match" | "auth.allow_anonymous");
        if default.is_empty() || is_other {
            continue;
        }
        let is_quoted = matches!(case.row.kind, Kind::Text | Kind::File | Kind::Ip | Kind::HttpAddress);
        let value = if is_quoted { format!("\"{default}\"") } else { default };
        let around = around(&case.path);
        let with = layered(&[&around, &format!("{} = {value}", case.path)]);
        let (with, without) = (config(with, &case.path), config(layered(&[&around, ""]), &case.path));
        assert!(with == without, "{} = {value}", case.path);
    }
}

#[test]
fn keys_and_variables_are_unique_and_limits_are_within_their_bounds() {
    let mut paths: Vec<&str> = rows().map(|row| row.path).collect();
    let mut variables: Vec<String> = rows().filter_map(Row::variable).collect();
    let counts = (paths.len(), variables.len());
    paths.sort_unstable();
    paths.dedup();
    variables.sort_unstable();
    variables.dedup();
    assert_eq!((paths.len(), variables.len()), counts);
}
