use std::net::IpAddr;

use arbtest::arbitrary;
use vouchmq_mqtt::{Authorize, FilterRef, Grant};

use super::*;
use crate::acl::{Action, Effect};

mod model;

fn rule(effect: Effect, action: Action, topics: &[&str], whom: Selector) -> OrderedRule {
    let topics = topics.iter().map(|topic| topic.parse().unwrap()).collect();
    OrderedRule { effect, action, topics: Topics::Of(topics), whom }
}

fn allow(topics: &[&str]) -> OrderedRule {
    rule(Effect::Allow, Action::Both, topics, Selector::Everybody)
}

fn deny(topics: &[&str]) -> OrderedRule {
    rule(Effect::Deny, Action::Both, topics, Selector::Everybody)
}

fn everything(effect: Effect) -> OrderedRule {
    OrderedRule { effect, action: Action::Both, topics: Topics::Every, whom: Selector::Everybody }
}

const ALICE: Names<'_> = Names {
    client_id: "c1",
    username: Some("alice"),
    device: None,
    product: None,
    address: None,
    attributes: &[],
};

fn acl(rules: &[OrderedRule], no_match: Effect) -> OrderedAcl {
    OrderedAcl { rules: rules.to_vec(), no_match }
}

fn rules(rules: &[OrderedRule], no_match: Effect) -> OrderedRules {
    acl(rules, no_match).rules_of(&ALICE)
}

fn grant(rules: &OrderedRules, filter: &str) -> Grant {
    rules.subscribe(FilterRef::new(filter).unwrap(), None)
}

fn may_publish(rules: &OrderedRules, topic: &str) -> bool {
    rules.decide_publish(topic).permission().is_allowed()
}

fn may_receive(rules: &OrderedRules, topic: &str) -> bool {
    rules.receive(topic).is_allowed()
}

#[test]
fn where_no_rule_fits_no_match_decides() {
    for (no_match, grants) in [(Effect::Allow, Grant::Whole), (Effect::Deny, Grant::Denied)] {
        let rules = rules(&[], no_match);
        let is_allowed = no_match == Effect::Allow;
        assert_eq!((may_publish(&rules, "a"), may_receive(&rules, "a")), (is_allowed, is_allowed));
        assert_eq!((grant(&rules, "#"), grant(&rules, "$SYS/#")), (grants, grants));
        assert!(!may_publish(&rules, "$SYS/x"), "the broker's own topics");
        assert_eq!(rules.decide_publish("a").rule, None);
    }
}

#[test]
fn the_first_rule_that_fits_decides() {
    let one = rules(&[allow(&["a/b"]), deny(&["a/#"]), allow(&["#"])], Effect::Deny);
    assert!(may_publish(&one, "a/b") && !may_publish(&one, "a/c") && may_publish(&one, "b"));
    assert!(may_receive(&one, "a/b") && !may_receive(&one, "a/c"));
    let decided = ["a/b", "a/c", "b"].map(|topic| one.decide_publish(topic).rule);
    assert_eq!(decided, [Some(0), Some(1), Some(2)]);
    let other = rules(&[deny(&["a/#"]), allow(&["a/b", "#"])], Effect::Deny);
    assert!(!may_publish(&other, "a/b") && may_publish(&other, "b"));
}

#[test]
fn a_denied_topic_is_reached_by_no_wider_filter() {
    for topics in [&["secret/x"][..], &["secret/#"]] {
        let rules = rules(&[deny(topics)], Effect::Allow);
        for filter in ["secret/#", "+/x", "#", "+/+", "+/#"] {
            assert_ne!(grant(&rules, filter), Grant::Whole, "{filter}");
        }
        assert_eq!((grant(&rules, "secret/x"), grant(&rules, "open/#")), (Grant::Denied, Grant::Whole));
        assert!(!may_receive(&rules, "secret/x") && may_receive(&rules, "open/x"));
    }
}

#[test]
fn an_allowed_filter_is_not_widened() {
    let rules = rules(&[allow(&["a/+", "+"])], Effect::Deny);
    for filter in ["a/#", "#", "+/+", "+/#", "a/+/b", "b/c"] {
        assert_eq!(grant(&rules, filter), Grant::Denied, "{filter}");
    }
    for filter in ["a/+", "a/b", "+", "x"] {
        assert_eq!(grant(&rules, filter), Grant::Whole, "{filter}");
    }
}

