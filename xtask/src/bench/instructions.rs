//! Instructions per operation of the pure core, counted by callgrind: the same on an idle machine and a busy one,
//! so growth may fail a change where a second may not.

use std::{collections::BTreeMap, fs, path::Path};

use anyhow::{Context, Result, ensure};
use serde::{Deserialize, Serialize};

use super::plan::Instructions;
use crate::{process::Program, table::Table, tools, workspace::Workspace};

const RECORD: &str = "docs/instructions.json";

/// The recorded counts, and the compiler they hold for.
#[derive(Debug, Default, Deserialize, Serialize)]
pub(super) struct Record {
    rustc: String,
    operations: BTreeMap<String, u64>,
}

/// What was counted, beside what was recorded.
#[derive(Debug)]
pub(super) struct Comparison {
    pub(super) recorded: Record,
    pub(super) now: Record,
    tolerance: f64,
}

/// Counts every operation.
pub(super) fn measure(workspace: &Workspace, plan: &Instructions) -> Result<Comparison> {
    let valgrind = tools::valgrind(workspace)?;
    workspace.cargo("build --release --package vouchmq-mqtt --example instructions").succeed()?;
    let example = workspace.target.join("release/examples/instructions");
    let mut operations = BTreeMap::new();
    let [few, many] = plan.counts;
    for operation in &plan.operations {
        let count = |times: u64| count(&valgrind, &example, operation, times);
        let (low, high) = (count(few)?, count(many)?);
        ensure!(high > low, "{operation}: {many} times cost no more than {few} times; is it optimized away?");
        let each = (high - low).div_ceil(many - few);
        eprintln!("{operation}  {each}");
        operations.insert(operation.clone(), each);
    }
    let rustc = Program::new("rustc").words("--version").dir(&workspace.root).stdout()?.trim().to_owned();
    let file = workspace.root.join(RECORD);
    let recorded = if file.exists() { read(&file)? } else { Record::default() };
    Ok(Comparison { recorded, now: Record { rustc, operations }, tolerance: plan.tolerance })
}

fn count(valgrind: &Path, example: &Path, operation: &str, times: u64) -> Result<u64> {
    let said = Program::new(valgrind)
        .words("--tool=callgrind --callgrind-out-file=/dev/null")
        .args([example])
        .args([operation, &times.to_string()])
        .succeed()?;
    collected(&said).with_context(|| format!("callgrind counted nothing:\n{said}"))
}

/// The total in callgrind's closing words: `==7== Collected : 123456`.
fn collected(said: &str) -> Option<u64> {
    said.lines().find_map(|line| line.split_once("Collected : ")?.1.split_whitespace().next()?.parse().ok())
}

fn read(file: &Path) -> Result<Record> {
    let text = fs::read_to_string(file).with_context(|| format!("cannot read {RECORD}"))?;
    serde_json::from_str(&text).with_context(|| format!("{RECORD} is not as expected"))
}

impl Comparison {
    /// Whether nothing grew by more than the tolerance.
    pub(super) fn holds(&self) -> bool {
        self.now
            .operations
            .keys()
            .all(|operation| !self.change(operation).is_some_and(|change| change > self.tolerance))
    }

    /// Growth over the recorded count: 0.02 is 2 %.
    fn change(&self, operation: &str) -> Option<f64> {
        let (then, now) = (*self.recorded.operations.get(operation)?, *self.now.operations.get(operation)?);
        Some(now as f64 / then as f64 - 1.0)
    }

    pub(super) fn table(&self) -> Table {
        let mut table = Table::new(["operation", ">recorded", ">now", ">change", "verdict"]);
        for (operation, now) in &self.now.operations {
            let recorded = self.recorded.operations.get(operation);
            let change = self.change(operation);
            let verdict = match change {
                None => "new",
                Some(change) if change > self.tolerance => "grew",
                Some(change) if change < -self.tolerance => "shrank",
                Some(_) => "same",
            };
            table.row([
                operation.clone(),
                recorded.map(u64::to_string).unwrap_or_default(),
                now.to_string(),
                change.map(|change| format!("{:+.1} %", change * 100.0)).unwrap_or_default(),
                verdict.to_owned(),
            ]);
        }
        table
    }

    /// The counts alone, for the page.
    pub(super) fn page(&self) -> String {
        let mut table = Table::new(["operation", ">instructions"]);
        for (operation, count) in &self.now.operations {
            table.row([operation.clone(), count.to_string()]);
        }
        format!("`cargo xtask bench --instructions`; {}.\n\n{}", self.now.rustc, table.markdown())
    }

    /// What to say about the compilers and about growth.
    pub(super) fn remarks(&self) -> Vec<String> {
        let other = !self.recorded.rustc.is_empty() && self.recorded.rustc != self.now.rustc;
        let compiler =
            other.then(|| format!("recorded with {}, now {}", self.recorded.rustc, self.now.rustc));
        let grew = (!self.holds()).then(|| {
            format!("more instructions than {RECORD} by over {:.0} %; if that is wanted, add --write and say why in the commit", self.tolerance * 100.0)
        });
        compiler.into_iter().chain(grew).collect()
    }

    /// Records the counts.
    pub(super) fn write(&self, root: &Path) -> Result<()> {
        let json = serde_json::to_string_pretty(&self.now)? + "\n";
        fs::write(root.join(RECORD), json).with_context(|| format!("cannot write {RECORD}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn comparison(then: u64, now: u64) -> Comparison {
        let record = |count| Record {
            rustc: "rustc 1".into(),
            operations: BTreeMap::from([("decode".into(), count)]),
        };
        Comparison { recorded: record(then), now: record(now), tolerance: 0.02 }
    }

    #[test]
    fn growth_above_the_tolerance_is_refused() {
        assert!(comparison(1000, 1019).holds() && comparison(1000, 500).holds());
        let grown = comparison(1000, 1021);
        assert!(!grown.holds());
        assert!(grown.remarks().concat().contains("add --write"));
        assert!(grown.table().text().contains("+2.1 %  grew"));
    }

    #[test]
    fn what_was_never_recorded_is_new() {
        let new = Comparison { recorded: Record::default(), ..comparison(0, 7) };
        assert!(new.holds() && new.remarks().is_empty() && new.table().text().ends_with("new\n"));
    }

    #[test]
    fn the_total_is_read_from_callgrinds_words() {
        assert_eq!(collected("==7== Events    : Ir\n==7== Collected : 123456\n"), Some(123_456));
        assert_eq!(collected("==7== failed"), None);
    }
}
