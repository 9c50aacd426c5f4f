//! `vouchmq cert`

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

use crate::process::{Ran, run_in};

fn mode(folder: &Path, name: &str) -> u32 {
    fs::metadata(folder.join(name)).unwrap().permissions().mode() & 0o777
}

/// What openssl says; `None` where it is not installed.
fn openssl(folder: &Path, arguments: &[&str]) -> Option<Ran> {
    let ran = Command::new("openssl").args(arguments).current_dir(folder).output().ok()?;
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    Some(Ran { code: ran.status.code().unwrap_or(-1), stdout: text(ran.stdout), stderr: text(ran.stderr) })
}

#[test]
fn a_self_signed_certificate_is_a_server_s_and_its_key_is_its_owner_s() {
    let folder = TempDir::new().unwrap();
    let ran = run_in(folder.path(), &["cert", "self-signed"]).code(0);
    let path = fs::canonicalize(folder.path()).unwrap();
    let path = path.display();
    assert_eq!(
        ran.stdout,
        format!(
            "listeners.ssl {{\n  bind = \"0.0.0.0:8883\"\n  certfile = \"{path}/server.crt\"\n  keyfile = \
             \"{path}/server.key\"\n}}\n"
        )
    );
    assert_eq!((mode(folder.path(), "server.key"), mode(folder.path(), "server.crt")), (0o600, 0o644));
    let Some(shown) = openssl(folder.path(), &["x509", "-in", "server.crt", "-noout", "-text"]) else {
        return;
    };
    for part in [
        "DNS:localhost, IP Address:127.0.0.1",
        "TLS Web Server Authentication",
        "CN = localhost",
        "CA:FALSE",
        "prime256v1",
    ] {
        assert!(shown.stdout.contains(part), "{part} in {shown:#?}");
    }
    openssl(folder.path(), &["verify", "-CAfile", "server.crt", "server.crt"]).unwrap().code(0);
}

#[test]
fn nothing_that_is_there_is_overwritten_unless_it_is_forced() {
    let folder = TempDir::new().unwrap();
    run_in(folder.path(), &["cert", "ca"]).code(0);
    let key = fs::read(folder.path().join("ca.key")).unwrap();
    let ran = run_in(folder.path(), &["cert", "ca"]).code(2);
    assert_eq!(ran.complaint(), "./ca.crt exists already; give --force to overwrite it");
    fs::remove_file(folder.path().join("ca.crt")).unwrap();
    let ran = run_in(folder.path(), &["cert", "ca"]).code(2);
    assert_eq!(ran.complaint(), "./ca.key exists already; give --force to overwrite it");
    assert!(!folder.path().join("ca.crt").exists());
    assert_eq!(fs::read(folder.path().join("ca.key")).unwrap(), key);
    run_in(folder.path(), &["cert", "ca", "--force"]).code(0);
    assert_ne!(fs::read(folder.path().join("ca.key")).unwrap(), key);
    assert_eq!(mode(folder.path(), "ca.key"), 0o600);
    // what looks free, and leads elsewhere
    std::os::unix::fs::symlink("elsewhere", folder.path().join("server.key")).unwrap();
    run_in(folder.path(), &["cert", "self-signed"]).code(2);
    assert!(!folder.path().join("elsewhere").exists());
}

#[test]
fn an_authority_vouches_for_servers_and_devices() {
    let folder = TempDir::new().unwrap();
    let ran = run_in(folder.path(), &["cert", "server", "broker.example"]).code(2);
    assert_eq!(
        ran.complaint(),
        "there is no authority in ca.crt and ca.key; 'vouchmq cert ca' makes one, --ca and --ca-key name another"
    );
    run_in(folder.path(), &["cert", "ca", "--name", "Plant 7"]).code(0);
    run_in(folder.path(), &["cert", "server", "broker.example", "192.0.2.1"]).code(0);
    let device = [
        "cert",
        "device",
        "hw-1",
        "--san",
        "URI:urn:dev:hw-1",
        "--organization",
        "sensor",
        "--out",
        "devices",
    ];
    let ran = run_in(folder.path(), &device).code(0);
    let fingerprint = ran.stdout.trim_end();
    assert!(fingerprint.starts_with("sha256:") && fingerprint.len() == 71, "{ran:?}");
    let printed = run_in(folder.path(), &["cert", "fingerprint", "devices/hw-1.crt"]).code(0);
    assert_eq!(printed.stdout.trim_end(), fingerprint);
    assert_eq!(mode(folder.path(), "devices/hw-1.key"), 0o600);
    let verify = ["verify", "-x509_strict", "-CAfile", "ca.crt", "-purpose"];
    let verify = |purpose, file| openssl(folder.path(), &[&verify[..], &[purpose, file]].concat());
    let Some(server) = verify("sslserver", "server.crt") else { return };
    server.code(0);
    verify("sslclient", "devices/hw-1.crt").unwrap().code(0);
    assert_ne!(verify("sslserver", "devices/hw-1.crt").unwrap().code, 0);
    let shown = openssl(
        folder.path(),
        &["x509", "-in", "devices/hw-1.crt", "-noout", "-text", "-fingerprint", "-sha256"],
    );
    let shown = shown.unwrap().stdout;
    for part in ["CN = hw-1, O = sensor", "URI:urn:dev:hw-1", "Issuer: CN = Plant 7"] {
        assert!(shown.contains(part), "{part} in {shown}");
    }
    let (_, theirs) = shown.rsplit_once("ingerprint=").unwrap();
    assert_eq!(theirs.trim().replace(':', "").to_lowercase(), fingerprint.trim_start_matches("sha256:"));
}

