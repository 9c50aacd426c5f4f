//! Who is let in at the management API of a real process.
#![expect(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail by panicking, too")]

use std::fs;
use std::path::Path;
use std::process::Command;

use tempfile::TempDir;
use vouchmq_client::{Method, Rest, RestFault};
use vouchmq_identity::{HashCost, PasswordHash};
use vouchmq_registrar::SystemEntropy;

use crate::configured::Configured;
use crate::process::{Ran, run, run_in};

/// The block of the article that asked for it, as it stands there.
const ARTICLE: &str = include_str!("../fixtures/article.conf");
const MQTT: &str = "listeners.tcp.bind = \"127.0.0.1:0\"\n";

/// A key of openssl, as NanoMQ's users make it.
fn rsa(folder: &Path) {
    let openssl = |arguments: &[&str]| {
        let status = Command::new("openssl").args(arguments).current_dir(folder).output().unwrap().status;
        assert!(status.success(), "{arguments:?}");
    };
    openssl(&["genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048", "-out", "jwtRS256.key"]);
    openssl(&["rsa", "-in", "jwtRS256.key", "-pubout", "-out", "jwtRS256.key.pub"]);
}

fn issue(folder: &Path, more: &[&str]) -> String {
    let key = folder.join("jwtRS256.key");
    let issued = run(&[&["token", "issue", "--key", key.to_str().unwrap()], more].concat()).code(0);
    issued.stdout.trim().to_owned()
}

/// The status of a request to the broker, by a token or by a user name and a password.
fn asked(broker: &Configured, path: &str, token: Option<&str>, user: Option<(&str, &str)>) -> u16 {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let rest = Rest::new(broker.api(), token).unwrap();
    let rest = match user {
        Some((name, password)) => rest.with_password(name, password).unwrap(),
        None => rest,
    };
    match runtime.block_on(rest.call::<serde_json::Value>(Method::GET, path, None::<&()>)) {
        Ok(_) => 200,
        Err(RestFault::Problem(problem)) => problem.status,
        Err(other) => panic!("{other}"),
    }
}

fn check(folder: &Path, text: &str) -> Ran {
    let file = folder.join("checked.conf");
    fs::write(&file, text).unwrap();
    run(&["check", file.to_str().unwrap()])
}

#[test]
fn the_block_of_the_article_opens_to_tokens_of_nanomq_and_not_to_the_default_password() {
    let folder = TempDir::new().unwrap();
    rsa(folder.path());
    let key = folder.path().join("jwtRS256.key.pub");
    let text = ARTICLE.replace("/path/to/jwtRS256.key.pub", key.to_str().unwrap());
    let token = issue(folder.path(), &["--issuer", "jwtRS256.key.pub"]);
    let foreign = issue(folder.path(), &["--issuer", "other.pub"]);
    let viewer = issue(folder.path(), &["--issuer", "jwtRS256.key.pub", "--role", "viewer"]);
    let broker = Configured::start_in(folder, &format!("{MQTT}{text}"), &[]);
    let warned = broker.process.stderr.iter().filter(|line| line.contains("IS AN ADMINISTRATOR")).count();
    assert_eq!(warned, 1, "{:#?}", broker.process.stderr);
    for path in ["/v1/devices", "/v1/api-keys", "/api/v4/brokers"] {
        assert_eq!(asked(&broker, path, Some(&token), None), 200, "{path}");
    }
    assert_eq!(asked(&broker, "/v1/api-keys", Some(&viewer), None), 403);
    assert_eq!(asked(&broker, "/v1/devices", Some(&foreign), None), 401);
    assert_eq!(asked(&broker, "/v1/devices", None, Some(("admin", "public"))), 401);
    assert_eq!(asked(&broker, "/v1/devices", None, None), 401);
}

#[test]
fn a_password_of_the_file_opens_until_the_file_says_otherwise() {
    let basic = |password: &str| format!("{MQTT}http_server {{ username = ann, password = {password} }}\n");
    let broker = Configured::start(&basic("12345"));
    let opens = |password| asked(&broker, "/v1/devices", None, Some(("ann", password)));
    assert_eq!([opens("12345"), opens("public"), opens("12346")], [200, 401, 401], "a number is a password");
    broker.reload_with(&basic("67890")).code(0);
    assert_eq!([opens("12345"), opens("67890")], [401, 200]);
    broker.reload_with(MQTT).code(0);
    assert_eq!([opens("67890"), asked(&broker, "/v1/devices", None, Some(("admin", "public")))], [401, 401]);
}

