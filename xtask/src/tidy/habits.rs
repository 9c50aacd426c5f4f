//! Habits of tests: none is switched off, none sleeps and hopes.

use super::{RULES, place, rules::Tests};
use crate::{findings::Findings, source::Source, tree::Tree};

pub(super) fn check(tree: &Tree, rules: &Tests, found: &mut Findings) {
    for (path, source) in tree.rust() {
        for line in ignored(source) {
            found.problem(format!(
                "{}: a test that is ignored proves nothing; mend or remove it",
                place(path, line)
            ));
        }
        sleeps(path, &rust_sleeps(tree, path, source), rules, found);
    }
    for (path, text) in tree.files().filter(|(path, _)| path.ends_with(".py")) {
        let lines = text.unwrap_or_default().lines().enumerate();
        let lines: Vec<_> =
            lines.filter(|(_, text)| text.contains("time.sleep(")).map(|(line, _)| line).collect();
        sleeps(path, &lines, rules, found);
    }
    for listed in rules.sleeps.iter().filter(|listed| !tree.contains(&listed.file)) {
        found.problem(format!("{}: no such file any more; remove it from {RULES}", listed.file));
    }
}

fn ignored(source: &Source) -> impl Iterator<Item = usize> {
    let attribute =
        |before: &str| before.strip_suffix('[').is_some_and(|rest| rest.trim_end().ends_with('#'));
    let in_cfg_attr = |before: &str| before.rsplit('\n').next().is_some_and(|line| line.contains("cfg_attr"));
    source.names().filter(|name| name.text == "ignore").filter_map(move |name| {
        let before = source.before(name);
        (attribute(before) || in_cfg_attr(before)).then_some(name.line)
    })
}

fn rust_sleeps(tree: &Tree, path: &str, source: &Source) -> Vec<usize> {
    let sleeping = source.names().filter(|name| matches!(name.text, "sleep" | "sleep_until"));
    let called = sleeping.filter(|name| source.after(*name).starts_with('('));
    let declared = |name: &_| source.before(*name).ends_with("fn");
    called
        .filter(|name| !declared(name))
        .map(|name| name.line)
        .filter(|&line| tree.is_test(path, line))
        .collect()
}

fn sleeps(path: &str, lines: &[usize], rules: &Tests, found: &mut Findings) {
    let Some(listed) = rules.sleeps.iter().find(|listed| listed.file == path) else {
        for &line in lines {
            found.problem(format!(
                "{}: a test sleeps; wait for the condition with a deadline, or list it in {RULES} with a cause",
                place(path, line)
            ));
        }
        return;
    };
    if listed.cause.trim().is_empty() {
        found.problem(format!("{path}: its sleeps are listed in {RULES} without a cause"));
    }
    if lines.len() > listed.count {
        found.problem(format!(
            "{path}: {} sleeps, {} listed; wait for a condition instead",
            lines.len(),
            listed.count
        ));
    } else if lines.len() < listed.count {
        found.problem(format!(
            "{path}: {} sleeps now; lower its entry in {RULES} from {}",
            lines.len(),
            listed.count
        ));
    }
}

#[cfg(test)]
mod tests {
    use super::{super::rules::ListedSleep, *};

    fn findings(path: &str, text: &str, listed: Option<usize>) -> Findings {
        let listed =
            listed.map(|count| ListedSleep { file: path.into(), count, cause: "silence is tested".into() });
        let mut found = Findings::default();
        check(&Tree::of(&[(path, text)]), &Tests { sleeps: listed.into_iter().collect() }, &mut found);
        found
    }

    #[test]
    fn ignored_tests_are_found() {
        let text = "// #[ignore]\n#[test]\n#[ignore = \"slow\"]\nfn a() {}\n#[cfg_attr(miri, ignore)]\nfn b() { let ignore = 1; }";
        let found = findings("crates/a/src/lib.rs", text, None);
        assert_eq!(found.problems.len(), 2, "{}", found.text());
        assert!(found.problems[0].starts_with("crates/a/src/lib.rs:3: "));
    }

    #[test]
    fn sleeps_are_found_in_tests_only() {
        let text = "fn a() { tokio::time::sleep(x) }\n#[cfg(test)]\nmod tests {\nfn sleep() {}\nfn b() { thread::sleep (x); }\n}";
        assert_eq!(findings("crates/a/src/lib.rs", text, None).problems.len(), 1);
        assert_eq!(findings("crates/a/tests/it/main.rs", text, None).problems.len(), 2);
        assert_eq!(findings("crates/a/tests/interop/paho.py", "time.sleep(1)\n", None).problems.len(), 1);
    }

    #[test]
    fn the_list_of_sleeps_only_shrinks() {
        let path = "crates/a/tests/it/main.rs";
        assert!(findings(path, "sleep(a);", Some(1)).passed());
        assert!(findings(path, "sleep(a); sleep(b);", Some(1)).text().contains("2 sleeps, 1 listed"));
        assert!(findings(path, "", Some(1)).text().contains("lower its entry"));
    }
}
