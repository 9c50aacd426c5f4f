//! Foreign clients against `vouchmq serve`: other people's reading of the standard.
//!
//! These tests need programs of others, which `cargo xtask test --only interop` installs and names in the
//! environment. Without them the tests fail: they are never green without having run.

mod gmqtt;
mod mosquitto;
mod mqttjs;
mod paho;
#[expect(dead_code, reason = "`it` uses all of it")]
#[path = "../it/process.rs"]
mod process;
mod rumqttc;
mod script;
#[expect(dead_code, reason = "`it` uses all of it")]
#[path = "../it/server.rs"]
mod server;
mod tool;
