//! Rust source as the checks see it: code without comments and literals, comments without code, and which
//! lines are tests. A scanner of characters, not a parser: good for counting and for finding names.

use std::ops::Range;

mod scan;

/// Conditions, without white space, that no build of the product meets.
const TEST_ONLY: [&str; 4] =
    ["#[cfg(test)]", "#[cfg(all(test,", "#[cfg(fuzzing)]", "#[cfg(any(test,fuzzing))]"];

/// One Rust file.
#[derive(Debug)]
pub(crate) struct Source {
    /// The text with comments and the insides of literals blanked: same lines, same columns.
    pub(crate) code: String,
    /// Every comment, one entry a line.
    pub(crate) comments: Vec<Comment>,
    /// Lines (from 0) of items that only tests see.
    tests: Vec<Range<usize>>,
    /// Names of modules in other files that only tests see: `#[cfg(test)] mod pair;`.
    pub(crate) test_modules: Vec<String>,
}

/// One line of a comment.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Comment {
    /// The line, from 0.
    pub(crate) line: usize,
    /// The text, without its slashes.
    pub(crate) text: String,
    /// Documents the item that follows (`///`).
    pub(crate) doc: bool,
}

/// A name in code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Name<'a> {
    /// The line, from 0.
    pub(crate) line: usize,
    /// Where it begins in the code.
    pub(crate) at: usize,
    pub(crate) text: &'a str,
}

impl Source {
    pub(crate) fn parse(text: &str) -> Self {
        let (code, comments) = scan::separate(text);
        let mut source = Self { code, comments, tests: Vec::new(), test_modules: Vec::new() };
        source.find_tests();
        source
    }

    /// Lines of the file.
    pub(crate) fn lines(&self) -> usize {
        self.code.lines().count()
    }

    /// Lines of the file's own test modules.
    pub(crate) fn test_lines(&self) -> usize {
        self.tests.iter().map(ExactSizeIterator::len).sum()
    }

    /// Whether only tests see this line (from 0).
    pub(crate) fn is_test(&self, line: usize) -> bool {
        self.tests.iter().any(|range| range.contains(&line))
    }

    /// Every identifier and keyword of the code, in order.
    pub(crate) fn names(&self) -> impl Iterator<Item = Name<'_>> {
        self.code.lines().enumerate().flat_map(move |(line, text)| {
            // `lines` yields slices of `code`, so that the distance of their starts is an offset
            let start = text.as_ptr() as usize - self.code.as_ptr() as usize;
            words(text).map(move |(at, text)| Name { line, at: start + at, text })
        })
    }

    /// The code that follows a name, without leading white space.
    pub(crate) fn after(&self, name: Name<'_>) -> &str {
        self.code.get(name.at + name.text.len()..).unwrap_or_default().trim_start()
    }

    /// The code before a name, without trailing white space.
    pub(crate) fn before(&self, name: Name<'_>) -> &str {
        self.code.get(..name.at).unwrap_or_default().trim_end()
    }

    /// The line (from 0) that holds the byte `at` of the code.
    pub(crate) fn line_of(&self, at: usize) -> usize {
        self.code.get(..at).map_or(0, |before| before.matches('\n').count())
    }

    /// Where the bracket that stands at the byte `open` of the code is closed.
    pub(crate) fn closing(&self, open: usize) -> Option<usize> {
        scan::closing(&self.code, open)
    }

    fn find_tests(&mut self) {
        let mut from = 0;
        while let Some(found) = self.code.get(from..).and_then(|rest| rest.find("#[cfg(")) {
            let start = from + found;
            let Some(end) = self.closing(start + 1) else { return };
            let condition: String =
                self.code.get(start..=end).unwrap_or_default().split_whitespace().collect();
            from = end;
            if !TEST_ONLY.iter().any(|only| condition.starts_with(only)) {
                continue;
            }
            let Some(item) = scan::item(&self.code, end + 1) else { return };
            if let Some(name) = scan::outer_module(self.code.get(item.clone()).unwrap_or_default()) {
                self.test_modules.push(name);
            }
            self.tests.push(self.line_of(start)..self.line_of(item.end.saturating_sub(1)) + 1);
            from = item.end;
        }
    }
}

/// The identifiers and keywords in a piece of code, with their offsets.
fn words(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let inside = |c: char| c == '_' || c.is_alphanumeric();
    let mut rest = 0;
    std::iter::from_fn(move || {
        loop {
            let start = rest + text.get(rest..)?.find(inside)?;
            let tail = text.get(start..)?;
            let length = tail.find(|c| !inside(c)).unwrap_or(tail.len());
            rest = start + length;
            if !tail.starts_with(|c: char| c.is_ascii_digit()) {
                return Some((start, tail.get(..length)?));
            }
        }
    })
}

#[cfg(test)]
mod tests;
