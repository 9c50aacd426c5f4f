//! The examples of `docs/nanomq-api.md`, run as they stand there.

use super::ordered::assert_like;
use super::{Nanomq, curl};

const PAGE: &str = include_str!("../../../../../docs/nanomq-api.md");

/// Each block of the page that shows a call and its answer: `$ curl …`, and what follows.
fn examples() -> Vec<(String, String)> {
    let blocks = PAGE
        .split("```console\n")
        .skip(1)
        .filter_map(|rest| rest.split_once("\n```"))
        .map(|(block, _)| block);
    blocks
        .map(|block| {
            let call = block.strip_prefix("$ curl ").unwrap_or_else(|| panic!("no call of curl: {block}"));
            // A call may go on behind a backslash.
            let call = call.replace("\\\n", " ");
            let (call, answer) = call.split_once('\n').unwrap_or((&call, ""));
            (call.trim().to_owned(), answer.trim().to_owned())
        })
        .collect()
}

/// Words as a shell has them: between single quotes everything stays.
fn words(call: &str) -> Vec<String> {
    let mut words = Vec::new();
    for (at, part) in call.split('\'').enumerate() {
        if at % 2 == 1 {
            words.push(part.to_owned());
        } else {
            words.extend(part.split_whitespace().map(ToOwned::to_owned));
        }
    }
    words
}

#[test]
fn the_examples_of_the_documentation_work_as_they_stand_there() {
    let nanomq = Nanomq::start();
    let _client = nanomq.client();
    let examples = examples();
    assert!(examples.len() >= 10, "{}", examples.len());
    let login = format!("Bearer {}", nanomq.token);
    for (call, expected) in examples {
        let call = call.replace("http://127.0.0.1:8081", &nanomq.broker.api).replace("Bearer TOKEN", &login);
        let words = words(&call);
        let arguments: Vec<&str> = words.iter().map(String::as_str).collect();
        let got = curl(&arguments, "");
        assert!(got.status < 500, "{call}: {got:?}");
        assert_like(&got.body, &expected, &call);
    }
}
