//! Files that somebody wrote to do harm, or by mistake.

use serde_json::json;

use super::export::filled;
use super::{counts, login, told};
use crate::harness::registry::{World, text};

const PASSWORD: &str = "Canary-9417-of-a-person";

#[test]
fn no_password_of_a_row_that_is_wrong_is_repeated() {
    let world = World::new();
    let management = world.management();
    let product = management.open_product("old");
    let bare = json!([{"user_id": format!("{PASSWORD} "), "password": "x"}, {"user_id": "a", "password_hash": PASSWORD},
        {"user_id": "b", "password_hash": "00", "salt": PASSWORD}, PASSWORD, {"user_id": {"a": PASSWORD}},
        {"user_id": "c", "password": PASSWORD, "is_superuser": PASSWORD}])
    .to_string();
    let clients = json!({"clients": [{"username": "a", "password": PASSWORD}, {"username": 7, "password": PASSWORD},
        {"username": "b", "encoded_password": PASSWORD}, {"username": "c", "iterations": PASSWORD}, [PASSWORD]]})
    .to_string();
    let native = {
        let (filled, _, _) = filled();
        filled
            .management()
            .export("?with=verifiers")
            .replacen("\"state\":\"", &format!("\"state\":\"{PASSWORD}"), 3)
            .replacen("\"kind\":\"", &format!("\"kind\":\"{PASSWORD}"), 2)
    };
    for (format, file) in [
        ("csv", format!("{PASSWORD}!,d1\nd2,{PASSWORD}\n")),
        ("csv", format!("id,password\n{PASSWORD} ,\n,{PASSWORD}\n\"{PASSWORD}\n")),
        (
            "csv",
            format!(
                "id,password,password_hash,secret_kind\na,,{PASSWORD},\nb,,,{PASSWORD}\nc,{PASSWORD},{PASSWORD},\n"
            ),
        ),
        (
            "csv",
            format!("id,tags,attributes,expires_at\na,{PASSWORD},,\nb,,{PASSWORD}=\u{1},\nc,,,{PASSWORD}\n"),
        ),
        ("emqx", format!("d1,{PASSWORD},,false\n")),
        ("emqx", bare),
        ("mosquitto", format!("{PASSWORD}\nd1:{PASSWORD}\nd1:$7$101${PASSWORD}\n{PASSWORD} :x\n")),
        ("mosquitto", clients),
        ("nanomq", format!("{PASSWORD}\n\"a\": {PASSWORD} {PASSWORD}\n\"b\" {PASSWORD}\n")),
        ("native", native),
    ] {
        let answer = management.import(&format!("format={format}&product_id={product}"), &file);
        assert!(!answer.body.contains(PASSWORD), "{format}: {answer:?}");
        assert!(answer.status == 422 || counts(&answer.json())[3] > 0, "{format}: {answer:?}");
    }
    let audit = management.get("/v1/audit?limit=200").is(200).to_string();
    assert!(!audit.contains(PASSWORD), "{audit}");
}

#[test]
fn a_table_whose_columns_have_no_names_is_refused_as_a_whole() {
    let world = World::new();
    let management = world.management();
    let product = management.open_product("old");
    for (format, names) in [("csv", "id or hw_id"), ("emqx", "user_id")] {
        let answer =
            management.import(&format!("format={format}&product_id={product}"), "d1,secret word\nd2,x\n");
        assert_eq!(answer.problem(), (422, "invalid".to_owned()));
        assert!(answer.body.contains(names) && !answer.body.contains("word"), "{answer:?}");
    }
}

#[test]
fn who_may_not_hand_out_credentials_imports_no_password() {
    let world = World::new();
    let management = world.management();
    let product = management.open_product("sensor");
    let key = management.api_key("writer", &["devices:write"]);
    let query = format!("format=csv&product_id={product}");
    let csv = "id,password\nd1,correct horse\nd2,\n";
    for query in [format!("{query}&dry_run=true"), query] {
        let report = management.import_as(text(&key, "secret"), &query, csv).is(200);
        assert_eq!((counts(&report), told(&report)), ([1, 0, 0, 1], vec![(2, "forbidden".to_owned())]));
    }
    assert_eq!(login(&world, "d1", "correct horse"), "not_mine");
}

#[test]
fn a_device_of_another_product_stays_as_it_is_and_its_row_fails() {
    let world = World::new();
    let management = world.management();
    let (one, other) = (management.open_product("one"), management.open_product("other"));
    let csv = "id,password\nd1,correct horse\n";
    management.import(&format!("format=csv&product_id={one}"), "id,password\nd1,first word\n").is(200);
    for more in ["", "&on_conflict=update", "&dry_run=true"] {
        let report = management.import(&format!("format=csv&product_id={other}{more}"), csv).is(200);
        assert_eq!(
            (counts(&report), told(&report)),
            ([0, 0, 0, 1], vec![(2, "invalid".to_owned())]),
            "{more}"
        );
        assert!(text(&report["rows"][0], "detail").contains("another product"), "{report}");
    }
    assert_eq!(management.get("/v1/devices/d1").is(200)["product_id"], one.as_str());
    assert_eq!(login(&world, "d1", "correct horse"), "deny");
    assert_eq!(login(&world, "d1", "first word"), "allow");
}

