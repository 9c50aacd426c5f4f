//! Lists of any length, printed as they come.

use serde_json::Value;

use super::json;
use super::table::Resource;
use crate::exit::Failure;
use crate::output;

/// A list on its way to standard output.
pub(super) struct Listing<'a> {
    resource: &'a Resource,
    as_json: bool,
    /// What waits to be printed as one table.
    rows: Vec<Value>,
    count: u64,
}

/// Rows of one table; more get another one.
const ROWS_MAX: usize = 10_000;

impl<'a> Listing<'a> {
    pub(super) const fn new(resource: &'a Resource, as_json: bool) -> Self {
        Self { resource, as_json, rows: Vec::new(), count: 0 }
    }

    /// Takes the next items.
    pub(super) fn take(&mut self, items: Vec<Value>) -> Result<(), Failure> {
        if !self.as_json {
            self.count += items.len() as u64;
            self.rows.extend(items);
            return if self.rows.len() >= ROWS_MAX { self.print_rows() } else { Ok(()) };
        }
        let mut output = output::Output::lock();
        for item in items {
            let before = if self.count == 0 { "[\n  " } else { ",\n  " };
            output.write(before.as_bytes())?;
            output.write(json::pretty(&item).replace('\n', "\n  ").as_bytes())?;
            self.count += 1;
        }
        output.flush()
    }

    /// There are no more.
    pub(super) fn end(mut self) -> Result<(), Failure> {
        match (self.as_json, self.count) {
            (true, 0) => output::line("[]"),
            (true, _) => output::line("\n]"),
            (false, 0) => {
                output::note(&format!("no {}", self.resource.plural));
                Ok(())
            }
            (false, _) => self.print_rows(),
        }
    }

    fn print_rows(&mut self) -> Result<(), Failure> {
        let rows = std::mem::take(&mut self.rows);
        if rows.is_empty() { Ok(()) } else { output::line(&self.resource.list(&rows)) }
    }
}
