use serde_json::{Value, json};

use super::{counts, login, told};
use crate::harness::registry::{World, text};

fn rows(range: std::ops::Range<u32>) -> String {
    std::iter::once("id\n".to_owned()).chain(range.map(|number| format!("d{number}\n"))).collect()
}

fn device_count(world: &World, product: &str) -> u64 {
    let mut rows = crate::harness::runtime().block_on(world.registry.read()).unwrap();
    crate::harness::runtime().block_on(rows.device_count(product.parse().unwrap())).unwrap()
}

#[test]
fn what_exists_is_skipped_and_importing_again_changes_nothing() {
    let world = World::new();
    let management = world.management();
    let product = management.product("sensor", "off");
    let query = format!("format=csv&product_id={product}");
    assert_eq!(counts(&management.import(&query, &rows(0..1200)).is(200)), [1200, 0, 0, 0]);
    let report = management.import(&query, &rows(0..1201)).is(200);
    assert_eq!(counts(&report), [1, 0, 1200, 0]);
    assert_eq!(report["rows"].as_array().unwrap().len(), 1_000);
    assert_eq!(text(&report["rows"][0], "outcome"), "skipped");
    assert_eq!(device_count(&world, &product), 1201);
}

#[test]
fn a_dry_run_tells_what_would_come_of_it_and_changes_nothing() {
    let world = World::new();
    let management = world.management();
    let product = management.open_product("sensor");
    let before = management.get("/v1/audit").is(200);
    let csv = "id,password\nd1,correct horse\nd2,\n!,\n";
    let report = management.import(&format!("format=csv&product_id={product}&dry_run=true"), csv).is(200);
    assert_eq!((counts(&report), &report["dry_run"]), ([2, 0, 0, 1], &Value::Bool(true)));
    assert_eq!(device_count(&world, &product), 0);
    assert_eq!(management.get("/v1/audit").is(200), before);
}

#[test]
fn a_dry_run_tells_what_an_import_tells_however_far_apart_rows_are_that_repeat_each_other() {
    let world = World::new();
    let management = world.management();
    let product = management.product("sensor", "off");
    let query = format!("format=csv&product_id={product}");
    let csv = format!("{}d7\nd0\n", rows(0..1_200));
    let mut dry = management.import(&format!("{query}&dry_run=true"), &csv).is(200);
    dry["dry_run"] = json!(false);
    assert_eq!(counts(&dry), [1_200, 0, 2, 0]);
    assert_eq!(management.import(&query, &csv).is(200), dry);
}

#[test]
fn all_or_nothing_is_undone_when_one_row_fails() {
    let world = World::new();
    let management = world.management();
    let product = management.product("sensor", "off");
    let query = format!("format=csv&product_id={product}&mode=atomic");
    for bad in ["!\n", "d0\n,\n"] {
        let report = management.import(&query, &format!("{}{bad}", rows(0..600))).is(200);
        let [created, _, skipped, failed] = counts(&report);
        assert_eq!((created, failed), (0, 1), "{bad}");
        assert!(skipped >= 600);
        assert_eq!(device_count(&world, &product), 0);
    }
    // A row that only the registry can refuse.
    let text = "id,hw_id\nd1,h\nd2,h\n";
    let report = management.import(&query, text).is(200);
    assert_eq!(counts(&report), [0, 0, 1, 1]);
    assert_eq!(told(&report), [(2, "undone".to_owned()), (3, "already_exists".to_owned())]);
    assert_eq!(management.import(&query, &rows(0..5_001)).problem(), (422, "invalid".to_owned()));
    assert_eq!(device_count(&world, &product), 0);
    assert_eq!(counts(&management.import(&query, &rows(0..600)).is(200)), [600, 0, 0, 0]);
}

