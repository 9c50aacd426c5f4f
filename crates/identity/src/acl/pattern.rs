use std::{fmt, net::IpAddr, str::FromStr};

use vouchmq_mqtt::topic::{FilterRef, TopicFault, TopicFilter};

/// A topic filter in which variables stand for the client's own names: `${clientid}`, `${username}`,
/// `${device}`, `${product}` and `${attr.NAME}`, an attribute of the device.
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
    Variable(Variable),
}

/// What a variable of a [`TopicPattern`] stands for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Variable {
    /// `${clientid}`: the Client Identifier. Only as good as the check that binds it to the client.
    ClientId,
    /// `${username}`: the proven user name.
    UserName,
    /// `${device}`: the id of the proven device.
    Device,
    /// `${product}`: the key of its product.
    Product,
    /// `${attr.NAME}`: an attribute of the device.
    Attribute(Box<str>),
}

/// What rules can know of one client: the names that stand in them, and where it comes from.
#[derive(Clone, Copy, Debug, Default)]
pub struct Names<'a> {
    /// The Client Identifier.
    pub client_id: &'a str,
    /// The proven user name.
    pub username: Option<&'a str>,
    /// The id of the proven device.
    pub device: Option<&'a str>,
    /// The key of its product.
    pub product: Option<&'a str>,
    /// The address it comes from, which stands in no pattern: rules can be about networks.
    pub address: Option<IpAddr>,
    /// Attributes of the device, name and value.
    pub attributes: &'a [(Box<str>, Box<str>)],
}

/// Why a string is not a [`TopicPattern`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PatternFault {
    /// `${` names something else.
    #[error(
        "unknown variable {name:?}: there are ${{clientid}}, ${{username}}, ${{device}}, ${{product}} and ${{attr.NAME}}"
    )]
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
    /// The filter for one client.
    ///
    /// `None` if a name is wanted that the client does not have, that is empty, that contains `/`, `+`, `#`
    /// or U+0000, or that would make the filter start with `$` where the pattern does not: such a filter
    /// would speak about other topics than the rule's author meant.
    pub fn filter_of(&self, names: &Names<'_>) -> Option<TopicFilter> {
        let mut filter = String::new();
        for piece in &self.pieces {
            let name = match piece {
                Piece::Text(text) => {
                    filter.push_str(text);
                    continue;
                }
                Piece::Variable(variable) => names.get(variable)?,
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

    /// A pattern without variables: `${` is text.
    ///
    /// # Errors
    /// [`PatternFault`]: it is no filter.
    pub fn without_variables(text: &str) -> Result<Self, PatternFault> {
        Self::of_pieces(vec![Piece::Text(text.into())])
    }

    /// A pattern whose variables are `%c`, the Client Identifier, and `%u`, the proven user name.
    pub(super) fn with_percents(text: &str) -> Result<Self, PatternFault> {
        let mut pieces = Vec::new();
        let (mut start, mut at) = (0, 0);
        while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
            let variable = match rest.as_bytes() {
                [b'%', b'c', ..] => Variable::ClientId,
                [b'%', b'u', ..] => Variable::UserName,
                _ => {
                    at += rest.chars().next().map_or(1, char::len_utf8);
                    continue;
                }
            };
            pieces.extend(text.get(start..at).map(|before| Piece::Text(before.into())));
            pieces.push(Piece::Variable(variable));
            at += 2;
            start = at;
        }
        pieces.extend(text.get(start..).map(|rest| Piece::Text(rest.into())));
        Self::of_pieces(pieces)
    }

    fn of_pieces(mut pieces: Vec<Piece>) -> Result<Self, PatternFault> {
        pieces.retain(|piece| !matches!(piece, Piece::Text(text) if text.is_empty()));
        let pattern = Self { pieces };
        // With a harmless name in place of each variable it must be a filter.
        let sample: String = pattern.pieces.iter().map(Piece::sample).collect();
        FilterRef::new(&sample)?;
        if sample.starts_with("$share/") {
            return Err(PatternFault::Shared);
        }
        Ok(pattern)
    }

    /// The variables in it.
    pub fn variables(&self) -> impl Iterator<Item = &Variable> {
        self.pieces.iter().filter_map(|piece| match piece {
            Piece::Variable(variable) => Some(variable),
            Piece::Text(_) => None,
        })
    }
}

impl<'a> Names<'a> {
    /// What a variable stands for; `None` if the client has no such name.
    pub fn get(&self, variable: &Variable) -> Option<&'a str> {
        match variable {
            Variable::ClientId => Some(self.client_id),
            Variable::UserName => self.username,
            Variable::Device => self.device,
            Variable::Product => self.product,
            Variable::Attribute(name) => {
                let found = self.attributes.iter().find(|(known, _)| known == name);
                found.map(|(_, value)| &**value)
            }
        }
    }
}

impl Variable {
    fn parse(name: &str) -> Option<Self> {
        match name {
            "clientid" => Some(Self::ClientId),
            "username" => Some(Self::UserName),
            "device" => Some(Self::Device),
            "product" => Some(Self::Product),
            name => {
                let attribute = name.strip_prefix("attr.").filter(|attribute| !attribute.is_empty())?;
                Some(Self::Attribute(attribute.into()))
            }
        }
    }
}

impl fmt::Display for Variable {
    /// As it stands in a pattern.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ClientId => f.write_str("${clientid}"),
            Self::UserName => f.write_str("${username}"),
            Self::Device => f.write_str("${device}"),
            Self::Product => f.write_str("${product}"),
            Self::Attribute(name) => write!(f, "${{attr.{name}}}"),
        }
    }
}

impl Piece {
    /// The piece with a harmless name in place of a variable.
    fn sample(&self) -> &str {
        match self {
            Self::Text(text) => text,
            Self::Variable(_) => "x",
        }
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
            pieces.push(Piece::Text(before.into()));
            let variable = Variable::parse(name);
            pieces.push(Piece::Variable(
                variable.ok_or_else(|| PatternFault::UnknownVariable { name: name.into() })?,
            ));
            rest = after;
        }
        pieces.push(Piece::Text(rest.into()));
        Self::of_pieces(pieces)
    }
}

impl fmt::Display for TopicPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.pieces.iter().try_for_each(|piece| match piece {
            Piece::Text(text) => f.write_str(text),
            Piece::Variable(variable) => variable.fmt(f),
        })
    }
}

impl fmt::Debug for TopicPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.to_string())
    }
}