#[test]
fn a_subscription_is_judged_as_a_filter_in_the_order_of_the_rules() {
    type Case<'a> = (&'a [OrderedRule], &'a str, Grant, Option<usize>, Option<usize>);
    let cases: [Case<'_>; 8] = [
        (&[allow(&["a/#"]), deny(&["a/x"])], "a/+", Grant::Whole, Some(0), None),
        (&[deny(&["a/x"]), allow(&["a/#"])], "a/+", Grant::PerMessage, Some(1), Some(0)),
        (&[deny(&["b/x"]), allow(&["a/#"])], "a/+", Grant::Whole, Some(1), None),
        (&[deny(&["a/#"]), allow(&["a/x"])], "a/x", Grant::Denied, Some(0), None),
        (&[allow(&["a/x"]), deny(&["a/#"])], "a/+", Grant::Denied, Some(1), None),
        (&[allow(&["a/x"]), deny(&["a/+"]), allow(&["#"])], "a/#", Grant::PerMessage, Some(2), Some(1)),
        (&[deny(&["a/x"])], "a/#", Grant::Denied, None, None),
        (&[allow(&["a/x", "a/y"])], "a/+", Grant::Denied, None, None),
    ];
    for (given, filter, grant, rule, checked_for) in cases {
        let decision = rules(given, Effect::Deny).decide_subscribe(FilterRef::new(filter).unwrap());
        assert_eq!(decision, Decision { rule, grant, checked_for }, "{given:?} {filter}");
    }
    let open = rules(&[deny(&["a/x"])], Effect::Allow);
    let decision = open.decide_subscribe(FilterRef::ALL);
    assert_eq!(decision, Decision { rule: None, grant: Grant::PerMessage, checked_for: Some(0) });
}

#[test]
fn a_rule_about_every_topic_lets_nobody_publish_to_the_brokers_own() {
    let open = rules(&[everything(Effect::Allow)], Effect::Deny);
    assert!(may_publish(&open, "a") && !may_publish(&open, "$SYS/x"));
    assert_eq!((grant(&open, "$SYS/#"), grant(&open, "#")), (Grant::Whole, Grant::Whole));
    let named = rules(&[allow(&["$SYS/x"]), everything(Effect::Allow)], Effect::Deny);
    assert!(may_publish(&named, "$SYS/x") && !may_publish(&named, "$SYS/y"));
    let closed = rules(&[everything(Effect::Deny), allow(&["$SYS/x", "#"])], Effect::Allow);
    assert!(!may_publish(&closed, "$SYS/x") && !may_publish(&closed, "a"));
    assert_eq!((grant(&closed, "$SYS/#"), grant(&closed, "a")), (Grant::Denied, Grant::Denied));
}

#[test]
fn a_wildcard_in_front_is_about_no_topic_of_the_broker() {
    let rules = rules(&[allow(&["#", "+/x"])], Effect::Deny);
    assert!(!may_publish(&rules, "$SYS/x") && !may_receive(&rules, "$SYS/x"));
    assert_eq!((grant(&rules, "$SYS/#"), grant(&rules, "$SYS/x")), (Grant::Denied, Grant::Denied));
}

#[test]
fn at_compares_the_filter_as_it_is_written() {
    let only = rules(&[allow(&["@a/+"])], Effect::Deny);
    assert_eq!(grant(&only, "a/+"), Grant::Whole);
    for filter in ["a/b", "a/#", "+/+", "+/b", "@a/+"] {
        assert_eq!(grant(&only, filter), Grant::Denied, "{filter}");
    }
    assert!(may_receive(&only, "a/b") && !may_receive(&only, "b") && !may_publish(&only, "a/b"));
    // What is denied before it stays denied.
    let partly = rules(&[deny(&["a/x"]), allow(&["@a/+"])], Effect::Deny);
    assert_eq!(grant(&partly, "a/+"), Grant::PerMessage);
    assert!(!may_receive(&partly, "a/x") && may_receive(&partly, "a/y"));
}

