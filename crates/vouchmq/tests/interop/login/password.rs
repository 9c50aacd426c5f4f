use std::fs;
use std::process::Command;

use serde_json::json;

use super::{BAD_CREDENTIAL, CLIENTS, Says, Site};
use crate::caller::Caller;
use crate::fleet::{TOKEN, eventually};
use crate::process::Running;
use crate::script::python;
use crate::tool::tool;

const PASSWORD: &str = "correct horse";

impl Site {
    fn ask(&self, request: &str, body: &str) -> String {
        let address = self.fleet.management.trim_start_matches("http://");
        let mut caller = Caller::dial(address).unwrap();
        let answer = caller.ask(&format!("{request}\r\nAuthorization: Bearer {TOKEN}"), body).unwrap();
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.body
    }

    fn import(&self, format: &str, file: &str) {
        let report = self.ask(&format!("POST /v1/imports?product_id={}&format={format}", self.product), file);
        let report: serde_json::Value = serde_json::from_str(&report).unwrap();
        assert_eq!((&report["created"], &report["failed"]), (&json!(1), &json!(0)), "{report}");
    }

    /// What the device's password is compared with, as an export tells it.
    fn verifier(&self, device: &str) -> String {
        let lines = self.ask("GET /v1/exports?with=verifiers", "");
        let line = lines.lines().find(|line| line.contains(&format!("\"id\":\"{device}\""))).unwrap();
        line.to_owned()
    }

    /// Whoever knows the password gets in with every client, and after the first time its hash is one of ours.
    #[track_caller]
    fn expect_upgrade(&self, device: &str, scheme: &str) {
        let right = Says { name: device, password: PASSWORD };
        assert!(self.verifier(device).contains(scheme), "{}", self.verifier(device));
        for (client, version) in CLIENTS.into_iter().zip(["5", "311", "31"]) {
            let wrong = Says { password: "wrong", ..right };
            assert_eq!(client.logs_in(&self.fleet, version, wrong), BAD_CREDENTIAL, "{client:?} {version}");
        }
        assert!(self.verifier(device).contains(scheme), "a wrong password upgrades nothing");
        for (client, version) in CLIENTS.into_iter().zip(["5", "311", "31"]) {
            assert_eq!(client.logs_in(&self.fleet, version, right), 0, "{client:?} {version}");
            eventually("the hash is Argon2id", || self.verifier(device).contains("$argon2id$"));
            assert!(!self.verifier(device).contains(scheme), "the old hash is gone");
        }
        let wrong = Says { password: "wrong", ..right };
        assert_eq!(CLIENTS[0].logs_in(&self.fleet, "5", wrong), BAD_CREDENTIAL, "after the upgrade");
    }
}

/// The hash is that of `mosquitto_passwd`.
#[test]
fn a_user_of_mosquitto_gets_in_and_is_upgraded() {
    let site = Site::new();
    let file = site.house.beside("mosquitto.passwd");
    let mut command = Command::new(tool("VOUCHMQ_INTEROP_MOSQUITTO_PASSWD"));
    command.args(["-H", "sha512-pbkdf2", "-c", "-b"]).arg(&file).args(["old-1", PASSWORD]);
    Running::spawn(&mut command, b"").finish().code(0);
    let users = fs::read_to_string(file).unwrap();
    assert!(users.starts_with("old-1:$7$"), "{users}");
    site.import("mosquitto", &users);
    site.expect_upgrade("old-1", "$pbkdf2-sha512$");
}

/// The hash is that of Python's bcrypt, in the form of EMQX's database.
#[test]
fn a_user_of_emqx_gets_in_and_is_upgraded() {
    let site = Site::new();
    let hash = "import bcrypt, sys; print(bcrypt.hashpw(sys.argv[1].encode(), bcrypt.gensalt(10)).decode())";
    let ran = Running::spawn(python().args(["-c", hash, PASSWORD]), b"").finish().code(0);
    let users = json!([{"user_id": "old-2", "password_hash": ran.stdout.trim(), "salt": ""}]);
    site.import("emqx&algorithm=bcrypt", &users.to_string());
    site.expect_upgrade("old-2", "$2b$10$");
}
