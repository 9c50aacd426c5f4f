use super::*;

/// The claims of [`good`] with one of them changed.
fn with(name: &str, value: Option<&str>) -> String {
    let (from, to) = ((NOW_SECS - 10).to_string(), (NOW_SECS + 600).to_string());
    let quoted = |text: &str| format!("\"{text}\"");
    let claims = [("iss", quoted(ISSUER)), ("aud", quoted(AUDIENCE)), ("iat", from), ("exp", to)];
    let mut members: Vec<String> = claims
        .iter()
        .filter(|(known, _)| *known != name)
        .map(|(known, value)| format!("\"{known}\":{value}"))
        .collect();
    members.extend(value.map(|value| format!("\"{name}\":{value}")));
    format!("{{{}}}", members.join(","))
}

#[test]
fn what_is_demanded_has_to_be_there_and_right() {
    let pair = Pair::of(Algorithm::EdDsa);
    let keys = pair.keys();
    let of = |claims: &str| keys.verify(&pair.sign(r#"{"alg":"EdDSA"}"#, claims), NOW, &policy()).map(drop);
    let at = |secs: i64| (i64::try_from(NOW_SECS).unwrap() + secs).to_string();
    for (name, value, expected) in [
        ("iss", None, Err(TokenFault::Issuer)),
        ("iss", Some("\"issuer.example \"".to_owned()), Err(TokenFault::Issuer)),
        ("aud", None, Err(TokenFault::Audience)),
        ("aud", Some("[]".to_owned()), Err(TokenFault::Audience)),
        ("aud", Some("\"Broker.example\"".to_owned()), Err(TokenFault::Audience)),
        ("aud", Some("[\"other\",\"broker.example\"]".to_owned()), Ok(())),
        ("aud", Some("[\"broker.example\",1]".to_owned()), Err(TokenFault::Claims)),
        ("exp", None, Err(TokenFault::Claims)),
        ("exp", Some(at(-30)), Err(TokenFault::Expired)),
        ("exp", Some(at(-29)), Ok(())),
        ("iat", None, Err(TokenFault::Claims)),
        ("iat", Some(at(30)), Ok(())),
        ("iat", Some(at(31)), Err(TokenFault::Early)),
        ("nbf", Some(at(30)), Ok(())),
        ("nbf", Some(at(31)), Err(TokenFault::Early)),
    ] {
        assert_eq!(of(&with(name, value.as_deref())), expected, "{name} {value:?}");
    }
}

#[test]
fn clocks_are_never_taken_to_be_more_than_a_minute_apart() {
    let pair = Pair::of(Algorithm::EdDsa);
    let policy = Policy { leeway_secs: 3600, ..policy() };
    let token = pair.sign(r#"{"alg":"EdDSA"}"#, &with("exp", Some(&NOW_SECS.to_string())));
    let at = |secs: u64| pair.keys().verify(&token, UnixMillis::new((NOW_SECS + secs) * 1000), &policy);
    assert_eq!(at(59).unwrap().expires_at, UnixMillis::new((NOW_SECS + 60) * 1000));
    assert_eq!(at(60), Err(TokenFault::Expired));
}

#[test]
fn a_token_may_be_refused_for_being_good_too_long() {
    let pair = Pair::of(Algorithm::EdDsa);
    let of = |max| {
        let policy = Policy { lifetime_secs_max: Some(max), ..policy() };
        pair.keys().verify(&pair.sign(r#"{"alg":"EdDSA"}"#, &good("")), NOW, &policy).map(drop)
    };
    assert_eq!([of(610), of(609)], [Ok(()), Err(TokenFault::Lifetime)]);
}

#[test]
fn a_token_opens_what_it_says_and_with_us_nothing_where_it_says_nothing() {
    let pair = Pair::of(Algorithm::EdDsa);
    let rights = |policy: &Policy, more: &str| {
        pair.keys().verify(&pair.sign(r#"{"alg":"EdDSA"}"#, &good(more)), NOW, policy).unwrap().rights
    };
    let ours = policy();
    let theirs = Policy { unsaid: Rights::administrator(), ..policy() };
    let two = Rights::new(None, [Scope::StatsRead, Scope::DevicesRead]);
    for (more, expected) in [
        (r#","role":"viewer""#, Rights::new(Some(Role::Viewer), [])),
        (r#","scope":"openid stats:read devices:read  ""#, two.clone()),
        (r#","scopes":["stats:read","devices:read"]"#, two.clone()),
        (r#","scopes":["stats:read"],"scope":"devices:read""#, two),
        (
            r#","role":"auditor","scope":"blocks:write""#,
            Rights::new(Some(Role::Auditor), [Scope::BlocksWrite]),
        ),
        // What is said and not known is not the same as nothing.
        (r#","role":"nobody""#, Rights::default()),
        (r#","role":"Administrator""#, Rights::default()),
        (r#","scope":"""#, Rights::default()),
        (r#","scopes":[]"#, Rights::default()),
    ] {
        assert_eq!(rights(&ours, more), expected, "{more}");
        assert_eq!(rights(&theirs, more), expected, "{more}");
    }
    assert_eq!(rights(&ours, ""), Rights::default());
    assert_eq!(rights(&theirs, ""), Rights::administrator());
    let named = Policy { role_claim: "groups".into(), scope_claim: Some("rights".into()), ..policy() };
    let more = r#","groups":"viewer","rights":"blocks:write","role":"administrator","scope":"admin""#;
    assert_eq!(rights(&named, more), Rights::new(Some(Role::Viewer), [Scope::BlocksWrite]));
}

/// As NanoMQ has it: the name of the key file is the issuer, and nothing is said about an audience.
#[test]
fn a_token_of_nanomq_opens_everything_for_as_long_as_it_says() {
    let pair = Pair::of(Algorithm::Rs256);
    let policy = Policy::nanomq("jwtRS256.key.pub");
    let of =
        |claims: &str| pair.keys().verify(&pair.sign(r#"{"alg":"RS256","typ":"JWT"}"#, claims), NOW, &policy);
    let exp = NOW_SECS + 60;
    let claims = format!(r#"{{"iat":{NOW_SECS},"exp":{exp},"bodyEncode":0,"iss":"jwtRS256.key.pub"}}"#);
    assert_eq!(of(&claims).unwrap().rights, Rights::administrator());
    let foreign = claims.replace('}', r#","aud":"somebody else"}"#);
    assert_eq!(of(&foreign), Err(TokenFault::Audience));
    assert_eq!(of(&claims.replace("jwtRS256.key.pub", "other.pub")), Err(TokenFault::Issuer));
    assert_eq!(of(r#"{"iss":"jwtRS256.key.pub"}"#), Err(TokenFault::Claims), "it has to end");
}
