use vouchmq_identity::Authorize;
use vouchmq_identity::acl::{Action, Effect};

use super::*;
use crate::dto::verify::{AclAction, AclEntry, AclPermission, Decision, Reason, VerifyResponse};

fn response(decision: Decision) -> VerifyResponse {
    serde_json::from_value(serde_json::json!({ "decision": decision, "expires_at": null, "as_of": 7 }))
        .unwrap()
}

fn entry(permission: AclPermission, action: AclAction, topic: &str) -> AclEntry {
    AclEntry { permission, action, topic: topic.into() }
}

fn allowed(acl: Vec<AclEntry>) -> VerifyResponse {
    VerifyResponse { acl: Some(acl), ..response(Decision::Allow) }
}

#[test]
fn the_decisions_of_our_own_service_are_taken_as_they_are() {
    let deny = |reason| native(VerifyResponse { reason, ..response(Decision::Deny) });
    assert_eq!(deny(Some(Reason::BadCredential)), Ok(LoginAnswer::Deny(Denial::ServiceBadCredential)));
    assert_eq!(deny(Some(Reason::NotAllowed)), Ok(LoginAnswer::Deny(Denial::ServiceNotAllowed)));
    assert_eq!(deny(None), Ok(LoginAnswer::Deny(Denial::ServiceNotAllowed)));
    assert_eq!(native(response(Decision::NotMine)), Ok(LoginAnswer::NotMine));
    assert_eq!(native(response(Decision::Unavailable)), Err(NotUnderstood::Unavailable));
    assert_eq!(native(response(Decision::Allow)), Err(NotUnderstood::Acl), "nobody without rules");
}

#[test]
fn what_our_own_service_denies_no_other_rule_allows_and_names_are_not_filled_in_again() {
    let answer = native(allowed(vec![
        entry(AclPermission::Allow, AclAction::All, "a/#"),
        entry(AclPermission::Deny, AclAction::Publish, "a/x"),
        entry(AclPermission::Allow, AclAction::Publish, "n/${clientid}"),
    ]));
    let Ok(LoginAnswer::Allow(Carried { acl: Some(CarriedAcl::Native(rules)), .. })) = answer else {
        panic!()
    };
    let may = |topic: &str| rules.may_publish(topic);
    assert!(may("a/b") && !may("a/x") && !may("b"));
    assert!(may("n/${clientid}") && !may("n/c1"));
    assert!(rules.receive("a/x").is_allowed());
    let (denied, action, _) = rules.entries().next().unwrap();
    assert_eq!((denied, action), (Effect::Deny, Action::Publish));
    let wrong = native(allowed(vec![entry(AclPermission::Allow, AclAction::All, "a/#/b")]));
    assert_eq!(wrong, Err(NotUnderstood::Rule { number: 1, fault: RuleFault::Topic }));
    let many = vec![entry(AclPermission::Allow, AclAction::All, "a"); 1_025];
    assert_eq!(native(allowed(many)), Err(NotUnderstood::TooManyRules { max: 1_024 }));
}

#[test]
fn the_end_of_a_verdict_of_our_own_service_is_a_time_of_rfc_3339() {
    let read = |text: &str| {
        let answer = VerifyResponse { expires_at: Some(text.into()), ..allowed(Vec::new()) };
        native(answer).map(|answer| match answer {
            LoginAnswer::Allow(carried) => carried.expires_at.map(UnixMillis::millis),
            LoginAnswer::Deny(_) | LoginAnswer::NotMine => None,
        })
    };
    assert_eq!(read("2027-01-15T08:00:01.500Z"), Ok(Some(1_800_000_001_500)));
    assert_eq!(read("2027-01-15T09:00:01+01:00"), Ok(Some(1_800_000_001_000)));
    assert!(read("9999-12-31T23:59:59Z").is_ok());
    for text in ["", "soon", "1800000001", "1969-12-31T23:59:59Z", "2027-01-15"] {
        assert_eq!(read(text), Err(NotUnderstood::Expiry), "{text}");
    }
}
