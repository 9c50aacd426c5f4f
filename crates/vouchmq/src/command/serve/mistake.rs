use std::fmt;

/// Something that is wrong with a configuration or a file behind it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::command) struct Mistake {
    /// Where: a key, or a file with its line.
    pub(in crate::command) place: String,
    /// What is wrong, and what to do.
    pub(in crate::command) text: String,
}

impl Mistake {
    pub(in crate::command) fn new(place: impl ToString, text: impl ToString) -> Self {
        Self { place: place.to_string(), text: text.to_string() }
    }
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.text)
    }
}
