use vouchmq_mqtt::{Authorize, FilterRef, Grant};

use super::*;

const FILE: &str = "\
# General rules are those of clients without a name.
topic read news/#

user alice
topic read sensors/#
topic deny sensors/secret
topic write commands/+
topic lab

user bob
topic readwrite #
pattern deny private/%c/#

pattern readwrite dev/%c/#
pattern read users/%u/+
pattern deny dev/%c/key
";

fn of(username: Option<&str>, client_id: &str) -> OrderedRules {
    let acl = MosquittoAcl::parse(FILE).unwrap();
    acl.rules_of(&Names { client_id, username, ..Names::default() })
}

fn rights(rules: &OrderedRules, topic: &str) -> &'static str {
    match (rules.receive(topic).is_allowed(), rules.decide_publish(topic).permission().is_allowed()) {
        (true, true) => "rw",
        (true, false) => "r",
        (false, true) => "w",
        (false, false) => "",
    }
}

fn grant(rules: &OrderedRules, filter: &str) -> Grant {
    rules.subscribe(FilterRef::new(filter).unwrap(), None)
}

#[test]
fn each_client_has_the_rules_of_its_name_and_then_the_patterns() {
    let cases = [
        (None, "news/x", "r"),
        (None, "sensors/1", ""),
        (None, "dev/c1/up", "rw"),
        (None, "dev/c1/key", ""),
        (None, "users/alice/x", ""),
        (Some("alice"), "news/x", ""),
        (Some("alice"), "sensors/1", "r"),
        // What denies counts wherever it stands.
        (Some("alice"), "sensors/secret", ""),
        (Some("alice"), "commands/go", "w"),
        (Some("alice"), "lab", "rw"),
        (Some("alice"), "users/alice/x", "r"),
        (Some("alice"), "users/bob/x", ""),
        (Some("alice"), "dev/c2/up", ""),
        // What a user's own rules allow, no pattern denies.
        (Some("bob"), "private/c1/x", "rw"),
        (Some("bob"), "dev/c1/key", "rw"),
        (Some("bob"), "$SYS/x", ""),
        // A name without rules of its own has the patterns.
        (Some("carol"), "dev/c1/up", "rw"),
        (Some("carol"), "news/x", ""),
        (Some("carol"), "users/carol/x", "r"),
    ];
    for (username, topic, expected) in cases {
        assert_eq!(rights(&of(username, "c1"), topic), expected, "{username:?} {topic}");
    }
}

#[test]
fn a_subscription_delivers_what_may_be_read_of_it() {
    let alice = of(Some("alice"), "c1");
    for (filter, expected) in [
        ("sensors/1", Grant::Whole),
        ("sensors/#", Grant::PerMessage),
        ("sensors/secret", Grant::Denied),
        ("#", Grant::PerMessage),
        ("+/1", Grant::PerMessage),
        ("lab", Grant::Whole),
        ("news/#", Grant::Denied),
        ("commands/+", Grant::Denied),
        ("$SYS/#", Grant::Denied),
    ] {
        assert_eq!(grant(&alice, filter), expected, "{filter}");
    }
}

#[test]
fn a_name_that_is_no_level_gets_nothing_by_a_pattern() {
    for hostile in ["+", "#", "a/b", "c1/#", "%u"] {
        let rules = of(Some(hostile), hostile);
        let own = if hostile == "%u" { "rw" } else { "" };
        assert_eq!(rights(&rules, &format!("dev/{hostile}/up")), own, "{hostile}");
        assert_eq!(rights(&rules, "dev/c1/up"), "", "{hostile}");
        assert_eq!(rights(&rules, "users/alice/x"), "", "{hostile}");
    }
    // The client identifier cannot stand in what denies: everything is denied but the user's own.
    assert_eq!(rights(&of(Some("bob"), "#"), "a"), "rw");
    assert_eq!(rights(&of(Some("alice"), "#"), "sensors/1"), "r");
    assert_eq!(rights(&of(Some("alice"), "#"), "users/alice/x"), "");
}

