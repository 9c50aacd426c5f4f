//! What an operator looks at page by page: clients, subscriptions, retained messages.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};

use vouchmq_broker::{
    ClientCursor, ClientFilter, ClientQuery, ClientStatus, RetainedCursor, RetainedQuery, SubscriptionCursor,
    SubscriptionQuery,
};
use vouchmq_mqtt::ProtocolVersion::{V5, V31, V311};
use vouchmq_mqtt::packet::Connect;
use vouchmq_mqtt::time::Timestamp;
use vouchmq_mqtt::topic::TopicFilter;
use vouchmq_mqtt::{Message, Properties, Publication, PublisherId};

use crate::harness::*;

/// All pages of clients, each of at most `limit`, with the text of each cursor taken and given back.
fn pages(server: &Server, limit: usize, filter: &ClientFilter) -> Vec<Vec<ClientStatus>> {
    let mut pages = Vec::new();
    let mut after: Option<ClientCursor> = None;
    loop {
        let query = ClientQuery { after, limit, filter: filter.clone() };
        let page = wait_for(server.control.clients_page(query));
        assert!(page.items.len() <= limit);
        pages.push(page.items);
        match page.next {
            Some(next) => after = Some(next.to_string().parse().unwrap()),
            None => return pages,
        }
    }
}

/// Client Identifiers of all pages, sorted, those of several pages as often as they are there.
fn names(pages: &[Vec<ClientStatus>]) -> Vec<String> {
    let mut names: Vec<_> = pages.iter().flatten().map(|one| one.client.client_id.to_string()).collect();
    names.sort();
    names
}

fn all() -> ClientFilter {
    ClientFilter::default()
}

/// Clients that stay: most of them away, some connected, on three shards.
fn crowd(server: &Server, count: usize) -> (Vec<String>, Vec<Client>) {
    let mut here = Vec::new();
    let names: Vec<String> = (0..count).map(|number| format!("stays-{number:05}")).collect();
    for (number, name) in names.iter().enumerate() {
        let mut client = server.connect_with(persistent(V5, name));
        if number % 10 == 0 {
            client.subscribe("all/of/them", AtMostOnce);
            client.subscribe("$share/group/jobs", AtLeastOnce);
            here.push(client);
        } else {
            client.leave();
        }
    }
    (names, here)
}

#[test]
fn whoever_stays_is_on_one_page_while_others_come_and_go() {
    let server = Server::with(|config, _| config.engine.shard_count = 3);
    let (names_of_all, here) = crowd(&server, 3000);
    until("those who left are away", || server.stats().engines.clients == here.len() as u64);
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let mut number = 0;
            while !stop.load(Ordering::Relaxed) {
                let kept = format!("comes-{}", number % 50);
                server.connect_with(persistent(V311, &kept)).leave();
                server.connect(V5, &format!("goes-{number}")).leave();
                wait_for(server.control.end_session(&kept, vouchmq_mqtt::ReasonCode::ADMINISTRATIVE_ACTION));
                number += 1;
            }
        });
        for limit in [7, 100, 1000, 5000] {
            let found = names(&pages(&server, limit, &all()));
            let stayed: Vec<_> = found.into_iter().filter(|name| name.starts_with("stays-")).collect();
            assert_eq!(stayed, names_of_all, "pages of {limit}");
        }
        let found: Vec<_> =
            server.clients().into_iter().map(|one| one.client.client_id.to_string()).collect();
        assert_eq!(found.iter().filter(|name| name.starts_with("stays-")).count(), 3000);
        stop.store(true, Ordering::Relaxed);
    });
    let subscriptions = subscriptions(&server, 10);
    assert_eq!(subscriptions.len(), here.len() * 2);
    let expected: BTreeSet<_> =
        names_of_all.iter().step_by(10).map(|name| (name.clone(), "$share/group/jobs".to_owned())).collect();
    let shared: BTreeSet<_> =
        subscriptions.into_iter().filter(|(_, filter)| filter.starts_with("$share/")).collect();
    assert_eq!(shared, expected);
}

/// Whose subscriptions there are, with their filters, by all pages.
fn subscriptions(server: &Server, limit: usize) -> Vec<(String, String)> {
    let mut found: Vec<(String, String)> = Vec::new();
    let mut after: Option<SubscriptionCursor> = None;
    loop {
        let page = wait_for(server.control.subscriptions_page(SubscriptionQuery { after, limit }));
        assert!(page.items.len() < limit + 2, "those of one client stay together");
        let row =
            |one: vouchmq_broker::SubscriptionStatus| (one.client_id.to_string(), one.subscription.filter);
        found.extend(page.items.into_iter().map(row));
        match page.next {
            Some(next) => after = Some(next.to_string().parse().unwrap()),
            None => return found,
        }
    }
}

