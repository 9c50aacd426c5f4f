//! Relative links of Markdown files lead somewhere.

use super::place;
use crate::{findings::Findings, tree::Tree};

pub(super) fn check(tree: &Tree, found: &mut Findings) {
    for (path, text) in tree.files().filter(|(path, _)| path.ends_with(".md")) {
        for (line, target) in links(text.unwrap_or_default()) {
            if target.contains("://") || target.starts_with("mailto:") {
                continue;
            }
            let (file, anchor) = target.split_once('#').unwrap_or((target, ""));
            let Some(file) = resolve(path, file).filter(|file| tree.contains(file)) else {
                found.problem(format!("{}: the link to `{target}` leads nowhere", place(path, line)));
                continue;
            };
            let headings = tree.text(&file).ok().filter(|_| !anchor.is_empty() && file.ends_with(".md"));
            if headings.is_some_and(|text| !anchors(text).any(|known| known == anchor)) {
                found.problem(format!("{}: {file} has no heading `#{anchor}`", place(path, line)));
            }
        }
    }
}

/// The targets of `[text](target)` and `[name]: target` outside code, with their lines.
fn links(text: &str) -> Vec<(usize, &str)> {
    let mut found = Vec::new();
    for (line, text) in prose(text) {
        let pieces = text.split('`').step_by(2); // between back ticks is code
        for piece in pieces {
            let targets = piece.split("](").skip(1).filter_map(|rest| rest.split([')', ' ']).next());
            found.extend(targets.filter(|target| !target.is_empty()).map(|target| (line, target)));
        }
        let reference = text.strip_prefix('[').and_then(|rest| rest.split_once("]: "));
        let reference = reference.filter(|(name, _)| !name.contains(']'));
        found.extend(reference.map(|(_, target)| (line, target.trim())));
    }
    found
}

/// The lines outside fenced code.
fn prose(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut fenced = false;
    text.lines().enumerate().filter(move |(_, line)| {
        let fence = line.trim_start().starts_with("```");
        fenced ^= fence;
        !fenced && !fence
    })
}

/// The path a link leads to, from the root of the repository.
fn resolve(from: &str, link: &str) -> Option<String> {
    if link.is_empty() {
        return Some(from.to_owned());
    }
    let mut parts: Vec<_> = from.split('/').collect();
    parts.pop();
    for part in link.trim_end_matches('/').split('/') {
        match part {
            "." => {}
            ".." => {
                parts.pop()?;
            }
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

/// The anchors that forges make of headings: lower case, hyphens for spaces, no punctuation.
fn anchors(text: &str) -> impl Iterator<Item = String> {
    prose(text).filter_map(|(_, line)| line.strip_prefix('#')).map(|heading| {
        let heading = heading.trim_start_matches('#').trim().to_lowercase();
        let kept = heading.chars().filter(|&c| c.is_alphanumeric() || c == ' ' || c == '-' || c == '_');
        kept.map(|c| if c == ' ' { '-' } else { c }).collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn findings(text: &str) -> Vec<String> {
        let tree = Tree::of(&[
            ("docs/a.md", text),
            ("docs/adr/0001.md", "# The `sans-I/O` core\n"),
            ("README.md", ""),
        ]);
        let mut found = Findings::default();
        check(&tree, &mut found);
        found.problems
    }

    #[test]
    fn links_that_resolve_are_fine() {
        let text = "[a](../README.md) [b](adr/) [c](adr/0001.md#the-sans-io-core) [d](https://x.org/y) [e](#top)\n# Top\n[f]: ./adr/0001.md\n";
        assert_eq!(findings(text), Vec::<String>::new());
    }

    #[test]
    fn links_that_lead_nowhere_are_found() {
        assert_eq!(findings("\n[a](missing.md)"), ["docs/a.md:2: the link to `missing.md` leads nowhere"]);
        assert_eq!(findings("[a](adr/0001.md#no)"), ["docs/a.md:1: docs/adr/0001.md has no heading `#no`"]);
        assert_eq!(findings("[a](../../README.md) [b]: x").len(), 1);
        assert_eq!(findings("`[a](no.md)`\n```\n[a](no.md)\n```\n"), Vec::<String>::new());
    }
}
