//! Everything that is wrong is told at once.

use crate::text::outcome;

const FILE: &str = include_str!("mistakes.conf");

#[test]
fn a_file_with_twenty_mistakes_is_told_all_of_them() {
    let outcome = outcome(FILE);
    assert!(outcome.config.is_none());
    assert!(outcome.notes.errors() >= 20, "{}", outcome.notes.errors());
    insta::with_settings!({omit_expression => true}, {
        insta::assert_snapshot!(outcome.report());
    });
}
