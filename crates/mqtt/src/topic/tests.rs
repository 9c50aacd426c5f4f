use super::*;

const LIMITS: TopicLimits = TopicLimits { length_max: 1024, levels_max: 32 };

fn filter_fault(filter: &str) -> Option<TopicFault> {
    FilterRef::new(filter).err()
}

/// MQTT5-4.7.0-1 MQTT5-4.7.3-1 MQTT5-4.7.3-2 MQTT3-4.7.1-1 MQTT3-4.7.3-1 MQTT3-4.7.3-2
#[test]
fn names_hold_no_wildcard_and_no_nul_and_are_not_empty() {
    for name in ["a", "/", "//", " ", "a/b", "/a/", "$SYS/x", "sport/tennis/player 1", "Å/\u{1}/🦀"] {
        assert_eq!(TopicName::new(name).map(TopicName::as_str), Ok(name));
    }
    let faults = [
        ("", TopicFault::Empty),
        ("+", TopicFault::Wildcard { at: 0 }),
        ("a/#", TopicFault::Wildcard { at: 2 }),
        ("a+b", TopicFault::Wildcard { at: 1 }),
        ("a/b#", TopicFault::Wildcard { at: 3 }),
        ("a/\0", TopicFault::Nul { at: 2 }),
        ("\0+", TopicFault::Nul { at: 0 }),
    ];
    for (name, fault) in faults {
        assert_eq!(TopicName::new(name), Err(fault), "{name:?}");
    }
}

/// MQTT5-4.7.1-1 MQTT5-4.7.1-2 MQTT5-4.7.3-1 MQTT5-4.7.3-2 MQTT3-4.7.1-2 MQTT3-4.7.1-3 MQTT3-4.7.3-1
/// MQTT3-4.7.3-2
#[test]
fn wildcards_fill_their_level_and_hash_is_last() {
    for filter in ["#", "+", "a", "/", "/#", "+/", "/+", "a/#", "+/#", "+/+", "a/+/b", "$SYS/#", "$share/a"] {
        assert_eq!(FilterRef::new(filter).map(FilterRef::as_str), Ok(filter));
    }
    let faults = [
        ("", TopicFault::Empty),
        ("\0", TopicFault::Nul { at: 0 }),
        ("a/+/\0", TopicFault::Nul { at: 4 }),
        ("a#", TopicFault::HashNotAlone { at: 1 }),
        ("#a", TopicFault::HashNotAlone { at: 0 }),
        ("a/#b", TopicFault::HashNotAlone { at: 2 }),
        ("##", TopicFault::HashNotAlone { at: 0 }),
        ("+#", TopicFault::PlusNotAlone { at: 0 }),
        ("#/", TopicFault::HashNotLast { at: 0 }),
        ("a/#/b", TopicFault::HashNotLast { at: 2 }),
        ("#/#", TopicFault::HashNotLast { at: 0 }),
        ("a+", TopicFault::PlusNotAlone { at: 1 }),
        ("+a", TopicFault::PlusNotAlone { at: 0 }),
        ("a/++/b", TopicFault::PlusNotAlone { at: 2 }),
    ];
    for (filter, fault) in faults {
        assert_eq!(filter_fault(filter), Some(fault), "{filter:?}");
    }
}

/// MQTT5-4.7.3-3 MQTT3-4.7.3-3
#[test]
fn bounds_hold_exactly() {
    let exact = "x".repeat(1024);
    assert!(TopicName::parse(&exact, &LIMITS).is_ok());
    assert!(FilterRef::parse(&exact, &LIMITS).is_ok());
    let long = "x".repeat(1025);
    let fault = TopicFault::TooLong { length: 1025, length_max: 1024 };
    assert_eq!(TopicName::parse(&long, &LIMITS), Err(fault));
    assert_eq!(FilterRef::parse(&long, &LIMITS), Err(fault));
    assert!(fault.is_over_limit());

    let deep = "/".repeat(31);
    assert!(TopicName::parse(&deep, &LIMITS).is_ok());
    assert!(FilterRef::parse(&deep, &LIMITS).is_ok());
    let deeper = "/".repeat(32);
    let fault = TopicFault::TooManyLevels { levels_max: 32 };
    assert_eq!(TopicName::parse(&deeper, &LIMITS), Err(fault));
    assert_eq!(FilterRef::parse(&deeper, &LIMITS), Err(fault));
    assert!(fault.is_over_limit());
    assert!(!TopicFault::Empty.is_over_limit());

    assert!(TopicName::new(&"x".repeat(65_535)).is_ok());
    assert!(TopicName::new(&"/".repeat(65_535)).is_ok());
    assert!(TopicName::new(&"x".repeat(65_536)).is_err());
    assert!(FilterRef::new(&"x".repeat(65_536)).is_err());
}

