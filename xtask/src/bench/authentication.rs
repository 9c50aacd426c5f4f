//! Clients that an authentication service over HTTP is asked about: how fast, what it costs, whom it disturbs.

use std::path::Path;

use anyhow::Result;
use serde_json::{Value, json};

use super::Options;
use super::load::Generator;
use super::plan::Authentication;
use crate::table::Table;

mod bounds;
mod devices;
mod stage;
mod storms;

use stage::Stage;

/// Measures; the sections of the page, each with its name.
pub(super) fn measure(
    plan: &Authentication,
    vouchmq: &Path,
    generator: &Generator,
    options: &Options,
    dir: &Path,
) -> Result<Vec<(&'static str, Table, Value)>> {
    let dir = dir.join("authentication");
    let stage = Stage::set(vouchmq, options.shards, plan.devices, &dir)?;
    let storms = storms::measure(plan, &stage, generator, options)?;
    let mut sections =
        vec![("authentication", storms::table(&storms, plan), serde_json::to_value(&storms.findings)?)];
    if options.only.is_empty() {
        let bounds = bounds::measure(plan, &stage, generator, options.rounds, &storms)?;
        sections.push(("authentication-bounds", bounds::table(&bounds), json!(bounds)));
    }
    Ok(sections)
}
