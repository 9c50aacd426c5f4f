//! Where an export begins and ends: what has no beginning is none, and what has no end is not whole.

use serde::Deserialize;
use vouchmq_client::dto::transfer::{End, Header, Line};

use super::super::fault::Fault;
use super::super::format::not_text;

/// How far a file has been read.
#[derive(Debug, Default)]
pub(super) struct Frame {
    place: Place,
    /// Lines that say something, the last one apart.
    line_count: u64,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Place {
    #[default]
    Start,
    Within,
    /// Behind the line that says that nothing is missing.
    End,
}

/// What a header is known by, whatever else a later version writes into it.
#[derive(Deserialize)]
struct Head {
    #[serde(rename = "type")]
    kind: String,
    format: u64,
}

/// The form that is read and written here.
const FORMAT: u64 = 1;

impl Frame {
    /// What a line says, which is the header or what stands behind it; `None` for an empty one. The line is `None`
    /// if it is no text or too long.
    pub(super) fn read(&mut self, line: Option<&str>) -> Result<Option<Line>, Fault> {
        if line.is_some_and(|line| line.trim().is_empty()) {
            return Ok(None);
        }
        if self.place == Place::End {
            let detail = "the file goes on behind the end of an export: import one export at a time";
            return Err(Fault::new("malformed_row", detail));
        }
        // Whatever it is: an end counts the lines before it.
        let before = self.line_count;
        self.line_count += 1;
        let line = line.ok_or_else(not_text);
        if self.place == Place::Start {
            let header = header_of(line.map_err(|_| no_header())?)?;
            self.place = Place::Within;
            return Ok(Some(Line::Header(header)));
        }
        let line = line?;
        // An array would be read as fields without their names.
        if !line.trim_start().starts_with('{') {
            return Err(Fault::new("malformed_json", "not one JSON object"));
        }
        match serde_json::from_str(line) {
            Ok(Line::Header(_)) => Err(Fault::new("malformed_row", "a header stands in the first line only")),
            Ok(Line::End(End { lines })) => self.ended(lines, before),
            Ok(line) => Ok(Some(line)),
            Err(error) => Err(Fault::of_json(&error)),
        }
    }

    fn ended(&mut self, lines: u64, before: u64) -> Result<Option<Line>, Fault> {
        self.place = Place::End;
        if lines != before {
            let detail = format!("the export had {lines} lines and the file has {before}: export again");
            return Err(Fault::new("incomplete", detail));
        }
        Ok(None)
    }

    /// Makes sure that nothing is missing; a file without any line has nothing to miss.
    pub(super) fn end(&self) -> Result<(), Fault> {
        match self.place {
            Place::Start | Place::End => Ok(()),
            Place::Within => {
                let detail = "the last line is missing, since the export broke off: export again";
                Err(Fault::new("incomplete", detail))
            }
        }
    }
}

/// The first line of an export of this form.
fn header_of(line: &str) -> Result<Header, Fault> {
    if !line.trim_start().starts_with('{') {
        return Err(no_header());
    }
    let Head { kind, format } = serde_json::from_str(line).map_err(|_| no_header())?;
    if kind != "header" {
        return Err(no_header());
    }
    if format != FORMAT {
        let detail = format!("the file is an export of form {format}, and this version reads {FORMAT}");
        return Err(Fault::of_all(detail));
    }
    match serde_json::from_str(line) {
        Ok(Line::Header(header)) => Ok(header),
        Ok(_) | Err(_) => Err(no_header()),
    }
}

pub(super) fn no_header() -> Fault {
    Fault::of_all("the first line is not the header of an export")
}