#[test]
fn an_empty_file_denies_everything() {
    for text in ["", "# nothing\n\n", "user alice\n"] {
        let rules = MosquittoAcl::parse(text)
            .unwrap()
            .rules_of(&Names { username: Some("alice"), ..Names::default() });
        assert_eq!((rights(&rules, "a"), grant(&rules, "#")), ("", Grant::Denied), "{text:?}");
    }
}

#[test]
fn only_patterns_have_variables() {
    let acl =
        MosquittoAcl::parse("topic read dev/%c/${clientid}\npattern read ${username}/100%/%cx%u%\n").unwrap();
    let rules = acl.rules_of(&Names { client_id: "c1", ..Names::default() });
    assert_eq!((rights(&rules, "dev/%c/${clientid}"), rights(&rules, "dev/c1/c1")), ("r", ""));
    let rules = acl.rules_of(&Names { client_id: "c1", username: Some("u"), ..Names::default() });
    assert_eq!(rights(&rules, "${username}/100%/c1xu%"), "r");
}

#[test]
fn every_line_that_is_wrong_is_named() {
    let text = "\
topic foo a
\ttopic a
topic\ta
 # x
user
user \t
topic
topic a/#/b
pattern x%u+
pattern +%u
Topic a
topic READ a
topic read
topic deny
pattern
topic read\ta
hello
topic $share/g/a
\u{feff}topic a
";
    let faults = MosquittoAcl::parse(text).unwrap_err();
    let lines: Vec<usize> = faults.iter().map(|fault| fault.line).collect();
    assert_eq!(lines, (1..=text.lines().count()).collect::<Vec<_>>());
    let said: Vec<String> = faults.iter().take(3).map(ToString::to_string).collect();
    let beginning = "a line begins with topic, pattern, user or #, and its words are parted by spaces";
    assert_eq!(said[0], "line 1: access \"foo\" is not known: it is read, write, readwrite or deny");
    assert_eq!(said[1], format!("line 2: {beginning}"));
    assert_eq!(faults[12].to_string(), "line 13: no topic filter: write 'topic read sensors/#'");
}

#[test]
fn spaces_are_read_as_mosquitto_reads_them() {
    let text = "  topic   read   a b  \r\nuser   two words  \ntopic x\n";
    let acl = MosquittoAcl::parse(text).unwrap();
    assert_eq!(rights(&acl.rules_of(&Names::default()), "a b"), "r");
    let named = Names { username: Some("two words"), ..Names::default() };
    assert_eq!(rights(&acl.rules_of(&named), "x"), "rw");
    assert_eq!(
        acl.rules().iter().map(|rule| (rule.line, rule.to_string())).collect::<Vec<_>>(),
        [(1, "read a b".to_owned()), (3, "readwrite x".to_owned())]
    );
}

#[test]
fn whatever_stands_in_a_file_is_read_or_refused() {
    arbtest::arbtest(|u| {
        let words = [
            "topic", "pattern", "user", "read", "write", "deny", "a/#", "%c", "%u/+", "+", "#", "é", "$x", "",
        ];
        let ends = [" ", "\n", "\t", "/", "%", "\r\n"];
        let mut text = String::new();
        for _ in 0..u.int_in_range(0..=30)? {
            text.push_str(u.choose(&words)?);
            text.push_str(u.choose(&ends)?);
        }
        match MosquittoAcl::parse(&text) {
            Ok(acl) => {
                let rules = acl.rules_of(&Names { client_id: "c", username: Some("u"), ..Names::default() });
                // Nothing is read that the filter does not match.
                assert!(
                    grant(&rules, "#") != Grant::Whole || rights(&rules, "any/topic").contains('r'),
                    "{text:?}"
                );
            }
            Err(faults) => {
                assert!(!faults.is_empty() && faults.iter().all(|fault| fault.line > 0), "{text:?}")
            }
        }
        Ok(())
    });
}
