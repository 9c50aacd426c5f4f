//! The index of traps: each mistake of others once, with the rule that holds here, and tests that exist.

use anyhow::{Context, Result, bail};

use super::{claims::TestName, listing::Listing};
use crate::tree::Tree;

const PAGE: &str = "docs/conformance/traps.md";
/// Traps are T1 to this.
const COUNT: usize = 30;

/// One row of the page.
#[derive(Debug, PartialEq, Eq)]
struct Trap {
    id: String,
    rule: String,
    tests: Vec<TestName>,
}

/// What is wrong with the index; whether the tests exist only if there is a listing.
pub(super) fn problems(tree: &Tree, listing: Option<&Listing>) -> Result<Vec<String>> {
    let traps = read(tree.text(PAGE)?)?;
    let mut problems = Vec::new();
    let expected = (1..=COUNT).map(|number| format!("T{number}"));
    if !traps.iter().map(|trap| trap.id.clone()).eq(expected) {
        problems.push(format!("{PAGE}: wants a row for each of T1 to T{COUNT}, in order"));
    }
    for Trap { id, rule, tests } in &traps {
        if rule.is_empty() {
            problems.push(format!("{PAGE}: {id} does not say what holds"));
        }
        if tests.is_empty() {
            problems.push(format!("{PAGE}: {id} names no test"));
        }
        let missing = tests.iter().filter(|test| listing.is_some_and(|listing| !listing.contains(test)));
        problems.extend(missing.map(|test| {
            format!("{PAGE}: {id} names the test {test}, which is not compiled or does not exist")
        }));
    }
    Ok(problems)
}

/// The rows of the table whose first cell is a trap.
fn read(page: &str) -> Result<Vec<Trap>> {
    let rows = page.lines().filter(|line| line.starts_with("| T") && !line.starts_with("| Trap "));
    rows.map(|line| trap(line).with_context(|| format!("{PAGE}: {line}"))).collect()
}

fn trap(line: &str) -> Result<Trap> {
    let cells: Vec<_> = line.trim().trim_matches('|').split('|').map(str::trim).collect();
    let [id, _, rule, tests] = cells[..] else {
        bail!("wants four cells: the trap, what went wrong, what holds, tests")
    };
    let tests = tests.split("<br>").filter(|test| !test.is_empty()).map(test).collect::<Result<_>>()?;
    Ok(Trap { id: id.to_owned(), rule: rule.to_owned(), tests })
}

/// `` `package::module::function` ``
fn test(text: &str) -> Result<TestName> {
    let name = text.trim().strip_prefix('`').and_then(|name| name.strip_suffix('`'));
    let parts: Vec<_> = name.into_iter().flat_map(|name| name.split("::")).map(str::to_owned).collect();
    let [package, modules @ .., function] = &parts[..] else {
        bail!("wants `package::module::function`, not {text}")
    };
    Ok(TestName { package: package.clone(), modules: modules.to_vec(), function: function.clone() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problems_of(rows: &str, listing: Option<&Listing>) -> Vec<String> {
        let page = format!("| Trap | x | y | z |\n|---|---|---|---|\n{rows}\n");
        problems(&Tree::of(&[(PAGE, &page)]), listing).expect("rows")
    }

    fn rows(numbers: impl Iterator<Item = usize>) -> String {
        numbers.map(|number| format!("| T{number} | wrong | right | `m::it::a`<br>`m::b` |\n")).collect()
    }

    #[test]
    fn every_trap_is_there_once_with_a_rule_and_a_test() {
        assert_eq!(problems_of(&rows(1..=COUNT), None), Vec::<String>::new());
        for wrong in [rows(1..COUNT), rows((1..=COUNT).chain([1])), rows((1..=COUNT).rev())] {
            assert!(problems_of(&wrong, None)[0].contains("in order"), "{wrong}");
        }
        let bare = rows(1..=COUNT).replacen("right | `m::it::a`<br>`m::b`", " |", 1);
        let said = problems_of(&bare, None).join("\n");
        assert!(said.contains("T1 does not say what holds") && said.contains("T1 names no test"), "{said}");
    }

    #[test]
    fn a_test_that_is_not_listed_is_found() {
        let said = problems_of(&rows(1..=COUNT), Some(&Listing::default()));
        assert_eq!(said.len(), 2 * COUNT);
        assert!(
            said[0].contains("T1 names the test m::it::a, which is not compiled or does not exist"),
            "{said:?}"
        );
    }

    #[test]
    fn rows_that_cannot_be_read_are_told() {
        for row in ["| T1 | wrong | right |", "| T1 | wrong | right | m::a |", "| T1 | wrong | right | `a` |"]
        {
            assert!(read(row).is_err(), "{row}");
        }
    }
}
