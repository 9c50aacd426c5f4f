//! What is typed, and what is sent for it.

use clap::Parser;
use serde_json::{Value, json};
use vouchmq_client::dto::product::{NewProduct, ProductPatch};

use super::{Command, device, product};

#[derive(Debug, Parser)]
struct Line {
    #[command(subcommand)]
    command: Command,
}

fn read(words: &[&str]) -> Command {
    Line::try_parse_from([&["vouchmq"], words].concat()).unwrap().command
}

fn product(words: &[&str]) -> Value {
    let Command::Product(arguments) = read(&[&["product"], words].concat()) else { panic!("{words:?}") };
    if let product::Action::Create(create) = arguments.action {
        return json!(NewProduct::from(*create));
    }
    let product::Action::Change(change) = arguments.action else { panic!("{words:?}") };
    json!(ProductPatch::from(*change))
}

fn device_patch(words: &[&str]) -> Value {
    let Command::Device(arguments) = read(&[&["device", "change", "d"], words].concat()) else {
        panic!("{words:?}")
    };
    let device::Action::Change(change) = arguments.action else { panic!("{words:?}") };
    json!(change.patch().unwrap())
}

#[test]
fn what_is_not_said_is_not_sent() {
    let new = product(&["create", "--key", "k", "--name", "N"]);
    assert_eq!(new, json!({"key": "k", "name": "N"}));
    assert_eq!(product(&["change", "k", "--state", "disabled"]), json!({"state": "disabled"}));
    assert_eq!(device_patch(&["--hw-id", "h"]), json!({"hw_id": "h"}));
}

#[test]
fn lists_are_repeated_and_rules_are_read() {
    let new = product(&[
        "create",
        "--key=k",
        "--name=N",
        "--kind=secret,scram",
        "--kind=password",
        "--acl",
        "allow both dev/${device}/#",
        "--acl",
        "deny publish a b",
        "--strategy=allow_list",
        "--binding=prefix",
        "--max-devices=7",
    ]);
    let rules = json!([
        {"effect": "allow", "action": "both", "topic": "dev/${device}/#"},
        {"effect": "deny", "action": "publish", "topic": "a b"},
    ]);
    assert_eq!(
        new,
        json!({"key": "k", "name": "N", "allowed_kinds": ["secret", "scram", "password"], "acl": rules,
            "reg_strategy": "allow_list", "clientid_binding": "prefix", "max_devices": 7})
    );
}

#[test]
fn what_is_emptied_is_sent_as_nothing() {
    assert_eq!(
        product(&["change", "k", "--no-acl", "--max-devices", "unlimited"]),
        json!({"acl": [], "max_devices": null})
    );
    assert_eq!(
        device_patch(&["--no-hw-id", "--no-tags", "--no-attributes", "--expires-at", "never"]),
        json!({"hw_id": null, "tags": {}, "attributes": {}, "expires_at": null})
    );
    assert_eq!(device_patch(&["--tag", "a=1", "--tag", "b=x=y"]), json!({"tags": {"a": "1", "b": "x=y"}}));
}

#[test]
fn filters_of_devices_become_a_query() {
    let words = ["device", "list", "--product", "a b", "--tag", "site=x:y", "--offline", "--search", "%"];
    let Command::Device(arguments) = read(&words) else { panic!("{words:?}") };
    let device::Action::List(which) = arguments.action else { panic!("{words:?}") };
    assert_eq!(
        which.path().page(None),
        "/v1/devices?product=a%20b&tag=site%3Ax%3Ay&online=false&q=%25&limit=200"
    );
}
