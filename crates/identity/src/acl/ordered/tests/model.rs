//! Ordered rules against a plain reading of them, over all topics of a small world.

use arbtest::arbitrary::{Result, Unstructured};
use arbtest::arbtest;
use vouchmq_mqtt::QoS;

use super::*;
use crate::acl::{Acl, AclRule};

const LEVELS: [&str; 4] = ["a", "b", "", "$s"];

/// Every topic of up to three levels.
fn world() -> Vec<String> {
    let mut topics: Vec<String> = LEVELS.map(str::to_owned).to_vec();
    for _ in 0..2 {
        let longer = topics.iter().flat_map(|topic| LEVELS.map(|level| format!("{topic}/{level}")));
        topics = topics.iter().cloned().chain(longer).collect();
    }
    topics.sort();
    topics.dedup();
    topics.retain(|topic| !topic.is_empty());
    topics
}

fn levels_fit(filter: &[&str], topic: &[&str]) -> bool {
    match (filter, topic) {
        (["#"], _) | ([], []) => true,
        (["+", filter @ ..], [_, topic @ ..]) => levels_fit(filter, topic),
        ([one, filter @ ..], [other, topic @ ..]) => one == other && levels_fit(filter, topic),
        ([], [_, ..]) | ([_, ..], []) => false,
    }
}

/// MQTT 5.0 §4.7, as it is written.
fn fits(filter: &str, topic: &str) -> bool {
    let hidden = topic.starts_with('$') && filter.starts_with(['+', '#']);
    let [filter, topic]: [Vec<&str>; 2] = [filter, topic].map(|text| text.split('/').collect());
    !hidden && levels_fit(&filter, &topic)
}

fn filter(u: &mut Unstructured<'_>) -> Result<String> {
    let mut levels = Vec::new();
    for _ in 0..u.int_in_range(1..=3)? {
        levels.push(*u.choose(&["a", "b", "+", "+", "", "$s"])?);
    }
    if u.arbitrary()? {
        levels.push("#");
        if u.arbitrary()? {
            levels.swap_remove(0);
        }
    }
    let filter = levels.join("/");
    Ok(if FilterRef::new(&filter).is_ok() { filter } else { "a".to_owned() })
}

/// A rule as it stands in a file.
#[derive(Clone, Debug)]
struct Line {
    effect: Effect,
    action: Action,
    /// `None` for every topic.
    topic: Option<String>,
}

fn line(u: &mut Unstructured<'_>) -> Result<Line> {
    let topic = match u.int_in_range(0..=7)? {
        0 => None,
        1 => Some(format!("@{}", filter(u)?)),
        _ => Some(filter(u)?),
    };
    let (effect, action) = (*u.choose(Effect::ALL)?, *u.choose(Action::ALL)?);
    Ok(Line { effect, action, topic })
}

fn lines(u: &mut Unstructured<'_>) -> Result<Vec<Line>> {
    (0..u.int_in_range(0..=5)?).map(|_| line(u)).collect()
}

fn read(lines: &[Line], no_match: Effect) -> OrderedRules {
    let rules = lines.iter().map(|line| {
        let Line { effect, action, ref topic } = *line;
        let topics = match topic {
            None => Topics::Every,
            Some(topic) => Topics::Of(vec![topic.parse().unwrap()]),
        };
        OrderedRule { effect, action, topics, whom: Selector::Everybody }
    });
    OrderedAcl { rules: rules.collect(), no_match }.rules_of(&Names::default())
}

/// Who decides about a message, and what.
fn first_match(lines: &[Line], no_match: Effect, action: Action, topic: &str) -> (Option<usize>, Effect) {
    let is_publish = action == Action::Publish;
    let found = lines.iter().position(|line| {
        let is_about_it = match line.topic.as_deref() {
            None => line.effect == Effect::Deny || !is_publish || !topic.starts_with('$'),
            Some(text) => match text.strip_prefix('@') {
                // A wildcard is no part of a message's topic; who may subscribe to it may receive what it brings.
                Some(literal) if literal.contains(['+', '#']) => {
                    line.effect == Effect::Allow && !is_publish && fits(literal, topic)
                }
                Some(literal) => fits(literal, topic),
                None => fits(text, topic),
            },
        };
        (line.action == action || line.action == Action::Both) && is_about_it
    });
    let is_brokers_own = is_publish && topic.starts_with('$');
    match found.and_then(|index| Some((index, lines.get(index)?.effect))) {
        Some((index, effect)) => (Some(index), effect),
        None => (None, if is_brokers_own { Effect::Deny } else { no_match }),
    }
}

