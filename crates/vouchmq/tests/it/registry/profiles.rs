//! Brokers by name: what opens them stays with the address that it was given for.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail by panicking, too")]

use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use serde_json::{Value, json};
use tempfile::TempDir;

use super::broker::{ADMINISTRATOR, Broker};
use super::canned::server;
use crate::process::{DEADLINE, Ran, Running, vouchmq};

/// Somebody with a home.
struct Home(TempDir);

impl Home {
    fn new() -> Self {
        Self(TempDir::new().unwrap())
    }

    fn run(&self, arguments: &[&str]) -> Ran {
        self.run_with(arguments, &[], "")
    }

    fn run_with(&self, arguments: &[&str], environment: &[(&str, &str)], input: &str) -> Ran {
        let mut command = vouchmq(arguments);
        command.env("HOME", self.0.path()).envs(environment.iter().copied());
        Running::spawn(&mut command, input.as_bytes()).finish()
    }

    fn file(&self) -> PathBuf {
        self.0.path().join(".config/vouchmq/profiles.json")
    }
}

#[test]
fn a_broker_is_entered_used_and_removed() {
    let (home, broker) = (Home::new(), Broker::start());
    let add = ["profile", "add", "plant", "--api", &broker.management, "--ask-token"];
    home.run_with(&add, &[], &format!("{ADMINISTRATOR}\n")).code(0);
    let mode = std::fs::metadata(home.file()).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    // Entered, and not in use.
    home.run_with(&["device", "list"], &[("VOUCHMQ_DATA", "/nowhere")], "").code(2);
    home.run(&["device", "list", "--profile", "plant"]).code(0);
    home.run_with(&["device", "list"], &[("VOUCHMQ_PROFILE", "plant")], "").code(0);
    home.run(&["profile", "use", "plant"]).code(0);
    home.run(&["device", "list"]).code(0);
    for shown in [home.run(&["profile", "list"]).code(0), home.run(&["profile", "list", "--json"]).code(0)] {
        assert!(shown.stdout.contains("plant") && !shown.stdout.contains(ADMINISTRATOR), "{shown:?}");
    }
    let listed: Value = serde_json::from_str(&home.run(&["profile", "list", "--json"]).stdout).unwrap();
    assert_eq!((&listed[0]["by"], &listed[0]["in_use"]), (&json!("a token"), &json!(true)));
    let again = home.run_with(&add, &[], "other\n").code(2);
    assert_eq!(again.complaint(), "there is a profile 'plant' already; --replace replaces it");
    home.run(&["profile", "use", "--none"]).code(0);
    home.run_with(&["device", "list"], &[("VOUCHMQ_DATA", "/nowhere")], "").code(2);
    home.run(&["profile", "remove", "plant"]).code(0);
    let gone = home.run(&["device", "list", "--profile", "plant"]).code(2);
    assert!(gone.complaint().starts_with("there is no profile 'plant' in /"), "{gone:?}");
    assert!(!std::fs::read_to_string(home.file()).unwrap().contains(ADMINISTRATOR));
}

#[test]
fn a_file_that_others_may_read_is_refused_and_it_is_said_what_to_do() {
    let home = Home::new();
    let add = ["profile", "add", "p", "--api", "http://127.0.0.1:1", "--ask-token"];
    home.run_with(&add, &[], "s3cr3t\n").code(0);
    let file = home.file();
    for (arguments, mode) in [
        (&["device", "list", "--profile", "p"][..], 0o640),
        (&["device", "list"], 0o604),
        (&["profile", "list"], 0o660),
        (&["profile", "use", "p"], 0o644),
    ] {
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(mode)).unwrap();
        let ran = home.run(arguments).code(2);
        assert_eq!(
            ran.complaint(),
            format!(
                "{0} may be read or written by others, and what is in it opens brokers: chmod 600 {0}",
                file.display()
            )
        );
    }
}

#[test]
fn no_token_goes_to_an_address_that_it_was_not_given_for() {
    let home = Home::new();
    let page = || vec![(200, json!({"items": [], "next_cursor": null}).to_string()); 9];
    let ((plant, at_plant), (other, at_other)) = (server(page()), server(page()));
    let add = ["profile", "add", "plant", "--api", &plant, "--ask-token"];
    home.run_with(&add, &[], "token-of-the-plant\n").code(0);
    home.run(&["profile", "use", "plant"]).code(0);
    let list = |more: &[&str], environment: &[(&str, &str)]| {
        home.run_with(&[&["block", "list"][..], more].concat(), environment, "")
    };
    // Whoever names another address has to say by what, too.
    let nothing = ("VOUCHMQ_DATA", "/nowhere");
    list(&["--api", &other], &[nothing]).code(2);
    list(&[], &[("VOUCHMQ_API", &other), nothing]).code(2);
    list(&["--api", &other], &[nothing, ("VOUCHMQ_PROFILE", "plant")]).code(2);
    assert!(at_other.try_recv().is_err() && at_plant.try_recv().is_err());
    // What is in the environment belongs together, and goes before a profile that nobody names.
    list(&[], &[("VOUCHMQ_API", &other), ("VOUCHMQ_ADMIN_TOKEN", "token-of-the-other")]).code(0);
    assert!(at_other.recv_timeout(DEADLINE).is_ok() && at_plant.try_recv().is_err());
    // A profile that is named goes before the environment.
    list(&["--profile", "plant"], &[("VOUCHMQ_API", &other), ("VOUCHMQ_ADMIN_TOKEN", "x")]).code(0);
    assert!(at_plant.recv_timeout(DEADLINE).is_ok() && at_other.try_recv().is_err());
    // Flags go before all.
    list(&["--profile", "plant", "--api", &other], &[]).code(0);
    assert!(at_other.recv_timeout(DEADLINE).is_ok() && at_plant.try_recv().is_err());
}

#[test]
fn mistakes_of_a_profile_are_told_in_one_line() {
    let home = Home::new();
    for (arguments, told) in [
        (
            &["profile", "add", "p", "--api", "x", "--ask-token"][..],
            "--api: 'x' is no address of an HTTP API",
        ),
        (
            &["profile", "add", "p", "--api", "http://127.0.0.1:1"],
            "say by what operators prove themselves there",
        ),
        (
            &["profile", "add", "p", "--api", "http://127.0.0.1:1", "--ask-token"],
            "nothing was given: it is empty",
        ),
        (&["profile", "add", "a/b", "--api", "http://127.0.0.1:1", "--ask-token"], "invalid value 'a/b'"),
        (
            &["profile", "add", "p", "--api", "http://127.0.0.1:1", "--ask-token", "--cafile", "x"],
            "--cafile and --cert are for https://",
        ),
        (&["profile", "use", "p"], "there is no profile 'p' in "),
        (&["profile", "use"], "the following required arguments were not provided"),
        (&["profile", "remove", "p"], "there is no profile 'p' in "),
    ] {
        let ran = home.run(arguments).code(2);
        assert!(ran.complaint().starts_with(told), "{arguments:?}: {ran:?}");
        assert_eq!(ran.stderr.lines().count(), 1, "{ran:?}");
    }
    let nowhere = Running::spawn(&mut vouchmq(&["profile", "list"]), b"").finish().code(2);
    assert!(nowhere.complaint().starts_with("no place for profiles"), "{nowhere:?}");
}
