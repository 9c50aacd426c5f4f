//! What is said about a service that is asked by HTTP, and what is asked of it then.

use std::path::Path;
use std::time::Duration;

use vouchmq_client::remote::options::{
    AnswerMode, CacheOptions, Content, NativeOptions, Protocol, RemoteOptions, RequestMethod, RequestOptions,
    ServerBounds, SigningOptions, Template,
};
use vouchmq_config::Outcome;
use vouchmq_identity::AuthenticatorName;
use vouchmq_tls::{CertificateFiles, ClientOptions, TlsVersion, TlsVersions};

use crate::text::{accepted, errors, layered, outcome};

const ARTICLE: &str = include_str!("../fixtures/nanomq/http-auth-outside.conf");
const EMQX: &str = include_str!("../fixtures/http/emqx.conf");
const NATIVE: &str = include_str!("../fixtures/http/native.conf");
const KEY: &str = "0123456789abcdef0123456789abcdef";
const SECOND: Duration = Duration::from_secs(1);

/// A service that is asked who clients are, and more about it.
fn asked(more: &str) -> String {
    format!("auth.http_auth {{ auth_req {{ url = \"http://127.0.0.1/a\", method = post }}, {more} }}")
}

/// A request with more in it.
fn request(more: &str) -> String {
    format!("auth.http_auth.auth_req {{ url = \"http://127.0.0.1/a\", {more} }}")
}

fn remote(outcome: Outcome) -> RemoteOptions {
    let report = outcome.report();
    outcome.config.and_then(|config| config.remote).unwrap_or_else(|| panic!("{report}"))
}

fn login(text: &str) -> RequestOptions {
    let Protocol::Templates { login: Some(login), .. } = remote(accepted(text)).protocol else {
        panic!("nobody is asked who clients are")
    };
    login
}

fn pairs(pairs: &[(&str, &str)]) -> Vec<(Box<str>, Template)> {
    pairs.iter().map(|(name, value)| ((*name).into(), Template::from(*value))).collect()
}

fn posted(url: &str, headers: &[(&str, &str)], content: Content) -> RequestOptions {
    RequestOptions {
        urls: vec![url.into()],
        method: RequestMethod::Post,
        headers: pairs(headers),
        content,
        tls: ClientOptions::default(),
    }
}

/// What is meant where nothing is said but who is asked.
fn plain(protocol: Protocol) -> RemoteOptions {
    RemoteOptions {
        protocol,
        timeout: 5 * SECOND,
        connect_timeout: 5 * SECOND,
        deadline: 8 * SECOND,
        server: ServerBounds::default(),
        cache: CacheOptions::default(),
        signing: None,
    }
}

#[test]
fn the_block_of_the_article_is_what_it_looks_like() {
    let body = r#"{"clientid": "${clientid}", "username": "${username}", "password": "${password}"}"#;
    let request =
        |url| posted(url, &[("Content-Type", "application/json")], Content::Body(Template::from(body)));
    let expected = plain(Protocol::Templates {
        mode: AnswerMode::JsonResult("allow".into()),
        login: Some(request("http://127.0.0.1:8080/mqtt/auth")),
        superuser: Some(request("http://127.0.0.1:8080/mqtt/superuser")),
        acl: None,
    });
    let outside = accepted(ARTICLE);
    assert_eq!(outside.config.as_ref().unwrap().authentication.order, AuthenticatorName::ALL);
    assert_eq!(remote(outside), expected);
    let within = format!("auth {{ {ARTICLE} }}");
    assert_eq!(remote(accepted(&within)), expected, "in auth it means the same");
}

