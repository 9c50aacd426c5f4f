//! Foreign clients against our release binary.
//!
//! The tests are the target `interop` of the crate `vouchmq` (`crates/vouchmq/tests/interop/`), which the ordinary
//! test run leaves out (`default-filter` in `.config/nextest.toml`). They find what they need in the environment:
//!
//! | Variable | What |
//! |---|---|
//! | `VOUCHMQ_INTEROP` | `1` |
//! | `VOUCHMQ_BIN` | the release binary |
//! | `VOUCHMQ_INTEROP_PYTHON` | a Python with paho-mqtt and gmqtt |
//! | `VOUCHMQ_INTEROP_NODE` | Node.js |
//! | `VOUCHMQ_INTEROP_NODE_MODULES` | a folder with MQTT.js, to be given as `NODE_PATH` |
//! | `VOUCHMQ_INTEROP_MOSQUITTO` | Debian's Mosquitto: a second opinion on what a test expects |
//! | `VOUCHMQ_INTEROP_MOSQUITTO_PUB`, `…_SUB` | its clients |

use anyhow::Result;

use super::{Context, Outcome, steps::program};
use crate::tools;

pub(super) fn run(context: &Context) -> Result<Outcome> {
    let foreign = tools::foreign(&context.workspace)?;
    let built = program(context.cargo("build --release -p vouchmq --bin vouchmq"), "")?;
    if !built.passed {
        return Ok(built);
    }
    let tests = context
        .nextest("-p vouchmq --test interop --ignore-default-filter")?
        .env("VOUCHMQ_INTEROP", "1")
        .env("VOUCHMQ_BIN", context.workspace.target.join("release/vouchmq"))
        .env("VOUCHMQ_INTEROP_PYTHON", foreign.python)
        .env("VOUCHMQ_INTEROP_NODE", foreign.node)
        .env("VOUCHMQ_INTEROP_NODE_MODULES", foreign.node_modules)
        .env("VOUCHMQ_INTEROP_MOSQUITTO", foreign.mosquitto)
        .env("VOUCHMQ_INTEROP_MOSQUITTO_PUB", foreign.mosquitto_pub)
        .env("VOUCHMQ_INTEROP_MOSQUITTO_SUB", foreign.mosquitto_sub);
    program(tests, "tests run:")
}
