use std::sync::mpsc;

use arbtest::arbtest;

use super::*;
use crate::acl::{
    AclRule, Action, CarriedRule, Condition, MosquittoAcl, OrderedAcl, OrderedRule, RuleTopic, Selector,
    Topics,
};

mod model;

const CLIENT: Names<'_> = Names {
    client_id: "c1",
    username: Some("alice"),
    device: None,
    product: None,
    address: None,
    attributes: &[],
};

/// A service that says the same of everything, at once; `None`: it cannot be asked.
struct Service {
    known: Option<Said>,
    says: Option<Said>,
}

impl AskPermission for Service {
    fn known(&self, _: Attempt<'_>) -> Option<Said> {
        self.known
    }

    fn ask(&self, _: Attempt<'_>, reply: SaidReply) {
        if let Some(said) = self.says {
            reply.answer(said);
        }
    }
}

fn says(says: Option<Said>) -> Option<Arc<dyn AskPermission>> {
    Some(Arc::new(Service { known: None, says }))
}

fn topic(text: &str) -> RuleTopic {
    RuleTopic::matching(text.parse().unwrap())
}

/// Rules of a file: `+filter` allows, `-filter` denies, in their order.
fn file(rules: &[&str], no_match: Effect) -> Access {
    let rules = rules.iter().map(|rule| {
        let (effect, filter) = effect_of(rule);
        let topics = Topics::Of(vec![topic(filter)]);
        OrderedRule { effect, action: Action::Both, topics, whom: Selector::Everybody }
    });
    Access::Ordered(Arc::new(OrderedAcl { rules: rules.collect(), no_match }))
}

fn effect_of(rule: &str) -> (Effect, &str) {
    match rule.split_at(1) {
        ("+", filter) => (Effect::Allow, filter),
        ("-", filter) => (Effect::Deny, filter),
        _ => panic!("{rule}"),
    }
}

fn carried(rules: &[&str]) -> Vec<CarriedRule> {
    let rules = rules.iter().map(|rule| {
        let (effect, filter) = effect_of(rule);
        let (action, condition, whom) = (Action::Both, Condition::NONE, Selector::Everybody);
        CarriedRule { effect, action, topics: vec![topic(filter)], condition, whom }
    });
    rules.collect()
}

fn native(rules: &[&str]) -> CarriedAcl {
    let rules = rules.iter().map(|rule| {
        let (effect, filter) = effect_of(rule);
        AclRule { effect, action: Action::Both, pattern: filter.parse().unwrap() }
    });
    CarriedAcl::Native(Arc::new(rules.collect::<crate::Acl>().rules_of(&CLIENT)))
}

struct Case<'a> {
    access: &'a Access,
    is_superuser: bool,
    carried: Option<CarriedAcl>,
    service: Option<Arc<dyn AskPermission>>,
}

impl Case<'_> {
    fn rights(&self) -> Rights {
        let Self { access, is_superuser, carried, service } = self;
        let (names, is_superuser) = (&CLIENT, *is_superuser);
        let (carried, service) = (carried.as_ref(), service.as_ref());
        Rights::new(RightsOf { names, is_superuser, carried, service }, access, None)
    }
}

fn inquired(rights: &Rights, attempt: Attempt<'_>) -> Inquired {
    let (sender, receiver) = mpsc::channel();
    rights.inquire(attempt, InquiryReply::new(move |inquired| sender.send(inquired).unwrap()));
    receiver.try_recv().expect("a reply, at once")
}

/// What a publication comes to, when whoever has to be asked was asked.
fn published(rights: &Rights, topic: &str) -> Inquired {
    let (qos, retain) = (QoS::AtMostOnce, false);
    match rights.publish(topic, qos, retain) {
        Permission::Allowed => Inquired::Granted(Grant::Whole),
        Permission::Denied => Inquired::Granted(Grant::Denied),
        Permission::Asked => inquired(rights, Attempt::Publish { topic, qos, retain }),
    }
}

