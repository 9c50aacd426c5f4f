//! Instructions per operation of the pure core, counted by callgrind: the same on an idle machine and a busy one,
//! so growth may fail a change where a second may not.

use std::{collections::BTreeMap, fs, path::Path};

use anyhow::{Context, Result, ensure};
use serde::{Deserialize, Serialize};

use super::plan::{Example, Instructions};
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
    /// Operations that should cost the same, and do not.
    unequal: Vec<String>,
}

/// Counts every operation.
pub(super) fn measure(workspace: &Workspace, plan: &Instructions) -> Result<Comparison> {
    let valgrind = tools::valgrind(workspace)?;
    let (mut operations, mut unequal) = (BTreeMap::new(), Vec::new());
    for example in &plan.examples {
        let counts = count_all(workspace, &valgrind, example, plan.counts)?;
        unequal.extend(inequality(&counts, example.equal_within));
        operations.extend(counts);
    }
    let rustc = Program::new("rustc").words("--version").dir(&workspace.root).stdout()?.trim().to_owned();
    let file = workspace.root.join(RECORD);
    let recorded = if file.exists() { read(&file)? } else { Record::default() };
    Ok(Comparison { recorded, now: Record { rustc, operations }, tolerance: plan.tolerance, unequal })
}

/// Counts the operations of one example.
fn count_all(
    workspace: &Workspace,
    valgrind: &Path,
    example: &Example,
    [few, many]: [u64; 2],
) -> Result<BTreeMap<String, u64>> {
    let Example { package, example: name, operations, .. } = example;
    workspace.cargo(&format!("build --release --package {package} --example {name}")).succeed()?;
    let program = workspace.target.join("release/examples").join(name);
    let mut counts = BTreeMap::new();
    for operation in operations {
        let count = |times: u64| count(valgrind, &program, operation, times);
        let (low, high) = (count(few)?, count(many)?);
        ensure!(high > low, "{operation}: {many} times cost no more than {few} times; is it optimized away?");
        let each = (high - low).div_ceil(many - few);
        eprintln!("{operation}  {each}");
        counts.insert(operation.clone(), each);
    }
    Ok(counts)
}

/// What to say where counts are further apart than they may be.
fn inequality(counts: &BTreeMap<String, u64>, within: Option<f64>) -> Option<String> {
    let (least, most) = (*counts.values().min()?, *counts.values().max()?);
    let apart = most as f64 / least as f64 - 1.0;
    let is_unequal = within.is_some_and(|within| apart > within);
    let names = || counts.keys().map(String::as_str).collect::<Vec<_>>().join(", ");
    is_unequal.then(|| format!("{} should cost the same, and are {:.1} % apart", names(), apart * 100.0))
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
    /// Whether nothing grew by more than the tolerance, and what should cost the same does.
    pub(super) fn holds(&self) -> bool {
        !self.now.operations.keys().any(|operation| self.has_grown(operation)) && self.unequal.is_empty()
    }

    fn has_grown(&self, operation: &str) -> bool {
        self.change(operation).is_some_and(|change| change > self.tolerance)
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
        let has_grown = self.now.operations.keys().any(|operation| self.has_grown(operation));
        let grew = has_grown.then(|| {
            format!("more instructions than {RECORD} by over {:.0} %; if that is wanted, add --write and say why in the commit", self.tolerance * 100.0)
        });
        compiler.into_iter().chain(grew).chain(self.unequal.iter().cloned()).collect()
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
        Comparison { recorded: record(then), now: record(now), tolerance: 0.02, unequal: Vec::new() }
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
    fn what_should_cost_the_same_and_does_not_is_refused() {
        let counts = BTreeMap::from([("a".to_owned(), 10_000), ("b".to_owned(), 10_101)]);
        assert_eq!((inequality(&counts, None), inequality(&counts, Some(0.02))), (None, None));
        let told = inequality(&counts, Some(0.01)).unwrap();
        assert_eq!(told, "a, b should cost the same, and are 1.0 % apart");
        assert!(!Comparison { unequal: vec![told], ..comparison(1, 1) }.holds());
    }

    #[test]
    fn the_total_is_read_from_callgrinds_words() {
        assert_eq!(collected("==7== Events    : Ir\n==7== Collected : 123456\n"), Some(123_456));
        assert_eq!(collected("==7== failed"), None);
    }
}