#[test]
fn a_filter_that_is_denied_by_its_text_is_denied_by_no_other_name_too() {
    let rules = rules(&[deny(&["@#", "@a/+"])], Effect::Allow);
    for filter in ["#", "+/#", "a/+", "a/#", "+/+"] {
        assert_eq!(grant(&rules, filter), Grant::Denied, "{filter}");
    }
    for filter in ["a/b", "+", "b/#", "a/+/b"] {
        assert_eq!(grant(&rules, filter), Grant::Whole, "{filter}");
    }
    assert!(may_receive(&rules, "a/b") && may_publish(&rules, "a/b"));
}

#[test]
fn at_says_nothing_before_a_topic_without_a_wildcard() {
    let rules = rules(&[deny(&["@a/b"])], Effect::Allow);
    assert!(!may_publish(&rules, "a/b") && !may_receive(&rules, "a/b"));
    assert_eq!((grant(&rules, "a/b"), grant(&rules, "a/+")), (Grant::Denied, Grant::PerMessage));
}

#[test]
fn names_stand_in_topics_as_they_are_and_never_as_a_wildcard() {
    let own = acl(&[deny(&["dev/${clientid}/key"]), allow(&["dev/${clientid}/#"])], Effect::Deny);
    let rules = own.rules_of(&Names { client_id: "d1", ..ALICE });
    assert!(may_publish(&rules, "dev/d1/up") && !may_publish(&rules, "dev/d1/key"));
    assert!(!may_publish(&rules, "dev/d2/up"));
    let open = acl(&[deny(&["dev/${clientid}/key"])], Effect::Allow);
    let literal = acl(&[allow(&["@dev/${clientid}/+"])], Effect::Deny);
    for hostile in ["#", "+", "a/b", "d1/#", "", "\0"] {
        let names = Names { client_id: hostile, ..ALICE };
        let rules = own.rules_of(&names);
        for topic in ["dev/d1/up", "dev/a/b/up", "dev/x"] {
            assert!(!may_publish(&rules, topic) && !may_receive(&rules, topic), "{hostile:?} {topic}");
        }
        // A rule that denies, and in which the name cannot stand, denies everything.
        assert!(!may_publish(&open.rules_of(&names), "anything"), "{hostile:?}");
        assert_eq!(grant(&open.rules_of(&names), "anything"), Grant::Denied);
        assert_eq!(grant(&literal.rules_of(&names), "dev/+/+"), Grant::Denied);
    }
}

fn of(text: &str) -> Selector {
    Selector::of_addresses([text]).unwrap()
}

#[test]
fn rules_are_about_whom_they_say() {
    let from = |address: &str| Names { address: Some(address.parse::<IpAddr>().unwrap()), ..ALICE };
    let nobody = Names { username: None, ..ALICE };
    let (user, client) = (Selector::of_user_name("alice"), Selector::of_client_id("c1"));
    let (other, local) = (Selector::of_user_name("bob"), of("127.0.0.1"));
    let and = |members: &[&Selector]| Selector::And(members.iter().map(|&one| one.clone()).collect());
    let or = |members: &[&Selector]| Selector::Or(members.iter().map(|&one| one.clone()).collect());
    let lan = Selector::of_addresses(["10.0.0.0/8", "2001:db8::/32"]).unwrap();
    let cases = [
        (Selector::Everybody, nobody, Some(true)),
        (Selector::of_user_name("#"), nobody, Some(true)),
        (Selector::of_client_id("#"), nobody, Some(true)),
        (user.clone(), ALICE, Some(true)),
        (user.clone(), nobody, Some(false)),
        (other.clone(), ALICE, Some(false)),
        (Selector::of_user_name("Alice"), ALICE, Some(false)),
        (client.clone(), ALICE, Some(true)),
        (Selector::of_client_id("alice"), ALICE, Some(false)),
        (local.clone(), from("127.0.0.1"), Some(true)),
        (local.clone(), from("::ffff:127.0.0.1"), Some(true)),
        (local.clone(), from("127.0.0.2"), Some(false)),
        (local.clone(), from("::1"), Some(false)),
        (local.clone(), ALICE, None),
        (lan.clone(), from("10.255.0.1"), Some(true)),
        (lan.clone(), from("::ffff:10.1.2.3"), Some(true)),
        (lan.clone(), from("2001:db8:1::1"), Some(true)),
        (lan, from("11.0.0.1"), Some(false)),
        (of("::ffff:192.0.2.0/120"), from("192.0.2.7"), Some(true)),
        (and(&[&user, &client]), ALICE, Some(true)),
        (and(&[&user, &other]), ALICE, Some(false)),
        (and(&[&user, &local]), ALICE, None),
        (and(&[&local, &other]), ALICE, Some(false)),
        (or(&[&other, &client]), ALICE, Some(true)),
        (or(&[&other, &Selector::of_client_id("x")]), ALICE, Some(false)),
        (or(&[&user, &local]), ALICE, Some(true)),
        (or(&[&other, &local]), ALICE, None),
        (or(&[&and(&[&user, &other]), &and(&[&user, &client])]), ALICE, Some(true)),
        // No file can say these, and they open nothing.
        (and(&[]), ALICE, None),
        (or(&[]), ALICE, None),
        (Selector::Address(Vec::new()), from("127.0.0.1"), None),
    ];
    for (selector, names, expected) in cases {
        assert_eq!(selector.is_about(&names), expected, "{selector} {names:?}");
        for effect in [Effect::Allow, Effect::Deny] {
            let other_way = if effect == Effect::Allow { Effect::Deny } else { Effect::Allow };
            let acl = acl(&[rule(effect, Action::Both, &["a"], selector.clone())], other_way);
            let is_open = may_publish(&acl.rules_of(&names), "a");
            assert_eq!(is_open, expected == Some(effect == Effect::Allow), "{effect} {selector} {names:?}");
        }
    }
}