#[test]
fn the_sample_of_nanomq_asks_as_nanomq_does() {
    let sample = include_str!("../fixtures/nanomq/nanomq_example.conf");
    let (_, block) = sample.split_once("http_auth = {").unwrap();
    let (block, _) = block.split_once("# --- sessions").unwrap();
    let form = [("content-type", "application/x-www-form-urlencoded")];
    let login = pairs(&[("clientid", "%c"), ("username", "%u"), ("password", "%P")]);
    let acl = [
        ("clientid", "%c"),
        ("username", "%u"),
        ("access", "%A"),
        ("ipaddr", "%a"),
        ("topic", "%t"),
        ("mountpoint", "%m"),
    ];
    let expected = plain(Protocol::Templates {
        mode: AnswerMode::Status,
        login: Some(posted("http://127.0.0.1:80/mqtt/auth", &form, Content::Params(login.clone()))),
        superuser: Some(posted("http://127.0.0.1:80/mqtt/superuser", &form, Content::Params(login))),
        acl: Some(posted("http://127.0.0.1:8991/mqtt/acl", &form, Content::Params(pairs(&acl)))),
    });
    let off = format!("auth {{ http_auth = {{ {block}");
    assert!(accepted(&off).config.unwrap().remote.is_none(), "it says so");
    let on = layered(&[&off, "auth.http_auth.enable = true"]);
    assert!(!on.report().contains("http_auth"), "{}", on.report());
    let server = ServerBounds { connections_max: 32, ..ServerBounds::default() };
    assert_eq!(remote(on), RemoteOptions { server, ..expected });
}

#[test]
fn what_clients_may_do_can_be_asked_where_others_say_who_they_are() {
    let outcome = accepted("auth.http_auth.acl_req { url = \"http://127.0.0.1/\", method = post }");
    let Protocol::Templates { login, superuser, acl, .. } = remote(outcome).protocol else { panic!() };
    assert!(login.is_none() && superuser.is_none() && acl.is_some());
}

#[test]
fn a_block_for_a_service_of_emqx_is_read() {
    let outcome = accepted(EMQX);
    assert!(!outcome.report().contains("http_auth"), "{}", outcome.report());
    let config = outcome.config.as_ref().unwrap();
    assert_eq!(config.authentication.order, [AuthenticatorName::Registry, AuthenticatorName::Http]);
    let json = [("content-type", "application/json"), ("X-Request-Source", "EMQX")];
    let body =
        pairs(&[("username", "${username}"), ("password", "${password}"), ("clientid", "${clientid}")]);
    let question = pairs(&[("clientid", "${clientid}"), ("topic", "${topic}"), ("action", "${action}")]);
    let tls = ClientOptions { authorities: Some("/etc/certs/ca.pem".into()), ..ClientOptions::default() };
    let url = "https://auth.example:8443/authn?listener=${listener}";
    let protocol = Protocol::Templates {
        mode: AnswerMode::Json,
        login: Some(RequestOptions { tls, ..posted(url, &json, Content::Params(body)) }),
        superuser: None,
        acl: Some(RequestOptions {
            method: RequestMethod::Get,
            ..posted("https://auth.example:8443/authz", &[], Content::Params(question))
        }),
    };
    let expected = RemoteOptions {
        timeout: 3 * SECOND,
        server: ServerBounds { connections_max: 8, ..ServerBounds::default() },
        cache: CacheOptions { ttl: 60 * SECOND, ..CacheOptions::default() },
        ..plain(protocol)
    };
    assert_eq!(remote(outcome), expected);
}

#[test]
fn our_own_service_is_asked_by_its_own_protocol() {
    let tls = ClientOptions {
        authorities: Some("ca.pem".into()),
        certificate: Some(CertificateFiles { certificate: "broker.pem".into(), key: "broker.key".into() }),
        server_name: Some("auth.example".to_owned()),
        versions: TlsVersions { min: TlsVersion::V1_3, max: TlsVersion::V1_3 },
    };
    let expected = RemoteOptions {
        protocol: Protocol::Native(NativeOptions {
            servers: vec!["https://a.example:8080".into(), "https://b.example:8080".into()],
            tls,
            batch_window: Duration::from_millis(5),
            batch_max: 64,
            follows_changes: true,
            staleness_max: Some(60 * SECOND),
        }),
        timeout: 2 * SECOND,
        connect_timeout: SECOND,
        deadline: 4 * SECOND,
        server: ServerBounds {
            connections_max: 4,
            waiting_max: 100,
            connection_age_max: 60 * SECOND,
            has_http2: false,
            answer_bytes_max: 64 * 1024,
        },
        cache: CacheOptions {
            ttl: 300 * SECOND,
            permission_ttl: 20 * SECOND,
            negative_ttl: SECOND,
            entries_max: 1_000,
            bytes_max: 1 << 20,
            stale_if_error: Some(600 * SECOND),
        },
        signing: Some(SigningOptions { key_id: "broker-1".into(), key: KEY.into(), checks_answers: true }),
    };
    assert_eq!(remote(accepted(NATIVE)), expected);
}