fn subscribed(rights: &Rights, filter: &str, qos: QoS) -> Inquired {
    let filter = FilterRef::new(filter).unwrap();
    match rights.subscribe(filter, None) {
        Grant::Asked => inquired(rights, Attempt::Subscribe { filter, share: None, qos }),
        grant @ (Grant::Whole | Grant::PerMessage | Grant::Denied) => Inquired::Granted(grant),
    }
}

const YES: Inquired = Inquired::Granted(Grant::Whole);
const NO: Inquired = Inquired::Granted(Grant::Denied);
const CHECKED: Inquired = Inquired::Granted(Grant::PerMessage);

#[test]
fn the_first_line_of_the_table_that_applies_decides() {
    let (allows, denies, silent) = (
        || file(&["+t", "+$x"], Effect::Deny),
        || file(&["-t"], Effect::Allow),
        |no_match| file(&[], no_match),
    );
    let list = |rules: &[&str]| Some(CarriedAcl::List(carried(rules)));
    let map = |rules: &[&str]| Some(CarriedAcl::Map(carried(rules)));
    let (allow, deny, nothing) =
        (|| says(Some(Said::Allow)), || says(Some(Said::Deny)), || says(Some(Said::Nothing)));
    let mosquitto = Access::Mosquitto(Arc::new(MosquittoAcl::parse("user alice\ntopic deny t\n").unwrap()));
    let empty = Access::Mosquitto(Arc::new(MosquittoAcl::default()));
    let unordered = |rules: &[&str]| {
        let rules = rules.iter().map(|rule| {
            let (effect, filter) = effect_of(rule);
            AclRule { effect, action: Action::Both, pattern: filter.parse().unwrap() }
        });
        Access::Rules(Arc::new(rules.collect()))
    };
    let (deny_all, allow_all) = (Access::nothing(), Access::everything());
    let cases = [
        // A rule of the files denies, whatever anybody says.
        (denies(), true, list(&["+t"]), allow(), "t", NO),
        (mosquitto, true, None, None, "t", NO),
        (unordered(&["-t"]), true, None, allow(), "t", NO),
        // Topics of the broker.
        (silent(Effect::Allow), true, list(&["+$x"]), allow(), "$x", NO),
        (allow_all.clone(), true, map(&["+$x"]), allow(), "$x", NO),
        (allows(), false, None, None, "$x", YES),
        (allows(), false, map(&[]), None, "$x", NO),
        (allows(), true, None, None, "$x", YES),
        // A superuser.
        (silent(Effect::Deny), true, None, deny(), "t", YES),
        (deny_all.clone(), true, list(&["-t"]), None, "t", YES),
        (empty.clone(), true, map(&[]), None, "t", YES),
        // Rules of the login.
        (deny_all.clone(), false, list(&["+t"]), deny(), "t", YES),
        (allows(), false, list(&["-t"]), allow(), "t", NO),
        (allows(), false, list(&["+t", "-t"]), None, "t", YES),
        (allows(), false, map(&["+u"]), allow(), "t", NO),
        (allows(), false, Some(native(&["+t"])), None, "t", YES),
        (allows(), false, Some(native(&["+t", "-#"])), None, "t", NO),
        (allows(), false, Some(native(&["+u"])), allow(), "t", NO),
        // A rule of the files allows.
        (allows(), false, list(&["+u"]), deny(), "t", YES),
        (unordered(&["+t"]), false, None, deny(), "t", YES),
        // The service is asked.
        (silent(Effect::Deny), false, list(&["+u"]), allow(), "t", YES),
        (silent(Effect::Allow), false, None, deny(), "t", NO),
        (empty.clone(), false, None, allow(), "t", YES),
        (deny_all.clone(), false, None, allow(), "t", YES),
        (allow_all.clone(), false, None, deny(), "t", NO),
        (silent(Effect::Allow), false, None, says(None), "t", Inquired::Unavailable),
        (allow_all.clone(), false, None, says(None), "t", Inquired::Unavailable),
        // Nobody says anything.
        (silent(Effect::Allow), false, None, nothing(), "t", YES),
        (silent(Effect::Deny), false, None, nothing(), "t", NO),
        (empty.clone(), false, None, nothing(), "t", NO),
        (silent(Effect::Allow), false, list(&["+u"]), None, "t", YES),
        (silent(Effect::Deny), false, list(&["+u"]), None, "t", NO),
        (empty, false, None, None, "t", NO),
        (allow_all, false, None, None, "t", YES),
        (deny_all, false, None, None, "t", NO),
    ];
    for (index, (access, is_superuser, carried, service, topic, expected)) in cases.into_iter().enumerate() {
        let rights = Case { access: &access, is_superuser, carried, service }.rights();
        assert_eq!(published(&rights, topic), expected, "publishing, {index}");
        if !topic.starts_with('$') {
            assert_eq!(subscribed(&rights, topic, QoS::AtMostOnce), expected, "subscribing, {index}");
        }
    }
}

