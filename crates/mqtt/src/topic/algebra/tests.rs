use super::*;

/// The standard's definition, spelled recursively and apart from the code under test.
fn defined(filter: &[&str], topic: &[&str]) -> bool {
    match (filter, topic) {
        (["#"], _) | ([], []) => true,
        ([first, filter @ ..], [level, topic @ ..]) => {
            (*first == "+" || first == level) && defined(filter, topic)
        }
        _ => false,
    }
}

fn levels(text: &str) -> Vec<&str> {
    text.split('/').collect()
}

/// Every sequence of 1 to `depth_max` of `levels`, joined by slashes, without the empty string.
fn sequences(levels: &[&str], depth_max: usize) -> Vec<String> {
    let mut last: Vec<String> = levels.iter().map(|level| (*level).to_owned()).collect();
    let mut all = last.clone();
    for _ in 1..depth_max {
        last =
            last.iter().flat_map(|path| levels.iter().map(move |level| format!("{path}/{level}"))).collect();
        all.extend_from_slice(&last);
    }
    all.retain(|path| !path.is_empty());
    all
}

fn filters() -> Vec<String> {
    let mut filters = sequences(&["", "a", "b", "$x", "+"], 4);
    let prefixes = sequences(&["", "a", "b", "$x", "+"], 3);
    filters.extend(["#".to_owned(), "/#".to_owned()]);
    filters.extend(prefixes.iter().map(|prefix| format!("{prefix}/#")));
    filters
}

/// The topics, one level deeper than the filters, that each filter matches: one bit for each topic.
fn matched(filters: &[String]) -> Vec<Vec<u64>> {
    let topics = sequences(&["", "a", "b", "$x"], 5);
    let matched_by = |filter: &String| {
        let filter = FilterRef::new(filter).unwrap();
        let bit = |topic: &String| u64::from(matches(filter, topic));
        topics.chunks(64).map(|topics| topics.iter().fold(0, |bits, topic| bits << 1 | bit(topic))).collect()
    };
    filters.iter().map(matched_by).collect()
}

/// MQTT5-4.7.1-1 MQTT5-4.7.1-2 MQTT5-4.7.2-1 MQTT5-4.7.3-4 MQTT3-4.7.1-2 MQTT3-4.7.1-3 MQTT3-4.7.2-1
/// MQTT3-4.7.3-4
#[test]
fn matches_what_the_standard_says() {
    let cases = [
        ("sport/tennis/player1/#", "sport/tennis/player1", true),
        ("sport/tennis/player1/#", "sport/tennis/player1/ranking", true),
        ("sport/tennis/player1/#", "sport/tennis/player1/score/wimbledon", true),
        ("sport/#", "sport", true),
        ("sport/#", "sports", false),
        ("#", "a/b/c", true),
        ("sport/tennis/+", "sport/tennis/player1", true),
        ("sport/tennis/+", "sport/tennis/player1/ranking", false),
        ("sport/+", "sport", false),
        ("sport/+", "sport/", true),
        ("+/+", "/finance", true),
        ("/+", "/finance", true),
        ("+", "/finance", false),
        ("#", "$SYS/monitor", false),
        ("+/monitor/Clients", "$SYS/monitor/Clients", false),
        ("$SYS/#", "$SYS/monitor", true),
        ("$SYS/monitor/+", "$SYS/monitor/Clients", true),
        ("a/+", "a/$b", true),
        ("ACCOUNTS", "Accounts", false),
        // No normalisation: precomposed and decomposed are different characters.
        ("caf\u{e9}", "cafe\u{301}", false),
        ("\u{feff}a", "a", false),
        ("a", "a ", false),
    ];
    for (filter, topic, expected) in cases {
        assert_eq!(matches(FilterRef::new(filter).unwrap(), topic), expected, "{filter} {topic}");
    }
}

/// MQTT5-4.7.1-1 MQTT5-4.7.1-2 MQTT5-4.7.2-1 MQTT3-4.7.1-2 MQTT3-4.7.1-3 MQTT3-4.7.2-1
#[test]
fn matches_as_defined_over_all_short_filters_and_topics() {
    let topics = sequences(&["", "a", "b", "$x"], 4);
    for filter in filters() {
        let parsed = FilterRef::new(&filter).unwrap();
        for topic in &topics {
            let hidden = topic.starts_with('$') && filter.starts_with(['+', '#']);
            let expected = !hidden && defined(&levels(&filter), &levels(topic));
            assert_eq!(matches(parsed, topic), expected, "{filter} {topic}");
        }
    }
}

#[test]
fn covers_and_overlaps_agree_with_brute_force() {
    let filters = filters();
    let matched = matched(&filters);
    for (a, a_matched) in filters.iter().zip(&matched) {
        let a_filter = FilterRef::new(a).unwrap();
        for (b, b_matched) in filters.iter().zip(&matched) {
            let b_filter = FilterRef::new(b).unwrap();
            let mut both = a_matched.iter().zip(b_matched);
            let expected = both.clone().all(|(a, b)| a & b == *b);
            assert_eq!(covers(a_filter, b_filter), expected, "{a} covers {b}");
            let expected = both.any(|(a, b)| a & b != 0);
            assert_eq!(overlaps(a_filter, b_filter), expected, "{a} overlaps {b}");
        }
    }
}

#[test]
fn a_wider_wildcard_is_never_covered() {
    let covered = |wide, narrow| covers(FilterRef::new(wide).unwrap(), FilterRef::new(narrow).unwrap());
    assert!(covered("dev/1/#", "dev/1/+"));
    assert!(covered("dev/1/#", "dev/1"));
    assert!(covered("#", "+/#") && covered("+/#", "#"));
    assert!(!covered("dev/1/#", "dev/+/#"));
    assert!(!covered("dev/1/#", "dev/#"));
    assert!(!covered("dev/1/+", "dev/1/#"));
    assert!(!covered("dev/+", "dev/#"));
    assert!(!covered("#", "$SYS/#"));
    assert!(!covered("+/x", "$SYS/x"));
}