#[test]
fn what_everybody_knows_opens_on_loopback_only() {
    let folder = TempDir::new().unwrap();
    let near = check(folder.path(), "http_server { ip_addr = \"127.0.0.1\", password = public }").code(0);
    assert!(near.stdout.contains("EVERYBODY KNOWS"), "{near:?}");
    let hashed = |password: &str| {
        let hash =
            PasswordHash::create(password.as_bytes(), HashCost::default(), &mut SystemEntropy).unwrap();
        format!("users = [ {{ name = ann, password = {:?}, role = viewer }} ]", hash.to_string())
    };
    let far =
        |login: &str| format!("http_server {{ bind = [\"0.0.0.0:8081\"], insecure_ok = true, {login} }}");
    for (login, told) in [
        ("password = public", "which everybody knows"),
        ("auth_type = no_auth", "no_auth"),
        ("users = [ { name = ann, password = public, role = viewer } ]", "which everybody knows"),
        ("users = [ { name = ann, password = admin, role = viewer } ]", "which everybody knows"),
        (&hashed("public"), "which everybody knows"),
        (&hashed("admin"), "which everybody knows"),
    ] {
        let refused = check(folder.path(), &far(login)).code(2);
        assert!(refused.stdout.contains(told), "{refused:?}");
    }
    check(folder.path(), &far("password = swordfish")).code(0);
    for proxy in
        ["trusted_proxies = [\"127.0.0.1\"]", "proxy_protocol = true, trusted_proxies = [\"127.0.0.1\"]"]
    {
        let behind = format!("http_server {{ bind = [\"127.0.0.1:0\"], password = public, {proxy} }}");
        assert!(check(folder.path(), &behind).code(2).stdout.contains("trusted_proxies"), "{proxy}");
    }
    check(folder.path(), &far(&hashed("swordfish"))).code(0);
    let proxied =
        "http_server { bind = [\"127.0.0.1:0\"], auth_type = no_auth, trusted_proxies = [\"127.0.0.1\"] }";
    assert!(check(folder.path(), proxied).code(2).stdout.contains("trusted_proxies"));
}

#[test]
fn without_a_login_whoever_is_on_this_machine_is_anonymous_and_loudly_so() {
    let broker = Configured::start(&format!("{MQTT}http_server.auth_type = no_auth\n"));
    assert!(broker.process.stderr.iter().any(|line| line.contains("WHOEVER IS ON THIS MACHINE")));
    assert_eq!(asked(&broker, "/v1/api-keys", None, None), 200);
    assert_eq!(asked(&broker, "/v1/api-keys", Some("wrong"), None), 401);
}

#[test]
fn a_token_is_made_shown_and_tried_and_a_private_key_is_no_public_one() {
    let folder = TempDir::new().unwrap();
    rsa(folder.path());
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let token =
        issue(folder.path(), &["--issuer", "i", "--audience", "a", "--subject", "ann", "--role", "auditor"]);
    let shown = run(&["token", "show", &token]).code(0);
    assert!(shown.stdout.contains("\"sub\":\"ann\"") && shown.stderr.contains("not verified"), "{shown:?}");
    let tried = |key: &str, audience: &str| {
        run(&["token", "check", &token, "--key", &path(key), "--issuer", "i", "--audience", audience])
    };
    assert!(tried("jwtRS256.key.pub", "a").code(0).stdout.contains("audit:read"));
    assert!(tried("jwtRS256.key.pub", "b").code(1).stderr.contains("aud"));
    assert!(tried("jwtRS256.key", "a").code(2).stderr.contains("PRIVATE"));
    let config =
        format!("http_server.jwt {{ issuer = i, audience = a, keyfiles = [\"{}\"] }}", path("jwtRS256.key"));
    let refused = check(folder.path(), &config).code(2);
    assert!(refused.stdout.contains("PRIVATE"), "{refused:?}");
}

