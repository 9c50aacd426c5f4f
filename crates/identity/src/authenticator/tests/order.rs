//! Chains as a configuration orders them.

use super::*;
use crate::model::DeviceId;
use crate::{AllowAll, Allowance, AskedService, Reconsidered, Standing, Users};

/// A registry that knows the device `d1` with the password `right`, and cannot decide about `later`.
struct Registry;

impl Authenticator for Registry {
    fn cost(&self, _: &AuthRequest) -> Cost {
        Cost::Cheap
    }

    fn verify(&self, request: &AuthRequest) -> Verdict {
        match (request.username.as_deref(), &request.password) {
            (Some("later"), _) => Verdict::Unavailable(Unavailable::Stale),
            (Some("d1"), Some(password)) if password.expose_secret() == b"right" => {
                Verdict::Allow(Allowance {
                    principal: device(),
                    authorize: Arc::new(AllowAll),
                    expires_at: None,
                })
            }
            (Some("d1"), _) => Verdict::Deny(Denial::WrongPassword),
            _ => Verdict::NotMine,
        }
    }
}

fn device() -> Principal {
    let id: DeviceId = "d1".parse().unwrap();
    Principal::Device(id, "00000000-0000-7000-8000-000000000001".parse().unwrap())
}

fn known(users: &[(&str, &str)]) -> Users {
    let mut known = Users::default();
    users.iter().for_each(|(name, password)| known.add(name, password, &"auth.password".into()).unwrap());
    known
}

fn configured(users: Option<&[(&str, &str)]>, allows_anonymous: bool) -> Configured {
    Configured::new(users.map(known), allows_anonymous, Access::everything())
}

fn order(names: &[&str]) -> Order {
    Order::of_names(names.iter().copied()).unwrap()
}

fn chain_of(names: &[&str], configured: Configured) -> Chain {
    order(names).chain(Some(Box::new(Registry)), None, &Arc::new(configured))
}

