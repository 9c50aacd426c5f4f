//! The ledger: every statement, and the tests that prove it or the reason why none does.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write,
};

use super::{
    claims::{Claim, Claims, TestName},
    listing::Listing,
    statements::{Standard, Statement},
};

/// Statements joined with their tests and exceptions.
#[derive(Debug)]
pub(super) struct Ledger {
    pub(super) standards: Vec<(Standard, Vec<Row>)>,
}

/// One statement.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) statement: Statement,
    pub(super) tests: BTreeSet<TestName>,
    pub(super) exception: Option<String>,
}

impl Row {
    /// Binds a server and has neither a test nor an exception.
    pub(super) fn open(&self) -> bool {
        self.statement.binds.server() && self.tests.is_empty() && self.exception.is_none()
    }
}

impl Ledger {
    pub(super) fn new(
        standards: Vec<(Standard, Vec<Statement>)>,
        claims: &[Claim],
        exceptions: &BTreeMap<String, String>,
    ) -> Self {
        let row = |statement: Statement| Row {
            tests: claims
                .iter()
                .filter(|claim| claim.id == statement.id)
                .map(|claim| claim.test.clone())
                .collect(),
            exception: exceptions.get(&statement.id).cloned(),
            statement,
        };
        let standards = standards
            .into_iter()
            .map(|(standard, statements)| (standard, statements.into_iter().map(row).collect()));
        Self { standards: standards.collect() }
    }

    pub(super) fn rows(&self) -> impl Iterator<Item = &Row> {
        self.standards.iter().flat_map(|(_, rows)| rows)
    }

    /// What contradicts itself: unknown ids, exceptions without need or reason, tests that do not exist.
    pub(super) fn problems(
        &self,
        claims: &Claims,
        exceptions: &BTreeMap<String, String>,
        listing: Option<&Listing>,
    ) -> Vec<String> {
        let known: BTreeSet<_> = self.rows().map(|row| row.statement.id.as_str()).collect();
        let cited = claims.cited.iter().filter(|(id, _)| !known.contains(id.as_str()));
        let unknown = cited.map(|(id, place)| format!("{place}: there is no statement {id}"));
        let granted = exceptions.keys().filter(|id| !known.contains(id.as_str()));
        let granted = granted.map(|id| format!("exceptions.toml: there is no statement {id}"));
        let missing = claims
            .claims
            .iter()
            .filter(|claim| listing.is_some_and(|listing| !listing.contains(&claim.test)));
        let missing = missing.map(|claim| {
            format!(
                "{}: {} names the test {}, which is not compiled or does not exist",
                claim.place, claim.id, claim.test
            )
        });
        let excepted = self.rows().filter_map(|row| {
            let id = &row.statement.id;
            let reason = row.exception.as_ref()?;
            if !row.tests.is_empty() {
                return Some(format!("exceptions.toml: {id} has tests now; remove the exception"));
            }
            reason.trim().is_empty().then(|| format!("exceptions.toml: {id} has no reason"))
        });
        claims.problems.iter().cloned().chain(unknown).chain(granted).chain(missing).chain(excepted).collect()
    }

    /// One line of counts per standard.
    pub(super) fn counts(&self) -> String {
        let line = |(standard, rows): &(Standard, Vec<Row>)| {
            let bound = || rows.iter().filter(|row| row.statement.binds.server());
            let tests: BTreeSet<_> = rows.iter().flat_map(|row| &row.tests).collect();
            format!(
                "{}: {} statements bind a server: {} proved, {} excepted, {} open; {} tests",
                standard.title,
                bound().count(),
                bound().filter(|row| !row.tests.is_empty()).count(),
                bound().filter(|row| row.exception.is_some()).count(),
                bound().filter(|row| row.open()).count(),
                tests.len()
            )
        };
        self.standards.iter().map(line).collect::<Vec<_>>().join("\n")
    }

    /// The ledger as a page; the same tests make the same page.
    pub(super) fn markdown(&self) -> String {
        let mut page = String::from(
            "# Conformance ledger\n\nWritten by `cargo xtask conformance --write`; do not edit. Each row is a numbered \
             statement of the standard, whom it\nbinds, and what proves it: the tests that name it, or the reason why \
             none does.\n",
        );
        for (standard, rows) in &self.standards {
            let _ = write!(
                page,
                "\n## {}\n\n| Id | Binds | Statement | Proof |\n|---|---|---|---|\n",
                standard.title
            );
            for row in rows {
                let Statement { id, binds, paraphrase } = &row.statement;
                let paraphrase = paraphrase.replace('|', "\\|");
                let _ = writeln!(page, "| {id} | {} | {paraphrase} | {} |", binds.word(), proof(row));
            }
        }
        page
    }
}

fn proof(row: &Row) -> String {
    if let Some(reason) = &row.exception {
        return format!("exception: {reason}");
    }
    if row.open() {
        return "**open**".to_owned();
    }
    row.tests.iter().map(|test| format!("`{test}`")).collect::<Vec<_>>().join("<br>")
}

#[cfg(test)]
mod tests;
