use super::{
    super::statements::{Binds, STANDARDS},
    *,
};

fn claim(id: &str, function: &str) -> Claim {
    let test = TestName { package: "m".into(), modules: vec!["it".into()], function: function.into() };
    Claim { id: id.into(), test, place: "a.rs:1".into() }
}

fn ledger(claims: &[Claim], exceptions: &BTreeMap<String, String>) -> Ledger {
    let statement =
        |(id, binds): (&str, Binds)| Statement { id: id.into(), binds, paraphrase: "a | b".into() };
    let statements = [("MQTT5-1-1", Binds::Both), ("MQTT5-1-2", Binds::Server), ("MQTT5-1-3", Binds::Client)];
    Ledger::new(vec![(STANDARDS[0], statements.map(statement).into())], claims, exceptions)
}

fn problems(claims: Vec<Claim>, exceptions: &[(&str, &str)]) -> Vec<String> {
    let exceptions = exceptions.iter().map(|&(id, reason)| (id.to_owned(), reason.to_owned())).collect();
    let ledger = ledger(&claims, &exceptions);
    let cited = claims.iter().map(|claim| (claim.id.clone(), claim.place.clone())).collect();
    ledger.problems(&Claims { claims, cited, problems: Vec::new() }, &exceptions, None)
}

#[test]
fn a_statement_that_binds_a_server_is_open_until_proved_or_excepted() {
    let exceptions = BTreeMap::from([("MQTT5-1-2".to_owned(), "later".to_owned())]);
    let open = |ledger: &Ledger| ledger.rows().filter(|row| row.open()).count();
    assert_eq!(open(&ledger(&[], &BTreeMap::new())), 2);
    let ledger = ledger(&[claim("MQTT5-1-1", "t")], &exceptions);
    assert_eq!(open(&ledger), 0);
    let line = "MQTT 5.0: 2 statements bind a server: 1 proved, 1 excepted, 0 open; 1 tests";
    assert_eq!(ledger.counts(), line);
}

#[test]
fn contradictions_are_found() {
    let one = |claims, exceptions: &[(&str, &str)]| problems(claims, exceptions).join("\n");
    assert_eq!(one(vec![claim("MQTT5-1-1", "t")], &[("MQTT5-1-2", "later")]), "");
    assert!(one(vec![claim("MQTT5-9-9", "t")], &[]).contains("a.rs:1: there is no statement MQTT5-9-9"));
    assert!(one(vec![], &[("MQTT5-9-9", "x")]).contains("there is no statement"));
    assert!(one(vec![], &[("MQTT5-1-1", " ")]).contains("has no reason"));
    assert!(one(vec![claim("MQTT5-1-1", "t")], &[("MQTT5-1-1", "x")]).contains("remove the exception"));
}

#[test]
fn a_test_that_nextest_does_not_list_is_found() {
    let claims = Claims { claims: vec![claim("MQTT5-1-1", "gone")], ..Claims::default() };
    let found = ledger(&claims.claims, &BTreeMap::new()).problems(
        &claims,
        &BTreeMap::new(),
        Some(&Listing::default()),
    );
    assert_eq!(
        found,
        ["a.rs:1: MQTT5-1-1 names the test m::it::gone, which is not compiled or does not exist"]
    );
}

#[test]
fn the_page_has_a_row_for_every_statement() {
    let exceptions = BTreeMap::from([("MQTT5-1-2".to_owned(), "later".to_owned())]);
    let page = ledger(&[claim("MQTT5-1-1", "u"), claim("MQTT5-1-1", "t")], &exceptions).markdown();
    assert!(page.contains("\n| MQTT5-1-1 | both | a \\| b | `m::it::t`<br>`m::it::u` |\n"), "{page}");
    assert!(page.contains(
        "\n| MQTT5-1-2 | server | a \\| b | exception: later |\n| MQTT5-1-3 | client | a \\| b |  |\n"
    ));
}
