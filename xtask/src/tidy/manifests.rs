//! Every crate takes the workspace's lints.

use anyhow::{Context, Result};

use crate::{findings::Findings, tree::Tree};

pub(super) fn check(tree: &Tree, found: &mut Findings) -> Result<()> {
    for (path, text) in tree.files().filter(|(path, _)| path.ends_with("/Cargo.toml")) {
        let manifest: toml::Table =
            text.unwrap_or_default().parse().with_context(|| format!("{path} is not as expected"))?;
        if manifest.contains_key("workspace") {
            continue; // a workspace of its own, for tools that build in a way of their own
        }
        let lints = manifest.get("lints").and_then(|lints| lints.get("workspace"));
        if lints.and_then(toml::Value::as_bool) != Some(true) {
            found.problem(format!("{path}: add `[lints]` with `workspace = true`"));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_crate_without_the_lints_is_found() {
        let tree = Tree::of(&[
            ("Cargo.toml", "[workspace]"),
            ("crates/a/Cargo.toml", "[package]\n[lints]\nworkspace = true"),
            ("crates/b/Cargo.toml", "[package]"),
            ("fuzz/Cargo.toml", "[workspace]\n[package]"),
        ]);
        let mut found = Findings::default();
        check(&tree, &mut found).expect("manifests");
        assert_eq!(found.problems, ["crates/b/Cargo.toml: add `[lints]` with `workspace = true`"]);
    }
}