#[test]
fn without_more_words_the_bounds_are_those_of_the_table() {
    let Protocol::Templates { mode, .. } = remote(accepted(&asked(""))).protocol else {
        panic!("no template")
    };
    assert_eq!(mode, AnswerMode::Status);
    let native = "auth.http_auth { mode = native, native.servers = [\"http://127.0.0.1:8080\"] }";
    let Protocol::Native(native) = remote(accepted(native)).protocol else { panic!("not native") };
    assert_eq!((native.batch_window, native.batch_max), (Duration::from_millis(2), 256));
    assert!(native.follows_changes && native.staleness_max.is_none());
}

#[test]
fn how_a_request_is_sent_is_read_in_any_case() {
    for (word, method) in [
        ("POST", RequestMethod::Post),
        ("post", RequestMethod::Post),
        ("\"Get\"", RequestMethod::Get),
        ("PUT", RequestMethod::Put),
    ] {
        assert_eq!(login(&request(&format!("method = {word}"))).method, method, "{word}");
    }
}

#[test]
fn several_servers_are_asked_alike() {
    let urls = login(&request("method = post, urls = [\"http://127.0.0.2/a\", \"http://[::1]:81/a\"]")).urls;
    let urls: Vec<&str> = urls.iter().map(|url| &**url).collect();
    assert_eq!(urls, ["http://127.0.0.1/a", "http://127.0.0.2/a", "http://[::1]:81/a"]);
    let alone = "auth.http_auth.auth_req { urls = [\"http://127.0.0.1/\"], method = post }";
    assert_eq!(login(alone).urls.len(), 1);
}

