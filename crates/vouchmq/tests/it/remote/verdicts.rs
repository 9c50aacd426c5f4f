//! What decides, for each kind of answer: its status, and where that is not all, its `result`.

use serde_json::Value;

use super::service::{Asked, Service};
use super::{Mode, asking, request, told};
use crate::configured::Configured;
use crate::identity::wire::{Login, VERSIONS};

const ALLOW: &str = r#"{"result":"allow"}"#;

/// An answer, and what clients are told then where `auth_resp` says what allows, with EMQX's answers, and by status.
type Row = (u16, &'static str, [u8; 3]);

const MODES: [Mode; 3] = [Mode::JsonResult, Mode::Json, Mode::Status];

/// 0x86 is a wrong password (4 in MQTT 3.1.1), 0x87 not allowed (5), 0x88 that nobody can tell now (3).
const TABLE: &[Row] = &[
    (200, ALLOW, [0, 0, 0]),
    (200, r#"{"result":"deny"}"#, [0x87, 0x87, 0]),
    // EMQX: somebody else may know the client. Here nobody does.
    (200, r#"{"result":"ignore"}"#, [0x87, 0x86, 0]),
    (200, r#"{"result":"permit"}"#, [0x87, 0x88, 0]),
    (200, r#"{"result":"ALLOW"}"#, [0x87, 0x88, 0]),
    (200, r#"{"result":["allow"]}"#, [0x88, 0x88, 0]),
    (200, r#"{"result":null}"#, [0x88, 0x88, 0]),
    (200, "{}", [0x88, 0x86, 0]),
    (200, "", [0x88, 0x88, 0]),
    (200, "allow", [0x88, 0x88, 0]),
    (200, "<html>allow</html>", [0x88, 0x88, 0]),
    (200, r#"{"result":"allow""#, [0x88, 0x88, 0]),
    (200, r#"[{"result":"allow"}]"#, [0x88, 0x88, 0]),
    // Of two, others might read the other one.
    (200, r#"{"result":"deny","result":"allow"}"#, [0x88, 0x88, 0]),
    (401, "", [0x86, 0x86, 0x86]),
    (401, ALLOW, [0x86, 0x86, 0x86]),
    (403, "", [0x87, 0x87, 0x87]),
    (403, ALLOW, [0x87, 0x87, 0x87]),
    (204, "", [0x88, 0, 0x88]),
    (201, ALLOW, [0x88, 0x88, 0x88]),
    (202, ALLOW, [0x88, 0x88, 0x88]),
    (302, ALLOW, [0x88, 0x88, 0x88]),
    (400, ALLOW, [0x88, 0x88, 0x88]),
    (404, ALLOW, [0x88, 0x88, 0x88]),
    (429, ALLOW, [0x88, 0x88, 0x88]),
    (500, ALLOW, [0x88, 0x88, 0x88]),
    (503, ALLOW, [0x88, 0x88, 0x88]),
];

/// Answers each client with the row that it is called after.
fn answer(asked: &Asked) -> (u16, String) {
    let body: Value = serde_json::from_str(&asked.body).unwrap_or_default();
    let row = body["username"].as_str().and_then(|name| TABLE.get(name.parse::<usize>().ok()?));
    row.map_or((500, String::new()), |(status, body, _)| (*status, (*body).to_owned()))
}

#[test]
fn what_is_not_understood_allows_nobody_and_denies_nobody() {
    let service = Service::start(answer);
    for (column, mode) in MODES.into_iter().enumerate() {
        let keys = format!("{}{}", mode.keys(), request("auth_req", &service.url));
        let broker = Configured::start(&asking(&keys));
        for (row, (status, body, expected)) in TABLE.iter().enumerate() {
            for version in VERSIONS {
                let code = told(&broker, &Login::of(version, &row.to_string(), "secret"));
                assert_eq!(code, version.code(expected[column]), "{mode:?} {version:?}: {status} {body}");
            }
        }
    }
}
