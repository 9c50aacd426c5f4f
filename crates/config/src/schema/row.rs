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
    /// Whether it says who may come in, or what is read or written where: only who may do everything changes it over
    /// the management API.
    pub is_guarded: bool,
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
        is_guarded: is_guarded(path, &kind),
        range: None,
        word: None,
        setting: None,
    }
}

/// A key that NanoMQ does not have.
pub(super) const fn own(path: &'static str, kind: Kind) -> Row {
    Row { is_nanomq: false, ..row(path, kind) }
}

/// What only bounds what goes on: who may change the configuration may change it. All others are guarded, and so is
/// what is added.
const LIMITS: &[&str] = &["system.", "mqtt.", "retained.", "connections.", "log.", "sqlite."];

/// Whether a key is guarded, unless its row says otherwise: all but [`LIMITS`], and of these what names files,
/// sockets, addresses and secrets.
pub(super) const fn is_guarded(path: &str, kind: &Kind) -> bool {
    let names_places = matches!(
        kind,
        Kind::File
            | Kind::Secret
            | Kind::Address
            | Kind::HttpAddress
            | Kind::List(Kind::File | Kind::Secret | Kind::Address)
    );
    names_places || !is_below_any(path, LIMITS)
}

const fn is_below_any(path: &str, sections: &[&str]) -> bool {
    match sections.split_first() {
        Some((first, rest)) => begins(path.as_bytes(), first.as_bytes()) || is_below_any(path, rest),
        None => false,
    }
}

const fn begins(text: &[u8], with: &[u8]) -> bool {
    match (text.split_first(), with.split_first()) {
        (_, None) => true,
        (Some((one, text)), Some((other, with))) => *one == *other && begins(text, with),
        (None, Some(_)) => false,
    }
}

impl Row {
    /// It is guarded, though it is below a section that is not.
    pub(super) const fn guarded(self) -> Self {
        Self { is_guarded: true, ..self }
    }

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
