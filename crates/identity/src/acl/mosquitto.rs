//! The ACL file of Mosquitto.

use std::collections::BTreeMap;
use std::fmt;

use super::ordered::{Entry, Partial};
use super::{Action, Condition, Effect, Names, OrderedRules, PatternFault, RuleTopic, TopicPattern};

#[cfg(test)]
mod tests;

/// The rules of an ACL file of Mosquitto, with the meaning that they have there.
///
/// A client has the `topic` lines behind its `user` line; one that proved no name has those before the first. Of
/// these, what denies goes before what allows, wherever it stands. Where none fits, the `pattern` lines follow in the
/// same way, and then everything is denied, in an empty file too. `%u` and `%c` in a pattern are the proven user name
/// and the Client Identifier, each as a part of one level; where they cannot be (see [`TopicPattern::filter_of`]), the
/// pattern allows nothing, or denies everything that no line of the user's own allows.
///
/// A subscription that reaches beyond what may be read is accepted as long as it reaches into it, and delivers that.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MosquittoAcl {
    rules: Vec<MosquittoRule>,
    /// Of clients without a name, by their places in `rules`; what denies comes first.
    nameless: Vec<usize>,
    users: BTreeMap<Box<str>, Vec<usize>>,
    patterns: Vec<usize>,
}

/// A `topic` or `pattern` line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MosquittoRule {
    /// The line, counted from 1.
    pub line: usize,
    effect: Effect,
    action: Action,
    topic: RuleTopic,
}

/// What is wrong with a line of an ACL file of Mosquitto.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {fault}")]
pub struct MosquittoAclFault {
    /// The line, counted from 1.
    pub line: usize,
    /// What is wrong.
    pub fault: LineFault,
}

/// Why a line is none of an ACL file of Mosquitto.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LineFault {
    /// The first word.
    #[error("a line begins with topic, pattern, user or #, and its words are parted by spaces")]
    Beginning,
    /// `topic` or `pattern`, and nothing else, or only how it may be used.
    #[error("no topic filter: write '{beginning} read sensors/#'")]
    NoFilter {
        /// The word that the line begins with.
        beginning: &'static str,
    },
    /// The word before the filter.
    #[error("access {found:?} is not known: it is read, write, readwrite or deny")]
    Access {
        /// What stands there.
        found: Box<str>,
    },
    /// `user` alone.
    #[error("no user name: rules of clients without a name stand before the first 'user'")]
    NoUserName,
    /// A tab or another control character, which would be part of the topic.
    #[error("a control character in the topic filter: words are parted by spaces")]
    Control,
    /// What stands there is no filter.
    #[error(transparent)]
    Filter(#[from] PatternFault),
}

/// Whose rules follow.
#[derive(Default)]
struct Reader {
    acl: MosquittoAcl,
    user: Option<Box<str>>,
}

impl MosquittoAcl {
    /// Reads the text of a file.
    ///
    /// # Errors
    /// Every line that is wrong. Nothing of the file is used then.
    pub fn parse(text: &str) -> Result<Self, Vec<MosquittoAclFault>> {
        let (mut reader, mut faults) = (Reader::default(), Vec::new());
        for (index, text) in text.lines().enumerate() {
            let line = index.saturating_add(1);
            if let Err(fault) = reader.read(line, text) {
                faults.push(MosquittoAclFault { line, fault });
            }
        }
        if faults.is_empty() { Ok(reader.acl.with_denials_first()) } else { Err(faults) }
    }

    /// The rules for one client. Their numbers are places in [`Self::rules`].
    pub fn rules_of(&self, names: &Names<'_>) -> OrderedRules {
        let own = names.username.map_or(Some(&self.nameless), |name| self.users.get(name));
        let numbers = own.into_iter().chain([&self.patterns]).flatten();
        let entries = numbers.filter_map(|&number| {
            let MosquittoRule { effect, action, ref topic, .. } = *self.rules.get(number)?;
            let (condition, reach) = (Condition::NONE, topic.reach_for(names, effect)?);
            Some(Entry { number, effect, action, condition, reach })
        });
        OrderedRules::new(entries.collect(), Effect::Deny, Partial::Checked)
    }

    /// The rules in the order of the file.
    pub fn rules(&self) -> &[MosquittoRule] {
        &self.rules
    }

    fn with_denials_first(mut self) -> Self {
        let rules = &self.rules;
        let lists = self.users.values_mut().chain([&mut self.nameless, &mut self.patterns]);
        lists.for_each(|list| {
            list.sort_by_key(|&number| rules.get(number).is_some_and(|rule| rule.effect == Effect::Allow));
        });
        self
    }
}

impl Reader {
    fn read(&mut self, line: usize, text: &str) -> Result<(), LineFault> {
        if text.starts_with('#') || text.trim().is_empty() {
            return Ok(());
        }
        let (beginning, rest) = word_of(text.trim_end());
        match beginning {
            "topic" => self.add(line, rest, "topic"),
            "pattern" => self.add(line, rest, "pattern"),
            "user" => match rest.trim() {
                "" => Err(LineFault::NoUserName),
                name => {
                    self.user = Some(name.into());
                    Ok(())
                }
            },
            _ => Err(LineFault::Beginning),
        }
    }

    fn add(&mut self, line: usize, rest: &str, beginning: &'static str) -> Result<(), LineFault> {
        let (effect, action, filter) = match word_of(rest) {
            ("" | "read" | "write" | "readwrite" | "deny", "") => {
                return Err(LineFault::NoFilter { beginning });
            }
            (filter, "") => (Effect::Allow, Action::Both, filter),
            ("read", filter) => (Effect::Allow, Action::Subscribe, filter),
            ("write", filter) => (Effect::Allow, Action::Publish, filter),
            ("readwrite", filter) => (Effect::Allow, Action::Both, filter),
            ("deny", filter) => (Effect::Deny, Action::Both, filter),
            (found, _) => return Err(LineFault::Access { found: found.into() }),
        };
        if filter.contains(char::is_control) {
            return Err(LineFault::Control);
        }
        let number = self.acl.rules.len();
        let (pattern, list) = if beginning == "pattern" {
            (TopicPattern::with_percents(filter)?, &mut self.acl.patterns)
        } else {
            let list = match &self.user {
                None => &mut self.acl.nameless,
                Some(name) => self.acl.users.entry(name.clone()).or_default(),
            };
            (TopicPattern::without_variables(filter)?, list)
        };
        list.push(number);
        self.acl.rules.push(MosquittoRule { line, effect, action, topic: RuleTopic::matching(pattern) });
        Ok(())
    }
}

impl fmt::Display for MosquittoRule {
    /// In words, for people.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let access = match (self.effect, self.action) {
            (Effect::Deny, _) => "deny",
            (Effect::Allow, Action::Publish) => "write",
            (Effect::Allow, Action::Subscribe) => "read",
            (Effect::Allow, Action::Both) => "readwrite",
        };
        write!(f, "{access} {}", self.topic)
    }
}

/// The first word, and what follows it without the spaces in front.
fn word_of(text: &str) -> (&str, &str) {
    let text = text.trim_start_matches(' ');
    let (word, rest) = text.split_once(' ').unwrap_or((text, ""));
    (word, rest.trim_start_matches(' '))
}
