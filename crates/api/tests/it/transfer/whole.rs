//! What is no export, or not all of one.

use super::export::filled;
use super::{counts, told};
use crate::harness::registry::World;

#[test]
fn an_export_of_another_form_or_none_is_refused_and_nothing_of_it_entered() {
    let (world, _, _) = filled();
    let export = world.management().export("?with=verifiers");
    let newer = export.replacen("\"format\":1", "\"format\":2,\"more\":true", 1);
    let (_, headless) = export.split_once('\n').unwrap();
    let fresh = World::new();
    let management = fresh.management();
    for (text, why) in [
        (&*newer, "an export of form 2, and this version reads 1"),
        (headless, "the first line is not the header of an export"),
        ("{}\n", "the first line is not"),
        ("[\"header\",1,\"\",0,\"\",[]]\n", "the first line is not"),
        ("id,password\nd1,correct horse\n", "the first line is not"),
        (&format!("{}\n{export}", "x".repeat(300_000)), "the first line is not"),
    ] {
        for query in ["format=native", "format=native&mode=atomic", "format=native&dry_run=true"] {
            let answer = management.import(query, text);
            assert_eq!(answer.problem(), (422, "invalid".to_owned()), "{query}: {why}");
            assert!(answer.body.contains(why) && !answer.body.contains("horse"), "{answer:?}");
        }
    }
    assert!(management.items("/v1/products").is_empty());
    assert_eq!(counts(&management.import("format=native", "\n \n").is(200)), [0; 4]);
}

#[test]
fn an_export_that_is_not_whole_is_told_and_undone_by_who_wants_all_or_nothing() {
    let (world, _, _) = filled();
    let export = world.management().export("?with=verifiers");
    let lines: Vec<&str> = export.lines().collect();
    let cut = lines[..lines.len() - 1].join("\n");
    let holed: String =
        export.lines().filter(|line| !line.contains("\"d2\"")).map(|line| format!("{line}\n")).collect();
    for (text, number, created) in [(&cut, 8, 6), (&holed, 7, 5)] {
        let atomic = World::new();
        let report = atomic.management().import("format=native&mode=atomic", text).is(200);
        assert_eq!((counts(&report)[0], counts(&report)[3]), (0, 1), "{report}");
        assert!(atomic.management().items("/v1/products").is_empty());
        let report = World::new().management().import("format=native", text).is(200);
        assert_eq!(counts(&report), [created, 0, 0, 1], "{report}");
        assert_eq!(told(&report), [(number, "incomplete".to_owned())]);
    }
    let report = World::new().management().import("format=native", &export.repeat(2)).is(200);
    assert_eq!(counts(&report), [6, 0, 0, 8], "{report}");
    assert!(told(&report).iter().all(|(row, code)| *row > 8 && code == "malformed_row"), "{report}");
    let middle = format!("{}\n{export}", lines[0]);
    let report = World::new().management().import("format=native", &middle).is(200);
    assert_eq!(told(&report), [(2, "malformed_row".to_owned()), (9, "incomplete".to_owned())]);
}
