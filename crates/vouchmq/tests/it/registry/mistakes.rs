//! What goes wrong: who is at fault, in one line, and the exit code.

use super::broker::Broker;
use crate::process::{Ran, Running, vouchmq};

fn run_with(arguments: &[&str], environment: &[(&str, &str)]) -> Ran {
    Running::spawn(vouchmq(arguments).envs(environment.iter().copied()), b"").finish()
}

#[test]
fn a_token_that_is_not_accepted_is_named_and_not_shown() {
    let broker = Broker::start();
    let wrong = broker.run_as("not the token of anybody", &["device", "list"], "").code(1);
    assert_eq!(
        wrong.complaint(),
        format!(
            "{} does not accept the token of VOUCHMQ_ADMIN_TOKEN; give the administrator's token or an API key \
             that is in force: VOUCHMQ_ADMIN_TOKEN, or --token-file FILE",
            broker.management
        )
    );
    let file = broker.folder.path().join("token");
    std::fs::write(&file, format!("{}\n", super::broker::ADMINISTRATOR)).unwrap();
    let flag = ["--token-file", file.to_str().unwrap()];
    broker.run_as("wrong", &[&["device", "list"][..], &flag].concat(), "").code(0);
    broker.run_as("wrong", &[&["device"][..], &flag, &["list"]].concat(), "").code(0);
    let api = ("VOUCHMQ_API", &*broker.management);
    run_with(&["device", "list"], &[api, ("VOUCHMQ_TOKEN_FILE", file.to_str().unwrap())]).code(0);
}

#[test]
fn where_nobody_listens_it_is_said_what_to_look_at() {
    let ran =
        run_with(&["device", "list", "--api", "http://127.0.0.1:1"], &[("VOUCHMQ_ADMIN_TOKEN", "x")]).code(1);
    assert_eq!(
        ran.complaint(),
        "no answer from http://127.0.0.1:1: Connection refused (os error 111); is 'vouchmq serve' running there, \
         with its management listener (--api-listen) on?"
    );
    assert_eq!((ran.stdout.as_str(), ran.stderr.lines().count()), ("", 1));
}

#[test]
fn whoever_asks_another_listener_is_told_so() {
    let broker = Broker::start();
    let other = format!("http://{}", broker.registration);
    let token = [("VOUCHMQ_ADMIN_TOKEN", super::broker::ADMINISTRATOR)];
    let ran = run_with(&["device", "list", "--api", &other], &token).code(1);
    let told = format!("{other} has nothing at this path: is it the management listener");
    assert!(ran.complaint().starts_with(&told), "{ran:?}");
}

#[test]
fn a_product_with_devices_is_not_deleted_by_the_way() {
    let broker = Broker::start();
    broker.run(&["product", "create", "--key", "p", "--name", "P"]).code(0);
    broker.run(&["device", "create", "--product", "p"]).code(0);
    let ran = broker.run(&["product", "delete", "p"]).code(1);
    let told = "refused: the product has devices: retire them first, or delete it with --cascade";
    assert_eq!(ran.complaint(), told);
}

#[test]
fn without_a_token_nothing_is_asked() {
    let ran = run_with(&["device", "list"], &[("VOUCHMQ_DATA", "/nowhere")]).code(2);
    assert_eq!(
        ran.complaint(),
        "no token: cannot read /nowhere/admin-token (the broker's own): No such file or directory (os error 2); set \
         VOUCHMQ_ADMIN_TOKEN, or give --token-file FILE"
    );
}

#[test]
fn what_does_not_exist_is_named() {
    let broker = Broker::start();
    for arguments in [&["device", "show", "nobody"][..], &["claim", "show", "x"], &["block", "remove", "x"]] {
        let ran = broker.run(arguments).code(1);
        assert!(ran.complaint().starts_with("refused: there is no"), "{ran:?}");
    }
    let ran = broker.run(&["device", "create", "--product", "none"]).code(1);
    assert_eq!(
        ran.complaint(),
        "there is no product with the key or id 'none'; 'vouchmq product list' shows all"
    );
    let ran = broker.run(&["product", "create", "--key", "Not A Key", "--name", "x"]).code(1);
    assert!(ran.complaint().starts_with("refused: key: a key is"), "{ran:?}");
}

/// Every mistake with what it is told, for reading at a glance.
#[test]
fn every_mistake_is_told_in_one_line() {
    let mistakes: &[&[&str]] = &[
        &["product"],
        &["product", "create", "--key", "p"],
        &["product", "create", "--key", "p", "--name", "P", "--strategy", "open"],
        &["product", "create", "--key", "p", "--name", "P", "--acl", "allow everything"],
        &["product", "change", "p"],
        &["product", "change", "p", "--max-devices", "0"],
        &["device", "list", "--tag", "site"],
        &["device", "show", ""],
        &["device", "create", "--product", "p", "--tag", "a=1", "--tag", "a=2"],
        &["device", "create", "--product", "p", "--expires-at", "2030-01-01T00:00:00Z", "--expires-in", "1d"],
        &["device", "change", "d"],
        &["device", "list", "--api", "ftp://127.0.0.1:8081"],
        &["device", "list", "--api", "https://127.0.0.1:8081", "--cafile", "/nowhere"],
        &["device", "list", "--api", "https://127.0.0.1:8081", "--cert", "/nowhere"],
        &["device", "list", "--api", "http://127.0.0.1:8081", "--cafile", "/nowhere"],
        &["credential", "add", "d", "--kind", "token"],
        &["credential", "add", "d", "--kind", "password"],
        &["claim", "create", "--product", "p", "--expires-in", "7"],
        &["block", "add", "mac", "x"],
        &["api-key", "create", "--name", "n"],
        &["api-key", "create", "--name", "n", "--scope", "everything"],
        &["client"],
        &["client", "show", ""],
        &["client", "list", "--connected", "--disconnected"],
        &["client", "list", "--protocol", "4"],
        &["retained", "delete"],
        &["retained", "delete", "a", "--filter", "#"],
        &["message", "publish", "-t", "a"],
        &["message", "publish", "-t", "a", "-m", "x", "-n"],
        &["message", "publish", "-t", "a", "-m", "x", "-q", "3"],
        &["message", "publish", "-t", "a", "-f", "/nowhere"],
        &["import", "file"],
        &["import", "--format", "xml", "file"],
        &["import", "--format", "csv", "file"],
        &["import", "--format", "native", "/nowhere"],
        &["import", "--format", "native", "/"],
        &["import", "--format", "native", "/dev/null"],
        &["import", "--format", "csv", "--product", "p", "--algorithm", "bcrypt", "file"],
        &["export", "--force"],
        &["export", "--out", "/dev/null"],
        &["export", "--format", "csv"],
    ];
    let mut told = String::new();
    for mistake in mistakes {
        let ran = run_with(mistake, &[("VOUCHMQ_ADMIN_TOKEN", "x")]).code(2);
        assert_eq!((ran.stdout.as_str(), ran.stderr.lines().count()), ("", 1), "{mistake:?}: {ran:#?}");
        told.push_str(&format!("$ vouchmq {}\n{}\n", mistake.join(" "), ran.stderr));
    }
    insta::assert_snapshot!(told);
}