#[test]
fn a_subscription_is_granted_for_all_of_it_and_checked_where_a_part_is_denied() {
    let list = |rules: &[&str]| Some(CarriedAcl::List(carried(rules)));
    let (allow, silent) = (|| says(Some(Said::Allow)), |no_match| file(&[], no_match));
    let cases = [
        (file(&["-a/x"], Effect::Deny), true, None, None, "a/#", CHECKED, true),
        (file(&["-a/x"], Effect::Deny), false, None, allow(), "a/#", CHECKED, true),
        (silent(Effect::Deny), false, list(&["-a/x"]), allow(), "a/#", CHECKED, true),
        (silent(Effect::Allow), false, list(&["-a/x"]), None, "a/#", CHECKED, true),
        (file(&["+a/#"], Effect::Deny), false, list(&["-a/x"]), None, "a/#", CHECKED, true),
        (silent(Effect::Deny), false, list(&["+a/y"]), None, "a/#", NO, true),
        (silent(Effect::Deny), false, list(&["+a/y"]), allow(), "a/#", YES, true),
        (file(&["+a/x"], Effect::Deny), false, list(&["+a/#"]), None, "a/#", YES, true),
        (file(&["+a/#"], Effect::Deny), false, list(&["-#"]), None, "a/#", NO, false),
        (silent(Effect::Deny), false, Some(native(&["+a/#", "-a/x"])), None, "a/#", CHECKED, true),
        (silent(Effect::Allow), false, Some(native(&["+a/+"])), allow(), "a/#", NO, true),
    ];
    for (index, (access, is_superuser, carried, service, filter, expected, gets_y)) in
        cases.into_iter().enumerate()
    {
        let rights = Case { access: &access, is_superuser, carried, service }.rights();
        assert_eq!(subscribed(&rights, filter, QoS::AtMostOnce), expected, "{index}");
        if expected == CHECKED {
            assert_eq!(rights.receive("a/x"), Permission::Denied, "{index}");
        }
        assert_eq!(rights.receive("a/y").is_allowed(), gets_y, "{index}");
    }
}

#[test]
fn a_file_of_mosquitto_grants_the_part_that_may_be_read_and_the_service_the_rest() {
    let access = Access::Mosquitto(Arc::new(MosquittoAcl::parse("user alice\ntopic read a/y\n").unwrap()));
    let rights = |service| Case { access: &access, is_superuser: false, carried: None, service }.rights();
    for service in [None, says(Some(Said::Nothing))] {
        let rights = rights(service);
        assert_eq!(subscribed(&rights, "a/#", QoS::AtMostOnce), CHECKED);
        assert!(rights.receive("a/y").is_allowed() && !rights.receive("a/z").is_allowed());
    }
    assert_eq!(subscribed(&rights(says(Some(Said::Allow))), "a/#", QoS::AtMostOnce), YES);
    assert_eq!(subscribed(&rights(says(Some(Said::Deny))), "a/#", QoS::AtMostOnce), NO);
}

