//! Topics: which filters match, and that nothing is normalised on the way.

use vouchmq_mqtt::ProtocolVersion;
use vouchmq_mqtt::packet::Publish;
use vouchmq_mqtt::{Packet, QoS};

use super::harness::*;

versions! { V31, V311, V5 =>
    wildcards_match_as_the_standard_says,
    topics_that_begin_with_a_dollar_are_hidden_from_leading_wildcards,
    topics_are_compared_byte_by_byte,
}

/// Filter, topic, and whether the one matches the other: the standard's own examples and their neighbours.
const ROWS: [(&str, &str, bool); 36] = [
    ("sport/tennis/player1/#", "sport/tennis/player1", true),
    ("sport/tennis/player1/#", "sport/tennis/player1/ranking", true),
    ("sport/tennis/player1/#", "sport/tennis/player1/score/wimbledon", true),
    ("sport/tennis/player1/#", "sport/tennis/player10", false),
    ("sport/#", "sport", true),
    ("sport/#", "sport/", true),
    ("sport/#", "sports", false),
    ("#", "sport", true),
    ("#", "/", true),
    ("sport/tennis/+", "sport/tennis/player1", true),
    ("sport/tennis/+", "sport/tennis/player2", true),
    ("sport/tennis/+", "sport/tennis/player1/ranking", false),
    ("sport/+", "sport", false),
    ("sport/+", "sport/", true),
    ("+", "sport", true),
    ("+", "/finance", false),
    ("+/+", "/finance", true),
    ("/+", "/finance", true),
    ("+/tennis/#", "sport/tennis", true),
    ("+/tennis/#", "/tennis/x/y", true),
    ("sport/+/player1", "sport//player1", true),
    ("sport/+/player1", "sport/player1", false),
    ("#", "$SYS/x", false),
    ("+/x", "$SYS/x", false),
    ("+/#", "$SYS/x", false),
    ("$SYS/#", "$SYS/x", true),
    ("$SYS/#", "$SYS", true),
    ("$SYS/+", "$SYS/x", true),
    ("$SYS/x/+", "$SYS/x/y", true),
    ("+", "$SYS", false),
    ("a/#", "a/$b", true),
    ("a/+", "a/$b", true),
    ("accounts", "Accounts", false),
    ("a b", "a b", true),
    ("a", "a/", false),
    ("a/", "a", false),
];

fn wildcards_match_as_the_standard_says(version: ProtocolVersion) {
    let world = World::new();
    let publisher = world.connect(version, "publisher");
    for (filter, topic, is_match) in ROWS {
        for retain in [false, true] {
            let client = world.connect(version, "a");
            if retain {
                publisher.send(Publish { retain, ..qos0(topic, "x") });
            }
            client.subscribe(filter, QoS::AtMostOnce);
            if !retain {
                publisher.send(qos0(topic, "x"));
            }
            assert_eq!(client.poll().is_some(), is_match, "{filter} and {topic}, retained: {retain}");
            client.expect_nothing();
            publisher.send(Publish { retain: true, ..qos0(topic, "") });
        }
    }
}

/// MQTT5-4.7.2-1 MQTT3-4.7.2-1
fn topics_that_begin_with_a_dollar_are_hidden_from_leading_wildcards(version: ProtocolVersion) {
    let world = World::with(|setup| setup.shards = 2);
    let publisher = world.connect(version, world.name_at(0, "publisher"));
    for topic in ["$SYS/x", "$x", "$"] {
        publisher.send(Publish { retain: true, ..qos0(topic, "x") });
    }
    for shard in [0, 1] {
        let client = world.connect(version, world.name_at(shard, "a"));
        for filter in ["#", "+", "+/#", "+/x", "$share/g/#", "$share/g/+"] {
            client.subscribe(filter, QoS::AtMostOnce);
        }
        for topic in ["$SYS/x", "$x", "$"] {
            publisher.send(qos0(topic, "x"));
        }
        client.expect_nothing();
    }
}

/// MQTT5-4.7.3-4 MQTT3-4.7.3-4 MQTT5-1.5.4-3 MQTT3-1.5.3-3
fn topics_are_compared_byte_by_byte(version: ProtocolVersion) {
    // Composed and decomposed, with and without U+FEFF, upper and lower case, with blanks and slashes.
    let topics = [
        "é",
        "e\u{301}",
        "\u{FEFF}a",
        "a",
        "a\u{FEFF}",
        "A",
        " a",
        "a ",
        "a/",
        "/a",
        "a//b",
        "a/b",
        "a/./b",
        "a/../b",
        "%61",
        "ａ",
    ];
    let world = World::new();
    let publisher = world.connect(version, "publisher");
    let clients: Vec<Client> = topics
        .iter()
        .enumerate()
        .map(|(number, topic)| {
            let client = world.connect(version, &format!("c{number}"));
            client.subscribe(topic, QoS::AtMostOnce);
            client
        })
        .collect();
    for topic in topics {
        publisher.send(qos0(topic, "x"));
    }
    for (client, topic) in clients.iter().zip(topics) {
        let Packet::Publish(publish) = client.packet() else { panic!("a PUBLISH") };
        assert_eq!(publish.topic.as_bytes(), topic.as_bytes(), "nothing is stripped or changed");
        client.expect_nothing();
    }
}
