use vouchmq_identity::Configured;
use vouchmq_identity::FilterRef;
use vouchmq_identity::acl::{Names, Rights, RightsOf};
use vouchmq_identity::{Access, Authorize, Grant, Permission, QoS};

use super::*;

fn carried(members: &str) -> Result<Carried, NotUnderstood> {
    let answer = json(&format!(r#"{{"result":"allow",{members}}}"#));
    match login(&AnswerMode::Json, &answer, NOW)? {
        LoginAnswer::Allow(carried) => Ok(carried),
        LoginAnswer::Deny(_) | LoginAnswer::NotMine => unreachable!("the result is allow"),
    }
}

#[test]
fn is_superuser_is_true_or_false_in_the_ways_of_emqx() {
    for (value, expected) in [
        ("true", Ok(true)),
        ("1", Ok(true)),
        (r#""1""#, Ok(true)),
        (r#""true""#, Ok(true)),
        ("false", Ok(false)),
        ("0", Ok(false)),
        (r#""0""#, Ok(false)),
        (r#""false""#, Ok(false)),
        ("null", Ok(false)),
        ("2", Err(NotUnderstood::Superuser)),
        (r#""yes""#, Err(NotUnderstood::Superuser)),
        ("[]", Err(NotUnderstood::Superuser)),
    ] {
        let read = carried(&format!(r#""is_superuser":{value}"#)).map(|carried| carried.is_superuser);
        assert_eq!(read, expected, "{value}");
    }
    let form = answer(200, "application/x-www-form-urlencoded", b"result=allow&is_superuser=1");
    let expected = Carried { is_superuser: true, ..Carried::default() };
    assert_eq!(login(&AnswerMode::Json, &form, NOW), Ok(LoginAnswer::Allow(expected)));
}

#[test]
fn the_superuser_of_rmqtt_is_nobody_here() {
    let mut answer = json(r#"{"result":"allow","superuser":true}"#);
    answer.headers.insert("x-superuser", HeaderValue::from_static("1"));
    assert_eq!(login(&AnswerMode::Json, &answer, NOW), Ok(LoginAnswer::Allow(Carried::default())));
    let mut answer = json(r#"{"superuser":true}"#);
    answer.headers.insert("x-superuser", HeaderValue::from_static("1"));
    assert_eq!(superuser(&AnswerMode::Json, &answer), Err(NotUnderstood::NoResult));
}

#[test]
fn expire_at_is_in_seconds_and_ahead() {
    for (value, expected) in [
        ("1800000001", Ok(Some(1_800_000_001_000))),
        (r#""1800000001""#, Ok(Some(1_800_000_001_000))),
        ("null", Ok(None)),
        ("1800000000", Err(NotUnderstood::Expired)),
        ("0", Err(NotUnderstood::Expired)),
        ("1800000001000", Err(NotUnderstood::Expiry)),
        ("16725225600", Err(NotUnderstood::Expiry)),
        ("18446744073709551616", Err(NotUnderstood::Expiry)),
        ("-1", Err(NotUnderstood::Expiry)),
        ("1800000001.5", Err(NotUnderstood::Expiry)),
        ("true", Err(NotUnderstood::Expiry)),
        (r#""""#, Err(NotUnderstood::Expiry)),
        (r#""+1800000001""#, Err(NotUnderstood::Expiry)),
        (r#""2027-01-15T08:00:01Z""#, Err(NotUnderstood::Expiry)),
    ] {
        let read = carried(&format!(r#""expire_at":{value}"#));
        let read = read.map(|carried| carried.expires_at.map(UnixMillis::millis));
        assert_eq!(read, expected, "{value}");
    }
    let alone = json(r#"{"result":"allow","expire_at":1700000000}"#);
    assert_eq!(login(&AnswerMode::Json, &alone, NOW), Err(NotUnderstood::Expired), "without rules, too");
}

#[test]
fn attributes_are_texts_with_plain_names() {
    let read = carried(r#""client_attrs":{"tenant":"t1","n":1,"a b":"x","o":{},"a.b-c_1":"ä/#"}"#).unwrap();
    let attributes: Vec<_> = read.attributes.iter().map(|(name, value)| (&**name, &**value)).collect();
    assert_eq!(attributes, [("a.b-c_1", "ä/#"), ("tenant", "t1")]);
    assert_eq!(carried(r#""client_attrs":[]"#), Err(NotUnderstood::Attributes));
    let many: Vec<String> = (0..=64).map(|number| format!(r#""a{number}":"x""#)).collect();
    assert_eq!(carried(&format!(r#""client_attrs":{{{}}}"#, many.join(","))), Err(NotUnderstood::Attributes));
    let long = "x".repeat(17_000);
    assert_eq!(carried(&format!(r#""client_attrs":{{"a":"{long}"}}"#)), Err(NotUnderstood::Attributes));
}

#[test]
fn cache_control_says_how_long_an_answer_may_be_used_again() {
    for (fields, expected) in [
        (&[][..], None),
        (&["private"], None),
        (&["max-age=60"], Some(60)),
        (&["Private, Max-Age = 60, must-revalidate"], Some(60)),
        (&["max-age=60", "max-age=30"], Some(30)),
        (&["max-age=60, no-store"], Some(0)),
        (&["no-cache"], Some(0)),
        (&["no-cache=\"x\""], Some(0)),
        (&["max-age=\"60\""], Some(60)),
        (&["max-age=x"], Some(0)),
        (&["max-age=-1"], Some(0)),
        (&["max-age"], Some(0)),
        (&["max-age=99999999999999999999999"], Some(u64::from(u32::MAX))),
    ] {
        let mut answer = answer(204, "", b"");
        for field in fields {
            answer.headers.append(CACHE_CONTROL, HeaderValue::from_str(field).unwrap());
        }
        let Ok(LoginAnswer::Allow(carried)) = login(&AnswerMode::Json, &answer, NOW) else { panic!() };
        assert_eq!(carried.max_age, expected.map(Duration::from_secs), "{fields:?}");
    }
}

/// What a client `c1`, named `alice`, at 10.0.0.9 may do by rules alone.
fn rights(acl: &str) -> Rights {
    let carried = carried(&format!(r#""acl":{acl}"#)).unwrap();
    let attributes = [("tenant".into(), "t1".into())];
    let names = Names {
        client_id: "c1",
        username: Some("alice"),
        address: Some([10, 0, 0, 9].into()),
        attributes: &attributes,
        ..Names::default()
    };
    let access = Access::nothing();
    let (carried, is_superuser, service) = (carried.acl.as_ref(), false, None);
    Configured::new(None, false, access).rights(RightsOf { names: &names, is_superuser, carried, service })
}

fn may_publish(rights: &Rights, topic: &str, qos: QoS, retain: bool) -> bool {
    rights.publish(topic, qos, retain) == Permission::Allowed
}

fn grant(rights: &Rights, filter: &str) -> Grant {
    rights.subscribe(FilterRef::new(filter).unwrap(), None)
}

#[test]
fn rules_mean_what_they_mean_to_emqx() {
    use QoS::{AtLeastOnce, AtMostOnce, ExactlyOnce};
    let list = rights(
        r#"[{"permission":"deny","action":"all","topic":"a/secret"},
            {"permission":"allow","action":"pub","topics":["a/#","x/${clientid}/${username}/${client_attrs.tenant}"]},
            {"permission":"allow","action":"publish","topic":"q","qos":[0,"1"],"retain":false},
            {"permission":"allow","action":"publish","topic":"r","qos":"0,2","retain":"1"},
            {"permission":"allow","action":"sub","topic":"eq lit/+","qos":"all","retain":"all"},
            {"permission":"allow","action":"subscribe","topic":"net/#","ipaddr":"10.0.0.0/8"},
            {"permission":"allow","action":"subscribe","topic":"far/#","ipaddr":"192.0.2.1"}]"#,
    );
    for (topic, qos, retain, expected) in [
        ("a/secret", AtMostOnce, false, false),
        ("a/b", AtMostOnce, true, true),
        ("x/c1/alice/t1", AtMostOnce, false, true),
        ("x/c2/alice/t1", AtMostOnce, false, false),
        ("q", AtLeastOnce, false, true),
        ("q", ExactlyOnce, false, false),
        ("q", AtMostOnce, true, false),
        ("r", ExactlyOnce, true, true),
        ("r", AtLeastOnce, true, false),
        ("r", ExactlyOnce, false, false),
        ("lit/x", AtMostOnce, false, false),
    ] {
        assert_eq!(may_publish(&list, topic, qos, retain), expected, "{topic} {qos:?} {retain}");
    }
    for (filter, expected) in [
        ("lit/+", Grant::Whole),
        ("lit/x", Grant::Denied),
        ("lit/#", Grant::Denied),
        ("net/1", Grant::Whole),
        ("far/1", Grant::Denied),
        ("a/b", Grant::Denied),
    ] {
        assert_eq!(grant(&list, filter), expected, "{filter}");
    }
    let map = rights(r#"{"pub":["p/#"],"sub":["s/#"],"all":["eq b"]}"#);
    assert!(may_publish(&map, "p/1", AtMostOnce, false) && may_publish(&map, "b", ExactlyOnce, true));
    assert!(!may_publish(&map, "s/1", AtMostOnce, false));
    assert_eq!(
        [grant(&map, "s/+"), grant(&map, "b"), grant(&map, "p/1")],
        [Grant::Whole, Grant::Whole, Grant::Denied]
    );
}

#[test]
fn one_rule_that_is_not_understood_is_a_failure_of_the_whole_answer() {
    let good = r#"{"permission":"allow","action":"all","topic":"a"}"#;
    let cases = [
        ("1", RuleFault::NoObject),
        (r#"{"action":"all","topic":"a"}"#, RuleFault::Permission),
        (r#"{"permission":"Allow","action":"all","topic":"a"}"#, RuleFault::Permission),
        (r#"{"permission":"allow","topic":"a"}"#, RuleFault::Action),
        (r#"{"permission":"allow","action":"pubsub","topic":"a"}"#, RuleFault::Action),
        (r#"{"permission":"allow","action":"all"}"#, RuleFault::Topic),
        (r#"{"permission":"allow","action":"all","topics":[]}"#, RuleFault::Topic),
        (r#"{"permission":"allow","action":"all","topics":"a"}"#, RuleFault::Topic),
        (r#"{"permission":"allow","action":"all","topic":"a","topics":["b"]}"#, RuleFault::Topic),
        (r#"{"permission":"allow","action":"all","topic":"a/#/b"}"#, RuleFault::Topic),
        (r#"{"permission":"allow","action":"all","topic":"$share/g/a"}"#, RuleFault::Topic),
        (r#"{"permission":"allow","action":"all","topic":"a/${zone}"}"#, RuleFault::Topic),
        (r#"{"permission":"allow","action":"all","topic":1}"#, RuleFault::Topic),
        (r#"{"permission":"allow","action":"all","topic":"a","qos":3}"#, RuleFault::Qos),
        (r#"{"permission":"allow","action":"all","topic":"a","qos":[]}"#, RuleFault::Qos),
        (r#"{"permission":"allow","action":"all","topic":"a","qos":null}"#, RuleFault::Qos),
        (r#"{"permission":"allow","action":"all","topic":"a","qos":256}"#, RuleFault::Qos),
        (r#"{"permission":"allow","action":"all","topic":"a","retain":"no"}"#, RuleFault::Retain),
        (r#"{"permission":"allow","action":"all","topic":"a","ipaddr":"10.0.0.1/8"}"#, RuleFault::Address),
        (r#"{"permission":"allow","action":"all","topic":"a","clientid_re":"^a"}"#, RuleFault::UnknownMember),
        (r#"{"permission":"allow","action":"all","topic":"a","listener":"tcp"}"#, RuleFault::UnknownMember),
        (r#"{"permission":"allow","action":"all","topic":"a","Qos":0}"#, RuleFault::UnknownMember),
    ];
    for (rule, fault) in cases {
        let read = carried(&format!(r#""acl":[{good},{rule}]"#));
        assert_eq!(read, Err(NotUnderstood::Rule { number: 2, fault }), "{rule}");
    }
    for acl in ["1", r#""a""#, r#"{"publish":["a"]}"#, r#"{"pub":"a"}"#] {
        assert_eq!(carried(&format!(r#""acl":{acl}"#)), Err(NotUnderstood::Acl), "{acl}");
    }
    let twice = carried(r#""acl":[{"permission":"deny","permission":"allow","action":"all","topic":"a"}]"#);
    assert_eq!(twice, Err(NotUnderstood::Twice));
    assert_eq!(carried(r#""acl":null"#).unwrap().acl, None);
    assert_eq!(carried(r#""acl":[]"#).unwrap().acl, Some(CarriedAcl::List(Vec::new())));
    assert_eq!(carried(r#""acl":{}"#).unwrap().acl, Some(CarriedAcl::Map(Vec::new())));
    let many = vec![good; 1_025].join(",");
    assert_eq!(carried(&format!(r#""acl":[{many}]"#)), Err(NotUnderstood::TooManyRules { max: 1_024 }));
}
