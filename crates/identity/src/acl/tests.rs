use super::*;

fn rule(effect: Effect, action: Action, pattern: &str) -> AclRule {
    AclRule { effect, action, pattern: pattern.parse().unwrap() }
}

fn allow(pattern: &str) -> AclRule {
    rule(Effect::Allow, Action::Both, pattern)
}

fn deny(pattern: &str) -> AclRule {
    rule(Effect::Deny, Action::Both, pattern)
}

fn names<'a>(client_id: &'a str, username: Option<&'a str>) -> Names<'a> {
    Names { client_id, username, ..Names::default() }
}

fn rules(rules: &[AclRule]) -> Rules {
    Acl::new(rules.to_vec()).rules_of(&names("c1", Some("alice")))
}

fn may_publish(rules: &dyn Authorize, topic: &str) -> bool {
    rules.publish(topic, QoS::AtMostOnce, false).is_allowed()
}

fn grant(rules: &dyn Authorize, filter: &str) -> Grant {
    let plain = rules.subscribe(FilterRef::new(filter).unwrap(), None);
    let shared = rules.subscribe(FilterRef::new(filter).unwrap(), Some("group"));
    assert_eq!(plain, shared, "{filter}");
    plain
}

#[test]
fn no_rules_allow_nothing() {
    for rules in [rules(&[]), rules(&[deny("x")]), Rules::default()] {
        assert!(!may_publish(&rules, "a"));
        assert_eq!(rules.receive("a"), Permission::Denied);
        for filter in ["a", "#", "+/#", "$SYS/#"] {
            assert_eq!(grant(&rules, filter), Grant::Denied);
        }
    }
    assert!(!may_publish(&DenyAll, "a"));
    assert_eq!(grant(&DenyAll, "a"), Grant::Denied);
    assert_eq!(DenyAll.receive("a"), Permission::Denied);
}

#[test]
fn allow_all_keeps_the_brokers_own_topics() {
    assert!(may_publish(&AllowAll, "a/$b"));
    assert!(!may_publish(&AllowAll, "$SYS/uptime"));
    assert_eq!(grant(&AllowAll, "$SYS/#"), Grant::Whole);
    assert_eq!(AllowAll.receive("$SYS/uptime"), Permission::Allowed);
}

#[test]
fn actions_are_apart() {
    let rules = rules(&[
        rule(Effect::Allow, Action::Publish, "up/#"),
        rule(Effect::Allow, Action::Subscribe, "down/#"),
    ]);
    assert!(may_publish(&rules, "up/x") && !may_publish(&rules, "down/x"));
    assert_eq!((grant(&rules, "up/x"), grant(&rules, "down/x")), (Grant::Denied, Grant::Whole));
    assert_eq!(rules.receive("up/x"), Permission::Denied);
    assert_eq!(rules.receive("down/x"), Permission::Allowed);
}

#[test]
fn deny_overrides_allow_in_any_order() {
    for rules in [rules(&[allow("#"), deny("a/b")]), rules(&[deny("a/b"), allow("#")])] {
        assert!(may_publish(&rules, "a/c") && !may_publish(&rules, "a/b"));
        assert_eq!(rules.receive("a/b"), Permission::Denied);
    }
}

#[test]
fn a_subscription_is_judged_as_a_filter() {
    let rules = rules(&[allow("dev/1/#"), allow("pub/+/x"), deny("dev/1/secret/#"), deny("dev/1/+/key")]);
    let cases = [
        ("dev/1/a", Grant::Whole),
        ("dev/1", Grant::Whole),
        ("dev/1/a/+/b", Grant::Whole),
        ("dev/1/a/b/c/#", Grant::Whole),
        ("pub/+/x", Grant::Whole),
        ("pub/9/x", Grant::Whole),
        // Touches what is denied.
        ("dev/1/#", Grant::PerMessage),
        ("dev/1/+", Grant::PerMessage),
        ("dev/1/+/+", Grant::PerMessage),
        ("dev/1/a/#", Grant::PerMessage),
        // Lies in what is denied.
        ("dev/1/secret", Grant::Denied),
        ("dev/1/secret/#", Grant::Denied),
        ("dev/1/secret/+/x", Grant::Denied),
        ("dev/1/+/key", Grant::Denied),
        // Reaches further than what is allowed.
        ("#", Grant::Denied),
        ("+/#", Grant::Denied),
        ("+/1/a", Grant::Denied),
        ("dev/#", Grant::Denied),
        ("dev/+/a", Grant::Denied),
        ("dev/+/secret/x", Grant::Denied),
        ("pub/#", Grant::Denied),
        ("pub/+/+", Grant::Denied),
        ("$share/g/dev/1/a", Grant::Denied),
    ];
    for (filter, expected) in cases {
        assert_eq!(grant(&rules, filter), expected, "{filter}");
    }
    assert_eq!(rules.receive("dev/1/a"), Permission::Allowed);
    assert_eq!(rules.receive("dev/1/secret/x"), Permission::Denied);
    assert_eq!(rules.receive("dev/1/secret"), Permission::Denied);
    assert_eq!(rules.receive("dev/2/a"), Permission::Denied);
}

