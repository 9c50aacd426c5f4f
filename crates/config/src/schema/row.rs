//! A row of the table.

use std::ops::RangeInclusive;

use super::Kind;
use crate::config::Settings;

/// One key: how it is written, what it does.
#[derive(Debug)]
pub struct Row {
    /// The key: `*` stands for a name, `[]` for the members of a list, `(.*)` for a name that may be left out.
    pub path: &'static str,
    /// How its value is written.
    pub kind: Kind,
    /// What is meant when it is not there, as it would be written; empty if there is no such value.
    pub default: &'static str,
    /// What it does here.
    pub effect: Effect,
    /// What it is about, in a sentence.
    pub what: &'static str,
    /// Whether NanoMQ has it, or its users write it.
    pub is_nanomq: bool,
    pub(crate) range: Option<RangeInclusive<u64>>,
    /// A word, and the number that it stands for.
    pub(crate) word: Option<(&'static str, u64)>,
    pub(crate) setting: Option<Setting>,
}

/// What a key does here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// What it says.
    Acts,
    /// Nothing, which is told with this reason.
    Warns(&'static str),
    /// Nothing until there is this.
    NotYet(&'static str),
}

/// Where the value of a row with bounds is kept.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Setting {
    pub(crate) get: fn(&Settings) -> u64,
    pub(crate) set: fn(&mut Settings, u64),
}

/// A key of NanoMQ.
pub(super) const fn row(path: &'static str, kind: Kind) -> Row {
    Row {
        path,
        kind,
        default: "",
        effect: Effect::Acts,
        what: "",
        is_nanomq: true,
        range: None,
        word: None,
        setting: None,
    }
}

/// A key that NanoMQ does not have.
pub(super) const fn own(path: &'static str, kind: Kind) -> Row {
    Row { is_nanomq: false, ..row(path, kind) }
}

impl Row {
    pub(super) const fn default(self, default: &'static str) -> Self {
        Self { default, ..self }
    }

    pub(super) const fn within(self, range: RangeInclusive<u64>) -> Self {
        Self { range: Some(range), ..self }
    }

    pub(super) const fn word(self, word: &'static str, value: u64) -> Self {
        Self { word: Some((word, value)), ..self }
    }

    pub(super) const fn acts(self, what: &'static str) -> Self {
        Self { what, effect: Effect::Acts, ..self }
    }

    pub(super) const fn warns(self, why: &'static str, what: &'static str) -> Self {
        Self { what, effect: Effect::Warns(why), ..self }
    }

    pub(super) const fn not_yet(self, feature: &'static str, what: &'static str) -> Self {
        Self { what, effect: Effect::NotYet(feature), ..self }
    }

    /// The number that `text` means, within the bounds.
    ///
    /// # Errors
    /// None is meant, or it is out of bounds.
    pub(crate) fn number(&self, text: &str) -> Result<u64, ()> {
        match self.word {
            Some((word, value)) if word == text => Ok(value),
            _ => {
                let amount = self.kind.quantity(text).ok_or(())?.amount;
                let is_within = self.range.as_ref().is_none_or(|range| range.contains(&amount));
                is_within.then_some(amount).ok_or(())
            }
        }
    }

    /// A number, as it is written.
    pub(crate) fn show(&self, value: u64) -> String {
        match self.word {
            Some((word, number)) if number == value => word.to_owned(),
            _ => self.kind.show(value),
        }
    }

    /// What is meant when it is not there, as it would be written.
    pub fn default_text(&self) -> String {
        match self.setting {
            Some(setting) => self.show((setting.get)(&Settings::default())),
            None => self.default.to_owned(),
        }
    }

    /// What may be written.
    pub fn allowed(&self) -> String {
        let range = self.range.as_ref().filter(|_| !matches!(self.kind, Kind::Switch | Kind::Word(_)));
        let Some(range) = range else { return self.kind.name() };
        let (start, end) = (self.kind.show(*range.start()), self.kind.show(*range.end()));
        match self.word {
            Some((word, value)) if value == *range.start() => format!("{word}, or up to {end}"),
            Some((word, value)) if value == *range.end() => format!("{word}, or from {start}"),
            Some((word, _)) => format!("{word}, or {start} to {end}"),
            None => format!("{start} to {end}"),
        }
    }

    /// The environment variable that sets it; none if it has a name or a list in it.
    pub fn variable(&self) -> Option<String> {
        let path = self.path.replace("(.*)", "");
        let is_single = !path.contains(['*', '[']) && self.kind != Kind::Anything;
        is_single.then(|| format!("VOUCHMQ_{}", path.to_ascii_uppercase().replace('.', "_")))
    }
}
