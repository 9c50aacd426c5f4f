//! The data of the rules: `xtask/tidy.toml`.

use serde::Deserialize;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Rules {
    pub(super) sizes: Sizes,
    pub(super) names: Names,
    pub(super) firewall: Firewall,
    #[serde(default)]
    pub(super) purity: Vec<Purity>,
    pub(super) tests: Tests,
    pub(super) paths: Paths,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Sizes {
    /// Lines above which a file deserves a look.
    pub(super) warn: usize,
    /// Lines above which a file must be split or listed.
    pub(super) fail: usize,
    /// Lines of inline tests above which they deserve a file of their own.
    pub(super) inline_tests_warn: usize,
    pub(super) listed: Vec<ListedSize>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ListedSize {
    pub(super) file: String,
    pub(super) lines: usize,
    pub(super) cause: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Names {
    pub(super) files: Vec<String>,
    pub(super) type_endings: Vec<String>,
    pub(super) function_beginnings: Vec<String>,
    pub(super) functions_allowed: Vec<String>,
    #[serde(default)]
    pub(super) parts: Vec<NamePart>,
}

/// A word that no name may have as a part.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NamePart {
    pub(super) banned: String,
    pub(super) instead: String,
    /// Established names.
    pub(super) allowed: Vec<String>,
    /// Beginnings of paths where the word is established.
    pub(super) allowed_in: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Firewall {
    pub(super) name: String,
    pub(super) within: String,
    pub(super) ceiling: usize,
    pub(super) allowed_in: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Purity {
    pub(super) within: String,
    /// Names that must not appear in code.
    pub(super) banned: Vec<String>,
    /// Paths of two parts that must not appear in code.
    pub(super) banned_paths: Vec<String>,
    pub(super) because: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Tests {
    pub(super) sleeps: Vec<ListedSleep>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ListedSleep {
    pub(super) file: String,
    pub(super) count: usize,
    pub(super) cause: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Paths {
    pub(super) roots: Vec<String>,
}
