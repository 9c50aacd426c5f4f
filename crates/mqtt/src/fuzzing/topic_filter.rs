use std::collections::{BTreeMap, BTreeSet};

use super::script::Script;
use crate::topic::{
    FilterMap, FilterRef, HashSeed, ParsedFilter, Progress, TopicCursor, TopicLimits, TopicMap, TopicName,
    covers, matches, overlaps,
};

const LEVELS: [&str; 7] = ["a", "b", "", "+", "$x", "ab", "#"];
const STEPS_MAX: usize = 200;

/// Topic names and filters of any shape: parsing, the algebra of filters and both maps agree with what the
/// standard says in a few naive lines.
pub(super) fn topic_filter(data: &[u8]) {
    let mut script = Script::new(data);
    let mut world = World {
        filters: FilterMap::new(HashSeed::new([1, 2])),
        topics: TopicMap::new(HashSeed::new([3, 4])),
        naive_filters: BTreeMap::new(),
        naive_topics: BTreeMap::new(),
    };
    for number in 0..STEPS_MAX {
        if script.is_over() {
            break;
        }
        match script.below(8) {
            0 => parse(&mut script),
            1 => compare(&mut script),
            2 | 3 => world.change_filters(&text(&mut script), number),
            4 | 5 => world.change_topics(&text(&mut script), number),
            6 => world.match_filters(&text(&mut script)),
            _ => world.match_topics(&text(&mut script), &mut script),
        }
    }
}

/// A few levels, or any bytes that are text.
fn text(script: &mut Script<'_>) -> String {
    let shape = script.byte();
    if shape >= 0xE0 {
        return String::from_utf8_lossy(script.bytes(usize::from(shape & 0x1F))).into_owned();
    }
    let levels: Vec<_> = (0..=shape % 5).map(|_| script.pick("a", &LEVELS)).collect();
    levels.join("/")
}

// --- parsing

fn parse(script: &mut Script<'_>) {
    let text = text(script);
    let is_text = !text.is_empty() && !text.contains('\0');
    assert_eq!(TopicName::new(&text).is_ok(), is_text && !text.contains(['+', '#']), "{text:?}");
    let is_filter = is_text && has_filter_levels(&text);
    assert_eq!(FilterRef::new(&text).is_ok(), is_filter, "{text:?}");
    let limits = TopicLimits { length_max: 6, levels_max: 2 };
    let is_short = text.len() <= 6 && text.split('/').count() <= 2;
    assert_eq!(FilterRef::parse(&text, &limits).is_ok(), is_filter && is_short, "{text:?}");
    let shared = format!("$share/{text}");
    let parsed = ParsedFilter::parse(&shared, &TopicLimits::STANDARD);
    let expected = text.split_once('/').is_some_and(|(name, filter)| {
        let is_name = !name.is_empty() && !name.contains(['+', '#', '\0']);
        is_name && !filter.is_empty() && !filter.contains('\0') && has_filter_levels(filter)
    });
    assert_eq!(parsed.is_ok(), expected, "{shared:?}");
}

fn has_filter_levels(text: &str) -> bool {
    let count = text.split('/').count();
    text.split('/').enumerate().all(|(at, level)| match level {
        "#" => at + 1 == count,
        "+" => true,
        other => !other.contains(['+', '#']),
    })
}

// --- algebra

/// What a filter means, level by level.
fn naive(filter: &[&str], topic: &[&str]) -> bool {
    match (filter, topic) {
        (["#"], _) | ([], []) => true,
        ([first, rest @ ..], [level, levels @ ..]) => {
            (*first == "+" || first == level) && naive(rest, levels)
        }
        _ => false,
    }
}

fn naively_matches(filter: &str, topic: &str) -> bool {
    let is_hidden = filter.starts_with(['+', '#']) && topic.starts_with('$');
    let (filter, topic): (Vec<_>, Vec<_>) = (filter.split('/').collect(), topic.split('/').collect());
    !is_hidden && naive(&filter, &topic)
}

