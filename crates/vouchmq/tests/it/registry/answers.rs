//! Servers that answer otherwise than ours: what they say harms nobody.

use serde_json::{Value, json};

use super::canned::server;
use crate::process::{Ran, Running, vouchmq};

fn run(api: &str, arguments: &[&str]) -> Ran {
    let mut command = vouchmq(arguments);
    Running::spawn(command.env("VOUCHMQ_API", api).env("VOUCHMQ_ADMIN_TOKEN", "token"), b"").finish()
}

const HOSTILE: &str = "\u{1b}]0;owned\u{7}\u{9b}2J\u{202e}\r\nvouchmq: all is well";

fn is_harmless(ran: &Ran) -> bool {
    let is_bad = |c: char| (c.is_control() && c != '\n') || c == '\u{202e}';
    !ran.stdout.contains(is_bad) && !ran.stderr.contains(is_bad) && !ran.stderr.contains("\nvouchmq: all")
}

#[test]
fn what_a_server_says_commands_no_terminal() {
    let block = json!({"id": HOSTILE, "kind": "ip", "reason": HOSTILE, HOSTILE: {HOSTILE: [HOSTILE]}});
    let page = json!({"items": [block], "next_cursor": null}).to_string();
    let problem =
        json!({"type": "", "title": HOSTILE, "status": 409, "code": HOSTILE, "detail": HOSTILE}).to_string();
    let secret = json!({"secret": HOSTILE, "credential": block}).to_string();
    for (arguments, status, answer, code) in [
        (&["block", "list"][..], 200, &page, 0),
        (&["block", "list", "--json"], 200, &page, 0),
        (&["block", "list"], 409, &problem, 1),
        (&["block", "list"], 500, &problem, 1),
        (&["block", "add", "ip", "::1"], 200, &block.to_string(), 0),
        (&["credential", "rotate", "d"], 201, &secret, 0),
        (&["credential", "rotate", "d", "--json"], 201, &secret, 0),
        (&["audit", "verify"], 200, &json!({"ok": false, "fault": HOSTILE, "entries": 3}).to_string(), 1),
        (&["block", "list"], 200, &HOSTILE.to_owned(), 1),
    ] {
        let (api, _requests) = server(vec![(status, answer.clone())]);
        let ran = run(&api, arguments).code(code);
        assert!(is_harmless(&ran), "{arguments:?}: {ran:?}");
        if arguments.contains(&"--json") {
            assert!(serde_json::from_str::<Value>(&ran.stdout).is_ok(), "{ran:?}");
        }
    }
}

#[test]
fn a_list_is_all_of_its_pages() {
    let page = |seq: u64, next: Option<&str>| {
        (200, json!({"items": [{"seq": seq}], "next_cursor": next}).to_string())
    };
    let (api, requests) = server(vec![page(8, Some("a/b")), page(9, Some("c")), page(10, None)]);
    let ran = run(&api, &["audit", "list", "--after", "7", "--json"]).code(0);
    let items: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(items, json!([{"seq": 8}, {"seq": 9}, {"seq": 10}]));
    let asked: Vec<String> = requests.iter().collect();
    assert_eq!(
        asked,
        [
            "GET /v1/audit?limit=200&after=7 HTTP/1.1",
            "GET /v1/audit?limit=200&cursor=a%2Fb HTTP/1.1",
            "GET /v1/audit?limit=200&cursor=c HTTP/1.1"
        ]
    );
}

#[test]
fn a_list_that_goes_in_circles_ends() {
    let page = (200, json!({"items": [], "next_cursor": "a"}).to_string());
    let (api, _requests) = server(vec![page.clone(), page]);
    let ran = run(&api, &["block", "list"]).code(1);
    assert_eq!(ran.complaint(), "the server gives the same part of the list again and again");
}

#[test]
fn a_change_that_not_all_nodes_have_applied_is_a_failure() {
    let answer =
        json!({"seq": 4, "nodes": {"acked": 1, "total": 2}, "sessions_closed": 1, "elapsed_ms": 2000.0});
    let (api, requests) = server(vec![(200, answer.to_string())]);
    let ran = run(&api, &["device", "suspend", "a:b"]).code(1);
    assert_eq!(ran.stdout, "suspended; applied by 1 of 2 nodes, 1 session closed, 2000.0 ms\n");
    assert!(ran.complaint().starts_with("suspended, but only 1 of 2 nodes have applied it yet"), "{ran:?}");
    assert_eq!(requests.recv().unwrap(), "POST /v1/devices/a%3Ab:suspend?wait=applied HTTP/1.1");
}

#[test]
fn a_product_whose_devices_are_deleted_later_is_not_said_to_be_gone() {
    let product = || (200, json!({"id": "p1", "key": "p"}).to_string());
    let applied = |acked: u64| {
        let applied =
            json!({"seq": 4, "nodes": {"acked": acked, "total": 2}, "sessions_closed": 3, "elapsed_ms": 1.0});
        (202, json!({"id": "p1", "key": "p", "state": "deleting", "applied": applied}).to_string())
    };
    let told = "product 'p' is being deleted; it has many devices: none is let in any more, and the broker deletes \
                them by itself\n";
    for (answer, more, code) in [
        ((202, json!({"id": "p1", "key": "p", "state": "deleting"}).to_string()), "", 0),
        (applied(2), "applied by 2 of 2 nodes, 3 sessions closed, 1.0 ms\n", 0),
        (applied(1), "applied by 1 of 2 nodes, 3 sessions closed, 1.0 ms\n", 1),
    ] {
        let (api, _requests) = server(vec![product(), answer]);
        let ran = run(&api, &["product", "delete", "p", "--cascade", "--wait"]).code(code);
        assert_eq!(ran.stdout, format!("{told}{more}"));
    }
}

#[test]
fn an_export_that_breaks_off_is_a_failure_and_leaves_no_file() {
    let folder = tempfile::TempDir::new().unwrap();
    let file = folder.path().join("export");
    let header =
        json!({"type": "header", "format": 1, "log": "", "head_seq": 0, "exported_at": "", "keys": []});
    let problem = json!({"type": "", "title": "t", "status": 503, "code": "unavailable", "detail": HOSTILE})
        .to_string();
    let end = |lines: u64| json!({"type": "end", "lines": lines});
    for (status, answer, is_whole) in [
        (200, String::new(), false),
        (200, format!("{header}\n"), false),
        (200, format!("{header}\n{}\n", end(2)), false),
        (200, format!("{header}\n{}", end(1)), false),
        (503, problem, false),
        (200, format!("{header}\n{}\n", end(1)), true),
    ] {
        for force in [&[][..], &["--force"]] {
            let (api, requests) = server(vec![(status, answer.clone())]);
            let arguments = ["export", "--verifiers", "--out", file.to_str().unwrap()];
            let ran = run(&api, &[&arguments[..], force].concat()).code(i32::from(!is_whole));
            assert!(is_harmless(&ran), "{ran:?}");
            assert_eq!(requests.recv().unwrap(), "GET /v1/exports?with=verifiers HTTP/1.1");
            assert_eq!(file.exists(), is_whole, "{answer}");
            assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), usize::from(is_whole));
            let _ = std::fs::remove_file(&file);
        }
    }
}

#[test]
fn whoever_is_no_vouchmq_is_told_apart() {
    let (api, _requests) = server(vec![(404, "<html>".to_owned())]);
    let ran = run(&api, &["device", "list"]).code(1);
    let told = format!("{api} answers (status 404), but not as this version of VouchMQ does");
    assert!(ran.complaint().starts_with(&told), "{ran:?}");
}
