//! The examples of `docs/access-control.md` mean what the page says.

use std::sync::Arc;

use vouchmq_identity::acl::{Attempt, MosquittoAcl, Names};
use vouchmq_identity::{Access, Grant};

use super::text::accepted;

const PAGE: &str = include_str!("../../../../docs/access-control.md");

/// The fenced blocks of the page: what they are in, and their text.
fn blocks() -> Vec<(&'static str, String)> {
    let mut blocks = Vec::new();
    let mut open: Option<(&str, String)> = None;
    for line in PAGE.lines() {
        match (line.strip_prefix("```"), &mut open) {
            (Some(_), Some(_)) => blocks.extend(open.take()),
            (Some(language), None) => open = Some((language, String::new())),
            (None, Some((_, text))) => {
                text.push_str(line);
                text.push('\n');
            }
            (None, None) => {}
        }
    }
    assert!(open.is_none(), "every block is closed");
    blocks
}

/// Who does what, and what comes of it.
fn outcome(access: &Access, line: &str) -> String {
    let columns: Vec<&str> = line.split("  ").map(str::trim).filter(|column| !column.is_empty()).collect();
    let [who, does, topic, ..] = columns[..] else { panic!("{line}") };
    let (who, address) = who.split_once(" at ").map_or((who, None), |(who, at)| (who, Some(at)));
    let (user, client_id) = who.split_once(" as ").unwrap_or((who, "c1"));
    let names = Names {
        client_id,
        username: Some(user).filter(|user| *user != "(no name)"),
        address: address.map(|address| address.parse().unwrap()),
        ..Names::default()
    };
    let attempt = if does == "publish" { Attempt::Publish(topic) } else { Attempt::Subscribe(topic) };
    let decision = access.decide(&names, attempt).unwrap();
    let number = |rule: usize| match access {
        Access::Mosquitto(acl) => format!("line {}", acl.rules().get(rule).unwrap().line),
        Access::Ordered(_) | Access::Same(_) | Access::Rules(_) => format!("rule {}", rule + 1),
    };
    let word = match decision.grant {
        Grant::Whole => "allowed",
        Grant::PerMessage => "checked",
        Grant::Denied | Grant::Asked => "denied",
    };
    let rule = decision.rule.map_or_else(|| "no rule".to_owned(), number);
    let because = decision.checked_for.map(|rule| format!(", because of {}", number(rule)));
    format!("{who_does} {word} {rule}{}", because.unwrap_or_default(), who_does = columns[..3].join(" "))
}

#[test]
fn the_examples_of_the_page_come_out_as_it_says() {
    let mut access = Access::nothing();
    let mut count = 0;
    for (language, text) in blocks() {
        match language {
            "hocon" => {
                let config = accepted(&text).config.unwrap();
                access = Access::Ordered(Arc::new(config.authorization.acl));
            }
            "mosquitto" => access = Access::Mosquitto(Arc::new(MosquittoAcl::parse(&text).unwrap())),
            "outcomes" => {
                for line in text.lines() {
                    let expected: Vec<&str> = line.split_whitespace().collect();
                    assert_eq!(outcome(&access, line), expected.join(" "));
                    count += 1;
                }
            }
            other => panic!("a block of {other}"),
        }
    }
    assert!(count > 20, "{count}");
}
