//! Rules that came with a login, in words.

use vouchmq_identity::acl::{CarriedAcl, CarriedRule, Condition, Selector};
use vouchmq_mqtt::QoS;

/// One line each.
pub(super) fn of(acl: &CarriedAcl) -> Vec<String> {
    match acl {
        CarriedAcl::List(rules) | CarriedAcl::Map(rules) => rules.iter().map(rule).collect(),
        CarriedAcl::Native(rules) => {
            let entry = |(effect, action, filter): (_, _, &vouchmq_mqtt::TopicFilter)| {
                format!("{effect} {action} {:?}", filter.as_filter().as_str())
            };
            rules.entries().map(entry).collect()
        }
    }
}

/// What holds where none fits.
pub(super) const fn end_of(acl: &CarriedAcl) -> &'static str {
    match acl {
        CarriedAcl::List(_) => "rules of files, acl_req and auth.no_match say the rest",
        CarriedAcl::Map(_) | CarriedAcl::Native(_) => "what none allows is denied",
    }
}

fn rule(rule: &CarriedRule) -> String {
    let CarriedRule { effect, action, topics, condition, whom } = rule;
    let topics: Vec<String> = topics.iter().map(|topic| format!("{topic:?}")).collect();
    let whom = if *whom == Selector::Everybody { String::new() } else { format!(", {whom}") };
    format!("{effect} {action} {}{}{whom}", topics.join(" "), conditions(*condition))
}

fn conditions(condition: Condition) -> String {
    let mut words = String::new();
    let all = [QoS::AtMostOnce, QoS::AtLeastOnce, QoS::ExactlyOnce];
    let fitting: Vec<QoS> = all.into_iter().filter(|qos| condition.fits_subscription(*qos)).collect();
    if !condition.fits_every_qos() {
        let numbers: Vec<String> = fitting.iter().map(|qos| qos.bits().to_string()).collect();
        words += &format!(" with QoS {}", numbers.join(", "));
    }
    if let Some(qos) = fitting.first() {
        let fits = |retain| condition.fits_publication(*qos, retain);
        words += match (fits(true), fits(false)) {
            (true, false) => ", retained",
            (false, true) => ", not retained",
            (true, true) | (false, false) => "",
        };
    }
    words
}
