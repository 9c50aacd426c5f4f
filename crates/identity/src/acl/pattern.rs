use std::{fmt, str::FromStr};

use vouchmq_mqtt::topic::{FilterRef, TopicFault, TopicFilter};

/// A topic filter in which `${clientid}` and `${username}` stand for the client's own names.
///
/// A name is inserted as it is, as part of a level: it never acts as a wildcard or as more than one level.
/// A client whose name cannot be inserted so has no filter from this pattern at all.
#[derive(Clone, PartialEq, Eq)]
pub struct TopicPattern {
    pieces: Vec<Piece>,
}

#[derive(Clone, PartialEq, Eq)]
enum Piece {
    Text(Box<str>),
    ClientId,
    UserName,
}

/// Why a string is not a [`TopicPattern`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PatternFault {
    /// `${` names something else.
    #[error("unknown variable {name:?}: there are ${{clientid}} and ${{username}}")]
    UnknownVariable {
        /// What stands between the braces.
        name: Box<str>,
    },
    /// `${` without `}`.
    #[error("a variable at byte {at} is not closed by }}")]
    NotClosed {
        /// Where `${` stands.
        at: usize,
    },
    /// Not a topic filter, with any name in it.
    #[error(transparent)]
    Filter(#[from] TopicFault),
    /// `$share/…`: rules are about the filter behind it.
    #[error("a rule names the filter behind $share/{{name}}/, not the shared subscription")]
    Shared,
}

impl TopicPattern {
    /// The filter for one client. `username` is a name that the client has proven, if any.
    ///
    /// `None` if a name is wanted that the client does not have, that is empty, that contains `/`, `+`, `#`
    /// or U+0000, or that would make the filter start with `$` where the pattern does not: such a filter
    /// would speak about other topics than the rule's author meant.
    pub fn filter_of(&self, client_id: &str, username: Option<&str>) -> Option<TopicFilter> {
        let mut filter = String::new();
        for piece in &self.pieces {
            let name = match piece {
                Piece::Text(text) => {
                    filter.push_str(text);
                    continue;
                }
                Piece::ClientId => client_id,
                Piece::UserName => username?,
            };
            if name.is_empty() || name.contains(['/', '+', '#', '\0']) {
                return None;
            }
            if filter.is_empty() && name.starts_with('$') {
                return None;
            }
            filter.push_str(name);
        }
        filter.parse().ok()
    }
}

impl FromStr for TopicPattern {
    type Err = PatternFault;

    fn from_str(text: &str) -> Result<Self, PatternFault> {
        let mut pieces = Vec::new();
        let mut rest = text;
        while let Some((before, variable)) = rest.split_once("${") {
            let Some((name, after)) = variable.split_once('}') else {
                let at = text.len().saturating_sub(variable.len().saturating_add(2));
                return Err(PatternFault::NotClosed { at });
            };
            if !before.is_empty() {
                pieces.push(Piece::Text(before.into()));
            }
            pieces.push(match name {
                "clientid" => Piece::ClientId,
                "username" => Piece::UserName,
                name => return Err(PatternFault::UnknownVariable { name: name.into() }),
            });
            rest = after;
        }
        if !rest.is_empty() {
            pieces.push(Piece::Text(rest.into()));
        }
        let pattern = Self { pieces };
        // With a harmless name in place of each variable it must be a filter.
        let sample = text.replace("${clientid}", "x").replace("${username}", "x");
        FilterRef::new(&sample)?;
        if sample.starts_with("$share/") {
            return Err(PatternFault::Shared);
        }
        Ok(pattern)
    }
}

impl fmt::Display for TopicPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.pieces.iter().try_for_each(|piece| {
            f.write_str(match piece {
                Piece::Text(text) => text,
                Piece::ClientId => "${clientid}",
                Piece::UserName => "${username}",
            })
        })
    }
}

impl fmt::Debug for TopicPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.to_string())
    }
}
