//! The table, written as it reads, against what is computed.

use arbtest::arbitrary::{Error, Unstructured};

use super::*;

const TOPICS: [&str; 6] = ["a", "a/b", "a/c", "b", "b/b", "$x"];
const FILTERS: [&str; 8] = ["#", "+", "a/#", "a/+", "a/b", "b/#", "+/b", "$x"];

fn some_rules(u: &mut Unstructured<'_>) -> Result<Vec<String>, Error> {
    let len = u.int_in_range(0..=3)?;
    let rule = |u: &mut Unstructured<'_>| {
        let sign = if u.arbitrary()? { '+' } else { '-' };
        Ok(format!("{sign}{}", u.choose(&FILTERS)?))
    };
    (0..len).map(|_| rule(u)).collect()
}

fn first(rules: &[String], topic: &str) -> Option<Effect> {
    let mut rules = rules.iter().map(|rule| effect_of(rule));
    rules.find(|(_, filter)| matches(FilterRef::new(filter).unwrap(), topic)).map(|(effect, _)| effect)
}

fn texts(rules: &[String]) -> Vec<&str> {
    rules.iter().map(|rule| &**rule).collect()
}

struct Table {
    file: Vec<String>,
    is_superuser: bool,
    /// And whether they are a map.
    carried: Option<(Vec<String>, bool)>,
}

impl Table {
    /// What the lines before the service say about one message.
    fn says(&self, topic: &str, is_publication: bool) -> Option<Effect> {
        let file = first(&self.file, topic);
        if file == Some(Effect::Deny) {
            return file;
        }
        if is_publication && topic.starts_with('$') && file.is_none() {
            return Some(Effect::Deny);
        }
        if self.is_superuser {
            return Some(Effect::Allow);
        }
        let Some((rules, is_map)) = &self.carried else { return file };
        first(rules, topic).or_else(|| is_map.then_some(Effect::Deny)).or(file)
    }

    fn carried_acl(&self) -> Option<CarriedAcl> {
        self.carried.as_ref().map(|(rules, is_map)| {
            let rules = carried(&texts(rules));
            if *is_map { CarriedAcl::Map(rules) } else { CarriedAcl::List(rules) }
        })
    }
}

#[test]
fn nothing_is_allowed_that_the_table_does_not_allow() {
    arbtest(|u| {
        let table = Table {
            file: some_rules(u)?,
            is_superuser: u.ratio(1, 4)?,
            carried: if u.arbitrary()? { Some((some_rules(u)?, u.arbitrary()?)) } else { None },
        };
        let no_match = if u.arbitrary()? { Effect::Allow } else { Effect::Deny };
        let said = *u.choose(&[None, Some(Said::Allow), Some(Said::Deny), Some(Said::Nothing)])?;
        let has_service: bool = u.arbitrary()?;
        let access = file(&texts(&table.file), no_match);
        let service = if has_service { says(said) } else { None };
        let rights = || {
            let (carried, service) = (table.carried_acl(), service.clone());
            Case { access: &access, is_superuser: table.is_superuser, carried, service }.rights()
        };
        let nobody = if no_match == Effect::Allow { YES } else { NO };
        let unsaid = match said.filter(|_| has_service) {
            Some(Said::Allow) => YES,
            Some(Said::Deny) => NO,
            None if has_service => Inquired::Unavailable,
            Some(Said::Nothing) | None => nobody,
        };
        for topic in TOPICS {
            let expected = match table.says(topic, true) {
                Some(Effect::Allow) => YES,
                Some(Effect::Deny) => NO,
                None => unsaid,
            };
            assert_eq!(published(&rights(), topic), expected, "publishing to {topic}");
        }
        // A subscription brings exactly the messages that the table allows, or is refused.
        for filter in FILTERS {
            let rights = rights();
            let Inquired::Granted(grant) = subscribed(&rights, filter, QoS::AtMostOnce) else { continue };
            let parsed = FilterRef::new(filter).unwrap();
            for topic in TOPICS.into_iter().filter(|topic| matches(parsed, topic)) {
                let said = table.says(topic, false);
                let may = said.map_or(unsaid == YES, |effect| effect == Effect::Allow);
                let gets = match grant {
                    Grant::Whole => true,
                    Grant::PerMessage => rights.receive(topic).is_allowed(),
                    Grant::Denied | Grant::Asked => continue,
                };
                assert_eq!(gets, may, "{filter} and {topic}");
            }
        }
        Ok(())
    });
}
