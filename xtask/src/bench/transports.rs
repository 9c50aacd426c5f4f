//! Messages, handshakes and idle connections over TLS and WebSocket, beside Mosquitto.

use std::path::Path;

use anyhow::{Context, Result};
use serde_json::Value;

use super::broker::Broker;
use super::certificates::Certificates;
use super::load::Generator;
use super::plan::{Over, Scenario, Sizes, Transports};
use super::{OURS, Options, REFERENCE, scenarios, sizes};
use crate::table::Table;

/// Measures every broker; the sections of the page, each with its name.
pub(super) fn measure(
    plan: &Transports,
    brokers: &[Broker],
    generator: &Generator,
    options: &Options,
    dir: &Path,
) -> Result<Vec<(&'static str, Table, Value)>> {
    let ours = brokers.iter().find(|broker| broker.name == OURS);
    let vouchmq = ours.context("certificates are made by vouchmq: it has to be among the brokers")?;
    let certificates = Certificates::make(&vouchmq.binary, dir)?;
    let mut found = Vec::new();
    for over in [Over::Tls, Over::Ws] {
        let is_chosen = |scenario: &&Scenario| {
            scenario.over == over && (options.only.is_empty() || options.only.contains(&scenario.name))
        };
        let chosen: Vec<Scenario> = plan.scenarios.iter().filter(is_chosen).cloned().collect();
        let brokers: Vec<Broker> = brokers.iter().map(|broker| broker.over(over, &certificates)).collect();
        found.extend(scenarios::measure(&chosen, &brokers, generator, options.rounds, (dir, REFERENCE))?);
    }
    let mut sections = vec![("transports", scenarios::table(&found), serde_json::to_value(&found)?)];
    if options.only.is_empty() {
        let sizes_plan = Sizes {
            connections: plan.connections,
            load: plan.load.clone(),
            bytes_per_connection: plan.bytes_per_connection,
            // Those are measured with the other sizes.
            rss_at_start_mb: f64::INFINITY,
            binary_mb: f64::INFINITY,
        };
        let brokers: Vec<Broker> =
            brokers.iter().map(|broker| broker.over(Over::Tls, &certificates)).collect();
        let mut found = sizes::measure(&sizes_plan, &brokers, generator, options.rounds, dir)?;
        found.retain(|finding| finding.bar.is_finite());
        sections.push(("tls-sizes", sizes::table(&found, OURS), serde_json::to_value(&found)?));
    }
    Ok(sections)
}
