//! Who may know whom: every manifest against the table `xtask/layers.toml`.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;
use serde::Deserialize;

use crate::{
    findings::Findings,
    process::Program,
    tree::Tree,
    workspace::{Package, Workspace},
};

const TABLE: &str = "xtask/layers.toml";

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    crates: BTreeMap<String, Layer>,
}

/// What one crate may depend on.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Layer {
    ring: u8,
    why: String,
    ours: BTreeSet<String>,
    /// How many packages the crate may pull in, itself included.
    packages_max: Option<usize>,
    external: BTreeMap<String, String>,
    dev: BTreeMap<String, String>,
}

/// Checks the manifests, and how much the pure crates pull in.
pub(crate) fn check(workspace: &Workspace, tree: &Tree) -> Result<Findings> {
    let table: Table = tree.toml(TABLE)?;
    let mut found = Findings::default();
    check_table(&table, &mut found);
    let members: BTreeSet<_> = workspace.packages.iter().map(|package| package.name.as_str()).collect();
    for package in &workspace.packages {
        check_package(package, &members, &table, &mut found);
    }
    for (name, layer) in &table.crates {
        let Some(max) = layer.packages_max.filter(|_| members.contains(name.as_str())) else { continue };
        let listed = workspace.cargo("tree --edges normal --prefix none --package").args([name]).stdout()?;
        let packages = packages(&listed);
        if packages.len() > max {
            let list = packages.into_iter().collect::<Vec<_>>().join(", ");
            found.problem(format!("{name} pulls in more than {max} packages: {list}; it is {}", layer.why));
        }
    }
    if workspace.environment.ci {
        let moved =
            Program::new("git").words("diff --name-only -- *Cargo.lock").dir(&workspace.root).stdout()?;
        for file in moved.lines() {
            found
                .problem(format!("{file} is not what the manifests say; let cargo update it, and commit it"));
        }
    }
    let edges: usize = workspace.packages.iter().map(|package| package.dependencies.len()).sum();
    found.summary = format!("{} crates, {edges} direct dependencies", members.len());
    Ok(found)
}

/// The table itself: rings only look inward, and every row has a reason.
fn check_table(table: &Table, found: &mut Findings) {
    for (name, layer) in &table.crates {
        for ours in &layer.ours {
            match table.crates.get(ours) {
                None => found.problem(format!("{TABLE}: {name} names {ours}, which has no row")),
                Some(inner) if inner.ring >= layer.ring => {
                    found.problem(format!(
                        "{TABLE}: {name} (ring {}) may not know {ours} (ring {})",
                        layer.ring, inner.ring
                    ));
                }
                Some(_) => {}
            }
        }
        for (dependency, reason) in layer.external.iter().chain(&layer.dev) {
            if reason.trim().is_empty() {
                found.problem(format!("{TABLE}: {name} → {dependency} has no reason"));
            }
        }
    }
}

fn check_package(package: &Package, members: &BTreeSet<&str>, table: &Table, found: &mut Findings) {
    let name = &package.name;
    let Some(layer) = table.crates.get(name) else {
        found.problem(format!(
            "{name} has no row in {TABLE}: say which ring it is, why it exists, what it may know"
        ));
        return;
    };
    for dependency in &package.dependencies {
        let to = dependency.name.as_str();
        let (allowed, where_to) = match (dependency.kind.as_deref(), members.contains(to)) {
            (Some("dev"), true) => (layer.ours.contains(to) || layer.dev.contains_key(to), "dev"),
            (Some("dev"), false) => (layer.external.contains_key(to) || layer.dev.contains_key(to), "dev"),
            (_, true) => (layer.ours.contains(to), "ours"),
            (_, false) => (layer.external.contains_key(to), "external"),
        };
        if !allowed {
            found.problem(format!(
                "{name} → {to} is not in {TABLE} ({name} is {}); if it should be, add it under `{where_to}` with \
                 the reason",
                layer.why
            ));
        }
    }
}

/// The packages in the output of `cargo tree --prefix none`.
fn packages(tree: &str) -> BTreeSet<&str> {
    tree.lines().filter_map(|line| line.split_whitespace().next()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workspace::Dependency;

    fn table(text: &str) -> Table {
        toml::from_str(text).expect("a table")
    }

    fn package(name: &str, dependencies: &[(&str, Option<&str>)]) -> Package {
        let dependency = |(name, kind): &(&str, Option<&str>)| Dependency {
            name: (*name).to_owned(),
            kind: kind.map(str::to_owned),
        };
        Package {
            name: name.to_owned(),
            manifest_path: "Cargo.toml".into(),
            dependencies: dependencies.iter().map(dependency).collect(),
            targets: Vec::new(),
        }
    }

    const SMALL: &str = "
        [crates.core]
        ring = 0
        why = 'pure'
        ours = []
        external = { bytes = 'bodies' }
        dev = { insta = 'snapshots' }
        [crates.edge]
        ring = 1
        why = 'the edge'
        ours = ['core']
        external = { tokio = 'sockets' }
        dev = {}";

    fn findings(package: &Package) -> Vec<String> {
        let mut found = Findings::default();
        check_package(package, &BTreeSet::from(["core", "edge"]), &table(SMALL), &mut found);
        found.problems
    }

    #[test]
    fn the_committed_table_looks_inward() {
        let mut found = Findings::default();
        check_table(&table(include_str!("../layers.toml")), &mut found);
        assert_eq!(found.text(), "");
    }

    #[test]
    fn declared_edges_pass() {
        assert_eq!(
            findings(&package("core", &[("bytes", None), ("insta", Some("dev"))])),
            Vec::<String>::new()
        );
        assert_eq!(findings(&package("edge", &[("core", None), ("tokio", None)])), Vec::<String>::new());
    }

    #[test]
    fn undeclared_edges_are_refused_with_the_reason() {
        let found = findings(&package("core", &[("tokio", None), ("edge", None), ("rand", Some("dev"))]));
        assert_eq!(found.len(), 3);
        assert!(
            found[0].starts_with("core → tokio is not in xtask/layers.toml (core is pure)"),
            "{}",
            found[0]
        );
        assert!(found[2].contains("under `dev`"), "{}", found[2]);
        assert!(findings(&package("insta", &[])).concat().contains("has no row"));
        assert_eq!(
            findings(&package("core", &[("insta", None)])).len(),
            1,
            "a dev dependency is no dependency"
        );
    }

    #[test]
    fn rings_that_look_outward_are_refused() {
        let mut found = Findings::default();
        check_table(&table(&SMALL.replace("ours = []", "ours = ['edge', 'gone']")), &mut found);
        assert_eq!(found.problems.len(), 2, "{}", found.text());
    }

    #[test]
    fn packages_are_counted_once() {
        assert_eq!(packages("a v1 (x)\nb v1\nc v2 (*)\nb v1 (*)\n").len(), 3);
    }
}
