//! How long files are. Function length is clippy's (`too_many_lines`).

use super::{RULES, rules::Sizes};
use crate::{findings::Findings, tree::Tree};

pub(super) fn check(tree: &Tree, rules: &Sizes, found: &mut Findings) {
    for (path, source) in tree.rust().filter(|(path, _)| !tree.is_test_file(path)) {
        let tests = source.test_lines();
        let lines = source.lines() - tests;
        if tests > rules.inline_tests_warn {
            found.warning(format!(
                "{path}: {tests} lines of inline tests; move them to a `tests.rs` of their own"
            ));
        }
        match rules.listed.iter().find(|listed| listed.file == path) {
            Some(listed) if lines <= rules.fail => {
                found.problem(format!(
                    "{path}: {lines} lines now; remove it from {RULES} ({} lines listed)",
                    listed.lines
                ));
            }
            Some(listed) if lines < listed.lines => {
                found.problem(format!(
                    "{path}: {lines} lines now; lower its entry in {RULES} from {}",
                    listed.lines
                ));
            }
            Some(listed) if lines > listed.lines => {
                found.problem(format!(
                    "{path}: grew from {} to {lines} lines; split it instead",
                    listed.lines
                ));
            }
            Some(_) => {}
            None if lines > rules.fail => {
                found.problem(format!(
                    "{path}: {lines} lines without tests, more than {}; split it by what its parts know",
                    rules.fail
                ));
            }
            None if lines > rules.warn => {
                found.warning(format!("{path}: {lines} lines without tests; is it one idea?"));
            }
            None => {}
        }
    }
    for listed in &rules.listed {
        if !tree.contains(&listed.file) || tree.is_test_file(&listed.file) {
            found.problem(format!("{}: no such file any more; remove it from {RULES}", listed.file));
        }
        if listed.cause.trim().is_empty() {
            found.problem(format!("{}: listed in {RULES} without a cause", listed.file));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{super::rules::ListedSize, *};

    fn findings(lines: usize, tests: usize, listed: Option<usize>) -> Findings {
        let text =
            format!("{}#[cfg(test)]\nmod tests {{\n{}}}\n", "fn a() {}\n".repeat(lines), "\n".repeat(tests));
        let tree =
            Tree::of(&[("crates/a/src/lib.rs", &text), ("crates/a/src/lib/tests.rs", &"\n".repeat(900))]);
        let file = "crates/a/src/lib.rs".to_owned();
        let listed = listed.map(|lines| ListedSize { file, lines, cause: "a table".into() });
        let rules =
            Sizes { warn: 400, fail: 600, inline_tests_warn: 150, listed: listed.into_iter().collect() };
        let mut found = Findings::default();
        check(&tree, &rules, &mut found);
        found
    }

    #[test]
    fn tests_do_not_count() {
        assert_eq!(findings(400, 100, None).text(), "");
        assert_eq!(findings(10, 700, None).warnings.len(), 1);
    }

    #[test]
    fn long_files_warn_then_fail_unless_listed() {
        assert_eq!((findings(401, 0, None).warnings.len(), findings(600, 0, None).problems.len()), (1, 0));
        assert!(findings(601, 0, None).text().contains("more than 600"));
        assert!(findings(640, 0, Some(640)).passed());
    }

    #[test]
    fn the_list_only_shrinks() {
        assert!(findings(630, 0, Some(640)).text().contains("lower its entry"));
        assert!(findings(641, 0, Some(640)).text().contains("grew from 640 to 641"));
        assert!(findings(300, 0, Some(640)).text().contains("remove it"));
    }
}
