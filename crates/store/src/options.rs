use std::fmt;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::str::FromStr;

/// Which database, and how it is used.
#[derive(Clone, Debug)]
pub struct StoreOptions {
    /// Where it is.
    pub location: Location,
    /// Connections for reading, at most; no more than 64.
    pub readers: NonZeroUsize,
}

/// Where a database is.
#[derive(Clone, PartialEq, Eq)]
pub enum Location {
    /// A file, made if it is missing; its directory is not.
    Sqlite(PathBuf),
    /// A server: `postgres://user:password@host:port/database`.
    Postgres(Box<str>),
}

const READERS: NonZeroUsize = NonZeroUsize::MIN.saturating_add(2);

// === impl StoreOptions ===

impl StoreOptions {
    /// A database here, with three connections for reading.
    pub const fn new(location: Location) -> Self {
        Self { location, readers: READERS }
    }
}

// === impl Location ===

impl FromStr for Location {
    type Err = std::convert::Infallible;

    /// `postgres://…` and `postgresql://…` are servers; all else is a file, with or without `sqlite:` before it.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.starts_with("postgres://") || text.starts_with("postgresql://") {
            return Ok(Self::Postgres(text.into()));
        }
        let path = text.strip_prefix("sqlite://").or_else(|| text.strip_prefix("sqlite:")).unwrap_or(text);
        Ok(Self::Sqlite(path.into()))
    }
}

impl fmt::Debug for Location {
    /// Not the URL: there may be a password in it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(path) => f.debug_tuple("Sqlite").field(path).finish(),
            Self::Postgres(_) => f.write_str("Postgres(..)"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_location_is_a_server_or_a_file_and_shows_no_password() {
        let server: Location = "postgres://u:secret@h/d".parse().unwrap();
        assert_eq!(format!("{server:?}"), "Postgres(..)");
        for text in ["sqlite:///var/lib/a.db", "sqlite:/var/lib/a.db", "/var/lib/a.db"] {
            assert_eq!(text.parse(), Ok(Location::Sqlite("/var/lib/a.db".into())), "{text}");
        }
    }
}