/// CVE-2019-11779: 65,000 levels are refused by the limits, and cost no stack where they are allowed.
#[test]
fn a_topic_of_slashes_needs_no_stack() {
    let slashes = "/".repeat(65_000);
    assert!(TopicName::parse(&slashes, &LIMITS).is_err());
    assert!(FilterRef::parse(&slashes, &LIMITS).is_err());

    let filter = format!("{}+", "/".repeat(65_000));
    let work = move || {
        let name = TopicName::new(&slashes).unwrap();
        let filter = FilterRef::new(&filter).unwrap();
        assert!(matches(filter, name.as_str()));
        assert!(covers(filter, filter) && overlaps(filter, filter));

        let mut filters = FilterMap::new(HashSeed::new([1, 2]));
        let id = filters.get_or_insert_with(filter, || ());
        let mut found = Vec::new();
        filters.matching_ids(name.as_str(), &mut found);
        assert_eq!(found, [id]);
        assert_eq!(filters.filter(id).as_deref(), Some(filter.as_str()));
        assert_eq!(filters.remove(id), Some(()));

        let mut names = TopicMap::new(HashSeed::new([1, 2]));
        names.insert(name, ());
        let mut count = 0;
        names.matching(filter, |_, ()| count += 1);
        assert_eq!(count, 1);
        assert_eq!(names.remove(name.as_str()), Some(()));
    };
    std::thread::Builder::new().stack_size(128 * 1024).spawn(work).unwrap().join().unwrap();
}

/// MQTT5-4.8.2-1 MQTT5-4.8.2-2
#[test]
fn shared_subscriptions_have_a_name_and_a_filter() {
    fn parsed(text: &str) -> Result<(Option<&str>, &str), TopicFault> {
        ParsedFilter::parse(text, &LIMITS).map(|parsed| (parsed.share, parsed.filter.as_str()))
    }
    assert_eq!(parsed("a/b"), Ok((None, "a/b")));
    assert_eq!(parsed("$share"), Ok((None, "$share")));
    assert_eq!(parsed("$shared/a/b"), Ok((None, "$shared/a/b")));
    assert_eq!(parsed("$Share/a/b"), Ok((None, "$Share/a/b")));
    assert_eq!(parsed("a/$share/b/c"), Ok((None, "a/$share/b/c")));
    assert_eq!(parsed("$share/g/#"), Ok((Some("g"), "#")));
    assert_eq!(parsed("$share/g//"), Ok((Some("g"), "/")));
    assert_eq!(parsed("$share/g/$SYS/+"), Ok((Some("g"), "$SYS/+")));
    assert_eq!(parsed("$share/$share/$share/x"), Ok((Some("$share"), "$share/x")));

    assert_eq!(parsed("$share/"), Err(TopicFault::ShareNameEmpty));
    assert_eq!(parsed("$share//a"), Err(TopicFault::ShareNameEmpty));
    assert_eq!(parsed("$share/g"), Err(TopicFault::ShareWithoutFilter));
    assert_eq!(parsed("$share/g/"), Err(TopicFault::ShareWithoutFilter));
    assert_eq!(parsed("$share/+/a"), Err(TopicFault::ShareNameWildcard { at: 7 }));
    assert_eq!(parsed("$share/a#/a"), Err(TopicFault::ShareNameWildcard { at: 8 }));
    assert_eq!(parsed("$share/g\0/a"), Err(TopicFault::Nul { at: 8 }));
    assert_eq!(parsed("$share/g/a#"), Err(TopicFault::HashNotAlone { at: 10 }));
    assert_eq!(parsed("$share/g/+/a+"), Err(TopicFault::PlusNotAlone { at: 12 }));

    let fault = TopicFault::TooLong { length: 1025, length_max: 1024 };
    assert_eq!(parsed(&format!("$share/{}/a", "x".repeat(1025))), Err(fault));
    assert_eq!(parsed(&format!("$share/g/{}", "x".repeat(1025))), Err(fault));
    let fault = TopicFault::TooManyLevels { levels_max: 32 };
    assert_eq!(parsed(&format!("$share/g/{}", "/".repeat(32))), Err(fault));
    assert!(parsed(&format!("$share/g/{}", "/".repeat(31))).is_ok());
}

#[test]
fn faults_are_named_in_plain_english() {
    let text = |filter: &str| filter_fault(filter).unwrap().to_string();
    assert_eq!(text("a/b#"), "# at byte 3 does not fill its level");
    assert_eq!(text("#/a"), "# at byte 0 is not the last level");
    assert_eq!(text("a/+b"), "+ at byte 2 does not fill its level");
    assert_eq!(TopicFault::TooManyLevels { levels_max: 32 }.to_string(), "more than 32 levels");
}