#[test]
fn a_message_is_judged_by_the_first_rule_that_names_its_topic() {
    let world = world();
    arbtest(|u| {
        let (lines, no_match) = (lines(u)?, *u.choose(Effect::ALL)?);
        let rules = read(&lines, no_match);
        for topic in &world {
            for action in [Action::Publish, Action::Subscribe] {
                let decision = match action {
                    Action::Publish => rules.decide_publish(topic),
                    Action::Subscribe | Action::Both => rules.decide_receive(topic),
                };
                let effect = if decision.permission().is_allowed() { Effect::Allow } else { Effect::Deny };
                let expected = first_match(&lines, no_match, action, topic);
                assert_eq!((decision.rule, effect), expected, "{lines:?} {action} {topic}");
            }
        }
        Ok(())
    });
}

#[test]
fn a_subscription_never_delivers_what_the_first_rule_denies() {
    let world = world();
    arbtest(|u| {
        let (lines, no_match, filter) = (lines(u)?, *u.choose(Effect::ALL)?, filter(u)?);
        let rules = read(&lines, no_match);
        let decision = rules.decide_subscribe(FilterRef::new(&filter).unwrap());
        assert_eq!(decision.checked_for.is_some(), decision.grant == Grant::PerMessage);
        for topic in world.iter().filter(|topic| fits(&filter, topic)) {
            let is_delivered = match decision.grant {
                Grant::Whole => true,
                Grant::PerMessage => rules.receive(topic).is_allowed(),
                Grant::Denied | Grant::Asked => false,
            };
            let (_, effect) = first_match(&lines, no_match, Action::Subscribe, topic);
            assert!(!is_delivered || effect == Effect::Allow, "{lines:?} {no_match} {filter} {topic}");
        }
        Ok(())
    });
}

#[test]
fn what_one_rule_allows_as_a_whole_is_granted_as_a_whole() {
    arbtest(|u| {
        let (mut lines, filter) = (lines(u)?, filter(u)?);
        lines.insert(
            0,
            Line { effect: Effect::Allow, action: Action::Subscribe, topic: Some(filter.clone()) },
        );
        assert_eq!(grant(&read(&lines, Effect::Deny), &filter), Grant::Whole, "{lines:?} {filter}");
        Ok(())
    });
}

/// With what denies in front, the order says nothing, and both kinds of rules are the same.
#[test]
fn with_denials_first_they_are_rules_without_an_order() {
    let world = world();
    arbtest(|u| {
        let mut lines: Vec<Line> = { lines(u)?.into_iter() }
            .filter(|line| line.topic.as_ref().is_some_and(|topic| !topic.starts_with('@')))
            .collect();
        lines.sort_by_key(|line| line.effect == Effect::Allow);
        let ordered = read(&lines, Effect::Deny);
        let unordered: Acl = { lines.iter() }
            .filter_map(|line| {
                let pattern = line.topic.as_deref()?.parse().ok()?;
                Some(AclRule { effect: line.effect, action: line.action, pattern })
            })
            .collect();
        let unordered = unordered.rules_of(&Names::default());
        for topic in &world {
            assert_eq!(ordered.receive(topic), unordered.receive(topic), "{lines:?} {topic}");
            let publish = |rules: &dyn Authorize| rules.publish(topic, QoS::AtMostOnce, false);
            assert_eq!(publish(&ordered), publish(&unordered), "{lines:?} {topic}");
        }
        let filter = filter(u)?;
        let parsed = FilterRef::new(&filter).unwrap();
        assert_eq!(ordered.subscribe(parsed, None), unordered.subscribe(parsed, None), "{lines:?} {filter}");
        Ok(())
    });
}
