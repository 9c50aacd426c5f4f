//! `vouchmq passwd`

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use tempfile::TempDir;

use crate::process::{Ran, Running, run, run_with_input, vouchmq};
use crate::server::Server;

#[test]
fn users_are_added_changed_and_deleted() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("users");
    let file = path.to_str().unwrap();
    let ran = run(&["passwd", "-c", file, "alice", "-b", "one"]).code(0);
    assert_eq!(
        ran.stderr,
        format!("user 'alice' added to {file}; 'vouchmq serve' reads it when it starts\n")
    );
    assert_eq!(ran.stdout, "");
    run_with_input(&["passwd", file, "bob"], b"from standard input\n").code(0);
    let first = fs::read_to_string(&path).unwrap();
    assert!(first.starts_with("alice:$argon2id$v=19$m=19456,t=2,p=1$"), "{first}");
    assert_eq!(first.lines().count(), 2);
    fs::write(&path, format!("# people\n{first}")).unwrap();

    let ran = run(&["passwd", file, "alice", "-b", "two"]).code(0);
    assert!(ran.stderr.starts_with("user 'alice' has a new password in "), "{ran:?}");
    let second = fs::read_to_string(&path).unwrap();
    assert!(second.starts_with("# people\nalice:$argon2id$"), "comments stay: {second}");
    assert_ne!(first.lines().next(), second.lines().nth(1), "the hash is another");

    run(&["passwd", "-D", file, "alice"]).code(0);
    let left = fs::read_to_string(&path).unwrap();
    assert!(left.starts_with("# people\nbob:$argon2id$") && left.lines().count() == 2, "{left}");
    let ran = run(&["passwd", "-D", file, "alice"]).code(1);
    assert_eq!(ran.complaint(), format!("{file} has no user 'alice'; nothing changed"));
}

/// On a terminal of its own; a pair is a prompt that is waited for, and the answer.
fn run_on_a_terminal(steps: &[[&str; 2]], arguments: &[&str]) -> Ran {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/terminal.py");
    let binary = vouchmq(&[]).get_program().to_owned();
    let mut python = Command::new("python3");
    python.arg(script).args(steps.as_flattened()).arg("--").arg(binary).args(arguments);
    Running::spawn(&mut python, b"").finish()
}

#[test]
fn a_terminal_is_asked_twice_and_shows_no_password() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("users");
    let file = path.to_str().unwrap();
    let steps = [
        ["Password of alice", "first try"],
        ["Again", "not the same"],
        ["They differ; once more, please", "wonderland"],
        ["Again", "wonderland"],
    ];
    let ran = run_on_a_terminal(&steps, &["passwd", "-c", file, "alice"]).code(0);
    assert!(ran.stdout.contains("user 'alice' added to "), "{ran:?}");
    for [_, typed] in steps {
        assert!(!ran.stdout.contains(typed), "{ran:?}");
    }
    let server = Server::start_with(&["--user-file", file]);
    let login = |password| server.run("sub", &["-t", "a", "-E", "-u", "alice", "-P", password]);
    login("wonderland").code(0);
    login("first try").code(1);
    login("not the same").code(1);
}

#[test]
fn who_hangs_up_at_the_prompt_changes_nothing() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("users");
    let steps = [["Password of alice", "wonderland"], ["Again", "\u{3}"]];
    let ran = run_on_a_terminal(&steps, &["passwd", "-c", path.to_str().unwrap(), "alice"]);
    assert_ne!(ran.code, 0, "{ran:?}");
    assert!(!path.exists(), "{ran:?}");
}

#[test]
fn the_file_is_for_its_owner_only_and_nothing_else_is_left_behind() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("users");
    let file = path.to_str().unwrap();
    run(&["passwd", "-c", file, "alice", "-b", "one"]).code(0);
    fs::set_permissions(&path, fs::Permissions::from_mode(0o666)).unwrap();
    run(&["passwd", file, "bob", "-b", "two"]).code(0);
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn a_bad_file_is_left_as_it_is() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("users");
    fs::write(&path, "alice\n").unwrap();
    let ran = run(&["passwd", path.to_str().unwrap(), "bob", "-b", "two"]).code(2);
    assert_eq!(
        ran.complaint(),
        format!("{}:1: not of the form username:hash; nothing changed", path.display())
    );
    assert_eq!(fs::read_to_string(&path).unwrap(), "alice\n");
}