#[test]
fn what_is_no_address_is_refused() {
    for text in ["localhost", "10.0.0.1/8", "10.0.0.0/33", "::/129", "", "1.2.3.4:80", "[::1]"] {
        assert!(Selector::of_addresses([text]).is_err(), "{text}");
    }
}

#[test]
fn topics_of_rules_are_checked_when_they_are_read() {
    for text in ["a/#/b", "@a/#/b", "a+", "", "@", "$share/g/a", "@$share/g/a", "${nobody}", "@${"] {
        assert!(text.parse::<RuleTopic>().is_err(), "{text}");
    }
    for text in ["a/+", "@a/+", "@#", "@dev/${clientid}/+", "$SYS/#"] {
        assert_eq!(text.parse::<RuleTopic>().unwrap().to_string(), text);
    }
}

#[test]
fn a_rule_reads_as_a_sentence() {
    let whom = Selector::And(vec![
        Selector::of_user_name("a\nb"),
        Selector::Or(vec![of("::1"), Selector::Everybody]),
    ]);
    let written = rule(Effect::Deny, Action::Subscribe, &["a/+", "@#"], whom).to_string();
    assert_eq!(
        written,
        r##"deny (user "a\nb" and (address ::1/128 or everybody)) to subscribe to "a/+" "@#""##
    );
    assert_eq!(
        everything(Effect::Allow).to_string(),
        "allow everybody to publish and subscribe to every topic"
    );
}

/// Rules about one user or client each are found without looking at all the others.
#[test]
fn rules_that_are_looked_up_are_those_that_are_found_by_looking_at_all() {
    arbtest::arbtest(|u| {
        let name = |u: &mut arbitrary::Unstructured<'_>| {
            u.choose(&["alice", "bob", "c1"]).map(|name| (*name).to_owned())
        };
        let mut given = Vec::new();
        for _ in 0..u.int_in_range(0..=8)? {
            let whom = match u.int_in_range(0..=4)? {
                0 => Selector::Everybody,
                1 | 2 => Selector::UserName(name(u)?.into()),
                3 => Selector::ClientId(name(u)?.into()),
                _ => Selector::And(vec![Selector::UserName(name(u)?.into()), of("10.0.0.0/8")]),
            };
            let topics = [*u.choose(&["a", "b", "#", "@#", "${username}"])?];
            given.push(rule(*u.choose(Effect::ALL)?, *u.choose(Action::ALL)?, &topics, whom));
        }
        let acl = acl(&given, *u.choose(Effect::ALL)?);
        let index = Index::of(&acl);
        let (user, client) = (name(u)?, name(u)?);
        let names = Names {
            client_id: &client,
            username: Some(&user).filter(|_| client != "bob").map(|x| &**x),
            ..ALICE
        };
        let (looked_up, scanned) = (acl.rules_by(&index, &names), acl.rules_of(&names));
        assert_eq!(format!("{looked_up:?}"), format!("{scanned:?}"), "{given:?} {names:?}");
        Ok(())
    });
}
