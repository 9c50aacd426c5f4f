//! The table as it is read.

use std::path::Path;

use vouchmq_config::schema::{Effect, rows};

use crate::text::accepted;

/// `docs/config.md` holds the table as it is here; `VOUCHMQ_WRITE_DOCS=1` writes it.
#[test]
fn the_documentation_has_the_table() {
    let (begin, end) = ("<!-- table of keys: made by a test of crates/config -->\n", "<!-- end of table -->");
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/config.md");
    let text = std::fs::read_to_string(&file).expect("docs/config.md");
    let (before, rest) = text.split_once(begin).expect("the begin of the table");
    let (_, after) = rest.split_once(end).expect("the end of the table");
    let expected = format!("{before}{begin}{}{end}{after}", vouchmq_config::markdown());
    if std::env::var_os("VOUCHMQ_WRITE_DOCS").is_some() {
        std::fs::write(&file, &expected).expect("docs/config.md");
        return;
    }
    assert!(
        text == expected,
        "docs/config.md is not what the table says; run this test with VOUCHMQ_WRITE_DOCS=1"
    );
}

#[test]
fn the_example_means_what_no_file_means() {
    let outcome = accepted(&vouchmq_config::example());
    assert_eq!(outcome.report(), "");
    let mut config = outcome.config.unwrap();
    assert_eq!(config.authentication.allow_anonymous.take(), Some(false));
    config.authorization.acl.no_match = vouchmq_config::Config::default().authorization.acl.no_match;
    assert!(config == vouchmq_config::Config::default());
}

#[test]
fn what_the_example_has_behind_a_mark_is_accepted() {
    let is_key = |line: &&str| {
        line.contains(" = ") && !line.contains("NanoMQ") && !line.contains('{') && !line.contains('}')
    };
    let example = vouchmq_config::example();
    let (_, keys) = example.split_once("# --- ").expect("keys behind the head");
    let lines: Vec<&str> = keys.lines().filter_map(|line| line.strip_prefix("# ")).filter(is_key).collect();
    let lines: Vec<&str> =
        lines.into_iter().filter(|line| !line.starts_with("listeners.") && !line.contains('(')).collect();
    assert!(lines.len() > 50, "{}", lines.len());
    accepted(&lines.join("\n"));
}

#[test]
fn the_table_is_json_for_programs() {
    let table: serde_json::Value = serde_json::from_str(&vouchmq_config::json()).unwrap();
    let table = table.as_array().unwrap();
    assert_eq!(table.len(), rows().count());
    let acting = table.iter().filter(|row| row["effect"] == "acts").count();
    assert_eq!(acting, rows().filter(|row| row.effect == Effect::Acts).count());
}

#[test]
fn every_row_says_what_it_is_about() {
    for row in rows() {
        assert!(row.what.len() >= 3 && !row.what.ends_with('.') && !row.what.contains('|'), "{}", row.path);
    }
}
