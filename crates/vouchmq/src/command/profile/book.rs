//! All profiles, as they stand in their file.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::entry::{Entry, Written};
use super::place::Place;
use crate::exit::Failure;

/// All profiles.
#[derive(Debug, Default)]
pub(super) struct Book {
    /// Which is used where nothing else is said.
    pub(super) current: Option<String>,
    pub(super) entries: BTreeMap<String, Entry>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Form {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    current: Option<String>,
    profiles: BTreeMap<String, Written>,
}

impl Book {
    /// Reads what [`Book::text`] wrote.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        // What serde says may repeat a value: only where it stands is told.
        let Form { current, profiles } = serde_json::from_str(text)
            .map_err(|error| format!("line {} column {} is not as expected", error.line(), error.column()))?;
        let read = |(name, written)| match Entry::try_from(written) {
            Ok(entry) => Ok((name, entry)),
            Err(why) => Err(format!("profile '{name}': {why}")),
        };
        let entries = profiles.into_iter().map(read).collect::<Result<_, _>>()?;
        Ok(Self { current, entries })
    }

    pub(super) fn text(&self) -> Zeroizing<String> {
        let profiles = self.entries.iter().map(|(name, entry)| (name.clone(), entry.into())).collect();
        let form = Form { current: self.current.clone(), profiles };
        // Names and texts: all of it serializes.
        Zeroizing::new(serde_json::to_string_pretty(&form).unwrap_or_default() + "\n")
    }

    /// Makes sure that there is one of this name.
    pub(super) fn entry(&self, name: &str, place: &Place) -> Result<&Entry, Failure> {
        self.entries.get(name).ok_or_else(|| {
            Failure::unusable(format_args!(
                "there is no profile '{name}' in {place}; 'vouchmq profile list' shows all"
            ))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_and_a_mistake_repeats_no_secret() {
        let text = r#"{"current": "a", "profiles": {"a": {"api": "http://h:1", "token": "s3cr3t"}}}"#;
        let book = Book::parse(text).unwrap();
        let again = Book::parse(&book.text()).unwrap();
        assert_eq!((again.current.as_deref(), again.entries.len()), (Some("a"), 1));
        for wrong in [
            r#"{"profiles": {"a": {"api": "http://h:1", "token": ["s3cr3t"]}}}"#,
            r#"{"profiles": {"a": {"api": "http://h:1", "s3cr3t": "x"}}}"#,
            r#"{"profiles": "s3cr3t"}"#,
            "s3cr3t",
        ] {
            assert!(!Book::parse(wrong).unwrap_err().contains("s3cr3t"), "{wrong}");
        }
    }
}
