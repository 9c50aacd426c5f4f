use std::fmt;

use vouchmq_config::Fault;

/// Something that is wrong with a configuration or a file behind it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Mistake {
    /// Where: a key, or a file with its line.
    pub(crate) place: String,
    /// What is wrong, and what to do.
    pub(crate) text: String,
    /// Whether the text may hold what no client of an API is told: see [`Fault::is_guarded`].
    pub(crate) is_guarded: bool,
}

impl Mistake {
    pub(crate) fn new(place: impl ToString, text: impl ToString) -> Self {
        Self { place: place.to_string(), text: text.to_string(), is_guarded: false }
    }

    /// One whose text quotes a file that need be no configuration.
    pub(crate) fn guarded(place: impl ToString, text: impl ToString) -> Self {
        Self { is_guarded: true, ..Self::new(place, text) }
    }

    /// What is wrong, as a client of an API is told.
    pub(crate) fn told(self) -> (String, String) {
        const GUARDED: &str = "there is a mistake here, which is told on this machine only: by 'vouchmq check FILE', or in \
                               the log after SIGHUP";
        (self.place, if self.is_guarded { GUARDED.to_owned() } else { self.text })
    }
}

impl From<Fault> for Mistake {
    fn from(Fault { place, text, is_guarded }: Fault) -> Self {
        Self { place, text, is_guarded }
    }
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.text)
    }
}
