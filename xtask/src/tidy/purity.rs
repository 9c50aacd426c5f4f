//! What the pure crates must not name: I/O, clocks, randomness.

use super::{place, rules::Purity};
use crate::{findings::Findings, source::Source, tree::Tree};

pub(super) fn check(tree: &Tree, rules: &[Purity], found: &mut Findings) {
    for rule in rules {
        for (path, source) in tree.rust().filter(|(path, _)| path.starts_with(&rule.within)) {
            for (line, name) in named(source, rule, |line| tree.is_test(path, line)) {
                found.problem(format!("{}: names `{name}`, but {}", place(path, line), rule.because));
            }
        }
    }
}

fn named<'a>(
    source: &'a Source,
    rule: &'a Purity,
    is_test: impl Fn(usize) -> bool + 'a,
) -> impl Iterator<Item = (usize, String)> + 'a {
    source.names().filter_map(move |name| {
        if rule.banned.iter().any(|banned| banned == name.text) {
            return Some((name.line, name.text.to_owned()));
        }
        let tail = source.after(name).strip_prefix("::").filter(|_| !is_test(name.line))?.trim_start();
        let paths = heads(tail).into_iter().map(|head| format!("{}::{head}", name.text));
        paths.into_iter().find(|path| rule.banned_paths.contains(path)).map(|path| (name.line, path))
    })
}

/// The names right behind `a::`: `b` of `b::c`, `b` and `d` of `{b::{c, e}, d}`.
fn heads(tail: &str) -> Vec<&str> {
    let head = |text| text_head(str::trim_start(text));
    let Some(group) = tail.strip_prefix('{') else { return vec![head(tail)] };
    let mut found = vec![head(group)];
    let mut depth = 1_usize;
    for (at, byte) in group.bytes().enumerate() {
        match byte {
            b'{' => depth += 1,
            b'}' => depth -= 1,
            b',' if depth == 1 => found.push(head(group.get(at + 1..).unwrap_or_default())),
            _ => {}
        }
        if depth == 0 {
            break;
        }
    }
    found
}

fn text_head(text: &str) -> &str {
    text.split(|c: char| c != '_' && !c.is_alphanumeric()).next().unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn findings(text: &str) -> Vec<String> {
        let rule = Purity {
            within: "crates/mqtt/src/".into(),
            banned: vec!["tokio".into(), "Instant".into()],
            banned_paths: vec!["std::net".into(), "std::fs".into()],
            because: "it is pure".into(),
        };
        let mut found = Findings::default();
        check(
            &Tree::of(&[("crates/mqtt/src/lib.rs", text), ("crates/broker/src/lib.rs", text)]),
            &[rule],
            &mut found,
        );
        found.problems
    }

    #[test]
    fn tests_may_use_paths_but_no_clock() {
        let text = "#[cfg(test)]\nmod tests {\nuse std::fs;\nuse std::time::Instant;\n}";
        assert_eq!(findings(text), ["crates/mqtt/src/lib.rs:4: names `Instant`, but it is pure"]);
    }

    #[test]
    fn names_and_paths_are_found_in_code_only() {
        assert_eq!(findings("use tokio::net;").len(), 1);
        assert_eq!(findings("use std::{fmt, time::{Duration, Instant}};").len(), 1);
        assert_eq!(
            findings("use std::{fmt, net::IpAddr};"),
            ["crates/mqtt/src/lib.rs:1: names `std::net`, but it is pure"]
        );
        assert_eq!(findings("use std::{time::{Duration, SystemTime}, net::{IpAddr}};").len(), 1);
        assert_eq!(findings("\nlet f = std :: fs::read(x);").len(), 1);
        assert_eq!(
            findings(
                "// tokio\nuse std::{fmt, time}; use other::net; let s = \"Instant\"; std::fmt::f(net, fs);"
            )
            .len(),
            0
        );
    }
}
