//! Both prove who they are.

use std::fs;

use serde_json::json;

use super::Asker;
use crate::identity::fleet::House;
use crate::identity::wire::Ending;

const KEY: &str = "a key of tests of at least 32 bytes";

fn signing(key_id: &str, key: &str) -> String {
    format!("cache_ttl = 300s\n signing {{ keyid = \"{key_id}\", key = \"{key}\", check_answers = true }}")
}

#[test]
fn a_service_that_trusts_nobody_unsigned_is_asked_and_followed_by_who_has_the_key() {
    let house = House::new();
    let file = house.beside("service.conf");
    let caller = format!("callers = [{{ name = \"b1\", key = \"{KEY}\" }}]");
    fs::write(&file, format!("auth_service {{ trust_loopback = false\n {caller} }}\n")).unwrap();
    let service = house.start(&["--config", file.to_str().unwrap()]);
    let device = service.enter(&service.product("sensor"), "d1");
    let asker = |more: &str| Asker::start(&[&service.authentication], "", more);

    let broker = asker(&signing("b1", KEY));
    broker.wait_until("healthy");
    let mut wire = broker.connect(&device).unwrap();
    assert!(wire.publish("dev/d1/a", b"x") < 0x80);
    assert_eq!(broker.connect_with(&device, "vmq1_guess").unwrap_err(), 0x86);
    for others in [signing("b1", "another key of at least 32 bytes, too"), signing("b2", KEY), String::new()]
    {
        let broker = asker(&others);
        assert_eq!(broker.connect(&device).unwrap_err(), 0x88, "{others}");
        assert_eq!(broker.figures()["changes"]["health"], "stale", "{others}");
    }
    service.operator.post("/v1/devices/d1:suspend", &json!({}));
    assert_eq!(wire.ending(), Ending::Told(0x87));
}
