use super::FilterRef;

#[cfg(test)]
mod tests;

/// Whether `filter` matches the topic name `topic` (MQTT 5.0 §4.7.1, §4.7.2).
///
/// The meaning of a filter, level by level, without any index: [`FilterMap`](super::FilterMap) and
/// [`TopicMap`](super::TopicMap) must agree with it. A filter that starts with a wildcard matches no topic
/// that starts with `$` (`MQTT5-4.7.2-1`); `sport/#` matches `sport` too; `+` matches an empty level.
pub fn matches(filter: FilterRef<'_>, topic: &str) -> bool {
    if filter.starts_with_wildcard() && topic.starts_with('$') {
        return false;
    }
    // In a valid filter a wildcard always begins, and fills, its level.
    let (mut filter, mut topic) = (filter.as_str().as_bytes(), topic.as_bytes());
    loop {
        match (filter, topic) {
            ([b'#'], _) | ([b'/', b'#'] | [], []) => return true,
            ([b'+', rest @ ..], _) => {
                let slash = topic.iter().position(|byte| *byte == b'/');
                topic = slash.and_then(|at| topic.get(at..)).unwrap_or_default();
                filter = rest;
            }
            ([expected, filter_rest @ ..], [byte, topic_rest @ ..]) if expected == byte => {
                (filter, topic) = (filter_rest, topic_rest);
            }
            _ => return false,
        }
    }
}

/// Whether `wide` matches every topic that `narrow` matches.
///
/// Exact for the standard's matching rules, including `$` topics, the parent level that `#` matches, and
/// that no topic is the empty string; topics are taken to be of any length.
///
/// # Examples
/// ```
/// # use vouchmq_mqtt::topic::{FilterRef, covers};
/// let filter = |text| FilterRef::new(text).unwrap();
/// assert!(covers(filter("dev/1/#"), filter("dev/1/+/up")));
/// assert!(!covers(filter("dev/1/#"), filter("dev/+/up")));
/// assert!(!covers(filter("#"), filter("$SYS/#")));
/// ```
pub fn covers(wide: FilterRef<'_>, narrow: FilterRef<'_>) -> bool {
    if wide.starts_with_wildcard() && narrow.as_str().starts_with('$') {
        return false;
    }
    let mut wide_levels = wide.levels();
    let mut narrow_levels = narrow.levels();
    let mut at_start = true;
    loop {
        match (wide_levels.next(), narrow_levels.next()) {
            (Some("#"), _) | (None, None) => return true,
            // `#` matches the topic that ends before it as well as all longer ones, and a `+` in its place
            // does not, unless there is no such topic to miss: a filter `#` or `/#`.
            (Some("+"), Some("#")) => {
                let nothing_before = at_start || narrow.as_str() == "/#";
                return nothing_before && wide_levels.next() == Some("#");
            }
            (Some("+"), Some(_)) => {}
            (Some(wide), Some(narrow)) if wide == narrow => {}
            _ => return false,
        }
        at_start = false;
    }
}

/// Whether some topic is matched by both `a` and `b`.
///
/// Exact in the same sense as [`covers`].
pub fn overlaps(a: FilterRef<'_>, b: FilterRef<'_>) -> bool {
    let hidden = |filter: FilterRef<'_>| filter.as_str().starts_with('$');
    if (a.starts_with_wildcard() && hidden(b)) || (b.starts_with_wildcard() && hidden(a)) {
        return false;
    }
    // What these two share is the empty string only, which is no topic.
    if matches!((a.as_str(), b.as_str()), ("/#", "+") | ("+", "/#")) {
        return false;
    }
    let mut b_levels = b.levels();
    for a_level in a.levels() {
        match (a_level, b_levels.next()) {
            ("#", _) | (_, Some("#")) => return true,
            (_, None) => return false,
            ("+", Some(_)) | (_, Some("+")) => {}
            (a_level, Some(b_level)) if a_level == b_level => {}
            _ => return false,
        }
    }
    matches!(b_levels.next(), None | Some("#"))
}
