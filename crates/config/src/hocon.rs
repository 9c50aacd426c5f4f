//! What a configuration file says, value by value, each with the place where it stands.

/// A value, and where it stands.
#[derive(Clone, Debug, PartialEq)]
pub struct Value {
    /// What it is.
    pub kind: Kind,
    /// Where it begins.
    pub place: Place,
}

/// What a value is.
#[derive(Clone, Debug, PartialEq)]
pub enum Kind {
    /// `null`
    Null,
    /// `true` or `false`
    Bool(bool),
    /// A word without quotes that is not one of the above: a number, a duration, a size, a name.
    Word(Box<str>),
    /// A string in quotes.
    Text(Box<str>),
    /// `[…]`
    List(Vec<Value>),
    /// `{…}`
    Map(Vec<Member>),
}

/// A key and its value.
#[derive(Clone, Debug, PartialEq)]
pub struct Member {
    /// The key, one segment of it, as it is written.
    pub key: Box<str>,
    /// Where the key stands.
    pub place: Place,
    /// Its value.
    pub value: Value,
}

/// Where something stands: a file (by its number among those that were read), a line and a column, both from 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The file.
    pub file: u16,
    /// The line.
    pub line: u32,
    /// The column, in characters.
    pub column: u32,
}
