//! The version firewall: the protocol version is named where packets are read, written and projected, and
//! nowhere behind.

use super::{RULES, place, rules::Firewall};
use crate::{findings::Findings, tree::Tree};

/// Returns the mentions inside.
pub(super) fn check(tree: &Tree, rules: &Firewall, found: &mut Findings) -> usize {
    let mut mentions = 0;
    for (path, source) in
        tree.rust().filter(|(path, _)| path.starts_with(&rules.within) && path.contains("/src/"))
    {
        let allowed = rules
            .allowed_in
            .iter()
            .any(|start| path == start || start.ends_with('/') && path.starts_with(start));
        for name in source.names().filter(|name| name.text == rules.name && !tree.is_test(path, name.line)) {
            if allowed {
                mentions += 1;
            } else {
                found.problem(format!(
                    "{}: `{}` is named behind the firewall; let the dialect table decide, or add the file to \
                     {RULES} with a reason",
                    place(path, name.line),
                    rules.name
                ));
            }
        }
    }
    if mentions > rules.ceiling {
        found.problem(format!(
            "`{}` is named {mentions} times, more than {}; move what differs into the dialect table",
            rules.name, rules.ceiling
        ));
    }
    mentions
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mentions_are_counted_inside_and_refused_outside() {
        let rules = Firewall {
            name: "ProtocolVersion".into(),
            within: "crates/".into(),
            ceiling: 2,
            allowed_in: vec!["crates/mqtt/src/codec/".into(), "crates/mqtt/src/version.rs".into()],
        };
        let tree = Tree::of(&[
            ("crates/mqtt/src/version.rs", "enum ProtocolVersion {}"),
            ("crates/mqtt/src/codec/frame.rs", "fn f(v: ProtocolVersion, w: ProtocolVersion) {}"),
            (
                "crates/mqtt/src/engine.rs",
                "// ProtocolVersion\nuse ProtocolVersion;\n#[cfg(test)]\nmod tests { ProtocolVersion }",
            ),
            ("crates/mqtt/tests/it/main.rs", "ProtocolVersion"),
            ("xtask/src/main.rs", "ProtocolVersion"),
        ]);
        let mut found = Findings::default();
        assert_eq!(check(&tree, &rules, &mut found), 3);
        assert_eq!(found.problems.len(), 2, "{}", found.text());
        assert!(found.problems[0].starts_with("crates/mqtt/src/engine.rs:2: "));
        assert!(found.problems[1].contains("3 times, more than 2"));
    }
}
