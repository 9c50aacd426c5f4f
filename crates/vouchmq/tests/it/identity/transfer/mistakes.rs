//! What goes wrong with files, tokens and servers: one line, and nothing is left half done.
#![expect(clippy::unwrap_used, reason = "tests fail by panicking")]

use std::fs::{self, File};

use serde_json::{Value, json};

use super::formats::open_product;
use crate::identity::fleet::{Fleet, House, text};
use crate::process::{Running, vouchmq};

/// A file of many rows: it is sent in parts, and entered in some transactions.
fn large(house: &House) -> String {
    let file = house.beside("large");
    let rows: String = std::iter::once("id\n".to_owned())
        .chain((0..3_000).map(|number| format!("device-{number:0100}\n")))
        .collect();
    fs::write(&file, rows).unwrap();
    file.to_str().unwrap().to_owned()
}

fn key(fleet: &Fleet, scopes: &[&str]) -> String {
    text(&fleet.operator.post("/v1/api-keys", &json!({"name": scopes[0], "scopes": scopes})), "secret")
}

#[test]
fn who_may_not_import_is_told_before_anything_is_sent() {
    let house = House::new();
    let fleet = house.start(&[]);
    open_product(&fleet, "sensor");
    let file = large(&house);
    let product = text(&fleet.operator.get("/v1/products")["items"][0], "id");
    let import = ["import", "--format", "csv", "--product", &product, &file];
    let ran = fleet.command_as("not the token of anybody", &import, "").code(1);
    assert!(ran.complaint().contains("does not accept the token of VOUCHMQ_ADMIN_TOKEN"), "{ran:?}");
    let ran = fleet.command_as(&key(&fleet, &["devices:read"]), &import, "").code(1);
    assert!(ran.complaint().contains("may not do this"), "{ran:?}");
    let writer = key(&fleet, &["devices:write", "devices:read"]);
    let ran = fleet.command_as(&writer, &["export", "--verifiers"], "").code(1);
    assert!(ran.complaint().contains("this needs the scope admin too") && ran.stdout.is_empty(), "{ran:?}");
    let update = [&import[..], &["--update"]].concat();
    let ran = fleet.command_as(&writer, &update, "").code(1);
    assert!(ran.complaint().contains("this needs the scope credentials:write too"), "{ran:?}");
    let ran = fleet.command(&["import", "--format", "csv", "--product", "none", &file], "").code(1);
    assert!(ran.complaint().starts_with("there is no product with the key or id 'none'"), "{ran:?}");
    let mut nobody = vouchmq(&["import", "--format", "native", &file, "--api", "http://127.0.0.1:1"]);
    let ran = Running::spawn(nobody.env("VOUCHMQ_ADMIN_TOKEN", "x"), b"").finish().code(1);
    assert!(ran.complaint().starts_with("no answer from http://127.0.0.1:1: "), "{ran:?}");
}

#[test]
fn a_file_that_is_none_is_refused_as_a_whole_and_told_in_one_line() {
    let house = House::new();
    let fleet = house.start(&[]);
    open_product(&fleet, "sensor");
    let native = |input: &str| fleet.command(&["import", "--format", "native", "-"], input);
    let ran = native("id,password\nd1,correct horse\n").code(1);
    assert_eq!(ran.complaint(), "refused: the first line is not the header of an export");
    let ran = native("{\"type\":\"header\",\"format\":2}\n").code(1);
    assert_eq!(ran.complaint(), "refused: the file is an export of form 2, and this version reads 1");
    assert_eq!(native("").code(2).complaint(), "standard input is empty");
    let ran = fleet
        .command(&["import", "--format", "emqx", "--product", "sensor", "-"], "d1,correct horse\n")
        .code(1);
    assert_eq!(ran.complaint(), "refused: the first line has to name the columns, user_id among them");
    // A line that would not end, of which there is no end in sight.
    let ran =
        fleet.command(&["import", "--format", "csv", "--product", "sensor", &large(&house)], "").code(0);
    assert_eq!(ran.stdout, "3000 rows: 3000 created, 0 updated, 0 skipped, 0 failed\n");
}

#[test]
fn a_file_that_is_too_large_is_not_begun() {
    let house = House::new();
    let file = house.beside("huge");
    File::create(&file).unwrap().set_len(1024 * 1024 * 1024 + 1).unwrap();
    let mut import = vouchmq(&["import", "--format", "native", file.to_str().unwrap()]);
    let ran = Running::spawn(import.env("VOUCHMQ_ADMIN_TOKEN", "x"), b"").finish().code(2);
    assert!(
        ran.complaint().contains("has 1073741825 bytes, and at most 1073741824 are imported at once"),
        "{ran:?}"
    );
}

#[test]
fn an_export_overwrites_nothing_that_is_not_to_be_and_leaves_nothing_that_is_not_whole() {
    let house = House::new();
    let fleet = house.start(&[]);
    open_product(&fleet, "sensor");
    let file = house.beside("export");
    let path = file.to_str().unwrap();
    fs::write(&file, "dear to somebody").unwrap();
    let ran = fleet.command(&["export", "--out", path], "").code(2);
    assert_eq!(ran.complaint(), format!("{path} exists already; give --force to replace it"));
    assert_eq!(fs::read_to_string(&file).unwrap(), "dear to somebody");
    let ran = fleet.command(&["export", "--out", path, "--force", "--json", "--verifiers"], "").code(0);
    let answer: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(answer, json!({"file": path, "lines": 3}));
    assert_eq!(fs::read_to_string(&file).unwrap().lines().count(), 3);
    for refused in [
        &["export", "--force", "--out", path, "--product", "none"][..],
        &["export", "--out", "/nowhere/export"],
        &["export", "--force", "--out", "/nowhere/export"],
    ] {
        let ran = fleet.command(refused, "");
        assert!(ran.code > 0 && ran.stderr.lines().count() == 1, "{ran:?}");
    }
    let nobody = ["export", "--out", path, "--force", "--api", "http://127.0.0.1:1"];
    fleet.command(&nobody, "").code(1);
    assert_eq!(fs::read_to_string(&file).unwrap().lines().count(), 3, "what was there stays");
    let beside = fs::read_dir(file.parent().unwrap()).unwrap().map(|entry| entry.unwrap().file_name());
    assert!(beside.into_iter().all(|name| name == "data" || name == "export"), "nothing is left over");
    let one = fleet.command(&["export", "--product", "sensor", "--out", "-"], "").code(0);
    assert_eq!(one.stdout.lines().count(), 3);
}