/// `covers` and `overlaps` against every topic that could tell.
fn compare(script: &mut Script<'_>) {
    let (wide, narrow) = (text(script), text(script));
    let (Ok(wide), Ok(narrow)) = (FilterRef::new(&wide), FilterRef::new(&narrow)) else { return };
    let depth = wide.levels().count().max(narrow.levels().count());
    if depth > 3 {
        return;
    }
    let mut letters: BTreeSet<_> = wide.levels().chain(narrow.levels()).collect();
    letters.extend(["", "$", "other"]);
    let letters: Vec<_> = letters.into_iter().filter(|letter| !["+", "#"].contains(letter)).collect();
    let (mut is_covered, mut has_overlap) = (true, false);
    let mut topics = vec![String::new()];
    for level in 0..=depth {
        topics = topics.iter().flat_map(|topic| deeper(topic, level, &letters)).collect();
        for topic in topics.iter().filter(|topic| !topic.is_empty()) {
            let (is_wide, is_narrow) = (matches(wide, topic), matches(narrow, topic));
            assert_eq!(is_wide, naively_matches(wide.as_str(), topic), "{wide} and {topic}");
            is_covered &= is_wide || !is_narrow;
            has_overlap |= is_wide && is_narrow;
        }
    }
    assert_eq!(covers(wide, narrow), is_covered, "{wide} covers {narrow}");
    assert_eq!(overlaps(wide, narrow), has_overlap, "{wide} overlaps {narrow}");
}

fn deeper(topic: &str, level: usize, letters: &[&str]) -> Vec<String> {
    let separator = if level == 0 { "" } else { "/" };
    letters.iter().map(|letter| format!("{topic}{separator}{letter}")).collect()
}

// --- maps

struct World {
    filters: FilterMap<usize>,
    topics: TopicMap<usize>,
    naive_filters: BTreeMap<String, usize>,
    naive_topics: BTreeMap<String, usize>,
}

impl World {
    /// Adds the filter, or removes it when it is there.
    fn change_filters(&mut self, text: &str, number: usize) {
        let Ok(filter) = FilterRef::new(text) else { return };
        match self.filters.find(filter) {
            Some(id) => {
                assert_eq!(self.filters.filter(id).as_deref(), Some(text));
                assert_eq!(self.filters.remove(id), self.naive_filters.remove(text), "{text}");
            }
            None => {
                let id = self.filters.get_or_insert_with(filter, || number);
                assert_eq!(self.filters.get(id), Some(&number), "{text}");
                assert_eq!(self.naive_filters.insert(text.to_owned(), number), None, "{text}");
            }
        }
        assert_eq!(self.filters.len(), self.naive_filters.len());
    }

    /// Adds the topic, replaces its value, or removes it.
    fn change_topics(&mut self, text: &str, number: usize) {
        let Ok(topic) = TopicName::new(text) else { return };
        if number.is_multiple_of(3) {
            assert_eq!(self.topics.remove(text), self.naive_topics.remove(text), "{text}");
        } else {
            let replaced = self.naive_topics.insert(text.to_owned(), number);
            assert_eq!(self.topics.insert(topic, number), replaced, "{text}");
        }
        assert_eq!(self.topics.len(), self.naive_topics.len());
        assert_eq!(self.topics.get(text), self.naive_topics.get(text), "{text}");
    }

    fn match_filters(&self, topic: &str) {
        if TopicName::new(topic).is_err() {
            return;
        }
        let mut found = Vec::new();
        self.filters.matching_ids(topic, &mut found);
        let mut found: Vec<_> = found.iter().filter_map(|id| self.filters.get(*id)).collect();
        found.sort_unstable();
        let naive = self.naive_filters.iter().filter(|(filter, _)| naively_matches(filter, topic));
        let mut expected: Vec<_> = naive.map(|(_, number)| number).collect();
        expected.sort_unstable();
        assert_eq!(found, expected, "filters that match {topic}");
    }

    fn match_topics(&self, filter: &str, script: &mut Script<'_>) {
        let Ok(parsed) = FilterRef::new(filter) else { return };
        let expected: BTreeMap<_, _> = self
            .naive_topics
            .iter()
            .filter(|(topic, _)| naively_matches(filter, topic))
            .map(|(topic, number)| (topic.clone(), *number))
            .collect();
        let mut found = BTreeMap::new();
        self.topics.matching(parsed, |topic, number| {
            assert_eq!(found.insert(topic.to_owned(), *number), None, "{topic} twice");
        });
        assert_eq!(found, expected, "topics that {filter} matches");
        let mut portions = BTreeMap::new();
        let (mut cursor, steps) = (TopicCursor::default(), 1 + script.below(5));
        loop {
            let progress = self.topics.matching_from(parsed, &mut cursor, steps, |topic, number| {
                assert_eq!(portions.insert(topic.to_owned(), *number), None, "{topic} twice");
            });
            if progress == Progress::Done {
                break;
            }
        }
        assert_eq!(portions, expected, "topics that {filter} matches, in portions");
    }
}