#[test]
fn an_order_names_authenticators_once() {
    let fault = |names: &[&str]| Order::of_names(names.iter().copied()).unwrap_err().to_string();
    assert_eq!(
        fault(&[]),
        "the order names no authenticator: name one of registry, file, http, or leave the key out"
    );
    assert_eq!(
        fault(&["file", "ldap"]),
        "authenticator ldap is not known: write one of registry, file, http"
    );
    assert_eq!(fault(&["File"]), "authenticator File is not known: write one of registry, file, http");
    assert_eq!(fault(&["file", "registry", "file"]), "authenticator file stands in the order twice");
    assert_eq!(order(&["registry", "file"]), Order::default());
    assert_eq!(format!("{:?}", order(&["file"])), r#"["file"]"#);
}

/// A service that knows nobody.
struct Ignorant;

impl Authenticator for Ignorant {
    fn cost(&self, _: &AuthRequest) -> Cost {
        Cost::Cheap
    }

    fn verify(&self, _: &AuthRequest) -> Verdict {
        Verdict::NotMine
    }
}

#[test]
fn a_name_that_a_service_does_not_know_is_not_let_in_as_nobody() {
    let configured = Arc::new(configured(None, true));
    let verdict = |judges_logins, name: Option<&str>| {
        let service = AskedService {
            judges_logins,
            authenticator: Box::new(Ignorant),
            beside: Box::new(|other| other),
        };
        let chain = order(&["http"]).chain(None, Some(service), &configured);
        matches!(chain.verify(&request(name, name)), Verdict::Allow(_))
    };
    assert!(verdict(true, None), "who says no name may be nobody");
    assert!(!verdict(true, Some("admin")), "who says one is not");
    assert!(verdict(false, Some("admin")), "a service that judges no logins leaves that as it is");
}

#[test]
fn the_first_that_knows_a_client_decides() {
    // `d1` is a user as well as a device.
    let users: &[_] = &[("alice", "secret"), ("d1", "user")];
    let both = ["registry", "file"];
    let turned = ["file", "registry"];
    type Case<'a> = (&'a [&'a str], bool, Option<&'a str>, Option<&'a str>, &'a str);
    let cases: [Case<'_>; 22] = [
        (&both, false, Some("d1"), Some("right"), "device d1"),
        (&both, false, Some("d1"), Some("user"), "WrongPassword"),
        (&turned, false, Some("d1"), Some("user"), "user \"d1\""),
        (&turned, false, Some("d1"), Some("right"), "WrongPassword"),
        (&both, false, Some("alice"), Some("secret"), "user \"alice\""),
        (&both, false, Some("later"), Some("secret"), "Stale"),
        (&both, true, Some("later"), Some("secret"), "Stale"),
        (&both, false, Some("nobody"), Some("secret"), "UnknownUser"),
        (&both, false, None, None, "NoCredential"),
        (&both, false, None, Some("secret"), "NoCredential"),
        // Who may connect without a name may not say a wrong one.
        (&both, true, None, None, "anonymous"),
        (&both, true, None, Some("secret"), "anonymous"),
        (&both, true, Some("alice"), Some("wrong"), "WrongPassword"),
        (&both, true, Some("alice"), None, "NoPassword"),
        (&both, true, Some("d1"), Some("wrong"), "WrongPassword"),
        (&both, true, Some("nobody"), Some("secret"), "UnknownUser"),
        (&both, true, Some(""), Some(""), "UnknownUser"),
        // Who is not named is not asked.
        (&["registry"], false, Some("alice"), Some("secret"), "UnknownUser"),
        (&["registry"], true, Some("alice"), Some("secret"), "UnknownUser"),
        (&["file"], false, Some("d1"), Some("right"), "WrongPassword"),
        (&["file"], false, Some("later"), Some("x"), "UnknownUser"),
        (&["file"], true, None, None, "anonymous"),
    ];
    for (names, allows_anonymous, username, password, expected) in cases {
        let chain = chain_of(names, configured(Some(users), allows_anonymous));
        let said = short(chain.verify(&request(username, password)));
        assert_eq!(said, expected, "{names:?} {allows_anonymous} {username:?} {password:?}");
    }
}

#[test]
fn without_users_a_client_without_proof_may_say_any_name() {
    let open = chain_of(&["registry", "file"], configured(None, true));
    assert_eq!(short(open.verify(&request(Some("x"), Some("y")))), "anonymous");
    assert_eq!(short(open.verify(&request(Some("d1"), Some("y")))), "WrongPassword");
    let empty = chain_of(&["registry", "file"], configured(Some(&[]), true));
    assert_eq!(short(empty.verify(&request(Some("x"), Some("y")))), "UnknownUser");
    let closed = chain_of(&["registry", "file"], configured(None, false));
    assert_eq!(short(closed.verify(&request(Some("x"), Some("y")))), "UnknownUser");
    assert_eq!(short(closed.verify(&request(None, None))), "NoCredential");
}

#[test]
fn a_registry_that_is_not_there_lets_nobody_in() {
    let chain = order(&["registry"]).chain(None, None, &Arc::new(configured(None, false)));
    assert_eq!(short(chain.verify(&request(Some("d1"), Some("right")))), "UnknownUser");
}

/// What becomes of clients that one configuration let in and the next one reconsiders.
struct Reload {
    authenticator: Replaceable,
    before: Configured,
    clients: Vec<(Principal, Option<&'static str>)>,
}

impl Reload {
    fn of(before: Configured) -> Self {
        let authenticator = Replaceable::new(chain_of(&["registry", "file"], before.clone()));
        let clients =
            [(None, None), (Some("alice"), Some("a")), (Some("bob"), Some("b"))].map(|(name, password)| {
                match authenticator.verify(&request(name, password)) {
                    Verdict::Allow(allowance) => (allowance.principal, name),
                    other @ (Verdict::Deny(_) | Verdict::NotMine | Verdict::Unavailable(_)) => {
                        panic!("{other:?}")
                    }
                }
            });
        let clients = clients.into_iter().chain([(device(), Some("d1"))]).collect();
        Self { authenticator, before, clients }
    }

    fn next(&mut self, names: &[&str], next: Configured) {
        let next = next.following(&self.before);
        self.authenticator.replace(chain_of(names, next.clone()));
        self.before = next;
    }

    /// Without a name, alice, bob, the device.
    fn outcome(&self) -> Vec<String> {
        let said = |(principal, username): &(Principal, Option<&str>)| {
            let standing = Standing { principal, client_id: "c1", username: *username, peer: None };
            match self.authenticator.reconsider(&standing) {
                Reconsidered::Unchanged => "unchanged".to_owned(),
                Reconsidered::Changed(allowance) => {
                    assert_eq!(allowance.principal.user_name(), principal.user_name());
                    let may = allowance.authorize.receive("a/x").is_allowed();
                    format!("{} a/x", if may { "may" } else { "may not" })
                }
                Reconsidered::Ended(denial) => format!("{denial:?}"),
            }
        };
        self.clients.iter().map(said).collect()
    }
}

const BOTH: [&str; 2] = ["registry", "file"];
const USERS: &[(&str, &str)] = &[("alice", "a"), ("bob", "b")];

fn with_rules(users: Option<&[(&str, &str)]>, allows_anonymous: bool, pattern: &str) -> Configured {
    let rule = AclRule { effect: Effect::Allow, action: Action::Both, pattern: pattern.parse().unwrap() };
    Configured::new(users.map(known), allows_anonymous, Access::Rules(Arc::new(Acl::new(vec![rule]))))
}

#[test]
fn what_has_not_changed_leaves_everybody_alone() {
    let mut reload = Reload::of(configured(Some(USERS), true));
    for _ in 0..2 {
        reload.next(&BOTH, configured(Some(USERS), true));
        assert_eq!(reload.outcome(), ["unchanged"; 4]);
    }
    let mut reload = Reload::of(with_rules(Some(USERS), true, "a/#"));
    reload.next(&BOTH, with_rules(Some(USERS), true, "a/#"));
    assert_eq!(reload.outcome(), ["unchanged"; 4]);
    // Others come and go.
    reload.next(&BOTH, with_rules(Some(&[("alice", "a"), ("bob", "b"), ("carol", "c")]), true, "a/#"));
    assert_eq!(reload.outcome(), ["unchanged"; 4]);
}

#[test]
fn who_is_gone_or_has_another_password_may_not_stay() {
    let mut reload = Reload::of(configured(Some(USERS), true));
    reload.next(&BOTH, configured(Some(&[("alice", "other")]), true));
    assert_eq!(reload.outcome(), ["unchanged", "WrongPassword", "UnknownUser", "unchanged"]);
    // To have the old password again does not bring back who proved it before it was taken away.
    reload.next(&BOTH, configured(Some(USERS), true));
    assert_eq!(reload.outcome(), ["unchanged", "WrongPassword", "WrongPassword", "unchanged"]);
    reload.next(&BOTH, configured(None, true));
    assert_eq!(reload.outcome(), ["unchanged", "UnknownUser", "UnknownUser", "unchanged"]);
}

#[test]
fn clients_without_a_name_may_not_stay_when_there_may_be_none() {
    let mut reload = Reload::of(configured(Some(USERS), true));
    reload.next(&BOTH, configured(Some(USERS), false));
    assert_eq!(reload.outcome(), ["NoCredential", "unchanged", "unchanged", "unchanged"]);
}

#[test]
fn a_name_without_proof_may_not_stay_when_users_are_known() {
    let before = configured(None, true);
    let names = Principal::Anonymous;
    let after = Arc::new(configured(Some(USERS), true).following(&before));
    let said = Order::default().chain(None, None, &after).reconsider(&Standing {
        principal: &names,
        client_id: "c1",
        username: Some("alice"),
        peer: None,
    });
    assert!(matches!(said, Reconsidered::Ended(Denial::UnknownUser)), "{said:?}");
}

#[test]
fn other_rules_are_told_to_those_who_stay() {
    let mut reload = Reload::of(with_rules(Some(USERS), true, "a/#"));
    reload.next(&BOTH, with_rules(Some(&[("alice", "a")]), true, "b/#"));
    assert_eq!(reload.outcome(), ["may not a/x", "may not a/x", "UnknownUser", "unchanged"]);
    // Whoever was not looked at between two changes gets what holds now.
    reload.next(&BOTH, with_rules(Some(&[("alice", "a")]), true, "a/#"));
    assert_eq!(reload.outcome(), ["may a/x", "may a/x", "UnknownUser", "unchanged"]);
}

#[test]
fn an_authenticator_that_is_not_asked_any_more_keeps_nobody() {
    let mut reload = Reload::of(configured(Some(USERS), true));
    reload.next(&["registry"], configured(Some(USERS), true));
    assert_eq!(reload.outcome(), ["unchanged", "UnknownUser", "UnknownUser", "unchanged"]);
    reload.next(&["file"], configured(Some(USERS), true));
    assert_eq!(reload.outcome(), ["unchanged", "unchanged", "unchanged", "UnknownUser"]);
}

/// A verdict that was found before a change and arrives after it: it is reconsidered when it arrives.
#[test]
fn a_verdict_from_before_a_change_does_not_outlive_it() {
    let before = configured(Some(USERS), false);
    let old = chain_of(&BOTH, before.clone());
    let Verdict::Allow(late) = old.verify(&request(Some("alice"), Some("a"))) else {
        panic!("alice is known")
    };
    let after = Arc::new(configured(Some(&[("alice", "changed")]), false).following(&before));
    let standing =
        Standing { principal: &late.principal, client_id: "c1", username: Some("alice"), peer: None };
    let said = Order::default().chain(None, None, &after).reconsider(&standing);
    assert!(matches!(said, Reconsidered::Ended(Denial::WrongPassword)), "{said:?}");
}

#[test]
fn a_user_whom_somebody_else_vouches_for_is_no_business_of_the_file() {
    let principal = Principal::User("somebody".into());
    let standing =
        Standing { principal: &principal, client_id: "c1", username: Some("somebody"), peer: None };
    for names in [&["registry"][..], &BOTH] {
        let said = chain_of(names, configured(Some(USERS), false)).reconsider(&standing);
        assert!(matches!(said, Reconsidered::Unchanged), "{said:?}");
    }
}

#[test]
fn users_of_all_kinds_of_hashes_take_as_long_when_they_fail() {
    let mut users = known(&[("plain", "x")]);
    users.add("slow", BCRYPT, &"auth.password".into()).unwrap();
    let file = FileAuthenticator::of(Arc::new(Configured::new(Some(users), false, Access::everything())));
    for name in ["plain", "slow", "nobody"] {
        assert_eq!(file.cost(&request(Some(name), Some("x"))), Cost::Expensive, "{name}");
    }
    assert_eq!(short(file.verify(&request(Some("plain"), Some("x")))), "user \"plain\"");
    assert_eq!(short(file.verify(&request(Some("plain"), Some("y")))), "WrongPassword");
}

#[test]
fn rules_of_a_configuration_know_where_a_client_comes_from() {
    use crate::acl::{OrderedRule, RuleTopic, Selector, Topics};
    let topics = Topics::Of(vec!["a/#".parse::<RuleTopic>().unwrap()]);
    let whom = Selector::of_addresses(["10.0.0.0/8"]).unwrap();
    let rule = OrderedRule { effect: Effect::Allow, action: Action::Both, topics, whom };
    let acl = crate::OrderedAcl { rules: vec![rule], no_match: Effect::Deny };
    let access = Access::Ordered(Arc::new(acl));
    let chain =
        Order::default().chain(None, None, &Arc::new(Configured::new(Some(known(USERS)), true, access)));
    for (username, password) in [(None, None), (Some("alice"), Some("a"))] {
        for (peer, may) in
            [("10.1.1.1", true), ("::ffff:10.1.1.1", true), ("11.1.1.1", false), ("::1", false)]
        {
            let peer = Some(peer.parse().unwrap());
            let Verdict::Allow(allowance) =
                chain.verify(&AuthRequest { peer, ..request(username, password) })
            else {
                panic!("{username:?} is let in")
            };
            assert_eq!(allowance.authorize.receive("a/x").is_allowed(), may, "{username:?} {peer:?}");
        }
    }
}