/// CVE-2026-33217: topics that start with `$` are covered by rules that name them, and by no others.
#[test]
fn system_topics_need_a_rule_of_their_own() {
    let rules_with = |own: &[AclRule]| rules(&[&[allow("#"), allow("+/x")], own].concat());
    assert!(!may_publish(&rules_with(&[]), "$SYS/x"));
    assert_eq!(grant(&rules_with(&[]), "$SYS/#"), Grant::Denied);
    assert_eq!(grant(&rules_with(&[]), "#"), Grant::Whole);
    let rules = rules_with(&[allow("$SYS/#"), deny("$SYS/secret")]);
    assert_eq!(grant(&rules, "$SYS/#"), Grant::PerMessage);
    assert_eq!(grant(&rules, "#"), Grant::Whole);
    assert!(may_publish(&rules, "$SYS/x") && !may_publish(&rules, "$SYS/secret"));
}

#[test]
fn a_device_its_product_and_its_attributes_stand_in_rules() {
    let acl = Acl::new(vec![allow("${product}/${device}/#"), allow("site/${attr.site}/+")]);
    let attributes = |site: &str| [("site".into(), site.into()), ("floor".into(), "3".into())];
    let here = attributes("berlin");
    let device = Names {
        client_id: "any",
        device: Some("d1"),
        product: Some("sensor"),
        attributes: &here,
        ..Names::default()
    };
    let rules = acl.rules_of(&device);
    assert!(may_publish(&rules, "sensor/d1/up") && may_publish(&rules, "site/berlin/x"));
    assert!(!may_publish(&rules, "sensor/any/up") && !may_publish(&rules, "site/3/x"));
    for hostile in ["#", "+", "a/b", "", "a\0"] {
        let attributes = attributes(hostile);
        let rules = acl.rules_of(&Names { attributes: &attributes, ..device });
        assert!(!may_publish(&rules, "site/berlin/x") && !may_publish(&rules, "site/a/b/x"), "{hostile:?}");
        assert!(may_publish(&rules, "sensor/d1/up"), "other rules hold");
    }
    let nobody = acl.rules_of(&Names { client_id: "d1", ..Names::default() });
    assert!(!may_publish(&nobody, "sensor/d1/up"), "no name is taken from another");
    let wanted: Vec<String> =
        acl.rules().iter().flat_map(|rule| rule.pattern.variables()).map(ToString::to_string).collect();
    assert_eq!(wanted, ["${product}", "${device}", "${attr.site}"]);
}

#[test]
fn names_stand_in_rules_as_they_are() {
    let acl = Acl::new(vec![allow("dev/${clientid}/#"), allow("u/${username}-${clientid}/x")]);
    let rules = acl.rules_of(&names("c.1*", Some("[alice]")));
    assert!(may_publish(&rules, "dev/c.1*/a") && may_publish(&rules, "u/[alice]-c.1*/x"));
    for topic in ["dev/cx1*/a", "dev/c.11/a", "u/a-c.1*/x", "dev/${clientid}/a"] {
        assert!(!may_publish(&rules, topic), "{topic}");
    }
    // A name that looks like a variable is a name.
    let rules = acl.rules_of(&names("${username}", Some("alice")));
    assert!(may_publish(&rules, "dev/${username}/a") && !may_publish(&rules, "dev/alice/a"));
}

