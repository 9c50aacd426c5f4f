//! What comes out of a statement: untrusted, since the disk and other programs write to it, too.

use std::cell::Cell as Changing;
use std::fmt::Display;
use std::str::FromStr;
use std::sync::Arc;

use vouchmq_identity::store::StoreFault;
use vouchmq_identity::{PepperVersion, UnixMillis};

use crate::json::Why;
use crate::text;

/// One row: a cell for each column that was asked for.
pub(crate) struct Row {
    /// Shared by the rows of one answer.
    pub(crate) names: Arc<[Box<str>]>,
    pub(crate) cells: Vec<Cell>,
}

/// What stands in one column.
pub(crate) enum Cell {
    Null,
    Text(String),
    Integer(i64),
    Bytes(Vec<u8>),
    /// A type that we never write, or text that is not UTF-8.
    Foreign,
}

/// A row that is read column by column; each fault names the table, the row and the column.
pub(crate) struct Fields {
    table: &'static str,
    key: &'static str,
    row: Row,
    /// Which column was read last: the next one is mostly the same, or the one behind it.
    last: Changing<usize>,
}

// === impl Fields ===

impl Fields {
    /// A row of a table whose rows are known by the column `key`.
    pub(crate) const fn new(table: &'static str, key: &'static str, row: Row) -> Self {
        Self { table, key, row, last: Changing::new(0) }
    }

    /// Text of which [`FromStr`] says whether it is right.
    pub(crate) fn parse<T>(&self, column: &'static str) -> Result<T, StoreFault>
    where
        T: FromStr<Err: Display>,
    {
        self.read(column, |text| text.parse().map_err(|fault: T::Err| fault.to_string().into()))
    }

    /// The same; `None` where the column is empty.
    pub(crate) fn parse_optional<T>(&self, column: &'static str) -> Result<Option<T>, StoreFault>
    where
        T: FromStr<Err: Display>,
    {
        if self.is_null(column) { Ok(None) } else { self.parse(column).map(Some) }
    }

    /// Text that a function understands.
    pub(crate) fn read<T>(
        &self,
        column: &'static str,
        read: impl FnOnce(&str) -> Result<T, Why>,
    ) -> Result<T, StoreFault> {
        read(self.text(column)?).map_err(|why| self.corrupt(column, why))
    }

    /// [Free text](text::Free).
    pub(crate) fn free(&self, column: &'static str) -> Result<Box<str>, StoreFault> {
        self.read(column, |text| Ok(text::unescape(text).ok_or("a \\ before another character")?.into()))
    }

    /// The same; `None` where the column is empty.
    pub(crate) fn free_optional(&self, column: &'static str) -> Result<Option<Box<str>>, StoreFault> {
        if self.is_null(column) { Ok(None) } else { self.free(column).map(Some) }
    }

    /// A number within the bounds of its type.
    pub(crate) fn number<T: TryFrom<i64>>(&self, column: &'static str) -> Result<T, StoreFault> {
        let Some(Cell::Integer(number)) = self.cell(column) else {
            return Err(self.corrupt(column, "not a number"));
        };
        T::try_from(*number).map_err(|_| self.corrupt(column, format!("{number} is out of bounds")))
    }

    /// The same; `None` where the column is empty.
    pub(crate) fn number_optional<T: TryFrom<i64>>(
        &self,
        column: &'static str,
    ) -> Result<Option<T>, StoreFault> {
        if self.is_null(column) { Ok(None) } else { self.number(column).map(Some) }
    }

    /// An instant.
    pub(crate) fn instant(&self, column: &'static str) -> Result<UnixMillis, StoreFault> {
        self.number(column).map(UnixMillis::new)
    }

    /// The same; `None` where the column is empty.
    pub(crate) fn instant_optional(&self, column: &'static str) -> Result<Option<UnixMillis>, StoreFault> {
        Ok(self.number_optional(column)?.map(UnixMillis::new))
    }

    /// The version of a pepper.
    pub(crate) fn pepper_version(&self, column: &'static str) -> Result<PepperVersion, StoreFault> {
        let version = PepperVersion::new(self.number(column)?);
        version.ok_or_else(|| self.corrupt(column, "0 is no version"))
    }

    /// So many bytes. What they are is not told.
    pub(crate) fn bytes<const LEN: usize>(&self, column: &'static str) -> Result<[u8; LEN], StoreFault> {
        let Some(Cell::Bytes(bytes)) = self.cell(column) else {
            return Err(self.corrupt(column, "not bytes"));
        };
        let len = bytes.len();
        let array = bytes.as_slice().try_into();
        array.map_err(|_| self.corrupt(column, format!("{len} bytes instead of {LEN}")))
    }

    /// Whether nothing stands in a column.
    pub(crate) fn is_null(&self, column: &'static str) -> bool {
        matches!(self.cell(column), Some(Cell::Null))
    }

    /// Something is wrong with a column.
    pub(crate) fn corrupt(&self, column: &'static str, why: impl Into<Box<str>>) -> StoreFault {
        let id = match self.cell(self.key) {
            Some(Cell::Text(id)) => id.escape_debug().take(ID_SHOWN_MAX).collect(),
            Some(Cell::Integer(id)) => id.to_string().into(),
            Some(Cell::Null | Cell::Bytes(_) | Cell::Foreign) | None => "?".into(),
        };
        StoreFault::Corrupt { table: self.table, id, column, why: why.into() }
    }

    fn text(&self, column: &'static str) -> Result<&str, StoreFault> {
        match self.cell(column) {
            Some(Cell::Text(text)) => Ok(text),
            Some(Cell::Null) => Err(self.corrupt(column, "nothing where there must be something")),
            Some(Cell::Integer(_) | Cell::Bytes(_) | Cell::Foreign) | None => {
                Err(self.corrupt(column, "not text"))
            }
        }
    }

    fn cell(&self, column: &str) -> Option<&Cell> {
        let names = &self.row.names;
        let is_it = |at: &usize| names.get(*at).is_some_and(|name| **name == *column);
        let last = self.last.get();
        let near = [last, last + 1].into_iter().find(is_it);
        let at = near.or_else(|| (0..names.len()).find(is_it))?;
        self.last.set(at);
        self.row.cells.get(at)
    }
}

/// Characters of a row's id that a fault repeats.
const ID_SHOWN_MAX: usize = 128;

#[cfg(test)]
mod tests {
    use super::*;

    fn fields() -> Fields {
        let names = ["id", "count", "nothing", "raw"].map(Box::from).into();
        let cells =
            vec![Cell::Text("a\nb".into()), Cell::Integer(-1), Cell::Null, Cell::Bytes(b"secret".to_vec())];
        Fields::new("devices", "id", Row { names, cells })
    }

    #[test]
    fn a_fault_names_table_row_column_and_shows_no_bytes() {
        let fields = fields();
        let told = |fault: Option<StoreFault>| fault.unwrap().to_string();
        let prefix = "row a\\nb of table devices has a bad ";
        assert_eq!(told(fields.number::<u32>("count").err()), format!("{prefix}count: -1 is out of bounds"));
        assert_eq!(told(fields.bytes::<32>("raw").err()), format!("{prefix}raw: 6 bytes instead of 32"));
        assert_eq!(told(fields.free("missing").err()), format!("{prefix}missing: not text"));
        assert_eq!(
            told(fields.free("nothing").err()),
            format!("{prefix}nothing: nothing where there must be something")
        );
        assert_eq!(fields.free_optional("nothing"), Ok(None));
    }
}