#[test]
fn messages_come_only_through_what_this_service_granted() {
    let access = file(&["-a/x"], Effect::Allow);
    let rights =
        Case { access: &access, is_superuser: false, carried: None, service: says(Some(Said::Allow)) };
    let rights = rights.rights();
    assert_eq!(rights.receive("a/y"), Permission::Denied, "a subscription of a session before this login");
    assert_eq!(subscribed(&rights, "a/+", QoS::AtMostOnce), CHECKED);
    assert!(rights.receive("a/y").is_allowed());
    assert!(!rights.receive("a/x").is_allowed() && !rights.receive("b").is_allowed());
}

#[test]
fn the_grants_that_are_remembered_are_bounded() {
    let access = file(&["-+/x"], Effect::Deny);
    let rights =
        Case { access: &access, is_superuser: false, carried: None, service: says(Some(Said::Allow)) };
    let rights = rights.rights();
    for number in 0..GRANTED_MAX {
        assert_eq!(subscribed(&rights, &format!("{number}/#"), QoS::AtMostOnce), CHECKED);
    }
    assert!(rights.receive("0/y").is_allowed());
    assert_eq!(subscribed(&rights, "more/#", QoS::AtMostOnce), CHECKED);
    assert!(rights.receive("more/y").is_allowed());
    assert!(!rights.receive("0/y").is_allowed(), "the oldest is forgotten");
    assert_eq!(subscribed(&rights, "0/#", QoS::AtMostOnce), CHECKED, "again");
    assert!(rights.receive("0/y").is_allowed());
}

#[test]
fn what_was_kept_for_a_subscription_that_the_service_granted_is_delivered() {
    let access = Access::nothing();
    let rights =
        Case { access: &access, is_superuser: false, carried: None, service: says(Some(Said::Allow)) };
    let rights = rights.rights();
    assert!(!rights.receive("a/b").is_allowed());
    assert_eq!(subscribed(&rights, "a/#", QoS::AtMostOnce), YES);
    assert!(rights.receive("a/b").is_allowed(), "a retained message, or one that waited");
}

#[test]
fn what_is_known_is_not_asked_again() {
    let access = Access::nothing();
    let service: Arc<dyn AskPermission> = Arc::new(Service { known: Some(Said::Allow), says: None });
    let rights =
        Case { access: &access, is_superuser: false, carried: None, service: Some(service) }.rights();
    assert_eq!(rights.publish("t", QoS::AtMostOnce, false), Permission::Allowed);
    assert_eq!(subscribed(&rights, "t", QoS::AtMostOnce), YES);
}

#[test]
fn rules_about_a_qos_are_about_subscriptions_with_it() {
    let mut rules = carried(&["-a/x", "+a/#", "+b"]);
    rules[0].condition = Condition::new([QoS::ExactlyOnce], None);
    rules[1].condition = Condition::new([QoS::AtMostOnce, QoS::ExactlyOnce], Some(true));
    let access = Access::nothing();
    let carried = Some(CarriedAcl::List(rules));
    let rights = Case { access: &access, is_superuser: false, carried, service: None }.rights();
    assert_eq!(rights.subscribe(FilterRef::new("a/#").unwrap(), None), Grant::Asked);
    assert_eq!(rights.subscribe(FilterRef::new("b").unwrap(), None), Grant::Whole);
    assert_eq!(rights.subscribe(FilterRef::new("c").unwrap(), None), Grant::Denied);
    for (filter, qos, expected) in [
        ("a/#", QoS::AtMostOnce, YES),
        ("a/#", QoS::AtLeastOnce, NO),
        ("a/#", QoS::ExactlyOnce, CHECKED),
        ("a/x", QoS::AtMostOnce, YES),
        ("a/x", QoS::ExactlyOnce, NO),
    ] {
        assert_eq!(subscribed(&rights, filter, qos), expected, "{filter} {qos:?}");
    }
    assert!(!rights.receive("a/x").is_allowed() && rights.receive("a/y").is_allowed());
    assert_eq!(rights.publish("a/y", QoS::AtMostOnce, true), Permission::Allowed);
    assert_eq!(rights.publish("a/y", QoS::AtMostOnce, false), Permission::Denied);
}