#[test]
fn deadlines_stay_within_that_of_connect() {
    let times = |more: &str| {
        let RemoteOptions { timeout, connect_timeout, deadline, .. } = remote(accepted(more));
        (timeout.as_millis(), connect_timeout.as_millis(), deadline.as_millis())
    };
    assert_eq!(times(&asked("")), (5_000, 5_000, 8_000));
    assert_eq!(times(&asked("timeout = 500ms, connect_timeout = 1s, deadline = 9s")), (500, 1_000, 9_000));
    assert_eq!(times(&format!("mqtt.connect_timeout = 5s\n{}", asked(""))), (4_000, 4_000, 4_000));
    let long = accepted(&asked("timeout = 1m"));
    assert!(long.report().contains("no client waits that long"), "{}", long.report());
    assert_eq!(remote(long).timeout, 8 * SECOND);
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table")]
fn what_cannot_be_asked_is_an_error_with_its_place_and_what_to_do() {
    let (native, key) = ("auth.http_auth { mode = native, native.servers = [\"http://127.0.0.1\"]", KEY);
    for (text, told) in [
        (
            "auth.http_auth {}".to_owned(),
            ":1:16: auth.http_auth: it does not say who is asked; write auth_req",
        ),
        ("auth.http_auth.timeout = 3s".to_owned(), "it does not say who is asked"),
        (
            "auth.http_auth.super_req { url = \"http://127.0.0.1/\", method = post }".to_owned(),
            "auth.http_auth.super_req: it is asked about clients that auth_req lets in, and there is no auth_req",
        ),
        (
            asked("auth_req.enable = false, super_req { url = \"http://127.0.0.1/\" }"),
            "auth.http_auth.super_req: it is asked about clients that auth_req lets in",
        ),
        (
            "auth.http_auth.auth_req { method = post }".to_owned(),
            ":1:25: auth.http_auth.auth_req.url: it does not say where to ask; write url = \"http://HOST:PORT/PATH\"",
        ),
        ("auth.http_auth.auth_req.urls = []".to_owned(), "it does not say where to ask"),
        (
            "auth.http_auth.auth_req.url = \"127.0.0.1:80/a\"".to_owned(),
            ":1:31: auth.http_auth.auth_req.url: a URL begins with http:// or https://",
        ),
        (
            "auth.http_auth.auth_req.url = \"http://u:swordfish@127.0.0.1/\"".to_owned(),
            "auth.http_auth.auth_req.url: behind the scheme stands host or host:port",
        ),
        (
            "auth.http_auth.auth_req.url = \"http://${clientid}/\"".to_owned(),
            "without placeholders and without a user name",
        ),
        (request("urls = [\"http://127.0.0.1/a\"]"), "auth.http_auth.auth_req.urls: it stands there twice"),
        (
            request("method = delete"),
            "auth.http_auth.auth_req.method: 'delete' is not possible; allowed: get, post, put",
        ),
        (
            request("method = get, body = '{}'"),
            "auth.http_auth.auth_req.body: a GET has no body: write params, or method = post",
        ),
        (
            request("params { a = \"%c\" }, body = '{}'"),
            "auth.http_auth.auth_req.body: there are params, too",
        ),
        (
            request("params { a = \"%c\" }, body { a = \"%c\" }"),
            "there are params, too; take one of the two out",
        ),
        (request("body { a = true }"), "auth.http_auth.auth_req.body.a: what stands here is not possible"),
        (
            request("body = '{\"u\": \"${user}\"}'"),
            "auth.http_auth.auth_req.body: unknown placeholder ${user}: there are",
        ),
        (
            request("body = '{\"u\": ${username}}', headers.content-type = \"application/json\""),
            ":1:62: auth.http_auth.auth_req.body: no JSON, line 1, column 7",
        ),
        (
            request("params { ok = \"%u\", no = \"%Z\" }"),
            ":1:75: auth.http_auth.auth_req.params.no: unknown placeholder %Z",
        ),
        (
            request("body { topic = \"${topic}\" }"),
            "body.topic: ${topic} is not known when a client connects",
        ),
        (request("headers { x = \"${\" }"), "auth.http_auth.auth_req.headers.x: a placeholder is not closed"),
        (
            request("urls = [\"http://127.0.0.2/a\", \"http://127.0.0.3/${x}\"]"),
            "auth.http_auth.auth_req.urls: unknown placeholder",
        ),
        (
            request("headers { Host = a }"),
            "auth.http_auth.auth_req.headers.Host: this header field is written by the broker: leave it out",
        ),
        (
            request("headers { signature-INPUT = a }"),
            "headers.signature-INPUT: this header field is written by the broker",
        ),
        (
            request("headers { \"a b\" = a }"),
            "auth.http_auth.auth_req.headers.a b: no name of a header field",
        ),
        (request("headers { a = b, A = c }"), "auth.http_auth.auth_req.headers.a: it is there twice"),
        (
            request("headers { a = \"\"\"b\nX: swordfish\"\"\" }"),
            "auth.http_auth.auth_req.headers.a: the value of a header field has visible",
        ),
        (request("tls { certfile = c }"), "auth.http_auth.auth_req.tls: a certificate needs both"),
        (
            request("tls { cacertfile = c }, ssl { cacertfile = c }"),
            "ssl: there is tls, too, which means the same",
        ),
        (request("ssl { keyfile = k, key_password = swordfish }"), "openssl pkey -in k"),
        (request("ssl { verify_peer = false }"), "`auth.http_auth.auth_req.ssl.verify_peer` is no key"),
        (request("tls { min_version = 1.3, max_version = 1.2 }"), "is above max_version"),
        (
            asked("timeout = 0s"),
            "auth.http_auth.timeout: no answer comes in no time: NanoMQ denies everybody; write 5s",
        ),
        (asked("connect_timeout = 0s"), "auth.http_auth.connect_timeout: no answer comes in no time"),
        (
            asked("deadline = 10s"),
            "auth.http_auth.deadline: a client is closed before, by mqtt.connect_timeout; write a shorter one",
        ),
        (asked("mode = xml"), "auth.http_auth.mode: 'xml' is not possible; allowed: status, json, native"),
        (asked("auth_resp {}"), "auth.http_auth.auth_resp: it does not say which result allows"),
        (asked("auth_resp.result = \"\""), "it does not say which result allows; write result = \"allow\""),
        (asked("auth_resp = allow"), "auth.http_auth.auth_resp: this is no block"),
        (asked("auth_resp { code = 1 }"), "`auth.http_auth.auth_resp.code` is no key"),
        (
            asked("mode = status, auth_resp.result = allow"),
            "with mode = status answers are read in another way",
        ),
        (asked("mode = json, auth_resp.result = allow"), "with mode = json answers are read in another way"),
        (asked("native.servers = [\"http://127.0.0.1\"]"), "auth.http_auth.native: it is for mode = native"),
        (asked("mode = native"), "auth.http_auth.auth_req: with mode = native nothing is asked in this way"),
        (format!("{native}, auth_resp.result = allow }}"), "auth_resp: with mode = native nothing is asked"),
        (
            "auth.http_auth.mode = native".to_owned(),
            "does not say which servers are asked; write native.servers",
        ),
        ("auth.http_auth { mode = native, native.servers = [] }".to_owned(), "native.servers: there is none"),
        ("auth.http_auth { mode = native, native {} }".to_owned(), "native.servers: there is none"),
        (
            "auth.http_auth { mode = native, native.servers = [\"http://127.0.0.1/v1\"] }".to_owned(),
            "native.servers: it has a path; a server is scheme, host and port only",
        ),
        (asked("signing { keyid = a }"), "auth.http_auth.signing has a keyid and a key"),
        (asked(&format!("signing {{ key = \"{key}\" }}")), "auth.http_auth.signing has a keyid and a key"),
        (asked("signing { keyid = a, key = swordfish }"), "auth.http_auth.signing.key is too short"),
        (asked(&format!("signing {{ keyid = '\"', key = \"{key}\" }}")), "signing.keyid: it has letters"),
        (asked("cache_tll = 5s"), "did you mean auth.http_auth.cache_ttl?"),
        (asked("auth_req.headers = off"), "auth.http_auth.auth_req.headers: this is no block"),
    ] {
        let all = errors(&text).join("\n");
        assert!(all.contains(told), "{text}\n{all}");
        assert!(!outcome(&text).report().contains("swordfish"), "{all}");
    }
}

#[test]
fn what_is_sent_otherwise_than_it_looks_is_told() {
    let order = |names: &str| format!("auth.order = [{names}]\n{}", asked(""));
    let form = "headers.content-type = \"application/x-www-form-urlencoded\"";
    for (text, told) in [
        (request(""), Some("auth_req.method: it is POST, as none is said; NanoMQ does not start so")),
        (request("method = post, params { a = \"%c\" }"), Some("without headers NanoMQ sends none of them")),
        (
            request(&format!("method = post, {form}, params {{ a = text }}")),
            Some("params.a: it is sent; NanoMQ"),
        ),
        (
            request(&format!("method = post, {form}, params {{ a = \"%\" }}")),
            Some("params.a: it is sent; NanoMQ"),
        ),
        (
            request(&format!("method = get, {form}, params {{ p = \"%P\" }}")),
            Some("the password is in the URL"),
        ),
        (request("method = get, body { p = \"${password}\" }"), Some("the password is in the URL")),
        (
            "auth.http_auth.auth_req { method = post, url = \"http://127.0.0.1/?p=${password}\" }".to_owned(),
            Some("the password is in the URL"),
        ),
        (request(&format!("method = post, {form}, params {{ p = \"%P\" }}")), None),
        (
            "auth.http_auth.auth_req { method = post, url = \"http://auth.example/\" }".to_owned(),
            Some("passwords go to auth.example in clear"),
        ),
        ("auth.http_auth.auth_req { method = post, url = \"https://auth.example/\" }".to_owned(), None),
        (request("method = post, tls { cacertfile = c }"), Some("no URL begins with https://")),
        (
            asked("acl_req { url = \"http://127.0.0.1/\", enable = false }"),
            Some("acl_req.enable: it is not asked"),
        ),
        (order("registry, file"), Some("the service of auth.http_auth is not asked")),
        (order("http, registry"), Some("who stands behind http is not asked")),
        (order("registry, http"), None),
        (format!("auth.password.alice = secret\n{}", asked("")), Some("NanoMQ wants both to agree")),
        (
            format!("auth {{ order = [registry, http], password.alice = secret }}\n{}", asked("")),
            Some("users of the file are not asked about"),
        ),
    ] {
        let report = accepted(&text).report();
        match told {
            Some(told) => assert!(report.contains(told), "{text}\n{report}"),
            None => assert!(!report.contains("http"), "{text}\n{report}"),
        }
    }
}

#[test]
fn it_is_asked_last_unless_an_order_is_written() {
    use AuthenticatorName::{File, Http, Registry};
    let order = |text: &str| accepted(text).config.unwrap().authentication.order;
    assert_eq!(order(&asked("")), [Registry, File, Http]);
    assert_eq!(order(&asked("enable = false")), [Registry, File]);
    assert_eq!(order(&format!("auth.order = [http]\n{}", asked(""))), [Http]);
    for text in [
        "auth.order = [registry, http]".to_owned(),
        format!("auth.order = [http]\n{}", asked("enable = false")),
    ] {
        let told = errors(&text).join("\n");
        assert!(told.contains("auth.order: there is no service that http stands for; configure"), "{told}");
    }
}

#[test]
fn a_block_at_the_top_is_the_one_within() {
    let within = accepted(&asked("timeout = 3s"));
    let outside = accepted(&asked("TimeOut = 3s").replace("auth.http_auth", "HTTP_Auth"));
    assert!(outside.config == within.config);
    assert!(outside.changes(&within).is_empty(), "{:?}", outside.changes(&within));
    let both = format!("{}\nhttp_auth.timeout = 3s", asked(""));
    let told = errors(&both).join("\n");
    assert!(
        told.contains(":2:1: http_auth: it stands in auth, too: which is meant?; take one of them out"),
        "{told}"
    );
    let overridden = layered(&[ARTICLE, "auth.http_auth.timeout = 2s", "http_auth.cache_ttl = 1s"]);
    let RemoteOptions { timeout, cache, .. } = remote(overridden);
    assert_eq!((timeout, cache.ttl), (2 * SECOND, SECOND), "what is laid above it may say it either way");
    assert!(errors("http_auth = off").join("\n").contains("auth.http_auth: this is no block"));
    assert!(errors("auth = off\nhttp_auth { timeout = 3s }").join("\n").contains("auth: this is no block"));
    let set = |key: &str| {
        let mut layers = vouchmq_config::Layers::new();
        layers.file(crate::text::reading("a.conf", ARTICLE));
        layers.set("--set", key);
        remote(vouchmq_config::resolve(layers)).timeout
    };
    assert_eq!((set("http_auth.timeout=1s"), set("auth.http_auth.timeout=2s")), (SECOND, 2 * SECOND));
}

#[test]
fn who_is_let_in_by_a_service_is_told() {
    let who = |text: &str| {
        let exposed = accepted(text).config.unwrap().exposed().remove(0);
        (exposed.who, exposed.is_open)
    };
    let service = "whom the authentication service at http://127.0.0.1/a lets in";
    let anonymous = "auth.allow_anonymous = true\n";
    assert_eq!(who(&asked("")), (format!("devices of the registry, {service}"), false));
    assert_eq!(
        who(&format!("{anonymous}{}", asked(""))),
        (format!("devices of the registry, {service}"), false),
        "the service decides about them"
    );
    assert_eq!(
        who(&format!("{anonymous}{}", asked("mode = json"))),
        (format!("ANYBODY of whom the service says nothing, devices of the registry, {service}"), true)
    );
    assert_eq!(
        who(&format!("{anonymous}auth.order = [registry]\n{}", asked(""))),
        ("ANYBODY, devices of the registry".to_owned(), true),
        "it is not asked"
    );
    let several = NATIVE.replace("https://a.example:8080", "https://a.example:8080/");
    assert!(
        who(&several).0.ends_with("service at https://a.example:8080 and 1 more lets in"),
        "{:?}",
        who(&several)
    );
    for (mode, told) in [
        ("", "the service of auth.http_auth decides about clients without a user name, too"),
        (
            "mode = json",
            "ANYBODY MAY CONNECT without a user name of whom the service of auth.http_auth says nothing",
        ),
    ] {
        let report = accepted(&format!("{anonymous}{}", asked(mode))).report();
        assert!(report.contains(told), "{report}");
    }
}

#[test]
fn secrets_of_a_service_are_not_shown_and_their_change_is_told() {
    let text = |secret: &str| {
        format!(
            "auth.http_auth {{
                auth_req {{ url = \"http://127.0.0.1/a?token={secret}\", urls = [\"http://127.0.0.2/a?token={secret}\"]
                    method = post, headers {{ authorization = \"Bearer {secret}\" }}, body = '{{\"k\": \"{secret}\"}}' }}
                super_req {{ url = \"http://127.0.0.1/\", method = post, params {{ key = {secret} }} }}
                acl_req {{ url = \"http://127.0.0.1/\", method = post, body {{ key = {secret} }}, tls {{ key_password = \"\" }} }}
                signing {{ keyid = broker, key = \"{secret}{KEY}\" }} }}"
        )
    };
    let (before, after) = (accepted(&text("swordfish")), accepted(&text("swordfisH")));
    let shown: Vec<String> = before.effective().map(|value| format!("{value:?}")).collect();
    let shown = format!(
        "{}\n{}\n{before:?}\n{:?}",
        shown.join("\n"),
        before.report(),
        before.config.as_ref().unwrap().exposed()
    );
    assert!(!shown.contains("swordfish"), "{shown}");
    let changes = after.changes(&before);
    assert!(!format!("{changes:?}").to_lowercase().contains("swordfish"));
    let keys: Vec<&str> =
        changes.iter().filter_map(|change| change.key.strip_prefix("auth.http_auth.")).collect();
    assert_eq!(
        keys,
        [
            "signing.key",
            "auth_req.url",
            "auth_req.urls",
            "auth_req.headers.authorization",
            "auth_req.body",
            "super_req.params.key",
            "acl_req.body.key",
        ]
    );
}

#[test]
fn files_of_a_service_are_looked_at_before_anything_starts() {
    let look = |_: &Path| Err(std::io::Error::from(std::io::ErrorKind::NotFound));
    let mut native = outcome(NATIVE);
    native.check_files(&look);
    assert_eq!(native.errors().count(), 3, "{}", native.report());
    assert!(native.config.is_none());
    let mut plain = outcome(&request("method = post, tls { cacertfile = ca.pem }"));
    plain.check_files(&look);
    assert!(plain.config.is_some() && plain.report().contains("nothing reads it"), "{}", plain.report());
}

#[test]
fn the_defaults_of_a_service_that_is_not_there_are_not_in_effect() {
    let keys = |text: &str| -> Vec<String> {
        let outcome = accepted(text);
        let of_service = outcome.effective().filter(|value| value.key.starts_with("auth.http_auth"));
        of_service.map(|value| value.key["auth.http_auth.".len()..].to_owned()).collect()
    };
    assert!(keys("").is_empty());
    let of_service = keys(&asked(""));
    assert!(
        of_service.iter().any(|key| key == "deadline")
            && of_service.iter().any(|key| key == "auth_req.enable")
    );
    assert!(
        !of_service.iter().any(|key| key.starts_with("acl_req") || key.starts_with("native")),
        "{of_service:?}"
    );
}

#[test]
fn what_the_example_says_about_a_service_is_accepted() {
    let example = vouchmq_config::example();
    let lines = example.lines().skip_while(|line| *line != "# auth.http_auth {");
    let block: Vec<&str> = lines.map_while(|line| line.strip_prefix('#')).collect();
    let outcome = accepted(&block.join("\n"));
    assert!(!outcome.report().contains("http_auth"), "{}", outcome.report());
    remote(outcome);
}
