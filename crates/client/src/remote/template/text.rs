use super::Occasion;
use super::fault::Fault;
use super::placeholder::Placeholder;

/// A text with placeholders, in its parts. It may hold a secret of the operator: it is not printed.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Pieces(Vec<Piece>);

#[derive(Clone, PartialEq, Eq)]
pub(super) enum Piece {
    Text(Box<str>),
    Value(Placeholder),
}

/// Placeholders of one text: so much larger a request is than its values.
const PLACEHOLDERS_MAX: usize = 64;

impl Pieces {
    /// Splits a text at its `${name}`.
    pub(super) fn parse(text: &str, occasion: Occasion) -> Result<Self, Fault> {
        let (mut pieces, mut rest) = (Vec::new(), text);
        while let Some((before, behind)) = rest.split_once("${") {
            let (name, after) = behind.split_once('}').ok_or(Fault::NotClosed)?;
            if !before.is_empty() {
                pieces.push(Piece::Text(before.into()));
            }
            pieces.push(Piece::Value(Placeholder::named(name, occasion)?));
            rest = after;
        }
        if !rest.is_empty() {
            pieces.push(Piece::Text(rest.into()));
        }
        let pieces = Self(pieces);
        if pieces.placeholders().count() > PLACEHOLDERS_MAX {
            return Err(Fault::TooMany { max: PLACEHOLDERS_MAX });
        }
        Ok(pieces)
    }

    /// One placeholder and nothing else.
    pub(super) fn of(placeholder: Placeholder) -> Self {
        Self(vec![Piece::Value(placeholder)])
    }

    /// The same with other texts.
    pub(super) fn map_text(self, change: impl Fn(&str) -> Result<String, Fault>) -> Result<Self, Fault> {
        let pieces = self.0.into_iter().map(|piece| match piece {
            Piece::Text(text) => change(&text).map(|text| Piece::Text(text.into())),
            Piece::Value(placeholder) => Ok(Piece::Value(placeholder)),
        });
        pieces.collect::<Result<_, _>>().map(Self)
    }

    /// Parted where its texts have the separator.
    pub(super) fn split(self, separator: char) -> Vec<Self> {
        let (mut parts, mut part) = (Vec::new(), Vec::new());
        for piece in self.0 {
            let Piece::Text(text) = piece else {
                part.push(piece);
                continue;
            };
            for (index, text) in text.split(separator).enumerate() {
                if index > 0 {
                    parts.push(Self(std::mem::take(&mut part)));
                }
                if !text.is_empty() {
                    part.push(Piece::Text(text.into()));
                }
            }
        }
        parts.push(Self(part));
        parts
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Piece> {
        self.0.iter()
    }

    pub(super) fn placeholders(&self) -> impl Iterator<Item = Placeholder> {
        self.0.iter().filter_map(|piece| match piece {
            Piece::Value(placeholder) => Some(*placeholder),
            Piece::Text(_) => None,
        })
    }

    pub(super) fn texts(&self) -> impl Iterator<Item = &str> {
        self.0.iter().filter_map(|piece| match piece {
            Piece::Text(text) => Some(&**text),
            Piece::Value(_) => None,
        })
    }

    /// The text, if there is no placeholder in it.
    pub(super) fn fixed(&self) -> Option<&str> {
        match &*self.0 {
            [] => Some(""),
            [Piece::Text(text)] => Some(text),
            _ => None,
        }
    }

    /// The placeholder, if there is nothing else.
    pub(super) fn single(&self) -> Option<Placeholder> {
        match &*self.0 {
            [Piece::Value(placeholder)] => Some(*placeholder),
            _ => None,
        }
    }
}
