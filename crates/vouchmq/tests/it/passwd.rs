//! `vouchmq passwd`

use std::fs;
use std::os::unix::fs::PermissionsExt;

use tempfile::TempDir;

use crate::process::{run, run_with_input};

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