#[test]
fn the_default_password_opens_on_this_machine_and_not_through_a_proxy() {
    let broker = Configured::start(&format!("{MQTT}http_server {{ password = public }}\n"));
    assert_eq!(asked(&broker, "/v1/api-keys", None, Some(("admin", "public"))), 200);
    let address = broker.api().strip_prefix("http://").unwrap();
    for (forwarded, status) in [("", "200"), ("X-Forwarded-For: 203.0.113.9\r\n", "401")] {
        let mut bare = crate::management_listener::Bare::to(address);
        let head = "GET /v1/api-keys HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n";
        // admin:public
        bare.send(format!("{head}Authorization: Basic YWRtaW46cHVibGlj\r\n{forwarded}\r\n").as_bytes());
        let answer = bare.closed();
        assert!(answer.starts_with(&format!("HTTP/1.1 {status}")), "{answer}");
    }
}

#[test]
fn a_certificate_opens_what_its_role_does_and_another_nothing() {
    let folder = TempDir::new().unwrap();
    for words in [
        &["cert", "ca"][..],
        &["cert", "server", "localhost", "127.0.0.1"],
        &["cert", "device", "ann"],
        &["cert", "device", "deploy"],
        &["cert", "device", "stranger"],
    ] {
        run_in(folder.path(), words).code(0);
    }
    let login = r#"
        http_server {
            tls { certfile = "{folder}/server.crt", keyfile = "{folder}/server.key", cacertfile = "{folder}/ca.crt", verify_peer = true, fail_if_no_peer_cert = false }
            certificates = [
                { name = ann, subject = "CN=ann", role = administrator }
                { name = deploy, subject = "CN=deploy", role = viewer }
            ]
        }
    "#;
    let broker = Configured::start_in(folder, &format!("{MQTT}{login}"), &[]);
    assert!(broker.api().starts_with("https://"), "{}", broker.api());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let ask = |name: Option<&str>, path: &str| {
        let certificate = name.map(|name| vouchmq_tls::CertificateFiles {
            certificate: broker.path(&format!("{name}.crt")),
            key: broker.path(&format!("{name}.key")),
        });
        let options = vouchmq_tls::ClientOptions {
            authorities: Some(broker.path("ca.crt")),
            certificate,
            ..vouchmq_tls::ClientOptions::default()
        };
        let tls = vouchmq_tls::Client::load(&options).unwrap();
        let rest = Rest::secure(broker.api(), None, tls).unwrap();
        match runtime.block_on(rest.call::<serde_json::Value>(Method::GET, path, None::<&()>)) {
            Ok(answer) => Ok(answer),
            Err(RestFault::Problem(problem)) => Err(problem.status),
            Err(other) => panic!("{other}"),
        }
    };
    let who = ask(Some("ann"), "/v1/whoami").unwrap();
    assert_eq!((&who["name"], &who["login"]), (&"cert:ann".into(), &"certificate".into()), "{who}");
    assert!(who["expires_at"].is_string(), "{who}");
    assert!(ask(Some("ann"), "/v1/api-keys").is_ok() && ask(Some("ann"), "/api/v4/nodes").is_ok());
    assert!(ask(Some("deploy"), "/v1/devices").is_ok());
    assert_eq!(ask(Some("deploy"), "/v1/api-keys").err(), Some(403));
    assert_eq!([Some("stranger"), None].map(|name| ask(name, "/v1/whoami").err()), [Some(401); 2]);
}

#[test]
fn whoami_says_who_a_token_is_and_what_it_opens() {
    let folder = TempDir::new().unwrap();
    rsa(folder.path());
    let key = folder.path().join("jwtRS256.key.pub");
    let text = format!(
        "{MQTT}http_server.jwt {{ issuer = i, audience = a, keyfiles = [\"{}\"] }}\n",
        key.to_str().unwrap()
    );
    let token =
        issue(folder.path(), &["--issuer", "i", "--audience", "a", "--subject", "ann", "--role", "auditor"]);
    let file = folder.path().join("token");
    fs::write(&file, &token).unwrap();
    let broker = Configured::start_in(folder, &text, &[]);
    let whoami = |file: &Path| {
        run(&["token", "whoami", "--api", broker.api(), "--token-file", file.to_str().unwrap()])
    };
    let told = whoami(&file).code(0).stdout;
    for part in ["jwt:ann@i", "jwt", "auditor", "audit:read stats:read", "127.0.0.1"] {
        assert!(told.contains(part), "{part}: {told}");
    }
    assert!(!told.contains(&token), "{told}");
    let admin = whoami(&broker.path("data/admin-token")).code(0).stdout;
    assert!(admin.contains("admin") && admin.contains("administrator_token"), "{admin}");
    fs::write(broker.path("wrong"), "wrong").unwrap();
    whoami(&broker.path("wrong")).code(1);
}