/// CVE-2017-7650 and CVE-2026-44838: a name never acts as a wildcard, a level or a pattern.
#[test]
fn a_name_that_is_not_a_level_allows_nothing() {
    let patterns = ["dev/${clientid}/#", "u/${username}/x", "end/${username}", "${clientid}", "free"];
    let acl = Acl::new(patterns.map(allow).to_vec());
    for name in ["+", "#", "a/b", "/", "a/#", "x+", "\0", ""] {
        let rules = acl.rules_of(&names(name, Some(name)));
        for topic in
            ["dev/a/x", "dev/a/b/x", "u/a/x", "dev//x", "u//x", "end", "end/", "end/z", "end/a/b", "z"]
        {
            assert!(!may_publish(&rules, topic), "{name:?} {topic}");
            assert_eq!(grant(&rules, topic), Grant::Denied);
        }
        for filter in ["dev/+/#", "end/#", "end/+", "#", "+"] {
            assert_eq!(grant(&rules, filter), Grant::Denied, "{name:?} {filter}");
        }
        assert!(may_publish(&rules, "free"));
    }
    // Nobody has proven a user name.
    assert!(!may_publish(&acl.rules_of(&names("c1", None)), "u//x"));
}

#[test]
fn a_name_that_is_not_a_level_escapes_no_deny() {
    let acl = Acl::new(vec![allow("#"), rule(Effect::Deny, Action::Subscribe, "private/${username}/#")]);
    for name in [None, Some("a/b"), Some("+"), Some("")] {
        let rules = acl.rules_of(&names("c1", name));
        assert_eq!(grant(&rules, "anything"), Grant::Denied);
        assert_eq!(rules.receive("anything"), Permission::Denied);
        // The rule is not about publishing.
        assert!(may_publish(&rules, "anything"));
    }
    assert_eq!(grant(&acl.rules_of(&names("c1", Some("alice"))), "anything"), Grant::Whole);
}

#[test]
fn a_name_does_not_open_the_system_topics() {
    let acl = Acl::new(vec![allow("${clientid}/#"), allow("$dev/${clientid}")]);
    let rules = acl.rules_of(&names("$SYS", None));
    assert!(!may_publish(&rules, "$SYS/x") && may_publish(&rules, "$dev/$SYS"));
    assert_eq!(grant(&rules, "$SYS/#"), Grant::Denied);
    let share = acl.rules_of(&names("$share", None));
    assert_eq!(grant(&share, "$share/a/b"), Grant::Denied);
}

#[test]
fn patterns_are_checked_when_they_are_read() {
    let fault = |text: &str| text.parse::<TopicPattern>().unwrap_err().to_string();
    let known = "there are ${clientid}, ${username}, ${device}, ${product} and ${attr.NAME}";
    for name in ["tenant", "attr.", "Device", ""] {
        assert_eq!(fault(&format!("a/${{{name}}}/#")), format!("unknown variable {name:?}: {known}"));
    }
    assert_eq!(fault("a/${clientid"), "a variable at byte 2 is not closed by }");
    assert_eq!(fault("a/#/${clientid}"), "# at byte 2 is not the last level");
    assert_eq!(fault("a/+${clientid}"), "+ at byte 2 does not fill its level");
    assert_eq!(fault(""), "the topic is empty");
    assert_eq!(
        fault("$share/g/a"),
        "a rule names the filter behind $share/{name}/, not the shared subscription"
    );
    for text in ["#", "a/${clientid}/#", "${username}", "x${clientid}y/+", "$SYS/${username}", "$x", "}{"] {
        assert_eq!(text.parse::<TopicPattern>().unwrap().to_string(), text);
    }
    // Too long once the name is in it.
    let pattern: TopicPattern = format!("{}${{clientid}}", "x".repeat(65_530)).parse().unwrap();
    assert!(pattern.filter_of(&names("12345", None)).is_some());
    assert!(pattern.filter_of(&names("123456", None)).is_none());
}

#[test]
fn a_broker_that_asks_once_is_told_no_more_than_holds_for_every_message() {
    let rule =
        |effect, pattern: &str| AclRule { effect, action: Action::Both, pattern: pattern.parse().unwrap() };
    let acl = Acl::new(vec![rule(Effect::Allow, "dev/d1/#"), rule(Effect::Deny, "dev/d1/private/#")]);
    let rules = acl.rules_of(&Names::default());
    for (topic, publish, subscribe) in [
        ("dev/d1/up", true, true),
        ("dev/d1/private/x", false, false),
        // It would receive what is denied, and nobody asks again.
        ("dev/d1/#", false, false),
        ("dev/d1/up/#", false, true),
        ("$share/g/dev/d1/up", false, true),
        ("$share/g/dev/d2/up", false, false),
        ("$share/g", false, false),
        ("dev/d2/up", false, false),
        ("dev/d1/up\0", false, false),
        ("dev/d1/u+p", false, false),
        ("", false, false),
    ] {
        assert_eq!((rules.may_publish(topic), rules.may_subscribe(topic)), (publish, subscribe), "{topic:?}");
    }
}
