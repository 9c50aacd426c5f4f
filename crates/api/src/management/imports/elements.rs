use serde::de::{Deserialize, Deserializer, Error, SeqAccess, Visitor};
use serde_json::value::RawValue;

/// The elements of an array, not read yet: a document of many tiny values takes little more memory than its text.
#[derive(Debug)]
pub(super) struct Elements<'a>(Vec<&'a RawValue>);

/// More than a document of users can have.
const LEN_MAX: usize = 500_000;

struct Collect;

impl<'a> Elements<'a> {
    /// Each as it stands in the document.
    pub(super) fn texts(&self) -> impl Iterator<Item = &'a str> {
        self.0.iter().map(|element| element.get())
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Elements<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(Collect)
    }
}

impl<'de> Visitor<'de> for Collect {
    type Value = Elements<'de>;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "an array of at most {LEN_MAX} elements")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<Elements<'de>, A::Error> {
        let mut elements = Vec::new();
        while let Some(element) = sequence.next_element()? {
            if elements.len() == LEN_MAX {
                return Err(A::Error::invalid_length(LEN_MAX + 1, &self));
            }
            elements.push(element);
        }
        Ok(Elements(elements))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_are_told_apart_and_not_read() {
        let elements: Elements<'_> = serde_json::from_slice(b" [ 1, {\"a\":[2, 3]} ,null]").unwrap();
        assert_eq!(elements.texts().collect::<Vec<_>>(), ["1", "{\"a\":[2, 3]}", "null"]);
        assert!(serde_json::from_slice::<Elements<'_>>(b"{}").is_err());
    }

    #[test]
    fn there_is_a_bound() {
        let document = |count: usize| format!("[{}0]", "0,".repeat(count - 1));
        assert!(serde_json::from_str::<Elements<'_>>(&document(LEN_MAX)).is_ok());
        assert!(serde_json::from_str::<Elements<'_>>(&document(LEN_MAX + 1)).is_err());
    }
}
