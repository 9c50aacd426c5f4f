//! Foreign clients against our release binary.
//!
//! The tests are the target `interop` of the crate `vouchmq` (`crates/vouchmq/tests/interop/`). The step `nextest`
//! leaves them out; without `VOUCHMQ_INTEROP` they must fail and name this step. In the environment they find:
//!
//! | Variable | What |
//! |---|---|
//! | `VOUCHMQ_INTEROP` | `1` |
//! | `VOUCHMQ_BIN` | the release binary |
//! | `VOUCHMQ_INTEROP_PYTHON` | a Python with paho-mqtt, gmqtt, scramp and bcrypt |
//! | `VOUCHMQ_INTEROP_SCHEMATHESIS` | Schemathesis, which makes requests of an OpenAPI document |
//! | `VOUCHMQ_INTEROP_NODE` | Node.js |
//! | `VOUCHMQ_INTEROP_NODE_MODULES` | a folder with MQTT.js, to be given as `NODE_PATH` |
//! | `VOUCHMQ_INTEROP_MOSQUITTO` | Debian's Mosquitto: a second opinion on what a test expects |
//! | `VOUCHMQ_INTEROP_MOSQUITTO_PUB`, `…_SUB` | its clients |
//! | `VOUCHMQ_INTEROP_MOSQUITTO_PASSWD` | its program for password files |
//! | `VOUCHMQ_INTEROP_OPENSSL` | OpenSSL's program, for its TLS client |
//! | `VOUCHMQ_INTEROP_NGINX`, `…_NGINX_STREAM` | Debian's nginx, and its module for TCP |
//! | `VOUCHMQ_INTEROP_CURL`, `…_NFT`, `…_SYSTEMD_ANALYZE` | what docs/hardening.md uses |

use anyhow::Result;

use super::{Context, Outcome, steps::program};
use crate::tools;

/// The filter for everything else.
pub(super) const ALL_BUT: &str = "not (package(=vouchmq) and binary(=interop))";

/// Whether the target exists: nextest refuses a filter that matches nothing.
pub(super) fn exists(context: &Context) -> bool {
    let package = context.workspace.package("vouchmq");
    package.is_some_and(|package| package.targets.iter().any(|target| target.name == "interop"))
}

pub(super) fn run(context: &Context) -> Result<Outcome> {
    let foreign = tools::foreign(&context.workspace)?;
    let built = program(context.cargo("build --release -p vouchmq --bin vouchmq"), "")?;
    if !built.passed {
        return Ok(built);
    }
    let tests = context
        .nextest("-p vouchmq --test interop")?
        .env("VOUCHMQ_INTEROP", "1")
        .env("VOUCHMQ_BIN", context.workspace.target.join("release/vouchmq"))
        .env("VOUCHMQ_INTEROP_PYTHON", foreign.python)
        .env("VOUCHMQ_INTEROP_SCHEMATHESIS", foreign.schemathesis)
        .env("VOUCHMQ_INTEROP_NODE", foreign.node)
        .env("VOUCHMQ_INTEROP_NODE_MODULES", foreign.node_modules)
        .env("VOUCHMQ_INTEROP_MOSQUITTO", foreign.mosquitto)
        .env("VOUCHMQ_INTEROP_MOSQUITTO_PASSWD", foreign.mosquitto_passwd)
        .env("VOUCHMQ_INTEROP_MOSQUITTO_PUB", foreign.mosquitto_pub)
        .env("VOUCHMQ_INTEROP_MOSQUITTO_SUB", foreign.mosquitto_sub)
        .env("VOUCHMQ_INTEROP_OPENSSL", foreign.openssl)
        .env("VOUCHMQ_INTEROP_CURL", foreign.curl)
        .env("VOUCHMQ_INTEROP_NFT", foreign.nft)
        .env("VOUCHMQ_INTEROP_NGINX", foreign.nginx)
        .env("VOUCHMQ_INTEROP_NGINX_STREAM", foreign.nginx_stream)
        .env("VOUCHMQ_INTEROP_SYSTEMD_ANALYZE", foreign.systemd_analyze);
    program(tests, "run:")
}