#[test]
fn a_device_may_keep_its_key() {
    let folder = TempDir::new().unwrap();
    run_in(folder.path(), &["cert", "ca"]).code(0);
    let request = [
        "req",
        "-new",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:P-256",
        "-nodes",
        "-subj",
        "/CN=else",
    ];
    let request = [&request[..], &["-keyout", "own.key", "-out", "own.csr"]].concat();
    let Some(made) = openssl(folder.path(), &request) else { return };
    made.code(0);
    run_in(folder.path(), &["cert", "device", "hw-1", "--csr", "own.csr"]).code(0);
    assert!(!folder.path().join("hw-1.key").exists());
    let subject = openssl(folder.path(), &["x509", "-in", "hw-1.crt", "-noout", "-subject"]).unwrap().code(0);
    assert_eq!(subject.stdout.trim_end(), "subject=CN = hw-1", "the name is the authority's to give");
    let key = |arguments: &[&str]| openssl(folder.path(), arguments).unwrap().code(0).stdout;
    let (ours, theirs) =
        (key(&["x509", "-in", "hw-1.crt", "-noout", "-pubkey"]), key(&["pkey", "-in", "own.key", "-pubout"]));
    assert_eq!(ours, theirs);
}

#[test]
fn certificates_are_revoked_by_a_list_that_grows() {
    let folder = TempDir::new().unwrap();
    run_in(folder.path(), &["cert", "ca"]).code(0);
    for device in ["hw-1", "hw-2", "hw-3"] {
        run_in(folder.path(), &["cert", "device", device]).code(0);
    }
    let ran = run_in(folder.path(), &["cert", "revoke", "hw-1.crt"]).code(0);
    assert_eq!(ran.stdout, "crlfiles = [\"ca.crl\"]\n");
    let ran = run_in(folder.path(), &["cert", "revoke", "hw-2.crt", "hw-1.crt"]).code(0);
    assert!(ran.stderr.contains("ca.crl revokes 2, and is good for 30 days"), "{ran:?}");
    run_in(folder.path(), &["cert", "revoke"]).code(0);
    run_in(folder.path(), &["cert", "self-signed"]).code(0);
    let ran = run_in(folder.path(), &["cert", "revoke", "server.crt"]).code(2);
    assert!(ran.complaint().contains("another authority has signed"), "{ran:?}");
    let verify = |file| {
        openssl(folder.path(), &["verify", "-crl_check", "-CAfile", "ca.crt", "-CRLfile", "ca.crl", file])
    };
    let Some(good) = verify("hw-3.crt") else { return };
    good.code(0);
    for file in ["hw-1.crt", "hw-2.crt"] {
        let refused = verify(file).unwrap();
        assert!(refused.code != 0 && refused.stderr.contains("revoked"), "{refused:?}");
    }
    let shown = openssl(folder.path(), &["crl", "-in", "ca.crl", "-noout", "-crlnumber"]).unwrap();
    assert!(shown.stdout.trim_end().ends_with('3'), "{shown:?}");
}

#[test]
fn mistakes_are_told() {
    let folder = TempDir::new().unwrap();
    run_in(folder.path(), &["cert", "ca"]).code(0);
    run_in(folder.path(), &["cert", "ca", "--file-name", "other"]).code(0);
    for (arguments, told) in [
        (&["server", "a b"][..], "'a b' is no name for a certificate"),
        (
            &["server", "h", "--ca-key", "other.key"],
            "ca.crt: this is no authority: the key is not that of the certificate",
        ),
        (&["device", "../x"], "'../x' is no name for a file; give --file-name NAME"),
        (&["fingerprint", "ca.key"], "ca.key: there is no certificate in PEM"),
        (&["fingerprint", "nowhere.crt"], "cannot read nowhere.crt"),
        (&["device", "x", "--csr", "ca.crt"], "the request is no good"),
    ] {
        let ran = run_in(folder.path(), &[&["cert"], arguments].concat()).code(2);
        assert!(ran.complaint().contains(told), "{ran:?}");
    }
}
