//! The steps, in the order they run: what is quick and says most comes first.

use std::{collections::BTreeSet, path::Path};

use anyhow::Result;

use super::{Context, Outcome, Step, interop};
use crate::{conformance, findings::Findings, fuzz, layers, process::Program, tidy, tools};

pub(super) const STEPS: [Step; 13] = [
    Step { name: "fmt", what: "every file is formatted", run: fmt },
    Step { name: "typos", what: "every word is spelled right", run: typos },
    Step { name: "tidy", what: "sizes, names, version firewall, purity, links", run: tidy },
    Step { name: "layers", what: "who may know whom", run: layers },
    Step { name: "deny", what: "banned crates, licences, sources", run: deny },
    Step { name: "clippy", what: "lints, warnings denied", run: clippy },
    Step { name: "nextest", what: "every test, corpora replayed", run: nextest },
    Step { name: "doctests", what: "every example in the documentation", run: doctests },
    Step { name: "rustdoc", what: "the documentation builds without a warning", run: rustdoc },
    Step {
        name: "conformance",
        what: "every statement of the standards is proved or excepted, every trap tested",
        run: conformance,
    },
    Step {
        name: "fuzz-corpus",
        what: "every fuzz target compiles and has inputs that the tests replay",
        run: fuzz_corpus,
    },
    Step { name: "sim", what: "500 seeds and every seed that ever failed", run: sim },
    Step { name: "interop", what: "foreign clients against the release binary", run: interop::run },
];

impl Context {
    /// A cargo command; in CI the lock file may not move.
    pub(super) fn cargo(&self, line: &str) -> Program {
        let (head, tail) = line.split_once(" -- ").unwrap_or((line, ""));
        let program = self.locked(self.workspace.cargo(head));
        if tail.is_empty() { program } else { program.args(["--"]).words(tail) }
    }

    /// `cargo nextest run …`, with the profile of CI there.
    pub(super) fn nextest(&self, line: &str) -> Result<Program> {
        let program = tools::nextest(&self.workspace)?.words("run").words(line);
        let profile = if self.workspace.environment.ci { "ci" } else { "default" };
        Ok(self.locked(program.args(["--profile", profile])))
    }

    fn locked(&self, program: Program) -> Program {
        if self.workspace.environment.ci { program.args(["--locked"]) } else { program }
    }
}

/// Runs a program; the note is the last line that holds `counts`, if it is not empty.
pub(super) fn program(program: Program, counts: &str) -> Result<Outcome> {
    let ended = program.run()?;
    let note = ended.text.lines().rev().find(|line| !counts.is_empty() && line.contains(counts));
    let note = note.unwrap_or_default().trim().to_owned();
    Ok(Outcome { passed: ended.success, output: ended.text, note })
}

fn check(found: &Findings) -> Outcome {
    let note = found.summary.lines().collect::<Vec<_>>().join("; ");
    if found.passed() {
        print!(
            "{}",
            found.warnings.iter().map(|line| format!("        warning: {line}\n")).collect::<String>()
        );
    }
    Outcome { passed: found.passed(), output: found.text(), note }
}

fn fmt(context: &Context) -> Result<Outcome> {
    program(context.workspace.cargo("fmt --all --check -- --color never"), "")
}

fn typos(context: &Context) -> Result<Outcome> {
    program(tools::typos(&context.workspace)?, "")
}

fn tidy(context: &Context) -> Result<Outcome> {
    Ok(check(&tidy::check(&context.tree)?))
}

fn layers(context: &Context) -> Result<Outcome> {
    Ok(check(&layers::check(&context.workspace, &context.tree)?))
}

fn deny(context: &Context) -> Result<Outcome> {
    let deny = tools::deny(&context.workspace)?;
    program(deny.words("check --hide-inclusion-graph bans licenses sources"), " ok")
}

fn clippy(context: &Context) -> Result<Outcome> {
    program(context.cargo("clippy --workspace --all-targets -- -D warnings"), "")
}

fn nextest(context: &Context) -> Result<Outcome> {
    tools::postgresql()?;
    tools::curl(&context.workspace)?;
    let tests = context.nextest("--workspace")?;
    // foreign clients have a step of their own, which brings them along
    let here = interop::exists(context);
    program(if here { tests.args(["--filterset", interop::ALL_BUT]) } else { tests }, "run:")
}

fn doctests(context: &Context) -> Result<Outcome> {
    let mut outcome = program(context.cargo("test --doc --workspace"), "")?;
    outcome.note = format!("{} examples passed", doctests_passed(&outcome.output));
    Ok(outcome)
}

/// The sum over all crates.
fn doctests_passed(output: &str) -> usize {
    let results = output.lines().filter_map(|line| line.split_once("test result: ")?.1.split_once(" passed"));
    results.filter_map(|(counts, _)| counts.rsplit(' ').next()?.parse::<usize>().ok()).sum()
}

fn rustdoc(context: &Context) -> Result<Outcome> {
    program(context.cargo("doc --no-deps --workspace").env("RUSTDOCFLAGS", "-Dwarnings"), "")
}

fn conformance(context: &Context) -> Result<Outcome> {
    let options = conformance::Options::default();
    Ok(check(&conformance::check(&context.workspace, &context.tree, options)?))
}

/// The simulator replays `sim/seeds.txt`, the seeds that ever failed, before the new ones.
fn sim(context: &Context) -> Result<Outcome> {
    context.tree.text("sim/seeds.txt")?;
    program(context.cargo("run --release -p vouchmq-sim -- --seeds 500"), "seeds")
}

fn fuzz_corpus(context: &Context) -> Result<Outcome> {
    let targets = fuzz::targets(&context.tree)?;
    let mut found = Findings::default();
    let mut inputs = BTreeSet::new();
    for name in &targets {
        let folder = fuzz::corpus(name);
        let files: Vec<_> =
            context.tree.files().map(|(path, _)| path).filter(|path| path.starts_with(&folder)).collect();
        if files.is_empty() {
            found.problem(format!(
                "{folder} is empty: commit the inputs that the fuzz target {name} starts from"
            ));
        }
        inputs.extend(files);
    }
    if targets.is_empty() {
        found.problem("fuzz/Cargo.toml names no target");
    }
    found.summary = format!("{} fuzz targets, {} inputs", targets.len(), inputs.len());
    if !found.passed() {
        return Ok(check(&found));
    }
    let compiled = context.cargo("check --manifest-path fuzz/Cargo.toml").env("RUSTFLAGS", "--cfg fuzzing");
    let compiled = compiled.args([Path::new("--target-dir"), &context.workspace.target.join("fuzz")]);
    Ok(Outcome { note: found.summary, ..program(compiled, "")? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_step_has_its_own_name() {
        let names: BTreeSet<_> = STEPS.iter().map(|step| step.name).collect();
        assert_eq!(names.len(), STEPS.len());
    }

    #[test]
    fn doctests_of_all_crates_are_summed() {
        let output = "\n   Doc-tests a\ntest result: ok. 4 passed; 0 failed;\n   Doc-tests b\ntest result: FAILED. 3 passed; 1 failed;";
        assert_eq!(doctests_passed(output), 7);
    }

    #[test]
    fn the_note_is_the_last_line_of_counts() {
        let script = "echo 1 tests run: x; echo '  2 tests run: y '; echo end; exit 1";
        let outcome = program(Program::new("sh").args(["-c", script]), "run:").expect("sh runs");
        assert_eq!((outcome.passed, outcome.note.as_str()), (false, "2 tests run: y"));
    }
}