#[test]
fn a_filter_admits_those_of_whom_everything_holds() {
    let server = Server::start();
    let mut kept = Vec::new();
    for (version, name) in [(V31, "of-3.1"), (V311, "of-3.1.1"), (V5, "of-5")] {
        let keep = |suffix: &str| format!("{name}-{suffix}");
        kept.push(server.connect(version, &keep("clean")));
        let of_user = keep("user");
        let user = Connect { username: Some("user"), ..persistent(version, &of_user) };
        kept.push(server.connect_with(user.clone()));
        server.connect_with(Connect { client_id: &keep("away"), ..user }).leave();
    }
    until("three are away", || server.stats().engines.clients == 6);
    let text = |text: &str| Some(Box::from(text));
    let cases = [
        (all(), 9),
        (ClientFilter { client_id: text("of-5-user"), ..all() }, 1),
        (ClientFilter { client_id: text("of-5-away"), is_connected: Some(true), ..all() }, 0),
        (ClientFilter { client_id: text("nobody"), ..all() }, 0),
        (ClientFilter { username: text("user"), ..all() }, 6),
        (ClientFilter { username: text("user"), is_connected: Some(false), ..all() }, 3),
        (ClientFilter { username: text("use"), ..all() }, 0),
        (ClientFilter { is_connected: Some(true), ..all() }, 6),
        (ClientFilter { clean_start: Some(true), ..all() }, 3),
        (ClientFilter { protocol_level: Some(4), ..all() }, 3),
        (ClientFilter { protocol_name: text("MQIsdp"), ..all() }, 3),
        (ClientFilter { protocol_name: text("MQTT"), clean_start: Some(false), ..all() }, 4),
    ];
    for (filter, expected) in cases {
        for limit in [1, 2, 100] {
            let found: BTreeSet<_> = names(&pages(&server, limit, &filter)).into_iter().collect();
            assert_eq!(found.len(), expected, "{filter:?}: {found:?}");
        }
    }
}

#[test]
fn no_text_is_a_cursor_that_makes_trouble() {
    let server = Server::start();
    let _client = server.connect(V5, "a");
    for text in
        ["", "-", "0", "0-", "-0", "0-0-0", "+0-0", "0-+1", "a-b", "65536-0", "0-4294967296", "0x1-0", " 0-0"]
    {
        assert!(text.parse::<ClientCursor>().is_err(), "{text:?}");
        assert!(text.parse::<SubscriptionCursor>().is_err(), "{text:?}");
    }
    for text in ["2-0", "65535-4294967295", "0-4294967295", "1-99"] {
        let query = ClientQuery { after: text.parse().ok(), limit: 10, filter: all() };
        assert!(query.after.is_some(), "{text}");
        assert!(wait_for(server.control.clients_page(query)).items.len() <= 1, "{text}");
    }
    for text in ["", ".", "1.", ".1", "-1", "1.+2", "4294967296", "1..2", "a", &"1.".repeat(70_000)] {
        assert!(text.parse::<RetainedCursor>().is_err(), "{:.20}", text);
    }
    keep(&server, "a/b", b"1", Timestamp::NEVER);
    for text in
        ["0", "9", "4294967295", "0.0.0.0", "0.0.4294967295", "7.7", &format!("{}0", "0.".repeat(65_535))]
    {
        let after = text.parse::<RetainedCursor>().unwrap();
        assert!(retained_from(&server, None, Some(after), 10).len() <= 1, "{:.20}", text);
    }
}

// --- retained messages

fn keep(server: &Server, topic: &str, payload: &[u8], expires_at: Timestamp) {
    let message = Message::new(&Publication {
        topic,
        properties: Properties::EMPTY,
        payload,
        qos: AtMostOnce,
        retain: true,
        publisher: PublisherId::BROKER,
        expires_at,
    });
    wait_for(server.control.publish_message(message)).unwrap();
}

/// The topics on all pages from a cursor on, in the order of the pages.
fn retained_from(
    server: &Server,
    filter: Option<&str>,
    mut after: Option<RetainedCursor>,
    limit: usize,
) -> Vec<String> {
    let filter: Option<TopicFilter> = filter.map(|filter| filter.parse().unwrap());
    let mut topics = Vec::new();
    loop {
        let page = server.control.retained_page(RetainedQuery { filter: filter.clone(), after, limit });
        assert!(page.items.len() <= limit);
        topics.extend(page.items.iter().map(|message| message.publication().topic.to_owned()));
        match page.next {
            Some(next) => after = Some(next.to_string().parse().unwrap()),
            None => return topics,
        }
    }
}

#[test]
fn retained_messages_are_shown_by_filter_and_deleted_by_topic() {
    let server = Server::start();
    let mut expected: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    for number in 0..500 {
        for (filter, topic) in
            [("a/+/x", format!("a/{number}/x")), ("b/#", format!("b/{}/{number}", number % 7))]
        {
            keep(&server, &topic, b"1", Timestamp::NEVER);
            expected.entry(filter).or_default().insert(topic);
        }
    }
    keep(&server, "$own/1", b"1", Timestamp::NEVER);
    keep(&server, "a/0/x/expired", b"1", Timestamp::from_micros(1));
    for limit in [1, 10, 400, 10_000] {
        for (filter, topics) in &expected {
            let found = retained_from(&server, Some(filter), None, limit);
            assert_eq!(found.len(), 500, "{filter}: each once");
            assert_eq!(&found.into_iter().collect::<BTreeSet<_>>(), topics);
        }
        assert_eq!(retained_from(&server, Some("#"), None, limit).len(), 1000, "hidden from a wildcard");
        assert_eq!(retained_from(&server, None, None, limit).len(), 1001);
        assert_eq!(retained_from(&server, Some("a/7/x"), None, limit), ["a/7/x"]);
        assert!(retained_from(&server, Some("c/#"), None, limit).is_empty());
    }
    assert_eq!(server.control.retained("a/7/x").unwrap().payload(), b"1");
    assert!(server.control.retained("a/0/x/expired").is_none());
    assert!(server.control.delete_retained("a/7/x"));
    assert!(!server.control.delete_retained("a/7/x"));
    assert!(!server.control.delete_retained("a/+/x"), "a topic, not a filter");
    assert!(server.control.retained("a/7/x").is_none());
    let mut late = server.connect(V5, "late");
    late.subscribe("a/7/x", AtMostOnce);
    late.ping();
    assert_eq!(retained_from(&server, Some("a/+/x"), None, 100).len(), 499);
}
