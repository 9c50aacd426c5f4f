//! The page of figures, `docs/benchmarks.md`: prose by people, marked sections by this tool.

use std::{fs, path::Path};

use anyhow::{Context, Result};

const PAGE: &str = "docs/benchmarks.md";

const NEW: &str = "\
# Benchmarks

Absolute figures on a shared machine mean little. What counts: **broker CPU per message** (user and system time of the
broker process over messages delivered), **bytes per connection**, and **ratios to another broker measured in the same
round**. Medians; *spread* is the distance between the extremes. A bar is met when the median is within it plus half
the spread.
";

/// Replaces the marked section `name`; adds it at the end if the page has none.
pub(super) fn write(root: &Path, name: &str, content: &str) -> Result<()> {
    let file = root.join(PAGE);
    let page = if file.exists() {
        fs::read_to_string(&file).with_context(|| format!("cannot read {PAGE}"))?
    } else {
        NEW.to_owned()
    };
    let page =
        replace(&page, name, content).with_context(|| format!("{PAGE}: the section {name} has no end"))?;
    fs::write(&file, page).with_context(|| format!("cannot write {PAGE}"))
}

fn replace(page: &str, name: &str, content: &str) -> Option<String> {
    let begin = format!("<!-- {name}: begin, written by `cargo xtask bench --write` -->\n");
    let end = format!("<!-- {name}: end -->\n");
    let section = format!("{begin}\n{}\n\n{end}", content.trim());
    let Some((before, rest)) = page.split_once(&begin) else {
        return Some(format!("{}\n\n{section}", page.trim_end()));
    };
    let (_, after) = rest.split_once(&end)?;
    Some(format!("{before}{section}{after}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sections_are_added_then_replaced_in_place() {
        let page = replace("# Title\n", "sizes", "old").expect("added");
        let page = replace(&page, "scenarios", "x").expect("added");
        let page = replace(&page, "sizes", "new").expect("replaced");
        assert!(
            page.starts_with("# Title\n\n<!-- sizes: begin")
                && page.contains("\nnew\n")
                && !page.contains("old")
        );
        assert_eq!(replace(&page, "scenarios", "x").as_deref(), Some(page.as_str()));
        assert_eq!(replace(&page.replace("<!-- sizes: end -->\n", ""), "sizes", "new"), None);
    }
}
