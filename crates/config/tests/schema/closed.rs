//! What is wrong, or not said, never opens a broker.

use vouchmq_identity::AuthenticatorName;
use vouchmq_identity::acl::Effect;

use crate::text::{accepted, errors, layered, outcome};

#[test]
fn without_listeners_only_this_machine_connects() {
    let outcome = accepted("mqtt.max_packet_size = 1MB");
    assert!(outcome.report().contains("no listeners are configured"), "{}", outcome.report());
    let config = outcome.config.unwrap();
    assert_eq!(config.listeners[0].address.to_string(), "127.0.0.1:1883");
    assert_eq!(config.listeners.len(), 1);
}

#[test]
fn a_listener_without_an_address_is_for_this_machine() {
    let config = accepted("listeners.ws { enable = true }").config.unwrap();
    assert_eq!(config.listeners[0].address.to_string(), "127.0.0.1:8083");
}

#[test]
fn websocket_over_tls_is_open_only_where_it_is_written() {
    let ssl = r#"listeners.ssl { bind = "0.0.0.0:8883", certfile = "c", keyfile = "k" }"#;
    let outcome = accepted(ssl);
    assert!(outcome.report().contains("is not opened with it"));
    assert_eq!(outcome.config.unwrap().listeners.len(), 1);
    let config = layered(&[ssl, r#"listeners.wss.bind = "0.0.0.0:8086/mqtt""#]).config.unwrap();
    assert_eq!(config.listeners[1].tls, config.listeners[0].tls, "with the certificate of ssl");
}

#[test]
fn a_listener_that_is_switched_off_stays_off() {
    for (text, listeners) in [
        ("listeners.tcp { bind = \"1883\", enable = false }", 0),
        ("listeners.tcp.a { bind = \"1883\", enable = false }\nlisteners.tcp.b { bind = \"1884\" }", 1),
        ("listeners.ws { bind = \"1883/mqtt\", enable = false }", 0),
    ] {
        let outcome = accepted(text);
        assert!(outcome.report().contains("NanoMQ opens it all the same"), "{text}");
        assert_eq!(outcome.config.unwrap().listeners.len(), listeners, "{text}");
    }
    let ssl =
        accepted(r#"listeners.ssl { bind = "8883", enable = false, keyfile = "k", key_password = "x" }"#);
    assert!(ssl.config.unwrap().listeners.is_empty(), "nothing is asked of a listener that is off");
}

#[test]
fn anonymous_clients_want_an_explicit_true() {
    let allows = |text: &str| accepted(text).config.unwrap().authentication.allow_anonymous;
    assert_eq!(allows("auth.no_match = deny"), None);
    assert_eq!(allows("auth.allow_anonymous = false"), Some(false));
    let outcome = accepted("auth.allow_anonymous = true");
    assert!(outcome.report().contains("ANYBODY MAY CONNECT"));
    assert!(outcome.config.unwrap().exposed()[0].is_open);
    for word in ["yes", "on", "1", "TRUE", "\"true\"", "off", "no"] {
        let told = errors(&format!("auth.allow_anonymous = {word}"));
        assert!(told[0].contains("write true or false"), "{word}: {told:?}");
    }
}

#[test]
fn what_no_rule_matches_is_denied_where_there_are_rules() {
    let no_match = |text: &str| accepted(text).config.unwrap().authorization.acl.no_match;
    let rule = "auth.acl.rules = [ { permit = allow, topics = [a] } ]";
    assert_eq!(no_match(rule), Effect::Deny);
    assert_eq!(no_match(&format!("{rule}\nauth.no_match = allow")), Effect::Allow);
    assert_eq!(no_match("auth.mosquitto_acl_file = acl"), Effect::Deny);
    assert_eq!(no_match("auth.acl { enable = false }"), Effect::Deny);
    assert_eq!(no_match("auth.allow_anonymous = false"), Effect::Allow, "there are no rules at all");
}

#[test]
fn what_nanomq_passes_over_in_a_rule_is_an_error() {
    for (rule, told) in [
        ("permit = allow, usernam = alice", "did you mean auth.acl.rules[].username?"),
        ("permit = allow, topics = \"a\"", "write it between [ and ]"),
        ("permit = allow, topics = []", "auth.acl.rules[].topics: there is none"),
        ("permit = allow, and = []", "a list with members is expected"),
        ("permit = allow, or = []", "a list with members is expected"),
        ("permit = allow, and = [ { user = alice } ]", "is no key"),
        ("permit = allow, and = [ {} ]", "it names nobody"),
        ("permit = allow, username = a, clientid = b", "NanoMQ takes one of them only"),
        ("permit = allow, ipaddrs = []", "a list of addresses is expected"),
        ("permit = allow, ipaddr = \"10.0.0\"", "not an IP address"),
        ("permit = allow, ipaddr = \"10.0.0.1/8\"", "10.0.0.0/8"),
        ("permit = allow, topics = [\"a/#/b\"]", "auth.acl.rules[].topics"),
        ("permit = maybe", "allowed: allow, deny"),
        ("username = alice", "does not say permit"),
        ("permit = allow, action = write", "allowed: publish, subscribe, pubsub"),
    ] {
        let all = errors(&format!("auth.acl.rules = [ {{ {rule} }} ]")).join("\n");
        assert!(all.contains(told), "{rule}\n{all}");
    }
}

#[test]
fn where_a_service_is_to_be_asked_by_http_nobody_comes_in_without_it() {
    let anonymous = "auth.allow_anonymous = true";
    let outcome = layered(&[anonymous, "http_auth.auth_req { url = \"http://127.0.0.1/\", method = post }"]);
    let config = outcome.config.unwrap();
    assert!(config.remote.is_some());
    assert_eq!(config.authentication.order.last(), Some(&AuthenticatorName::Http));
    assert!(!config.exposed()[0].is_open, "NanoMQ does not see this block, and is open");
    for broken in [
        "auth.http_auth {}",
        "http_auth {}",
        "auth.http_auth = on",
        "auth.http_auth.auth_req {}",
        "auth.http_auth.auth_req.url = \"a/\"",
        "auth.http_auth.auth_rek.url = \"http://a/\"",
        "auth.http_auth { auth_req.url = \"http://a/\", auth_resp {} }",
        "auth.http_auth { mode = native }",
        "http_auth = null",
        "http_auth { auth_req.url = ${?URL} }",
        "http_auth = {include \"/missing.conf\"}",
    ] {
        let outcome = layered(&[anonymous, broken]);
        assert!(outcome.config.is_none(), "{broken}\n{}", outcome.report());
    }
    let off = layered(&[anonymous, "auth.http_auth { enable = false }"]).config.unwrap();
    assert!(off.remote.is_none() && off.exposed()[0].is_open, "it is not asked by NanoMQ either");
}

#[test]
fn a_missing_include_is_an_error_where_it_would_open_something() {
    assert!(errors("auth { acl = {include \"/missing.conf\"} }")[0].contains("/missing.conf is missing"));
    assert!(
        errors("auth { password = {include \"/missing.conf\"} }")[0].contains("/missing.conf is missing")
    );
    assert!(
        errors("include \"/missing.conf\"")[0].contains("/missing.conf is missing"),
        "it could hold auth"
    );
    assert!(accepted("bridges.mqtt.a = {include \"/missing.conf\"}").report().contains("/missing.conf"));
}

#[test]
fn plain_http_is_not_opened_to_networks() {
    let outcome = accepted("http_server { ip_addr = \"0.0.0.0\", username = admin, password = public }");
    assert!(outcome.report().contains("without TLS operators connect to 127.0.0.1 only"));
    assert_eq!(outcome.config.unwrap().management.unwrap().http.addresses[0].to_string(), "127.0.0.1:8081");
    let tls = r#"http_server { ip_addr = "0.0.0.0", tls { certfile = "c", keyfile = "k" } }"#;
    assert_eq!(
        accepted(tls).config.unwrap().management.unwrap().http.addresses[0].to_string(),
        "0.0.0.0:8081"
    );
    let insecure = accepted(r#"http_server { ip_addr = "0.0.0.0", insecure_ok = true }"#);
    assert!(insecure.report().contains("whoever is on the way reads tokens"), "{}", insecure.report());
    assert_eq!(insecure.config.unwrap().management.unwrap().http.addresses[0].to_string(), "0.0.0.0:8081");
    for key in ["registration", "auth_service"] {
        assert!(errors(&format!("{key}.bind = \"0.0.0.0:8080\""))[0].contains("there is no TLS"));
    }
}

#[test]
fn our_own_binds_are_opened_as_they_stand_or_nothing_starts() {
    let binds = |text: &str| {
        let config = accepted(&format!("http_server {{ {text} }}")).config.unwrap();
        config.management.unwrap().http.addresses.iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    let several = r#"bind = ["8081", "[::1]:8082", "unix:/run/v.sock"]"#;
    assert_eq!(binds(several), ["127.0.0.1:8081", "[::1]:8082", "unix:/run/v.sock"]);
    assert_eq!(binds(r#"bind = ["0.0.0.0:1"], insecure_ok = true"#), ["0.0.0.0:1"]);
    assert_eq!(binds(r#"bind = ["0.0.0.0:1"], tls { certfile = c, keyfile = k }"#), ["0.0.0.0:1"]);
    for (wrong, why) in [
        (r#"["0.0.0.0:8081"]"#, "not loopback"),
        (r#"["8081", "[::]:8081"]"#, "not loopback"),
        (r#"["127.0.0.1:8081/path"]"#, "a path"),
        (r#"["8081", "127.0.0.1:8081"]"#, "twice"),
        ("[]", "no address"),
        (r#""8081""#, "a list is expected"),
        (r#"["example.com:8081"]"#, "is not possible"),
    ] {
        let errors = errors(&format!("http_server.bind = {wrong}"));
        assert!(errors[0].contains(why), "{wrong}: {errors:?}");
    }
    assert!(errors("http_server.proxy_protocol = true")[0].contains("trusted_proxies"));
    assert!(accepted(r#"http_server { bind = ["1"], port = 2 }"#).report().contains("bind says where"));
}

#[test]
fn clients_are_verified_where_a_certificate_is_wanted() {
    let ssl = |more: &str| format!("listeners.ssl {{ bind = \"8883\", certfile = c, keyfile = k, {more} }}");
    let clients = |more| accepted(&ssl(more)).config.unwrap().listeners[0].tls.clone().unwrap().clients;
    assert_eq!(clients("cacertfile = ca"), None);
    assert!(clients("cacertfile = ca, verify_peer = true").is_some_and(|clients| !clients.is_required));
    assert!(
        clients("cacertfile = ca, fail_if_no_peer_cert = true").is_some_and(|clients| clients.is_required)
    );
    for more in ["verify_peer = true", "fail_if_no_peer_cert = true", "crlfiles = [a]"] {
        errors(&ssl(more));
    }
    errors("listeners.ssl { bind = \"8883\" }");
    errors("listeners.ssl { bind = \"8883\", certfile = c }");
}

#[test]
fn files_that_are_wanted_are_looked_at_before_anything_starts() {
    let look = |_: &std::path::Path| Err(std::io::Error::from(std::io::ErrorKind::NotFound));
    let mut wanted = outcome("listeners.ssl { bind = \"8883\", certfile = c, keyfile = k }");
    wanted.check_files(&look);
    assert!(wanted.config.is_none());
    assert_eq!(wanted.errors().count(), 2);
    let mut idle = outcome("listeners.ssl { bind = \"8883\", certfile = c, keyfile = k, enable = false }");
    idle.check_files(&look);
    assert!(idle.config.is_some());
    assert_eq!(idle.report().matches("cannot read").count(), 2);
}

#[test]
fn what_is_written_about_access_and_has_no_value_is_an_error() {
    let rule =
        |said: &str| format!("auth {{ no_match = deny, acl.rules = [ {{ permit = allow, {said} }} ] }}");
    let texts = [
        rule("username = ${?NOBODY_SET}, topics = [\"#\"]"),
        rule("username = null"),
        rule("username = a, topics = null"),
        rule("username = a, topics = ${?T}"),
        rule("username = a, topics = [a, ${?T}]"),
        rule("username = a, action = ${?T}"),
        rule("and = [ { username = a }, { clientid = null, ipaddr = \"10.0.0.1\" } ]"),
        rule("and = [ { username = a }, ${?T} ]"),
        rule("username = a${?T}"),
        "auth.acl.rules = [ ${?DENY}, { permit = allow } ]".to_owned(),
        "auth.acl.rules = ${?DENY} [ { permit = allow } ]".to_owned(),
        "auth.acl = ${?BASE}\nauth.acl { rules = [ { permit = allow } ] }".to_owned(),
        "auth { acl = ${?RULES}, no_match = ${?NM} }".to_owned(),
        "x { rules = [ ${?DENY}, { permit = allow } ] }\nauth.acl = ${x}".to_owned(),
        "x = ${?E}\nx { y { rules = [ ${?DENY}, { permit = allow } ] } }\nauth.acl = ${x.y}".to_owned(),
        "auth.order = [ file, ${?O} ]".to_owned(),
        "auth.password.alice = ${?A}".to_owned(),
        "auth.password_file = null".to_owned(),
        "Auth.no_match = null".to_owned(),
        "auth = null".to_owned(),
        "auth = ${?A}".to_owned(),
        "http_auth = ${?A}".to_owned(),
    ];
    for text in texts {
        let told = errors(&text).join("\n");
        assert!(told.contains("brings nothing") || told.contains("null says nothing"), "{text}\n{told}");
    }
    assert_eq!(
        errors("auth {\n  no_match = ${?NM} }"),
        ["vouchmq.conf:2:14: auth.no_match: an optional reference that brings nothing; \
          set the variable, write a default before it, or take it out"]
    );
}

#[test]
fn a_default_before_an_optional_reference_and_what_is_elsewhere_need_no_variable() {
    accepted("auth { no_match = deny\n no_match = ${?NM} }");
    accepted("auth.acl { rules = [ { permit = deny } ] }\nauth.acl = ${?MORE}");
    accepted("auth.no_match = ${?A}\nauth.no_match = deny");
    accepted("webhook { a = deny, b = ${?B} }\nwebhook = ${?X}\nauth.no_match = ${webhook.a}");
    accepted("mqtt.max_packet_size = ${?SIZE}\nlog.level = null");
}

#[test]
fn a_page_of_any_origin_with_the_certificate_of_a_browser_is_a_warning() {
    let told = |more: &str| {
        let wss = format!("bind = \"8086\", certfile = c, keyfile = k, cacertfile = a, {more}");
        accepted(&format!("listeners.wss {{ {wss} }}")).report().contains("a page of any origin")
    };
    assert!(told("verify_peer = true"));
    assert!(!told("verify_peer = true, origins = [\"https://example.com\"]"));
    assert!(!told("verify_peer = false"));
}
