//! Help texts, as they are read.

use crate::process::run;

#[test]
fn help_of_every_command() {
    let mut settings = insta::Settings::clone_current();
    settings.set_omit_expression(true);
    settings.bind(|| {
        for (name, arguments) in [
            ("vouchmq", &["--help"][..]),
            ("serve", &["serve", "-h"]),
            ("serve_long", &["serve", "--help"]),
            ("pub", &["pub", "--help"]),
            ("sub", &["sub", "--help"]),
            ("passwd", &["passwd", "--help"]),
            ("bench_conn", &["bench", "conn", "--help"]),
            ("bench_pubsub", &["bench", "pubsub", "--help"]),
        ] {
            let ran = run(arguments).code(0);
            assert_eq!(ran.stderr, "");
            insta::assert_snapshot!(name, ran.stdout);
        }
    });
}

#[test]
fn version_is_told_by_flag_and_command() {
    let version = concat!("vouchmq ", env!("CARGO_PKG_VERSION"), "\n");
    assert_eq!(run(&["version"]).code(0).stdout, version);
    assert_eq!(run(&["--version"]).code(0).stdout, version);
}

#[test]
fn completions_know_the_commands() {
    for shell in ["bash", "zsh", "fish"] {
        let script = run(&["completions", shell]).code(0).stdout;
        assert!(["serve", "passwd", "pubsub"].iter().all(|word| script.contains(word)), "{shell}");
    }
}
