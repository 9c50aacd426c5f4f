//! The one test command: every step, named and timed; what a step wrote is shown when it fails.

use std::{io::Write, time::Duration};

use anyhow::{Result, bail};

use crate::{clock::Stopwatch, table::Table, tree::Tree, workspace::Workspace};

mod interop;
mod steps;

use steps::STEPS;

/// What steps need to know.
#[derive(Debug)]
struct Context {
    workspace: Workspace,
    tree: Tree,
}

/// A step of the test command.
struct Step {
    name: &'static str,
    /// One line for the reader.
    what: &'static str,
    run: fn(&Context) -> Result<Outcome>,
}

/// What a step did.
#[derive(Debug, Default)]
struct Outcome {
    passed: bool,
    output: String,
    /// One line of counts.
    note: String,
}

/// Which steps, and how.
#[derive(Debug, Default)]
pub(crate) struct Options {
    /// Only these, in the order of the table; all, if empty. For development: CI runs everything.
    pub(crate) only: Vec<String>,
    /// Stop at the first failure.
    pub(crate) fail_fast: bool,
}

/// One line of the closing table.
#[derive(Debug)]
struct Line {
    name: &'static str,
    passed: bool,
    time: Duration,
    note: String,
}

/// Runs the steps; true if all passed.
pub(crate) fn run(options: &Options) -> Result<bool> {
    if let Some(unknown) =
        options.only.iter().find(|name| STEPS.iter().all(|step| step.name != name.as_str()))
    {
        let names: Vec<_> = STEPS.iter().map(|step| step.name).collect();
        bail!("there is no step `{unknown}`; there are {}", names.join(", "));
    }
    let workspace = Workspace::load()?;
    let tree = Tree::load(&workspace.root)?;
    let context = Context { workspace, tree };
    let wanted = |step: &&Step| options.only.is_empty() || options.only.iter().any(|name| name == step.name);
    let steps: Vec<_> = STEPS.iter().filter(wanted).collect();
    let mut lines = Vec::new();
    for (number, step) in steps.iter().enumerate() {
        println!("[{:>2}/{}] {}: {}", number + 1, steps.len(), step.name, step.what);
        let line = run_step(step, &context);
        let failed = !line.passed;
        lines.push(line);
        if failed && options.fail_fast {
            break;
        }
    }
    println!("\n{}", table(&lines));
    Ok(lines.iter().all(|line| line.passed))
}

fn run_step(step: &Step, context: &Context) -> Line {
    let _ = std::io::stdout().flush(); // a closed terminal is no reason to fail a test
    let watch = Stopwatch::start();
    let outcome = (step.run)(context).unwrap_or_else(|error| Outcome {
        passed: false,
        output: format!("{error:#}"),
        note: String::new(),
    });
    let time = watch.elapsed();
    let Outcome { passed, output, note } = outcome;
    if !passed {
        println!("{}\n        again: cargo xtask test --only {}", output.trim_end(), step.name);
    }
    if !note.is_empty() {
        println!("        {note}");
    }
    println!("        {}, {:.1} s", if passed { "ok" } else { "FAILED" }, time.as_secs_f64());
    Line { name: step.name, passed, time, note }
}

fn table(lines: &[Line]) -> String {
    let mut table = Table::new(["step", "result", ">seconds", "found"]);
    for line in lines {
        let result = if line.passed { "ok" } else { "FAILED" };
        let seconds = format!("{:.1}", line.time.as_secs_f64());
        table.row([line.name.to_owned(), result.to_owned(), seconds, line.note.clone()]);
    }
    let failed = lines.iter().filter(|line| !line.passed).count();
    let seconds: f64 = lines.iter().map(|line| line.time.as_secs_f64()).sum();
    let result = if failed == 0 { "ok" } else { "FAILED" };
    table.row(["all".to_owned(), result.to_owned(), format!("{seconds:.1}"), String::new()]);
    format!("{}\nsteps: {} passed, {failed} failed", table.text(), lines.len() - failed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_step_is_refused_before_anything_runs() {
        let options = Options { only: vec!["lint".into()], fail_fast: false };
        let error = run(&options).expect_err("there is no such step").to_string();
        assert!(error.starts_with("there is no step `lint`; there are fmt, "), "{error}");
    }

    #[test]
    fn the_table_shows_every_step_and_the_sum() {
        let line = |name, passed, note: &str| Line {
            name,
            passed,
            time: Duration::from_millis(1500),
            note: note.into(),
        };
        let expected = [
            "step  result  seconds  found",
            "tidy  ok          1.5  3 files",
            "sim   FAILED      1.5",
            "all   FAILED      3.0",
            "",
            "steps: 1 passed, 1 failed",
        ];
        assert_eq!(table(&[line("tidy", true, "3 files"), line("sim", false, "")]), expected.join("\n"));
    }
}
