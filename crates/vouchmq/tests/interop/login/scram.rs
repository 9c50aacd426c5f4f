use super::{BAD_CREDENTIAL, Site, script};
use crate::script::node;
use crate::tool::tool;

const PASSWORD: &str = "correct horse";

/// What MQTT.js and scramp say of a login, line by line.
#[track_caller]
fn scram(site: &Site, arguments: &[&str]) -> Vec<String> {
    let port = site.fleet.mqtt.rsplit(':').next().unwrap();
    let mut node = node();
    node.env("VOUCHMQ_INTEROP_PYTHON", tool("VOUCHMQ_INTEROP_PYTHON"));
    let ran = script(node, "mqttjs_scram.js", &[&[port], arguments].concat());
    ran.stdout.lines().map(str::to_owned).collect()
}

#[test]
fn a_password_is_proved_by_scram_and_again_on_the_live_session() {
    let site = Site::new();
    site.enter_scram("sensor-1", PASSWORD);
    let said = scram(&site, &["sensor-1", PASSWORD]);
    assert!(said[0].starts_with("challenge s="), "{said:?}");
    assert_eq!(said[1..], ["connack 0", &said[0], "again"].map(str::to_owned), "the salt is the same");
    let said = scram(&site, &["sensor-1", "wrong"]);
    assert_eq!(said[1..], [format!("connack {BAD_CREDENTIAL}")]);
}

/// Who cannot prove it again does not stay.
#[test]
fn a_session_that_fails_to_authenticate_again_is_ended() {
    let site = Site::new();
    site.enter_scram("sensor-1", PASSWORD);
    let said = scram(&site, &["sensor-1", PASSWORD, "wrong"]);
    assert_eq!(said[3..], [format!("disconnect {}", 0x87)], "{said:?}");
    assert_eq!(scram(&site, &["sensor-1", PASSWORD])[3], "again", "the device itself is not locked out");
}

/// A name that does not exist gets a challenge like any other, the same each time, and is refused at the proof.
#[test]
fn an_unknown_name_is_challenged_like_a_known_one() {
    let site = Site::new();
    site.enter_scram("sensor-1", PASSWORD);
    let secret = site.fleet.enter(&site.product, "sensor-2");
    let refused = |name: &str| {
        let said = scram(&site, &[name, "wrong"]);
        assert_eq!(said[1..], [format!("connack {BAD_CREDENTIAL}")], "{name}");
        said[0].clone()
    };
    let known = refused("sensor-1");
    let shape = |challenge: &str| {
        let [word, salt, iterations] = challenge.split(' ').collect::<Vec<_>>()[..] else {
            panic!("{challenge}")
        };
        assert!(salt.starts_with("s="), "{challenge}");
        (word.to_owned(), salt.len(), iterations.to_owned())
    };
    let mut challenges = vec![known.clone()];
    for name in ["nobody", "nobody-else", &*secret.id] {
        let challenge = refused(name);
        assert_eq!(shape(&challenge), shape(&known), "{name}");
        assert_eq!(refused(name), challenge, "the same each time");
        challenges.push(challenge);
    }
    challenges.sort();
    challenges.dedup();
    assert_eq!(challenges.len(), 4, "each name has its own");
}
