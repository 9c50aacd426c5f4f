use vouchmq_mqtt::FilterRef;

use super::*;

const SOON: Timestamp = Timestamp::from_micros(10);

fn publish(topic: &str) -> Attempt<'_> {
    Attempt::Publish { topic, qos: QoS::AtMostOnce, retain: false }
}

fn subscribe<'a>(filter: &'a str, share: Option<&'a str>) -> Attempt<'a> {
    Attempt::Subscribe { filter: FilterRef::new(filter).unwrap(), share, qos: QoS::AtMostOnce }
}

#[test]
fn what_was_said_holds_until_its_time_is_over() {
    let mut decisions = Decisions::default();
    decisions.insert(publish("a"), Said::Allow, SOON);
    assert_eq!(decisions.get(publish("a"), Timestamp::from_micros(9)), Some(Said::Allow));
    assert_eq!(decisions.get(publish("a"), SOON), None);
    decisions.insert(publish("a"), Said::Deny, SOON);
    decisions.insert(publish("a"), Said::Nothing, SOON);
    assert_eq!(decisions.get(publish("a"), Timestamp::ZERO), Some(Said::Nothing), "the latest holds");
    decisions.clear();
    assert_eq!(decisions.get(publish("a"), Timestamp::ZERO), None);
}

#[test]
fn a_right_is_known_by_all_of_it() {
    let mut decisions = Decisions::default();
    decisions.insert(subscribe("a/#", None), Said::Allow, SOON);
    let others = [
        subscribe("a/b", None),
        subscribe("a/+", None),
        subscribe("a/#", Some("g")),
        Attempt::Subscribe { filter: FilterRef::new("a/#").unwrap(), share: None, qos: QoS::AtLeastOnce },
        publish("a/b"),
        publish("a/#"),
    ];
    for other in others {
        assert_eq!(decisions.get(other, Timestamp::ZERO), None, "{other:?}");
    }
    assert_eq!(decisions.get(subscribe("a/#", None), Timestamp::ZERO), Some(Said::Allow));
    decisions.insert(publish("t"), Said::Allow, SOON);
    for other in [
        Attempt::Publish { topic: "t", qos: QoS::AtLeastOnce, retain: false },
        Attempt::Publish { topic: "t", qos: QoS::AtMostOnce, retain: true },
        subscribe("t", None),
    ] {
        assert_eq!(decisions.get(other, Timestamp::ZERO), None, "{other:?}");
    }
}

#[test]
fn only_the_latest_are_kept() {
    let mut decisions = Decisions::new(2);
    for topic in ["a", "b"] {
        decisions.insert(publish(topic), Said::Allow, SOON);
    }
    assert!(decisions.get(publish("a"), Timestamp::ZERO).is_some(), "used");
    decisions.insert(publish("c"), Said::Allow, SOON);
    let known = ["a", "b", "c"].map(|topic| decisions.get(publish(topic), Timestamp::ZERO).is_some());
    assert_eq!(known, [true, false, true]);
    let mut none = Decisions::new(0);
    none.insert(publish("a"), Said::Allow, SOON);
    assert_eq!(none.get(publish("a"), Timestamp::ZERO), None);
}
