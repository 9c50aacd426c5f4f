//! What answers here.

use axum::Json;
use axum::extract::State;
use vouchmq_client::dto::stats::About;

use super::Here;
use super::text::time_of;

/// What this build can do, beside MQTT 3.1, 3.1.1 and 5.0 over TCP.
const FEATURES: [&str; 9] = [
    "tls",
    "websocket",
    "unix-socket",
    "proxy-protocol",
    "registry-sqlite",
    "registry-postgres",
    "authentication-service",
    "http-authentication",
    "nanomq-api",
];

/// What answers here: version, build, license, uptime, and what is spoken.
#[utoipa::path(get, path = "/v1/about", operation_id = "read_about", tag = "stats",
    responses((status = 200, body = About)))]
pub(super) async fn about(State(here): Here) -> Json<About> {
    let profile = if cfg!(debug_assertions) { "debug" } else { "release" };
    let listeners = here.broker.as_ref().map(|broker| {
        let shown =
            |listener: vouchmq_broker::ListenerStatus| format!("{} {}", listener.name, listener.address);
        broker.listeners().into_iter().map(shown).collect()
    });
    Json(About {
        name: "vouchmq".to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        api: vec!["v1".to_owned()],
        time: time_of(here.registry.now()),
        uptime_seconds: here.start.elapsed().as_secs(),
        node: here.node.as_ref().map(ToString::to_string),
        build: format!("{profile} {} {}", std::env::consts::OS, std::env::consts::ARCH),
        license: env!("CARGO_PKG_LICENSE").to_owned(),
        // SECURITY.md: before 1.0 the newest release alone gets fixes, and there is no date.
        supported_until: None,
        features: FEATURES.map(str::to_owned).to_vec(),
        shards: here.broker.as_ref().map(|broker| broker.shard_count()),
        listeners,
    })
}
