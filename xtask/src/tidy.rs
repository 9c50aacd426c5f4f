//! The rules of the house that no compiler knows: sizes, names, the version firewall, purity, links.
//!
//! Each rule is one function from the tree and its data (`xtask/tidy.toml`) to findings.

use anyhow::Result;

use crate::{findings::Findings, tree::Tree};

mod firewall;
mod habits;
mod links;
mod machine;
mod manifests;
mod names;
mod purity;
mod rules;
mod sizes;

use rules::Rules;

/// Where the rules' data stands.
const RULES: &str = "xtask/tidy.toml";

/// Checks every rule.
pub(crate) fn check(tree: &Tree) -> Result<Findings> {
    let rules: Rules = tree.toml(RULES)?;
    let mut found = Findings::default();
    sizes::check(tree, &rules.sizes, &mut found);
    names::check(tree, &rules.names, &mut found);
    let mentions = firewall::check(tree, &rules.firewall, &mut found);
    purity::check(tree, &rules.purity, &mut found);
    manifests::check(tree, &mut found)?;
    habits::check(tree, &rules.tests, &mut found);
    links::check(tree, &mut found);
    machine::check(tree, &rules.paths, &mut found);
    let lines: usize = tree.rust().map(|(_, source)| source.lines()).sum();
    let (files, rule) = (tree.rust().count(), &rules.firewall);
    found.summary =
        format!("{files} Rust files, {lines} lines; `{}` {mentions} of {}", rule.name, rule.ceiling);
    Ok(found)
}

/// A place in a file, as editors understand it; `line` counts from 0.
fn place(path: &str, line: usize) -> String {
    format!("{path}:{}", line + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_committed_rules_are_well_formed() {
        let tree = Tree::of(&[(RULES, include_str!("../tidy.toml"))]);
        let found = check(&tree).expect("rules");
        assert!(found.passed(), "{}", found.text());
    }
}
