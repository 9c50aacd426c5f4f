use std::fmt;

/// Something that is wrong with a configuration or a file behind it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Mistake {
    /// Where: a key, or a file with its line.
    pub(crate) place: String,
    /// What is wrong, and what to do.
    pub(crate) text: String,
}

impl Mistake {
    pub(crate) fn new(place: impl ToString, text: impl ToString) -> Self {
        Self { place: place.to_string(), text: text.to_string() }
    }
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.text)
    }
}