#[test]
fn an_import_gives_a_device_that_is_here_nothing_but_credentials() {
    let world = World::new();
    let management = world.management();
    let product = management.open_product("one");
    let query = format!("format=csv&product_id={product}&on_conflict=update");
    management.import(&query, "id,hw_id,attributes,password\nd1,h,site=a,first word\n").is(200);
    management.call("POST", "/v1/devices/d1:suspend", &serde_json::Value::Null).is(200);
    let before = management.get("/v1/devices/d1").is(200);
    let csv = "id,hw_id,tags,attributes,expires_at,password\nd1,g,a=b,site=+/#,2030-01-01T00:00:00Z,correct horse\n";
    assert_eq!(counts(&management.import(&query, csv).is(200)), [0, 1, 0, 0]);
    assert_eq!(management.get("/v1/devices/d1").is(200), before);
    assert_eq!(login(&world, "d1", "correct horse"), "deny", "it is suspended");
}

#[test]
fn what_nobody_could_make_is_not_imported_either() {
    let (world, _, _) = filled();
    let export = world.management().export("?with=verifiers");
    for (from, to, row) in [
        ("\"allowed_kinds\":[\"secret\",\"password\",\"scram\"]", "\"allowed_kinds\":[]", 2),
        ("\"max_uses\":3", "\"max_uses\":0", 6),
        ("\"id\":\"d1\"", "\"id\":\"d1\",\"attributes\":{\"a b\":\"c\"}", 3),
        ("\"id\":\"d1\"", "\"id\":\"d1\",\"superuser\":true", 3),
    ] {
        assert!(export.contains(from), "{from}: {export}");
        let report = World::new().management().import("format=native", &export.replace(from, to)).is(200);
        assert!(told(&report).iter().any(|(number, _)| *number == row), "{to}: {report}");
    }
}

#[test]
fn fields_have_names() {
    let header =
        "{\"type\":\"header\",\"format\":1,\"log\":\"\",\"head_seq\":0,\"exported_at\":\"\",\"keys\":[]}";
    let block = "[\"block\",\"01934f00-0000-7000-8000-000000000000\",\"clientid\",\"x\",\"\",null,\"admin\",\"2026-11-22T03:00:00Z\"]";
    let file = format!("{header}\n{block}\n{{\"type\":\"end\",\"lines\":2}}\n");
    let world = World::new();
    let report = world.management().import("format=native", &file).is(200);
    assert_eq!(told(&report), [(2, "malformed_json".to_owned())]);
    assert!(world.management().items("/v1/blocks").is_empty());
}

#[test]
fn what_failed_is_told_even_behind_a_thousand_rows_that_were_skipped() {
    let world = World::new();
    let management = world.management();
    let product = management.product("sensor", "off");
    let query = format!("format=csv&product_id={product}");
    let rows: String =
        std::iter::once("id\n".to_owned()).chain((0..1_100).map(|number| format!("d{number}\n"))).collect();
    management.import(&query, &rows).is(200);
    let report = management.import(&query, &format!("{rows}!\n")).is(200);
    assert_eq!(counts(&report), [0, 0, 1_100, 1]);
    assert_eq!(told(&report).last(), Some(&(1_102, "invalid".to_owned())));
}

#[test]
fn memory_is_bounded_whatever_the_file_says() {
    let world = World::new();
    let management = world.management();
    let product = management.product("sensor", "off");
    // Half a million values of a byte each.
    let many = format!("[{}0]", "0,".repeat(500_000));
    let answer = management.import(&format!("format=emqx&product_id={product}"), &many);
    assert_eq!(answer.problem(), (400, "malformed_json".to_owned()));
    let long = format!("[{{\"user_id\":\"a\",\"password\":[{}0]}}]", "0,".repeat(200_000));
    let report = management.import(&format!("format=emqx&product_id={product}"), &long).is(200);
    assert_eq!(told(&report), [(1, "malformed_row".to_owned())]);
    // All or nothing waits for its last row.
    let wide: String = (0..40).map(|number| format!("d{number},a={}\n", "x".repeat(250_000))).collect();
    let query = format!("format=csv&product_id={product}&mode=atomic");
    assert_eq!(management.import(&query, &format!("id,tags\n{wide}")).problem(), (422, "invalid".to_owned()));
}
