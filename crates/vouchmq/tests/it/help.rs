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
            ("check", &["check", "--help"]),
            ("config_schema", &["config", "schema", "--help"]),
            ("auth_test", &["auth", "test", "--help"]),
            ("pub", &["pub", "--help"]),
            ("sub", &["sub", "--help"]),
            ("cert", &["cert", "--help"]),
            ("cert_device", &["cert", "device", "--help"]),
            ("passwd", &["passwd", "--help"]),
            ("product", &["product", "--help"]),
            ("product_create", &["product", "create", "--help"]),
            ("device", &["device", "--help"]),
            ("device_list", &["device", "list", "--help"]),
            ("device_create", &["device", "create", "--help"]),
            ("credential", &["credential", "--help"]),
            ("credential_rotate", &["credential", "rotate", "--help"]),
            ("claim_create", &["claim", "create", "--help"]),
            ("block_add", &["block", "add", "--help"]),
            ("client", &["client", "--help"]),
            ("client_list", &["client", "list", "--help"]),
            ("message_publish", &["message", "publish", "--help"]),
            ("profile_add", &["profile", "add", "--help"]),
            ("api_key_create", &["api-key", "create", "--help"]),
            ("import", &["import", "--help"]),
            ("export", &["export", "--help"]),
            ("bench_conn", &["bench", "conn", "--help"]),
            ("bench_pubsub", &["bench", "pubsub", "--help"]),
            ("bench_auth_stub", &["bench", "auth-stub", "--help"]),
        ] {
            let ran = run(arguments).code(0);
            assert_eq!(ran.stderr, "");
            insta::assert_snapshot!(name, ran.stdout);
        }
    });
}

#[test]
fn help_is_a_command_too() {
    let list = run(&["--help"]).code(0).stdout;
    assert_eq!(run(&["help"]).code(0).stdout, list);
    let commands: Vec<&str> =
        list.lines().filter_map(|line| line.strip_prefix("  ")?.split(' ').next()).collect();
    let registry = [
        "product",
        "device",
        "credential",
        "claim",
        "registration",
        "block",
        "client",
        "subscription",
        "retained",
        "message",
        "listener",
        "limits",
        "about",
        "profile",
        "api-key",
        "audit",
        "event",
        "import",
        "export",
    ];
    let others = [
        "serve",
        "check",
        "config",
        "pub",
        "sub",
        "auth",
        "passwd",
        "demo",
        "bench",
        "version",
        "completions",
        "help",
    ];
    for command in [&registry[..], &others].concat() {
        assert!(commands.contains(&command), "{command} is not in {list}");
        let help = run(&["help", command]).code(0);
        assert!(help.stdout.contains("Usage: vouchmq"), "{help:?}");
        assert_eq!(help.stderr, "");
        if command != "help" {
            assert_eq!(run(&[command, "--help"]).code(0).stdout, help.stdout, "{command}");
        }
    }
    assert_eq!(
        run(&["help", "bench", "conn"]).code(0).stdout,
        run(&["bench", "conn", "--help"]).code(0).stdout
    );
    let unknown = run(&["help", "sevre"]).code(2);
    assert!(unknown.complaint().starts_with("unrecognized subcommand 'sevre'"), "{unknown:?}");
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
        assert!(
            ["serve", "passwd", "pubsub", "quarantine"].iter().all(|word| script.contains(word)),
            "{shell}"
        );
    }
}
