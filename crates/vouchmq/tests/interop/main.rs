//! Foreign clients against `vouchmq serve`: other people's reading of the standard.
//!
//! These tests need programs of others, which `cargo xtask test --only interop` installs and names in the
//! environment. Without them the tests fail: they are never green without having run.

#[path = "../it/identity/caller.rs"]
mod caller;
#[expect(dead_code, reason = "`it` uses all of it")]
#[path = "../it/identity/fleet.rs"]
mod fleet;
mod hardening;
#[path = "../it/identity/http.rs"]
mod http;
mod login;
mod mosquitto;
#[expect(dead_code, reason = "`it` uses all of it")]
#[path = "../it/process.rs"]
mod process;
mod rumqttc;
mod schemathesis;
mod script;
mod secure;
#[expect(dead_code, reason = "`it` uses all of it")]
#[path = "../it/server.rs"]
mod server;
mod tool;
#[expect(dead_code, reason = "`it` uses all of it")]
#[path = "../it/identity/wire.rs"]
mod wire;

script::clients! {
    /// Python's gmqtt.
    gmqtt: "gmqtt_client.py" by python { mqtt_3_1_1 "311", mqtt_5 "5" }
    /// MQTT.js.
    mqttjs: "mqttjs_client.js" by node { mqtt_3_1 "31", mqtt_3_1_1 "311", mqtt_5 "5" }
    /// Python's paho-mqtt.
    paho: "paho_client.py" by python { mqtt_3_1 "31", mqtt_3_1_1 "311", mqtt_5 "5" }
}
