//! Benchmarks: speed beside Debian's Mosquitto, sizes, scaling over shards, instruction counts.
//!
//! A benchmark measures; only instruction counts, which do not depend on the machine's mood, can fail.

use std::{fs, path::PathBuf};

use anyhow::{Context, Result};
use serde_json::Value;

use crate::{process::Program, table::Table, tools, tree::Tree, workspace::Workspace};

mod authentication;
mod broker;
mod certificates;
mod http;
mod instructions;
mod load;
mod management;
mod options;
mod page;
mod plan;
mod scenarios;
mod sizes;
mod statistics;
mod transports;

use broker::Broker;
use load::Generator;
pub(crate) use options::Options;
use options::Parts;
use plan::{Plan, Scenario};

const OURS: &str = "vouchmq";
const REFERENCE: &str = "mosquitto";

/// What a part wrote: a section of the page, and a value of the JSON report.
struct Section {
    name: &'static str,
    text: String,
    page: String,
    json: Value,
}

/// Measures; false if instruction counts grew.
pub(crate) fn run(options: &Options) -> Result<bool> {
    let workspace = Workspace::load()?;
    let plan = Plan::load(&Tree::load(&workspace.root)?)?;
    let (mut sections, mut holds) = (Vec::new(), true);
    let Parts { scenarios, transports, authentication, management, sizes, scaling, .. } = options.parts;
    if scenarios || transports || authentication || management || sizes || scaling {
        sections = measured(&workspace, &plan, options)?;
    }
    if options.parts.instructions {
        let comparison = instructions::measure(&workspace, &plan.instructions)?;
        holds = options.write || comparison.holds();
        if options.write {
            comparison.write(&workspace.root)?;
        }
        sections.push(instruction_section(&comparison)?);
    }
    let mut report = serde_json::Map::new();
    for section in sections {
        println!("\n{}", section.text);
        if options.write {
            page::write(&workspace.root, section.name, &section.page)?;
        }
        report.insert(section.name.to_owned(), section.json);
    }
    let file = options.json.clone().unwrap_or_else(|| workspace.target.join("bench/report.json"));
    fs::create_dir_all(file.parent().unwrap_or(&workspace.target))?;
    let json = serde_json::to_string_pretty(&report)?;
    fs::write(&file, json).with_context(|| format!("cannot write {}", file.display()))?;
    println!("report: {}", file.display());
    Ok(holds)
}

/// Everything that needs brokers and load.
fn measured(workspace: &Workspace, plan: &Plan, options: &Options) -> Result<Vec<Section>> {
    let dir = workspace.target.join("bench");
    let ours = || build(workspace, &options.profile);
    let generator = match &options.generator {
        Some(program) => Generator::external(
            fs::canonicalize(program).with_context(|| format!("no {}", program.display()))?,
        ),
        None => Generator::own(ours()?),
    };
    let broker = |name: &String| match name.as_str() {
        OURS => Ok(Broker::vouchmq(OURS, ours()?, options.shards)),
        _ => tools::mosquitto(workspace).map(Broker::mosquitto),
    };
    let brokers = options.brokers.iter().map(broker).collect::<Result<Vec<_>>>()?;
    let section =
        |name, flag: &str, table: &Table, json: Value| section(workspace, name, flag, table, json, options);
    let mut sections = Vec::new();
    if options.parts.scenarios {
        let chosen = plan.chosen(&options.only)?;
        let found = scenarios::measure(&chosen, &brokers, &generator, options.rounds, (&dir, REFERENCE))?;
        sections.push(section("scenarios", "", &scenarios::table(&found), serde_json::to_value(&found)?)?);
    }
    if options.parts.sizes {
        let found = sizes::measure(&plan.sizes, &brokers, &generator, options.rounds, &dir)?;
        let text = sizes::table(&found, OURS);
        sections.push(section("sizes", " --sizes", &text, serde_json::to_value(&found)?)?);
    }
    if options.parts.transports {
        let found = transports::measure(&plan.transports, &brokers, &generator, options, &dir)?;
        for (name, text, json) in found {
            sections.push(section(name, " --transports", &text, json)?);
        }
    }
    if options.parts.authentication {
        let found = authentication::measure(&plan.authentication, &ours()?, &generator, options, &dir)?;
        for (name, text, json) in found {
            sections.push(section(name, " --authentication", &text, json)?);
        }
    }
    if options.parts.management {
        let (name, text, json) = management::measure(&plan.management, &ours()?, &generator, options, &dir)?;
        sections.push(section(name, " --management", &text, json)?);
    }
    if options.parts.scaling {
        let (one, two) = ("one shard", "two shards");
        let brokers = [Broker::vouchmq(one, ours()?, 1), Broker::vouchmq(two, ours()?, 2)];
        let names = if options.only.is_empty() { &plan.scaling.scenarios } else { &options.only };
        let chosen =
            plan.chosen(names)?.into_iter().map(|scenario| Scenario { bar: plan.scaling.bar, ..scenario });
        let chosen: Vec<_> = chosen.collect();
        let found = scenarios::measure(&chosen, &brokers, &generator, options.rounds, (&dir, one))?;
        let text = scenarios::table(&found);
        sections.push(section("scaling", " --scaling", &text, serde_json::to_value(&found)?)?);
    }
    Ok(sections)
}

fn section(
    workspace: &Workspace,
    name: &'static str,
    flag: &str,
    table: &Table,
    json: Value,
    options: &Options,
) -> Result<Section> {
    let page = format!(
        "`cargo xtask bench{flag} --rounds {} --profile {}`, {} shards; {}.\n\n{}",
        options.rounds,
        options.profile,
        options.shards,
        conditions(workspace)?,
        table.markdown()
    );
    Ok(Section { name, text: table.text(), page, json })
}

fn instruction_section(comparison: &instructions::Comparison) -> Result<Section> {
    let remarks: String = comparison.remarks().iter().map(|remark| format!("{remark}\n")).collect();
    let text = comparison.table().text() + &remarks;
    let json = serde_json::to_value(&comparison.now)?;
    Ok(Section { name: "instructions", text, page: comparison.page(), json })
}

/// Our binary, built with a profile of cargo.
fn build(workspace: &Workspace, profile: &str) -> Result<PathBuf> {
    let build = workspace.cargo("build --package vouchmq --bin vouchmq --profile").args([profile]);
    build.succeed()?;
    Ok(workspace.target.join(profile).join("vouchmq"))
}

/// What the figures hold for: commit, Mosquitto, machine.
fn conditions(workspace: &Workspace) -> Result<String> {
    let commit = Program::new("git").words("rev-parse --short HEAD").dir(&workspace.root).stdout()?;
    let mosquitto = Program::new(tools::mosquitto(workspace)?).words("-h").run()?.text; // exits with 3
    let mosquitto = mosquitto.lines().next().unwrap_or_default().to_owned();
    let cpus = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let models: Vec<_> =
        cpus.lines().filter_map(|line| line.strip_prefix("model name")?.split_once(": ")).collect();
    let model = models.first().map_or("unknown CPU", |(_, model)| model);
    Ok(format!("commit {}, {mosquitto}, {} × {model}", commit.trim(), models.len()))
}
