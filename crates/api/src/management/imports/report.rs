use vouchmq_client::dto::import::{ImportReport, RowReport};
use vouchmq_identity::model::DeviceId;
use vouchmq_identity::registry::Entered;

use super::fault::Fault;

/// Counts what came of rows.
#[derive(Debug, Default)]
pub(super) struct Tally(ImportReport);

/// Rows that are told one by one: of those that failed and of those that were skipped each.
const ROWS_MAX: u64 = 1_000;

impl Tally {
    /// A row was read, and this came of it.
    pub(super) fn count(&mut self, row: u64, id: Option<String>, entered: Result<Entered, Fault>) {
        self.0.total += 1;
        match entered {
            Ok(Entered::Created) => self.0.created += 1,
            Ok(Entered::Updated) => self.0.updated += 1,
            Ok(Entered::Skipped) => {
                let detail = "it is here already, and stays as it is";
                self.skip(row, id, Fault::new("already_exists", detail));
            }
            Err(fault) => {
                self.0.failed += 1;
                if self.0.failed <= ROWS_MAX {
                    self.tell(row, id, "failed", fault);
                }
            }
        }
    }

    /// A row that is right was undone, since others are not.
    pub(super) fn undone(&mut self, row: u64, id: Option<String>) {
        self.0.total += 1;
        self.skip(row, id, Fault::new("undone", "another row failed, and mode is atomic"));
    }

    fn skip(&mut self, row: u64, id: Option<String>, fault: Fault) {
        self.0.skipped += 1;
        if self.0.skipped <= ROWS_MAX {
            self.tell(row, id, "skipped", fault);
        }
    }

    fn tell(&mut self, row: u64, id: Option<String>, outcome: &str, fault: Fault) {
        // What is no id may be a password that slipped into another column.
        let id = id.filter(|id| id.parse::<DeviceId>().is_ok());
        let Fault { code, detail, is_of_all: _ } = fault;
        self.0.rows.push(RowReport { row, id, outcome: outcome.to_owned(), code: code.to_owned(), detail });
    }

    /// Credentials were left out.
    pub(super) const fn leave(&mut self, credentials: u64) {
        self.0.credentials_left += credentials;
    }

    /// Whether a row failed.
    pub(super) const fn has_failed(&self) -> bool {
        self.0.failed > 0
    }

    /// Everything, in the order of the rows.
    pub(super) fn report(&mut self, dry_run: bool) -> ImportReport {
        let mut report = std::mem::take(&mut self.0);
        report.rows.sort_by_key(|row| row.row);
        ImportReport { dry_run, ..report }
    }
}
