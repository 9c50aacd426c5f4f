//! What is measured: `xtask/bench.toml`.

use anyhow::{Result, bail};
use serde::Deserialize;

use crate::tree::Tree;

const FILE: &str = "xtask/bench.toml";

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Plan {
    pub(super) scenarios: Vec<Scenario>,
    pub(super) transports: Transports,
    pub(super) authentication: Authentication,
    pub(super) management: Management,
    pub(super) sizes: Sizes,
    pub(super) scaling: Scaling,
    pub(super) instructions: Instructions,
}

/// One kind of load.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Scenario {
    pub(super) name: String,
    pub(super) what: String,
    /// Words for the load generator.
    pub(super) load: String,
    /// At most this times Mosquitto's CPU time.
    pub(super) bar: f64,
    /// What is spoken below MQTT.
    #[serde(default)]
    pub(super) over: Over,
}

/// What is spoken below MQTT.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Over {
    #[default]
    Tcp,
    Tls,
    Ws,
}

/// What is measured over TLS and WebSocket.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Transports {
    pub(super) scenarios: Vec<Scenario>,
    /// Connections that are held over TLS, and what makes them.
    pub(super) connections: u32,
    pub(super) load: String,
    pub(super) bytes_per_connection: f64,
}

/// What is measured of clients that another service is asked about.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Authentication {
    /// Devices of the registry, and of our authentication service.
    pub(super) devices: u32,
    pub(super) storms: Vec<Storm>,
    /// CPU of a CONNECT whose answer is remembered, over one that the registry decides.
    pub(super) remembered_ratio: f64,
    /// Words for the load generator: a client that is connected while the service hangs, and those that come then.
    pub(super) round_trips: String,
    pub(super) hanging: String,
    /// p99 of those round trips, over what it is without.
    pub(super) hanging_ratio: f64,
    /// Clients that are denied, words for the load generator (`{n}` is how many), and what they may leave in memory.
    pub(super) denied: u32,
    pub(super) denied_load: String,
    pub(super) denied_mb: f64,
    pub(super) peers: Vec<Peer>,
}

/// Many CONNECTs at once.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Storm {
    pub(super) name: String,
    pub(super) what: String,
    pub(super) through: Through,
    /// Words for the load generator; `{round}` is another word in every round, `{devices}` the file of devices.
    pub(super) load: String,
    /// At least so many a second.
    pub(super) per_second: Option<f64>,
    /// At most so much CPU of the broker for each.
    pub(super) cpu_us: Option<f64>,
}

/// Who decides about clients.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Through {
    /// Nobody: everybody is let in. What the machine can do at all.
    Nobody,
    /// The registry of the broker.
    Registry,
    /// A foreign service that answers at once.
    Fast,
    /// A foreign service that answers after 20 ms.
    Late,
    /// The first, whose answers are remembered already.
    Remembered,
    /// Our authentication service, in batches.
    Native,
}

/// What another broker took when it was measured elsewhere.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Peer {
    pub(super) name: String,
    pub(super) through: Through,
    pub(super) per_second: f64,
    pub(super) cpu_us: f64,
}

/// What the management server may cost, and how fast it answers.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Management {
    /// Words for the load generator: messages at a steady rate, beside connections that do nothing and those that
    /// send a head byte by byte; so many of each.
    pub(super) paced: String,
    pub(super) idle: usize,
    pub(super) slow: usize,
    /// Clients that are connected while lists are read, and what makes them.
    pub(super) clients: u32,
    pub(super) load: String,
    /// A page of the list of clients, and what Prometheus reads: at most so many milliseconds.
    pub(super) page_ms: f64,
    pub(super) scrape_ms: f64,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Sizes {
    pub(super) connections: u32,
    pub(super) load: String,
    pub(super) bytes_per_connection: f64,
    pub(super) rss_at_start_mb: f64,
    pub(super) binary_mb: f64,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Scaling {
    pub(super) scenarios: Vec<String>,
    pub(super) bar: f64,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Instructions {
    pub(super) counts: [u64; 2],
    pub(super) tolerance: f64,
    pub(super) examples: Vec<Example>,
}

/// A program, and the operations that it does.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Example {
    pub(super) package: String,
    pub(super) example: String,
    pub(super) operations: Vec<String>,
    /// All of them cost the same, but for this part of the least.
    pub(super) equal_within: Option<f64>,
}

impl Plan {
    pub(super) fn load(tree: &Tree) -> Result<Self> {
        tree.toml(FILE)
    }

    /// The scenarios of these names; all, if there are none.
    pub(super) fn chosen(&self, names: &[String]) -> Result<Vec<Scenario>> {
        let known = |name: &String| self.scenarios.iter().any(|scenario| &scenario.name == name);
        if let Some(unknown) = names.iter().find(|name| !known(name)) {
            let known: Vec<_> = self.scenarios.iter().map(|scenario| scenario.name.as_str()).collect();
            bail!("there is no scenario `{unknown}`; there are {}", known.join(", "));
        }
        let chosen = |scenario: &&Scenario| names.is_empty() || names.contains(&scenario.name);
        Ok(self.scenarios.iter().filter(chosen).cloned().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_committed_plan_is_well_formed() {
        let plan = Plan::load(&Tree::of(&[(FILE, include_str!("../../bench.toml"))])).expect("a plan");
        assert_eq!(plan.chosen(&[]).expect("all").len(), plan.scenarios.len());
        assert_eq!(plan.chosen(&plan.scaling.scenarios).expect("known").len(), plan.scaling.scenarios.len());
        assert!(plan.chosen(&["p2p".into()]).unwrap_err().to_string().contains("there are p2p_q0, "));
        assert!(plan.transports.scenarios.iter().all(|scenario| scenario.over != Over::Tcp));
        let storms = &plan.authentication.storms;
        let has = |through| storms.iter().any(|storm| storm.through == through);
        assert!(has(Through::Registry) && has(Through::Remembered), "they are compared");
        assert!(plan.instructions.counts[0] < plan.instructions.counts[1]);
    }
}
