use super::fault::Fault;
use super::format::Lines;
use super::row::Row;

/// Reads CSV (RFC 4180) whose first line names its columns. A value in quotes ends on its line.
pub(super) struct TableReader<R> {
    columns: Option<Vec<String>>,
    records: R,
}

/// One record: names and values.
pub(super) struct Record {
    fields: Vec<(String, String)>,
}

/// What makes rows of records.
pub(super) trait Records {
    /// Columns of which a file has one at least, or its first line is none that names columns.
    const NAMES: &'static [&'static str];

    fn record(&mut self, record: Record) -> Result<Row, Fault>;
}

/// Columns of one file.
const COLUMNS_MAX: usize = 64;

impl<R: Records> TableReader<R> {
    pub(super) const fn new(records: R) -> Self {
        Self { columns: None, records }
    }
}

impl<R: Records> Lines for TableReader<R> {
    fn row(&mut self, line: &str) -> Result<Option<Row>, Fault> {
        if line.trim().is_empty() {
            return Ok(None);
        }
        let values = split(line)?;
        let Some(columns) = &self.columns else {
            let columns: Vec<String> = values.into_iter().map(|name| name.trim().to_owned()).collect();
            if !columns.iter().any(|name| R::NAMES.contains(&&**name)) {
                // Never shown: it may be a row, with a password in it.
                let names = R::NAMES.join(" or ");
                return Err(Fault::of_all(format!(
                    "the first line has to name the columns, {names} among them"
                )));
            }
            self.columns = Some(columns);
            return Ok(None);
        };
        if values.len() != columns.len() {
            let detail =
                format!("the row has {} values, and there are {} columns", values.len(), columns.len());
            return Err(Fault::new("malformed_row", detail));
        }
        let fields = columns.iter().cloned().zip(values).collect();
        self.records.record(Record { fields }).map(Some)
    }
}

impl Record {
    pub(super) const fn new(fields: Vec<(String, String)>) -> Self {
        Self { fields }
    }

    /// The value of a field that is there and says something; it is taken out.
    pub(super) fn take(&mut self, name: &str) -> Option<String> {
        let at = self.fields.iter().position(|(known, _)| known == name)?;
        let (_, value) = self.fields.remove(at);
        (!value.is_empty()).then_some(value)
    }

    /// Makes sure that everything was taken, whether it says something or not.
    pub(super) fn end(self) -> Result<(), Fault> {
        self.fields.first().map_or(Ok(()), |(name, _)| Err(Fault::unknown_field(name)))
    }
}

fn split(line: &str) -> Result<Vec<String>, Fault> {
    let malformed =
        || Fault::new("malformed_row", "a quote is not closed on its line, or stands within a value");
    let mut values = Vec::new();
    let mut rest = line;
    loop {
        let (value, behind) = match rest.strip_prefix('"') {
            Some(quoted) => unquoted(quoted).ok_or_else(malformed)?,
            None => {
                let end = rest.find(',').unwrap_or(rest.len());
                let (value, behind) = rest.split_at(end);
                if value.contains('"') {
                    return Err(malformed());
                }
                (value.to_owned(), behind)
            }
        };
        values.push(value);
        if values.len() > COLUMNS_MAX {
            return Err(Fault::new("malformed_row", "there are more than 64 values"));
        }
        match behind.strip_prefix(',') {
            Some(next) => rest = next,
            None if behind.is_empty() => return Ok(values),
            None => return Err(malformed()),
        }
    }
}

/// What stands before the closing quote, and behind it.
fn unquoted(text: &str) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut rest = text;
    loop {
        let (before, behind) = rest.split_once('"')?;
        value.push_str(before);
        match behind.strip_prefix('"') {
            Some(next) => {
                value.push('"');
                rest = next;
            }
            None => return Some((value, behind)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_stand_between_commas_or_in_quotes() {
        for (line, expected) in [
            ("a,b", &["a", "b"][..]),
            ("", &[""]),
            (",", &["", ""]),
            ("\"a,b\",c", &["a,b", "c"]),
            ("\"a\"\"b\",\"\"", &["a\"b", ""]),
            ("ä, b ", &["ä", " b "]),
        ] {
            assert_eq!(split(line).unwrap(), expected, "{line}");
        }
        for bad in ["\"a", "a\"b", "\"a\"b", "\"", &",".repeat(64)] {
            assert!(split(bad).is_err(), "{bad}");
        }
    }
}