#[test]
fn a_device_that_exists_gets_a_credential_only_on_demand_and_by_whom_may_give_one() {
    let world = World::new();
    let management = world.management();
    let product = management.open_product("sensor");
    let query = format!("format=csv&product_id={product}");
    management.import(&query, "id\nd1\n").is(200);
    let csv = "id,password\nd1,correct horse\n";
    assert_eq!(counts(&management.import(&query, csv).is(200)), [0, 0, 1, 0]);
    assert_eq!(login(&world, "d1", "correct horse"), "deny");
    let update = format!("{query}&on_conflict=update");
    let writer = management.api_key("writer", &["devices:write"]);
    let answer = management.import_as(text(&writer, "secret"), &update, csv);
    assert_eq!(answer.problem(), (403, "forbidden".to_owned()));
    assert_eq!(counts(&management.import(&update, csv).is(200)), [0, 1, 0, 0]);
    assert_eq!(login(&world, "d1", "correct horse"), "allow");
    for _ in 0..3 {
        management.import(&update, csv).is(200);
    }
    assert_eq!(told(&management.import(&update, csv).is(200)), [(2, "credential_limit".to_owned())]);
}

#[test]
fn who_imports_is_taken_down_with_every_device() {
    let world = World::new();
    let management = world.management();
    let product = management.product("sensor", "off");
    let report = management.import(&format!("format=csv&product_id={product}"), "id\nd1\nd1\n!\n").is(200);
    assert_eq!(counts(&report), [1, 0, 1, 1]);
    let entries = management.items("/v1/audit");
    let actions: Vec<&str> = entries.iter().map(|entry| text(entry, "action")).collect();
    assert_eq!(actions, ["product.create", "device.create", "import.finish"]);
    assert_eq!(text(&entries[2], "reason"), "csv, 3 rows: 1 created, 0 updated, 1 skipped, 1 failed");
    management.call("POST", "/v1/audit:verify", &Value::Null).is(200);
}

#[test]
fn what_a_product_does_not_allow_fails_row_by_row() {
    let world = World::new();
    let management = world.management();
    let wish = json!({"key": "few", "name": "Few", "max_devices": 1});
    let product = text(&management.call("POST", "/v1/products", &wish).is(201), "id").to_owned();
    let csv = "id,password\nd0,x\nd1,\nd2,\n";
    let report = management.import(&format!("format=csv&product_id={product}"), csv).is(200);
    assert_eq!(counts(&report), [1, 0, 0, 2]);
    assert_eq!(told(&report), [(2, "kind_not_allowed".to_owned()), (4, "device_quota".to_owned())]);
}

#[test]
fn requests_that_cannot_be_are_refused_before_anything_is_read() {
    let world = World::new();
    let management = world.management();
    let product = management.product("sensor", "off");
    for (query, status) in [
        ("format=csv".to_owned(), 422),
        (format!("product_id={product}"), 422),
        (format!("format=xml&product_id={product}"), 422),
        (format!("format=csv&product_id={product}&mode=x"), 422),
        (format!("format=csv&product_id={product}&on_conflict=x"), 422),
        (format!("format=csv&product_id={product}&x=1"), 422),
        ("format=csv&product_id=x".to_owned(), 422),
    ] {
        assert_eq!(management.import(&query, "id\nd1\n").status, status, "{query}");
    }
    let too_long = format!("id\n{}\nd1\n", "x".repeat(300_000));
    let report = management.import(&format!("format=csv&product_id={product}"), &too_long).is(200);
    assert_eq!((counts(&report), told(&report)), ([1, 0, 0, 1], vec![(2, "malformed_row".to_owned())]));
    let mut large = management.connect();
    let head = format!("POST /v1/imports?format=csv&product_id={product} HTTP/1.1\r\nHost: localhost\r\n");
    let token = crate::harness::registry::TOKEN;
    large.send(
        format!("{head}Authorization: Bearer {token}\r\nContent-Length: 1073741825\r\n\r\nid\n").as_bytes(),
    );
    assert_eq!(large.receive().status, 413);
}
