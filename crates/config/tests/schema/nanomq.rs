//! Files as NanoMQ has them start a broker unchanged, with a warning wherever it would have been unsafe.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{fs, io};

use vouchmq_config::hocon::{Sources, read};
use vouchmq_config::{Layers, Outcome, resolve};

/// The fixtures, which are in `/etc` as far as they know.
struct Installed;

impl Sources for Installed {
    fn read(&self, path: &Path) -> io::Result<String> {
        let name = path.file_name().ok_or(io::ErrorKind::NotFound)?;
        fs::read_to_string(folder().join(name))
    }
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/nanomq")
}

fn outcome(name: &str) -> Outcome {
    let mut layers = Layers::new();
    layers.file(read(Path::new(name), &Installed, &|_| None));
    resolve(layers)
}

#[test]
fn files_of_nanomq_load_unchanged() {
    for name in [
        "nanomq.conf",
        "nanomq_example.conf",
        "nanomq_bridge.conf",
        "http-server.conf",
        "http-auth-article.conf",
        "http-auth-outside.conf",
    ] {
        let outcome = outcome(name);
        let mut text = outcome.report();
        let Some(config) = &outcome.config else { panic!("{name}\n{text}") };
        for open in config.exposed() {
            let _ = writeln!(text, "{} for {}: {}", open.url, open.reach, open.who);
        }
        insta::with_settings!({omit_expression => true}, {
            insta::assert_snapshot!(name.replace(['.', '-'], "_"), text);
        });
    }
}

#[test]
fn what_the_packaged_file_says_is_what_is_meant() {
    let config = outcome("nanomq.conf").config.unwrap();
    let limits = &config.settings.limits;
    assert_eq!((limits.packet_bytes_max, limits.topic_alias_maximum), (256 << 20, 1024));
    assert_eq!(limits.queued_messages_max, 2048);
    let addresses: Vec<String> =
        config.listeners.iter().map(|listener| listener.address.to_string()).collect();
    assert_eq!(addresses, ["0.0.0.0:1883", "0.0.0.0:8083"]);
    assert_eq!(config.authentication.allow_anonymous, Some(true), "it says so");
    assert_eq!(config.log.file, Path::new("/tmp/nanomq.log"));
    assert!(!config.authorization.acl.rules.is_empty());
}
