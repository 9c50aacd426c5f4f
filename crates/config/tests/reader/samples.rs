//! Files in the shape of NanoMQ's own: they are read without a note.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use vouchmq_config::hocon::{self, Read, Sources, Value};

use super::world::{line, note};

pub(crate) const SAMPLES: [&str; 8] = [
    "nanomq.conf",
    "nanomq_example.conf",
    "nanomq_pwd.conf",
    "nanomq_acl.conf",
    "nanomq_bridge.conf",
    "http-server.conf",
    "http-auth-article.conf",
    "http-auth-outside.conf",
];

pub(crate) fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/nanomq")
}

/// A machine where they are installed in `/etc`.
struct Installed;

impl Sources for Installed {
    fn read(&self, path: &Path) -> io::Result<String> {
        let name = path.strip_prefix("/etc").map_err(|_| io::ErrorKind::NotFound)?;
        fs::read_to_string(folder().join(name))
    }
}

fn read(name: &str) -> Read {
    hocon::read(&Path::new("/etc").join(name), &Installed, &|_| None)
}

fn at<'v>(root: &'v Value, path: &str) -> &'v Value {
    path.split('.').fold(root, |value, key| {
        let member = value.as_map().and_then(|map| map.get(key));
        &member.unwrap_or_else(|| panic!("no {key} of {path}")).value
    })
}

#[test]
fn every_file_of_the_folder_is_a_sample() {
    let mut names: Vec<_> = fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    names.sort();
    let mut samples = SAMPLES;
    samples.sort_unstable();
    assert_eq!(names, samples);
}

#[test]
fn each_sample_is_read_without_a_note() {
    for name in SAMPLES {
        let read = read(name);
        assert_eq!(read.notes.iter().map(note).collect::<Vec<_>>(), Vec::<String>::new(), "{name}");
        assert!(read.missing.is_empty() && !read.root.as_map().unwrap().is_empty(), "{name}");
    }
}

#[test]
fn the_packaged_file_brings_its_rules() {
    let read = read("nanomq.conf");
    let files: Vec<PathBuf> = ["/etc/nanomq.conf", "/etc/nanomq_acl.conf"].map(Into::into).into();
    assert_eq!(read.files, files);
    for (path, expected) in [
        ("mqtt.max_packet_size", "256MB"),
        ("mqtt.keepalive_multiplier", "1.25"),
        ("listeners.tcp.bind", "\"0.0.0.0:1883\""),
        ("listeners.ws.bind", "\"0.0.0.0:8083/mqtt\""),
        ("HTTP_Server.jwt.public.keyfile", "\"/etc/certs/jwt/jwtRS256.key.pub\""),
        ("log.to", "[file, console]"),
        ("auth.allow_anonymous", "true"),
    ] {
        assert_eq!(line(at(&read.root, path)), expected, "{path}");
    }
    let rules = at(&read.root, "auth.acl.rules");
    assert_eq!((rules.as_list().unwrap().len(), rules.place.file), (6, 1));
}

#[test]
fn the_example_is_read_as_it_looks() {
    let read = read("nanomq_example.conf");
    for (path, expected) in [
        ("listeners.tcp.inside.bind", "127.0.0.1:1884"),
        ("http_server.ip_addr", "0.0.0.0"),
        ("http_server.password", "123456"),
        ("webhook.headers", "{content-type: \"application/json\", X-Key: \"a-b-c\"}"),
        ("auth.password.gateway", "\"river-stone-12\""),
        ("auth.password.fleet", "20260412"),
        ("auth.http_auth.acl_req.params.topic", "\"%t\""),
        ("bridges.mqtt.upstream.will.properties.user_property", "{key1: value1, key2: value2}"),
        ("bridges.mqtt.quic.subscription", "[]"),
        ("rules.mysql.mysql_rule_db.conn.host", "localhost"),
    ] {
        assert_eq!(line(at(&read.root, path)), expected, "{path}");
    }
    let password = at(&read.root, "auth.password").as_map().unwrap();
    assert_eq!(line(&password.exactly("line.4").unwrap().value), r#""with \"quotes\" inside""#);
    let sections: Vec<_> = read.root.as_map().unwrap().iter().map(|member| &*member.key).collect();
    let expected = "system mqtt listeners sqlite http_server log webhook auth preset bridges exchange_client parquet plugin rules";
    assert_eq!(sections.join(" "), expected);
}

#[test]
fn the_body_of_the_article_survives() {
    let read = read("http-auth-article.conf");
    let body = at(&read.root, "auth.http_auth.auth_req.body").as_text().unwrap();
    assert_eq!(body, r#"{"clientid": "${clientid}", "username": "${username}", "password": "${password}"}"#);
    let body = at(&read.root, "auth.http_auth.super_req.body").as_text().unwrap();
    assert!(body.starts_with("{\n") && body.contains("\"${clientid}\"\n"), "{body}");
}
