//! The conformance ledger: each numbered statement of the standards that binds a server is proved by a test that
//! names it, or excepted with a reason. Nothing is proved by a test that does not exist. The same holds for the
//! mistakes of others, the traps.

use std::{fmt, fs};

use anyhow::{Context, Result};

use crate::{findings::Findings, tree::Tree, workspace::Workspace};

mod claims;
mod ledger;
mod listing;
mod statements;
mod traps;

use claims::TestName;
use ledger::Ledger;
use listing::Listing;
use statements::STANDARDS;

const PAGE: &str = "docs/conformance/ledger.md";

/// What to do besides checking.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Options {
    /// Do not build the tests to see whether they exist.
    pub(crate) no_list: bool,
    /// Print the open statements.
    pub(crate) list_missing: bool,
    /// Write the ledger's page.
    pub(crate) write: bool,
}

/// Builds the ledger and checks it.
pub(crate) fn check(workspace: &Workspace, tree: &Tree, options: Options) -> Result<Findings> {
    let standards = STANDARDS.map(|standard| Ok((standard, statements::statements(tree, standard)?)));
    let standards = standards.into_iter().collect::<Result<Vec<_>>>()?;
    let exceptions = statements::exceptions(tree)?;
    let claims = claims::claims(workspace, tree);
    let listing = if options.no_list { None } else { Some(Listing::load(workspace)?) };
    let ledger = Ledger::new(standards, &claims.claims, &exceptions);
    let mut found =
        Findings { problems: ledger.problems(&claims, &exceptions, listing.as_ref()), ..Findings::default() };
    found.problems.extend(traps::problems(tree, listing.as_ref())?);
    open_statements(&ledger, options, &mut found);
    page(workspace, tree, &ledger, options, &mut found)?;
    found.summary = ledger.counts();
    Ok(found)
}

fn open_statements(ledger: &Ledger, options: Options, found: &mut Findings) {
    let open: Vec<_> = ledger.rows().filter(|row| row.open()).map(|row| &row.statement).collect();
    if options.list_missing {
        found.problems.extend(open.iter().map(|open| format!("{} is open: {}", open.id, open.paraphrase)));
    } else if !open.is_empty() {
        let first: Vec<_> = open.iter().take(8).map(|statement| statement.id.as_str()).collect();
        found.problem(format!(
            "{} statements that bind a server have neither a test nor an exception: {}{}; see them all with \
             `cargo xtask conformance --list-missing`",
            open.len(),
            first.join(", "),
            if open.len() > first.len() { ", …" } else { "" }
        ));
    }
}

fn page(
    workspace: &Workspace,
    tree: &Tree,
    ledger: &Ledger,
    options: Options,
    found: &mut Findings,
) -> Result<()> {
    let page = ledger.markdown();
    if options.write {
        fs::write(workspace.root.join(PAGE), page).with_context(|| format!("cannot write {PAGE}"))?;
    } else if !tree.text(PAGE).is_ok_and(|committed| committed == page) {
        found.problem(format!(
            "{PAGE} is not what the tests say now; run `cargo xtask conformance --write` and commit it"
        ));
    }
    Ok(())
}

impl fmt::Display for TestName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}::", self.package)?;
        for module in &self.modules {
            write!(f, "{module}::")?;
        }
        f.write_str(&self.function)
    }
}
