//! The tests that exist, as nextest lists them: compiled, and found by the test harness.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use serde::Deserialize;

use super::claims::TestName;
use crate::{tools, workspace::Workspace};

/// Every test of every package, as segments of its path; a test target's name comes first.
#[derive(Debug, Default)]
pub(super) struct Listing(BTreeMap<String, Vec<Vec<String>>>);

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct List {
    rust_suites: BTreeMap<String, Suite>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Suite {
    package_name: String,
    binary_name: String,
    kind: String,
    testcases: BTreeMap<String, serde::de::IgnoredAny>,
}

impl Listing {
    /// Builds all tests and lists them.
    pub(super) fn load(workspace: &Workspace) -> Result<Self> {
        Self::read(&tools::nextest(workspace)?.words("list --workspace --message-format json").stdout()?)
    }

    fn read(json: &str) -> Result<Self> {
        let list: List = serde_json::from_str(json).context("cannot read what `cargo nextest list` wrote")?;
        let mut listing = Self::default();
        for suite in list.rust_suites.into_values() {
            let target = (suite.kind == "test").then_some(suite.binary_name);
            let path =
                |name: &String| target.iter().cloned().chain(name.split("::").map(str::to_owned)).collect();
            listing.0.entry(suite.package_name).or_default().extend(suite.testcases.keys().map(path));
        }
        Ok(listing)
    }

    /// Whether a listed test is this one: it has its modules, in order, and then its name. Macros may put a
    /// segment in between (`takeover::v5`), and modules mounted twice one in front.
    pub(super) fn contains(&self, test: &TestName) -> bool {
        let wanted = || test.modules.iter().chain([&test.function]);
        let in_order = |path: &Vec<String>| {
            let mut rest = path.iter();
            wanted().all(|part| rest.any(|segment| segment == part))
        };
        self.0.get(&test.package).is_some_and(|tests| tests.iter().any(in_order))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const JSON: &str = r#"{"rust-build-meta":{},"test-count":3,"rust-suites":{
        "m":{"package-name":"m","binary-name":"m","kind":"lib","testcases":{"codec::tests::a":{"ignored":false}}},
        "m::it":{"package-name":"m","binary-name":"it","kind":"test","testcases":{"x::b::v5":{},"x::b::v311":{}}}}}"#;

    #[test]
    fn tests_are_found_by_package_modules_and_name() {
        let listing = Listing::read(JSON).expect("a listing");
        let has = |package: &str, modules: &[&str], function: &str| {
            let modules = modules.iter().map(|&module| module.to_owned()).collect();
            listing.contains(&TestName { package: package.into(), modules, function: function.into() })
        };
        assert!(has("m", &["codec", "tests"], "a") && has("m", &["it", "x"], "b"));
        assert!(!has("m", &["codec"], "b") && !has("n", &["codec", "tests"], "a") && !has("m", &["it"], "a"));
    }
}
